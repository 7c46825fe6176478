/* benchncnn: one line "          name  min =  1.23  max =  1.40  avg =  1.30" in ms on stderr. The minimum counts: the tool's authors advise it, and
 * the median of our invocations stands over it. Two decimals are too coarse below 1 ms: noisy then. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "adapter/adapter_internal.h"

int parse_benchncnn(const struct tool_output *o, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err)
{
    const char *at = NULL, *text = strstr(o->err, " min = ") ? o->err : o->out;
    unsigned lines = 0;
    for (const char *p = text; (p = strstr(p, " min = ")); p++, lines++)
        at = p;
    if (!at)
        return sonata_error_set(err, -EBADMSG, "benchncnn: no `min = … max = … avg = …` line");
    if (lines > 1)
        return sonata_error_set(err, -EBADMSG, "benchncnn: %u models were run, one was asked for (too old for param=)", lines);
    char line[256];
    snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\r\n"), at);
    *w = window_empty();
    w->min_us = number_after(line, "min =", NULL) * 1e3;
    w->max_us = number_after(line, "max =", NULL) * 1e3;
    w->mean_us = number_after(line, "avg =", NULL) * 1e3;
    if (!is_duration(w->min_us) || !is_duration(w->mean_us))
        return sonata_error_set(err, -EBADMSG, "benchncnn: no time above 0.00 ms in '%.100s'", line);
    double loops = number_after(o->err, "loop_count = ", NULL);
    w->n = loops >= 1 && loops < 1e6 ? (uint64_t)loops : 1;
    w->value_us = w->min_us;
    r->flags |= ADAPTER_MIN_ONLY;
    if (w->min_us < 1000)
        r->flags |= ADAPTER_NOISY;
    return 0;
}
