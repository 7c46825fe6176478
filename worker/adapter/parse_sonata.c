/* The escape hatch: the last line of stdout that begins with `SONATA-RESULT ` and holds one JSON object (docs/ADAPTERS.md). Latency in microseconds
 * as `samples_us` or as aggregates; any metric in the tree's units; or a failure the evaluator reports itself. */
#define _GNU_SOURCE /* memmem */
#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/adapter_internal.h"
#include "base/memory.h"

#define MARK "SONATA-RESULT "

static const char *last_mark(const char *text)
{
    const char *found = NULL;
    for (const char *p = text; (p = strstr(p, MARK)); p++)
        if (p == text || p[-1] == '\n')
            found = p + strlen(MARK);
    return found;
}

static double number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

static int take_samples(const cJSON *array, struct adapter_window *w, struct sonata_error *err)
{
    int n = cJSON_GetArraySize(array);
    if (!cJSON_IsArray(array) || n < 1 || n > ADAPTER_SAMPLES_MAX)
        return sonata_error_set(err, -EBADMSG, "SONATA-RESULT: samples_us is a list of 1 to %d numbers", ADAPTER_SAMPLES_MAX);
    float *samples = xcalloc((size_t)n, sizeof *samples);
    size_t i = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsNumber(item) || !is_duration(item->valuedouble)) {
            free(samples);
            return sonata_error_set(err, -EBADMSG, "SONATA-RESULT: samples_us[%zu] is not a positive number", i);
        }
        samples[i++] = (float)item->valuedouble;
    }
    window_from_samples(w, samples, i);
    return 0;
}

static int take_aggregates(const cJSON *o, struct adapter_window *w, struct sonata_error *err)
{
    w->value_us = number_of(o, "median");
    w->min_us = number_of(o, "min");
    w->p90_us = number_of(o, "p90");
    w->max_us = number_of(o, "max");
    double n = number_of(o, "n");
    if (!is_duration(w->value_us) || !is_duration(w->min_us) || !is_duration(w->p90_us) || !is_duration(w->max_us) || !(n >= 1 && n < 1e12))
        return sonata_error_set(err, -EBADMSG, "SONATA-RESULT: min, median, p90, max (microseconds) and n are needed together, all positive");
    if (w->min_us > w->value_us || w->value_us > w->p90_us || w->p90_us > w->max_us)
        return sonata_error_set(err, -EBADMSG, "SONATA-RESULT: min <= median <= p90 <= max does not hold");
    w->n = (uint64_t)n;
    return 0;
}

static bool name_ok(const char *name)
{
    return name && name[0] && strlen(name) < ADAPTER_NAME_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

/* "accuracy": 91.2, or {"value": 91.2, "low": 90.8, "high": 91.6, "n": 10000}. */
static int take_metric(const cJSON *item, struct adapter_result *r, struct sonata_error *err)
{
    if (!name_ok(item->string))
        return sonata_error_set(err, -EBADMSG, "SONATA-RESULT: a metric's name consists of at most %d of a-z 0-9 _", ADAPTER_NAME_MAX - 1);
    if (r->n_metrics == ADAPTER_METRICS_MAX)
        return sonata_error_set(err, -EBADMSG, "SONATA-RESULT: more than %d metrics", ADAPTER_METRICS_MAX);
    struct adapter_metric m = {.value = cJSON_IsNumber(item) ? item->valuedouble : number_of(item, "value")};
    if (!isfinite(m.value))
        return sonata_error_set(err, -EBADMSG, "SONATA-RESULT: metric %s has no finite value", item->string);
    double low = number_of(item, "low"), high = number_of(item, "high"), n = number_of(item, "n");
    m.low = isfinite(low) ? low : m.value;
    m.high = isfinite(high) ? high : m.value;
    m.n = n >= 1 && n < 4e9 ? (uint32_t)n : 0;
    if (m.low > m.value || m.high < m.value)
        return sonata_error_set(err, -EBADMSG, "SONATA-RESULT: metric %s: low <= value <= high does not hold", item->string);
    copy_string(m.name, sizeof m.name, item->string);
    r->metric[r->n_metrics++] = m;
    return 0;
}

static int take_failure(const cJSON *o, const char *outcome, struct adapter_result *r, struct sonata_error *err)
{
    static const struct {
        const char *name;
        enum adapter_status status;
    } table[] = {{"infeasible", ADAPTER_INFEASIBLE}, {"invalid", ADAPTER_INVALID}, {"infra", ADAPTER_INFRA}, {"config", ADAPTER_BAD_CONFIG}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(outcome, table[i].name))
            continue;
        const cJSON *reason = cJSON_GetObjectItemCaseSensitive(o, "reason");
        r->status = table[i].status;
        snprintf(r->reason, sizeof r->reason, "%.*s", ADAPTER_REASON_MAX - 1, cJSON_IsString(reason) ? reason->valuestring : outcome);
        return 0;
    }
    return sonata_error_set(err, -EBADMSG, "SONATA-RESULT: outcome '%.40s' is none of ok, infeasible, invalid, infra, config", outcome);
}

static int take_object(const cJSON *o, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err)
{
    if (!cJSON_IsObject(o))
        return sonata_error_set(err, -EBADMSG, "SONATA-RESULT is not followed by a JSON object on the same line");
    const cJSON *outcome = cJSON_GetObjectItemCaseSensitive(o, "outcome"), *samples = cJSON_GetObjectItemCaseSensitive(o, "samples_us"),
                *metrics = cJSON_GetObjectItemCaseSensitive(o, "metrics"), *m;
    if (cJSON_IsString(outcome) && strcmp(outcome->valuestring, "ok"))
        return take_failure(o, outcome->valuestring, r, err);
    int code = 0;
    if (samples)
        code = take_samples(samples, w, err);
    else if (cJSON_HasObjectItem(o, "median"))
        code = take_aggregates(o, w, err);
    r->n_metrics = 0;
    if (metrics)
        cJSON_ArrayForEach(m, metrics)
            code = code ? code : take_metric(m, r, err);
    if (!code && !w->n && !r->n_metrics)
        code = sonata_error_set(err, -EBADMSG, "SONATA-RESULT holds neither samples_us nor median nor metrics");
    return code;
}

/* What Python's json.dumps() writes for numbers that JSON does not have. */
static bool names_no_number(const char *text, size_t n) { return memmem(text, n, "NaN", 3) || memmem(text, n, "Infinity", 8); }

int parse_sonata_result(const struct tool_output *o, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err)
{
    *w = window_empty();
    const char *text = last_mark(o->out);
    if (!text)
        return sonata_error_set(err, -EBADMSG, "no line `SONATA-RESULT {json}` on stdout");
    size_t n = strcspn(text, "\r\n");
    cJSON *json = cJSON_ParseWithLength(text, n);
    int code = !json && names_no_number(text, n) ? sonata_error_set(err, -EBADMSG, "SONATA-RESULT holds NaN or Infinity: numbers must be finite")
                                                 : take_object(json, r, w, err);
    cJSON_Delete(json);
    if (code) {
        free(w->samples_us);
        *w = window_empty();
    }
    return code;
}
