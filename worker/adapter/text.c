/* Small helpers of the parsers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/adapter_internal.h"
#include "base/memory.h"

double number_after(const char *text, const char *label, const char **ret_end)
{
    const char *p = text ? strstr(text, label) : NULL;
    if (!p)
        return NAN;
    p += strlen(label);
    p += strspn(p, " \t");
    char *end;
    double v = strtod(p, &end);
    if (end == p)
        return NAN;
    if (ret_end)
        *ret_end = end;
    return v;
}

bool is_duration(double v)
{
    return isfinite(v) && v > 0 && v < 1e12; /* µs: eleven days */
}

struct adapter_window window_empty(void)
{
    return (struct adapter_window){.value_us = NAN, .min_us = NAN, .mean_us = NAN, .max_us = NAN, .p90_us = NAN, .p99_us = NAN};
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Nearest-rank quantile of sorted values. */
static double quantile(const float *sorted, size_t n, double q)
{
    size_t i = (size_t)ceil(q * (double)n);
    return (double)sorted[i ? i - 1 : 0];
}

void window_from_samples(struct adapter_window *w, float *samples_us, size_t n)
{
    float *sorted = xcalloc(n, sizeof *sorted);
    double sum = 0;
    *w = window_empty();
    w->samples_us = samples_us;
    w->n = w->n_samples = n;
    if (!n) {
        free(sorted);
        return;
    }
    memcpy(sorted, samples_us, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_value);
    for (size_t i = 0; i < n; i++)
        sum += (double)sorted[i];
    w->value_us = n % 2 ? (double)sorted[n / 2] : ((double)sorted[n / 2 - 1] + (double)sorted[n / 2]) / 2;
    w->min_us = (double)sorted[0];
    w->max_us = (double)sorted[n - 1];
    w->mean_us = sum / (double)n;
    w->p90_us = quantile(sorted, n, 0.9);
    w->p99_us = quantile(sorted, n, 0.99);
    free(sorted);
}

const char *failure_of_candidate(const char *out, const char *err, char *text, size_t size)
{
    static const struct {
        const char *sign, *what;
    } signs[] = {
        {"No importer registered for op", "unsupported operator"}, /* TensorRT */
        {"UNSUPPORTED_NODE", "unsupported operator"},
        {"Could not find any implementation for node", "unsupported operator"},
        {"Didn't find op for builtin opcode", "unsupported operator"}, /* TFLite */
        {"Encountered unresolved custom op", "unsupported operator"},
        {"not exists or registered", "unsupported operator"},             /* ncnn */
        {"Could not find an implementation for", "unsupported operator"}, /* ONNX Runtime */
        {"NOT_IMPLEMENTED", "unsupported operator"},
        {"out of memory", "ram"},
        {"OutOfMemory", "ram"},
        {"MemoryError", "ram"}, /* Python, NumPy */
        {"std::bad_alloc", "ram"},
        {"Cannot allocate memory", "ram"},
        {"Failed to allocate memory", "ram"},
    };
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        const char *at = strstr(err, signs[i].sign);
        at = at ? at : strstr(out, signs[i].sign);
        if (at) {
            snprintf(text, size, "%s: %.*s", signs[i].what, (int)strcspn(at, "\r\n") > 90 ? 90 : (int)strcspn(at, "\r\n"), at);
            return text;
        }
    }
    return NULL;
}
