/* trtexec. Raw samples from --exportTimes (times.json), else the summary's `Latency:` line.
 *
 * Formats: one object per inference with latencyMs; files with the older endToEndMs also hold the warm-up, which is dropped by start time. The
 * verdict is `&&&& PASSED`; its absence after a clean exit is a format we do not know. "GPU compute time is unstable" (CV > 2.5 %) makes the numbers
 * noisy. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/adapter_internal.h"
#include "base/file.h"
#include "base/memory.h"

enum { TIMES_MAX = 64 << 20 };

unsigned trtexec_version(const char *text)
{
    const char *p = strstr(text, "[TensorRT v");
    if (!p)
        return 0;
    char *end;
    unsigned long v = strtoul(p + 11, &end, 10);
    if (*end != ']' || v < 1000 || v > 9999999)
        return 0;
    /* v8502 is 8.5.2 (one digit of minor); from 10 on v100300 is 10.3.0. */
    return v < 10000 ? (unsigned)(v / 1000 * 10000 + v / 100 % 10 * 100 + v % 100) : (unsigned)v;
}

static double field(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

/* First start on the device or host clock, whichever the version writes. */
static double start_of(const cJSON *entry)
{
    static const char *const name[] = {"startComputeMs", "startH2dMs", "startEnqMs"};
    for (size_t i = 0; i < 3; i++) {
        double v = field(entry, name[i]);
        if (isfinite(v))
            return v;
    }
    return NAN;
}

static int times_to_window(const cJSON *array, double warmup_ms, struct adapter_window *w, struct sonata_error *err)
{
    int count = cJSON_GetArraySize(array);
    if (!cJSON_IsArray(array) || count < 1)
        return sonata_error_set(err, -EBADMSG, "times.json holds no inferences");
    size_t n = 0, max = count < ADAPTER_SAMPLES_MAX ? (size_t)count : ADAPTER_SAMPLES_MAX;
    float *samples = xcalloc(max, sizeof *samples);
    const cJSON *entry;
    bool old = cJSON_HasObjectItem(array->child, "endToEndMs");
    double first = start_of(array->child);
    cJSON_ArrayForEach(entry, array)
    {
        double us = field(entry, "latencyMs") * 1e3;
        if (!is_duration(us)) {
            free(samples);
            return sonata_error_set(err, -EBADMSG, "times.json: an inference without a usable latencyMs");
        }
        if (old && start_of(entry) - first < warmup_ms)
            continue;
        if (n < max)
            samples[n++] = (float)us;
    }
    if (!n) {
        free(samples);
        return sonata_error_set(err, -EBADMSG, "times.json: everything lies in the warm-up of %g ms", warmup_ms);
    }
    window_from_samples(w, samples, n);
    return 0;
}

static int parse_times(const char *folder, double warmup_s, struct adapter_window *w, struct sonata_error *err)
{
    char path[1024];
    struct bytes data = {0};
    snprintf(path, sizeof path, "%s/times.json", folder);
    int r = file_read(path, TIMES_MAX, &data, err);
    if (r)
        return r;
    cJSON *json = cJSON_ParseWithLength((const char *)data.data, data.size);
    bytes_fini(&data);
    if (!json)
        return sonata_error_set(err, -EBADMSG, "times.json is not JSON");
    r = times_to_window(json, warmup_s * 1e3, w, err);
    cJSON_Delete(json);
    return r;
}

/* "[I] Latency: min = 0.2 ms, max = 0.4 ms, mean = 0.25 ms, median = 0.24 ms, percentile(90%) = 0.3 ms, …" of the last such line. */
static int parse_summary(const char *text, struct adapter_window *w, struct sonata_error *err)
{
    const char *line = NULL;
    for (const char *p = text; (p = strstr(p, "] Latency: min = ")); p++)
        line = p;
    if (!line)
        return sonata_error_set(err, -EBADMSG, "there is neither times.json nor a Latency line");
    char copy[512];
    snprintf(copy, sizeof copy, "%.*s", (int)strcspn(line, "\r\n"), line);
    *w = window_empty();
    w->min_us = number_after(copy, "min =", NULL) * 1e3;
    w->max_us = number_after(copy, "max =", NULL) * 1e3;
    w->mean_us = number_after(copy, "mean =", NULL) * 1e3;
    w->value_us = number_after(copy, " median =", NULL) * 1e3;
    w->p90_us = number_after(copy, "percentile(90%) =", NULL) * 1e3;
    w->p99_us = number_after(copy, "percentile(99%) =", NULL) * 1e3;
    double queries = number_after(text, "Timing trace has ", NULL);
    w->n = isfinite(queries) && queries >= 1 && queries < 1e9 ? (uint64_t)queries : 1;
    return is_duration(w->value_us) ? 0 : sonata_error_set(err, -EBADMSG, "the Latency line has no median: %.100s", copy);
}

int parse_trtexec(const struct tool_output *o, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err)
{
    if (!strstr(o->out, "&&&& PASSED") && !strstr(o->err, "&&&& PASSED"))
        return sonata_error_set(err, -EBADMSG, "trtexec did not say PASSED");
    if (strstr(o->out, "time is unstable") || strstr(o->err, "time is unstable"))
        r->flags |= ADAPTER_NOISY;
    int code = o->folder ? parse_times(o->folder, o->warmup_s, w, err) : -ENOENT;
    return code == -ENOENT ? parse_summary(o->out, w, err) : code;
}
