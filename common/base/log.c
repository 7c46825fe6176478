/* See log.h. A line is built in one buffer and written by one write(2), so lines of threads and processes do not mix. */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/medium.h"

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

/* One conversion of a format, from its % to its letter; text is what snprintf() is given for it alone. */
struct conversion {
    char text[16], letter;
    size_t n;
    unsigned longs;
    bool of_size, given; /* z; a precision that is an argument */
    int precision;       /* INT_MAX: none */
};

static struct conversion conversion_at(const char *format)
{
    struct conversion c = {.n = 1, .precision = INT_MAX};
    for (; format[c.n] && strchr("0123456789.*-+ #lz", format[c.n]); c.n++) {
        if (format[c.n] == '.')
            c.precision = 0;
        else if (c.precision < 100000 && format[c.n] >= '0' && format[c.n] <= '9')
            c.precision = 10 * c.precision + format[c.n] - '0';
        c.longs += format[c.n] == 'l';
        c.of_size |= format[c.n] == 'z';
        c.given |= format[c.n] == '*';
    }
    c.letter = format[c.n];
    c.n += c.letter != '\0';
    memcpy(c.text, format, c.n < sizeof c.text ? c.n : sizeof c.text - 1);
    return c;
}

/* A text after key= or key=" is the value; elsewhere it is fields that were put together by log_format() before. */
static size_t put_text(char *out, size_t size, size_t at, const struct conversion *c, va_list *args)
{
    int most = c->given ? va_arg(*args, int) : c->precision;
    const char *text = va_arg(*args, const char *);
    bool quoted = at && out[at - 1] == '"', value = quoted || (at && out[at - 1] == '=');
    if (value)
        return log_value(out + at, size - at, text, most < 0 ? SIZE_MAX : (size_t)most, quoted);
    int n = snprintf(out + at, size - at, "%.*s", most, text);
    return n < 0 ? 0 : (size_t)n;
}

static size_t put_number(char *out, size_t size, const struct conversion *c, va_list *args)
{
    int n;
    if (strchr("eEfFgG", c->letter))
        n = snprintf(out, size, c->text, va_arg(*args, double));
    else if (c->of_size)
        n = snprintf(out, size, c->text, va_arg(*args, size_t));
    else if (c->longs == 2)
        n = snprintf(out, size, c->text, va_arg(*args, long long));
    else if (c->longs == 1)
        n = snprintf(out, size, c->text, va_arg(*args, long));
    else
        n = snprintf(out, size, c->text, va_arg(*args, int));
    return n < 0 ? 0 : (size_t)n;
}

size_t log_format(char *out, size_t size, const char *format, va_list args)
{
    size_t used = 0;
    va_list rest;
    va_copy(rest, args);
    for (const char *p = format; *p && used + 1 < size;) {
        struct conversion c = {.n = 1};
        if (*p != '%' || p[1] == '%') {
            out[used++] = *p;
            p += 1 + (*p == '%');
            continue;
        }
        c = conversion_at(p);
        p += c.n;
        used += c.letter == 's' ? put_text(out, size, used, &c, &rest) : put_number(out + used, size - used, &c, &rest);
        used = used < size ? used : size - 1;
    }
    va_end(rest);
    out[used] = '\0';
    return used;
}

/* What is left of control characters becomes spaces, so a line stays a line. */
static void neutralise(char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s < 32)
            *s = ' ';
    }
}

/* "a=1 b=\"two words\"" as members: ,"a":"1","b":"two words". A quoted value ends at a quote before a space or the end. What is no key=value is
 * dropped. */
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
    log_format(text, sizeof text, fields, args);
    va_end(args);
    neutralise(text);
    if (log_json)
        put_members(text, members, sizeof members);
    clock_format_utc(clock_wall_ns(), when);
    int n =
        snprintf(line, sizeof line,
                 log_json ? "{\"ts\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"msg\":\"%s\"%s}\n" : "ts=%s level=%s program=%s msg=\"%s\" %s\n",
                 when, level_name[level], log_program, msg, log_json ? members : text);
    if (n > 0 && write(STDERR_FILENO, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1) < 0)
        return; /* nowhere left to complain */
}
