/* Boards from the text of a command line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "board_config/board_config.h"

/* The text up to `stop` (or the end) is cut off *p and returned; *p is NULL after the last. In quotes, and after a backslash, a stop is none: quotes
 * stay, for the value may be a command line; the backslash of a "\," goes. */
static char *take_part(char **p, char stop)
{
    char *part = *p, *in = part, *out = part, quote = '\0';
    if (!part)
        return NULL;
    for (; *in && (quote || *in != stop); *out++ = *in++) {
        if (*in == '\\' && in[1] == stop) {
            in++;
        } else if (*in == '\\' && in[1] && quote != '\'') {
            *out++ = *in++;
        } else if (quote) {
            quote = *in == quote ? '\0' : quote;
        } else if ((*in == '\'' || *in == '"') && strchr(in + 1, *in)) {
            quote = *in;
        }
    }
    *p = *in ? in + 1 : NULL;
    *out = '\0';
    return part;
}

/* The keys after the board's head. A part without '=' is one more value of the key before it, where that takes several: offers=latency,accuracy. */
static int set_keys(struct board_config *c, char *options, struct sonata_error *err)
{
    const char *several = NULL;
    while (options) {
        char *part = take_part(&options, ','), *equals = strchr(part, '=');
        void *settings;
        if (!equals && !several)
            return sonata_error_set(err, -EINVAL, "'%s' is here; expected key=value", part);
        if (equals) {
            *equals = '\0';
            const struct option_def *d = board_config_key(c, part, &settings);
            several = d && d->joins ? part : NULL;
        }
        const char *key = equals ? part : several;
        int r = board_config_set(c, key, equals ? equals + 1 : part, err);
        if (r)
            return r;
    }
    return 0;
}

int board_config_parse(const char *text, struct board_config *ret_config, struct sonata_error *err)
{
    cleanup_free char *copy = xstrdup(text);
    struct board_config c = board_config_default();
    char *options = copy, *head = take_part(&options, ','), *rest = head;
    char *id = take_part(&rest, ':'), *backend = take_part(&rest, ':');
    if (!backend)
        return sonata_error_set(err, -EINVAL, "board '%s': ID:BACKEND is expected, for instance host:engine or pi:table:FILE.csv,accuracy=COLUMN",
                                text);
    int r = board_config_begin(&c, id, backend, err);
    if (!r && rest)
        r = c.backend != BACKEND_TABLE ? sonata_error_set(err, -EINVAL, "only a table board takes a file") : board_config_set(&c, "file", rest, err);
    if (!r)
        r = set_keys(&c, options, err);
    if (r)
        return sonata_error_prefix(err, r, "board '%s'", id);
    r = board_config_check(&c, err);
    if (!r)
        *ret_config = c;
    return r;
}
