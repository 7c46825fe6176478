/* See log.h. A line is built in one buffer and written by one write(2), so lines of threads and processes do not mix. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static const char *const level_name[] = {"error", "warn", "info", "debug"};
static const char *log_program = "sonata";
static enum log_level log_threshold = LOG_INFO;
static bool log_json;

void log_init(const char *program, enum log_level level, bool json)
{
    log_program = program;
    log_threshold = level;
    log_json = json;
}

int log_level_parse(const char *text, enum log_level *ret_level)
{
    for (int i = 0; i <= LOG_DEBUG; i++) {
        if (!strcmp(text, level_name[i])) {
            *ret_level = (enum log_level)i;
            return 0;
        }
    }
    return -EINVAL;
}

/* Control characters become spaces, so a line stays a line. */
static void neutralise(char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s < 32)
            *s = ' ';
    }
}

/* "a=1 b=\"two words\"" as members: ,"a":"1","b":"two words". A quoted value ends at a quote before a space or the end. What is no key=value is dropped. */
static void put_members(const char *fields, char *out, size_t size)
{
    size_t used = 0;
    for (const char *p = fields + strspn(fields, " "); *p && used < size;) {
        size_t key = strcspn(p, "= ");
        const char *value = p + key + 1, *end;
        if (p[key] != '=') {
            p += key + strspn(p + key, " ");
            continue;
        }
        bool quoted = *value == '"';
        value += quoted;
        for (end = value; *end && (quoted ? *end != '"' || (end[1] && end[1] != ' ') : *end != ' '); end++)
            ;
        used += (size_t)snprintf(out + used, size - used, ",\"%.*s\":\"", (int)key, p);
        for (const char *c = value; c < end && used + 1 < size; c++)
            out[used++] = *c == '"' || *c == '\\' ? '\'' : *c;
        if (used < size)
            used += (size_t)snprintf(out + used, size - used, "\"");
        p = end + (quoted && *end == '"');
        p += strspn(p, " ");
    }
    if (used >= size) /* too long: whole or not at all */
        out[0] = '\0';
}

void log_write(enum log_level level, const char *msg, const char *fields, ...)
{
    if (level > log_threshold)
        return;
    char text[1500], members[1800] = "", line[2200], when[24];
    va_list args;
    va_start(args, fields);
    vsnprintf(text, sizeof text, fields, args);
    va_end(args);
    neutralise(text);
    if (log_json)
        put_members(text, members, sizeof members);
    clock_format_utc(clock_wall_ns(), when);
    int n = snprintf(line, sizeof line,
                     log_json ? "{\"ts\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"msg\":\"%s\"%s}\n"
                              : "ts=%s level=%s program=%s msg=\"%s\" %s\n",
                     when, level_name[level], log_program, msg, log_json ? members : text);
    if (n > 0 && write(STDERR_FILENO, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1) < 0)
        return; /* nowhere left to complain */
}
