/* See evaluator_messages.h. */
#include "backend/evaluator_messages.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/model_file.h"
#include "base/memory.h"
#include "measure/statistics.h"
#include "measure/windows.h"

enum { SAMPLE_BLOCKS = 10 };

static const char *text_of(const cJSON *o, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return text ? text : "";
}

cJSON *evaluator_hello(const struct board_config *config)
{
    cJSON *hello = cJSON_CreateObject();
    cJSON_AddNumberToObject(hello, "sonata", 1);
    cJSON *init = cJSON_AddObjectToObject(hello, "init");
    cJSON_AddStringToObject(init, "board", config->id);
    cJSON_AddNumberToObject(init, "threads", board_config_core_count(config));
    cJSON_AddStringToObject(init, "dataset", config->n_datasets ? config->dataset[0] : "");
    return hello;
}

int evaluator_take_ready(const cJSON *m, struct board_offer *offer, char *version, size_t size, struct sonata_error *err)
{
    const cJSON *metric, *metrics = cJSON_GetObjectItemCaseSensitive(m, "metrics");
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(m, "ready")))
        return sonata_error_set(err, -EIO, "%.200s", text_of(m, "error")[0] ? text_of(m, "error") : "it does not say that it is ready");
    offer->n_metrics = 0;
    cJSON_ArrayForEach(metric, metrics)
    {
        const char *name = cJSON_GetStringValue(metric);
        if (!name || offer->n_metrics == OFFER_METRICS_MAX || !copy_string(offer->metric[offer->n_metrics], METRIC_NAME_MAX, name))
            return sonata_error_set(err, -EBADMSG, "'metrics' is not a list of at most %d short names", OFFER_METRICS_MAX);
        offer->n_metrics++;
    }
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(m, "builds")) && offer->n_metrics < OFFER_METRICS_MAX)
        copy_string(offer->metric[offer->n_metrics++], METRIC_NAME_MAX, METRIC_MODEL);
    if (!offer->n_metrics)
        return sonata_error_set(err, -EBADMSG, "it names no metrics and builds no models");
    snprintf(version, size, "%.40s %.40s", text_of(m, "name"), text_of(m, "version"));
    return 0;
}

/* {"a": 1, "b": "k3"}: a choice that is a number is one. */
static cJSON *genes_of(const struct backend_job *job)
{
    cJSON *genes = cJSON_CreateObject();
    for (uint32_t j = 0; j < job->space->n_genes; j++) {
        const struct gene *g = &job->space->gene[j];
        const char *label = g->label[job->job->genotype.allele[j]];
        char *end;
        double v = strtod(label, &end);
        if (label[0] && !*end && isfinite(v))
            cJSON_AddNumberToObject(genes, g->name, v);
        else
            cJSON_AddStringToObject(genes, g->name, label);
    }
    return genes;
}

cJSON *evaluator_request(const struct backend_job *job, const char *folder, int64_t limit_ns)
{
    cJSON *m = cJSON_CreateObject();
    cJSON_AddNumberToObject(m, "id", (double)job->job->attempt);
    cJSON_AddItemToObject(m, "genotype", genes_of(job));
    if (folder)
        cJSON_AddStringToObject(cJSON_AddObjectToObject(m, "build"), "folder", folder);
    if (job->model)
        cJSON_AddStringToObject(m, "model", job->model);
    cJSON *metrics = cJSON_AddArrayToObject(m, "metrics");
    for (uint32_t i = 0; i < job->job->n_metrics && !folder; i++) /* the model alone: the master asks for it apart */
        cJSON_AddItemToArray(metrics, cJSON_CreateString(job->job->metric[i]));
    cJSON_AddStringToObject(m, "tier", tier_name(job->tier));
    cJSON_AddStringToObject(m, "dataset", job->job->dataset);
    cJSON_AddNullToObject(m, "fidelity");
    if (limit_ns > 0)
        cJSON_AddNumberToObject(m, "deadline_s", (double)limit_ns / 1e9);
    return m;
}

static double number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

/* 91.5, or {"value": 91.5, "low": 91.2, "high": 91.8, "n": 10000}. */
static bool take_metric(const cJSON *item, struct measurement *m)
{
    double value = cJSON_IsNumber(item) ? item->valuedouble : number_of(item, "value");
    double low = number_of(item, "low"), high = number_of(item, "high"), n = number_of(item, "n");
    low = isfinite(low) ? low : value;
    high = isfinite(high) ? high : value;
    if (!isfinite(value)) {
        measurement_fail(m, OUTCOME_BUG, "evaluator: metric '%.40s' is not a finite number", item->string);
        return false;
    }
    if (low > value || high < value) {
        measurement_fail(m, OUTCOME_BUG, "evaluator: metric '%.40s': low <= value <= high does not hold", item->string);
        return false;
    }
    measurement_add(m, item->string, value, low, high, n >= 1 && n < 4e9 ? (uint32_t)n : 1);
    return true;
}

