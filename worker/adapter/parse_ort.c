/* onnxruntime_perf_test: raw samples from the result file (rows `model,time_s,peak_working_set,avg_cpu,run`), else the percentiles of -s, else the
 * mean. It warms up with one inference only: the first ten rows and the warm-up time are dropped here. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/adapter_internal.h"
#include "base/file.h"
#include "base/memory.h"

enum { RESULT_MAX = 16 << 20, DROP_ROWS = 10 };

/* Second field of a row; NAN when it is none (a header, a model name with a comma is looked for from the right: time is the fourth last). */
static double row_time_s(const char *row, size_t n)
{
    const char *comma[4];
    int found = 0;
    for (const char *p = row + n; p > row && found < 4; p--)
        if (p[-1] == ',')
            comma[found++] = p - 1;
    if (found < 4)
        return NAN;
    char *end;
    double v = strtod(comma[3] + 1, &end);
    return *end == ',' ? v : NAN;
}

static int parse_rows(const char *text, size_t size, double warmup_s, struct adapter_window *w, struct sonata_error *err)
{
    float *samples = NULL;
    size_t n = 0, capacity = 0, row = 0;
    double elapsed = 0;
    for (const char *p = text, *end = text + size; p < end && n < ADAPTER_SAMPLES_MAX;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t length = (size_t)((newline ? newline : end) - p);
        double s = row_time_s(p, length);
        p += length + 1;
        if (!is_duration(s * 1e6))
            continue;
        if (row++ < DROP_ROWS || elapsed < warmup_s) {
            elapsed += s;
            continue;
        }
        samples = xgrow(samples, &capacity, n + 1, sizeof *samples);
        samples[n++] = (float)(s * 1e6);
    }
    if (!n) {
        free(samples);
        return sonata_error_set(err, -EBADMSG, "onnxruntime_perf_test: %zu rows in the result file, none after the warm-up of %g s", row, warmup_s);
    }
    window_from_samples(w, samples, n);
    return 0;
}

static int parse_file(const char *folder, double warmup_s, struct adapter_window *w, struct sonata_error *err)
{
    char path[1024];
    struct bytes data = {0};
    snprintf(path, sizeof path, "%s/result.csv", folder);
    int r = file_read(path, RESULT_MAX, &data, err);
    if (r)
        return r;
    bytes_put_u8(&data, 0);
    r = parse_rows((const char *)data.data, data.size - 1, warmup_s, w, err);
    bytes_fini(&data);
    return r;
}

static int parse_text(const char *text, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err)
{
    *w = window_empty();
    double mean = number_after(text, "Average inference time cost total:", NULL);
    w->mean_us = 1e3 * (isfinite(mean) ? mean : number_after(text, "Average inference time cost:", NULL));
    w->min_us = 1e6 * number_after(text, "Min Latency:", NULL);
    w->max_us = 1e6 * number_after(text, "Max Latency:", NULL);
    w->p90_us = 1e6 * number_after(text, "P90 Latency:", NULL);
    w->p99_us = 1e6 * number_after(text, "P99 Latency:", NULL);
    double median = 1e6 * number_after(text, "P50 Latency:", NULL), n = number_after(text, "Total inference requests:", NULL);
    w->n = n >= 1 && n < 1e9 ? (uint64_t)n : 1;
    w->value_us = is_duration(median) ? median : w->mean_us;
    if (!is_duration(median))
        r->flags |= ADAPTER_MEAN_ONLY;
    return is_duration(w->value_us) ? 0 : sonata_error_set(err, -EBADMSG, "onnxruntime_perf_test: neither percentiles nor an average in the output");
}

int parse_ort(const struct tool_output *o, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err)
{
    double session = number_after(o->out, "Session creation time cost:", NULL), peak = number_after(o->out, "Peak working set size:", NULL);
    if (is_duration(session * 1e6))
        r->init_us = session * 1e6;
    if (isfinite(peak) && peak > 0)
        r->peak_bytes = peak;
    int code = o->folder ? parse_file(o->folder, o->warmup_s, w, err) : -ENOENT;
    return code == -ENOENT ? parse_text(o->out, r, w, err) : code;
}
