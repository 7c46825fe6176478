/* benchmark_model (TensorFlow Lite, LiteRT) and executor_runner (ExecuTorch).
 *
 * benchmark_model prints one `count=` line for the warm-up and one for the measurement: the second counts (the only one when warm-up is off). Newer
 * versions add p5, median and p95; older ones give a mean only, sometimes in scientific notation. Lines may carry "INFO: ". */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/adapter_internal.h"
#include "base/memory.h"

static void copy_line(const char *at, char *line, size_t size)
{
    snprintf(line, size, "%.*s", (int)strcspn(at, "\r\n"), at);
}

/* The measurement's line: the second `count=` of the two streams' text. */
static const char *second_count(const char *text)
{
    const char *first = strstr(text, "count=");
    const char *second = first ? strstr(first + 6, "count=") : NULL;
    return second;
}

static void find_delegate(const char *text, struct adapter_result *r)
{
    const char *end = NULL;
    double replaced = number_after(text, "Replacing ", &end), of = number_after(end, "out of ", NULL);
    if ((isfinite(replaced) && isfinite(of) && replaced < of) || strstr(text, "will not be executed by the delegate"))
        r->flags |= ADAPTER_PARTIAL_DELEGATE;
}

static void find_rest(const char *text, struct adapter_result *r)
{
    double init = number_after(text, "Init: ", NULL);
    if (is_duration(init))
        r->init_us = init;
    double mb = number_after(text, "overall=", NULL);
    if (!isfinite(mb))
        mb = number_after(text, "Overall peak memory footprint (MB) via periodic monitoring: ", NULL);
    if (isfinite(mb) && mb >= 0)
        r->peak_bytes = mb * 1048576;
}

static int parse_count_line(const char *at, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err)
{
    char line[512];
    copy_line(at, line, sizeof line);
    *w = window_empty();
    double count = number_after(line, "count=", NULL);
    w->min_us = number_after(line, " min=", NULL);
    w->max_us = number_after(line, " max=", NULL);
    w->mean_us = number_after(line, " avg=", NULL);
    double median = number_after(line, " median=", NULL);
    if (!isfinite(w->mean_us)) /* the short form of a single run */
        w->mean_us = w->min_us = w->max_us = number_after(line, " curr=", NULL);
    if (!(count >= 1 && count < 1e9) || !is_duration(w->mean_us))
        return sonata_error_set(err, -EBADMSG, "benchmark_model: no numbers in '%.100s'", line);
    w->n = (uint64_t)count;
    w->value_us = is_duration(median) ? median : w->mean_us;
    if (!is_duration(median))
        r->flags |= ADAPTER_MEAN_ONLY;
    return 0;
}

int parse_benchmark_model(const struct tool_output *o, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err)
{
    const char *text = strstr(o->out, "timings in us") || strstr(o->out, "count=") ? o->out : o->err; /* stderr with a logging back-end */
    find_delegate(o->out, r);
    find_delegate(o->err, r);
    find_rest(text, r);
    const char *measured = second_count(text);
    if (measured)
        return parse_count_line(measured, r, w, err);
    /* Very old: "Average inference timings in us: Warmup: W, Init: I, Inference: X", or "no stats: X" without a stats option. */
    const char *summary = strstr(text, "inference timings in us:");
    summary = summary ? summary : strstr(text, "Inference timings in us:");
    double mean = number_after(summary, "Inference (avg): ", NULL);
    mean = isfinite(mean) ? mean : number_after(summary, " Inference: ", NULL);
    mean = isfinite(mean) ? mean : number_after(summary, "no stats: ", NULL);
    if (!is_duration(mean))
        return sonata_error_set(err, -EBADMSG, "benchmark_model: no second `count=` line and no timings in the output");
    *w = window_empty();
    w->value_us = w->mean_us = mean;
    w->n = 1;
    r->flags |= ADAPTER_MEAN_ONLY;
    return 0;
}

int parse_executor_runner(const struct tool_output *o, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err)
{
    (void)r;
    enum { MAX = 65536 };
    float *samples = xcalloc(MAX, sizeof *samples);
    size_t n = 0;
    double elapsed = 0;
    for (const char *p = o->out; (p = strstr(p, "Iteration ")) && n < MAX; p++) {
        char line[160];
        copy_line(p, line, sizeof line);
        double ms = number_after(line, ": ", NULL);
        if (!is_duration(ms * 1e3))
            continue;
        elapsed += ms;
        if (elapsed > o->warmup_s * 1e3) /* it has no warm-up of its own */
            samples[n++] = (float)(ms * 1e3);
    }
    if (!n) {
        free(samples);
        return sonata_error_set(err, -EBADMSG, "executor_runner: no `Iteration i of N: x ms` line after the warm-up of %g s", o->warmup_s);
    }
    window_from_samples(w, samples, n);
    return 0;
}