/* Latency from samples in the order they were taken: a few blocks of them are windows, whose medians give value and interval. */
static void add_latency(const float *us, unsigned n, struct measurement *m)
{
    unsigned windows = n < SAMPLE_BLOCKS ? n : SAMPLE_BLOCKS;
    double median[SAMPLE_BLOCKS];
    double *block = xcalloc(n, sizeof *block);
    struct windows_summary s;
    for (unsigned w = 0; w < windows; w++) {
        unsigned begin = n * w / windows, end = n * (w + 1) / windows;
        for (unsigned i = begin; i < end; i++)
            block[i - begin] = us[i];
        sort_doubles(block, end - begin);
        median[w] = sorted_median(block, end - begin);
        m->window_median_us[w] = (float)median[w];
    }
    free(block);
    m->n_windows = windows;
    windows_summarise(median, windows, &s);
    measurement_add(m, "latency", s.median_us / 1e3, s.low_us / 1e3, s.high_us / 1e3, n);
}

static bool take_samples(const cJSON *array, struct measurement *m)
{
    int n = cJSON_GetArraySize(array);
    const cJSON *item;
    if (!cJSON_IsArray(array) || n < 1 || n > SAMPLES_MAX) {
        measurement_fail(m, OUTCOME_BUG, "evaluator: samples_us is a list of 1 to %d numbers", SAMPLES_MAX);
        return false;
    }
    m->samples_us = xcalloc((size_t)n, sizeof *m->samples_us);
    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsNumber(item) || !(item->valuedouble > 0 && item->valuedouble < 1e12)) {
            measurement_fail(m, OUTCOME_BUG, "evaluator: samples_us holds something that is not a positive number of microseconds");
            return false;
        }
        m->samples_us[m->n_samples++] = (float)item->valuedouble;
    }
    add_latency(m->samples_us, m->n_samples, m);
    return true;
}

static void take_metrics(const cJSON *metrics, const cJSON *samples, struct measurement *m)
{
    const cJSON *v;
    if (samples && !take_samples(samples, m))
        return;
    cJSON_ArrayForEach(v, metrics)
    {
        if (samples && !strcmp(v->string, "latency"))
            continue; /* the samples say more */
        if (!take_metric(v, m))
            return;
    }
    m->outcome = OUTCOME_OK;
}

static enum evaluator_said take_end(const cJSON *a, struct measurement *m)
{
    static const struct {
        const char *key;
        enum outcome outcome;
    } ends[] = {{"infeasible", OUTCOME_INFEASIBLE}, {"invalid", OUTCOME_INVALID}, {"error", OUTCOME_BUG}};
    const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(a, "metrics");
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (!cJSON_HasObjectItem(a, ends[i].key))
            continue;
        measurement_fail(m, ends[i].outcome, "evaluator: %.140s", text_of(a, ends[i].key));
        return EVALUATOR_ANSWER;
    }
    if (cJSON_IsObject(metrics) || cJSON_HasObjectItem(a, METRIC_MODEL)) {
        take_metrics(metrics, cJSON_GetObjectItemCaseSensitive(a, "samples_us"), m);
        return EVALUATOR_ANSWER;
    }
    measurement_fail(m, OUTCOME_BUG, "evaluator: its answer has neither metrics nor infeasible, invalid or error");
    return EVALUATOR_CONFUSED;
}

void evaluator_take_model(const struct backend_job *job, const cJSON *answer, struct measurement *m)
{
    struct sonata_error err = {0};
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(answer, METRIC_MODEL);
    const char *path = text_of(model, "path"), *format = text_of(model, "format");
    if (!path[0]) {
        measurement_fail(m, OUTCOME_BUG, "evaluator: its answer to a build has no 'model' with the 'path' of a file");
        return;
    }
    int r = model_take(job, path, format[0] ? format : "onnx", m, &err);
    bool ours = r == -ENOSPC || r == -EIO || r == -EDQUOT || r == -EROFS;
    if (r)
        measurement_fail(m, ours ? OUTCOME_INFRA : OUTCOME_BUG, "evaluator: %.130s", err.text);
}

enum evaluator_said evaluator_take(const cJSON *a, uint64_t id, double *ret_progress, struct measurement *m)
{
    double about = number_of(a, "id"), progress = number_of(a, "progress");
    if (about != (double)id) {
        if (isnan(about))
            measurement_fail(m, OUTCOME_BUG, "evaluator: its answer does not say which request it is about (id)");
        else
            measurement_fail(m, OUTCOME_BUG, "evaluator: its answer is about request %.0f, it was asked %llu (id)", about, (unsigned long long)id);
        return EVALUATOR_CONFUSED;
    }
    if (isfinite(progress)) {
        *ret_progress = fmax(0, fmin(1, progress));
        return EVALUATOR_PROGRESS;
    }
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(a, "canceled")))
        return EVALUATOR_CANCELED;
    return take_end(a, m);
}
