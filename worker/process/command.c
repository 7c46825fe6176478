/* Configured command lines into argument vectors, without a shell. See process.h. */
#include "process/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Reads one word at *in, writes it unquoted at out (which never overtakes *in); returns the end of the output or NULL: open quote. */
static char *take_word(const char **in, char *out)
{
    char quote = 0;
    const char *p = *in;
    for (; *p && (quote || !is_blank(*p)); p++) {
        if (!quote && (*p == '\'' || *p == '"'))
            quote = *p;
        else if (quote && *p == quote)
            quote = 0;
        else if (*p == '\\' && quote != '\'' && p[1])
            *out++ = *++p;
        else
            *out++ = *p;
    }
    *in = *p ? p + 1 : p;
    return quote ? NULL : out;
}

int command_parse(const char *text, struct command_line *ret_command, struct sonata_error *err)
{
    struct command_line c = {.text = xmalloc(strlen(text) + 2)};
    char *out = c.text;
    const char *in = text;
    for (;;) {
        while (is_blank(*in))
            in++;
        if (!*in)
            break;
        if (c.n == COMMAND_ARGS_MAX) {
            command_fini(&c);
            return sonata_error_set(err, -E2BIG, "command line has more than %d words", COMMAND_ARGS_MAX);
        }
        c.argv[c.n++] = out;
        out = take_word(&in, out);
        if (!out) {
            command_fini(&c);
            return sonata_error_set(err, -EINVAL, "command line `%.200s`: a quote is not closed", text);
        }
        *out++ = '\0';
    }
    if (!c.n || !c.argv[0][0]) {
        command_fini(&c);
        return sonata_error_set(err, -EINVAL, "the command line is empty: name a program");
    }
    *ret_command = c;
    return 0;
}

void command_fini(struct command_line *c)
{
    free(c->text);
    *c = (struct command_line){0};
}

static bool executable(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

int command_check(const char *text, struct sonata_error *err)
{
    struct command_line c;
    int r = command_parse(text, &c, err);
    if (!r)
        command_fini(&c);
    return r;
}

bool command_find(const char *name, char *path, size_t size)
{
    if (strchr(name, '/'))
        return copy_string(path, size, name) && executable(path);
    const char *at = getenv("PATH");
    while (at && *at) {
        size_t n = strcspn(at, ":");
        int k = snprintf(path, size, "%.*s%s%s", (int)n, at, n ? "/" : "./", name);
        if (k > 0 && (size_t)k < size && executable(path))
            return true;
        at += n;
        at += *at == ':';
    }
    return false;
}
