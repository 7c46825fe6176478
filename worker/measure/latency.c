/* See latency.h. Flow: pilot (how fast, durations and batch from that) -> warm_up -> windows -> summary. */
#include "measure/latency.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "measure/statistics.h"
#include "measure/windows.h"

enum {
    PILOT_INFERENCES = 3,
    PILOT_INFERENCES_MAX = 1000,
    BATCH_MAX = 1 << 20,
    WINDOW_SAMPLES_MAX = 200000,
    INFERENCES_MAX = 100000000,
    STABLE_WINDOWS = 3
};
static const int64_t PILOT_NS = 2000000;

struct run {
    const struct latency_target *target;
    struct latency_protocol protocol; /* with scaled durations */
    uint32_t batch;
    double *sample;                   /* of the current window, microseconds per inference */
    size_t n_sample, capacity;
};

static int64_t now(const struct run *run)
{
    return run->target->now_ns(run->target->user);
}

/* One timed sample of `batch` inferences. */
static int take_sample(struct run *run, int64_t *ret_elapsed_ns)
{
    int64_t start = now(run);
    for (uint32_t i = 0; i < run->batch; i++) {
        int r = run->target->infer(run->target->user);
        if (r)
            return r;
    }
    *ret_elapsed_ns = now(run) - start;
    return 0;
}

/* Samples for at least `ns` and `inferences`; at least one. The samples are left sorted, the median is returned. */
static int run_window(struct run *run, int64_t ns, uint64_t inferences, double *ret_median_us)
{
    int64_t start = now(run);
    run->n_sample = 0;
    do {
        int64_t elapsed;
        int r = take_sample(run, &elapsed);
        if (r)
            return r;
        run->sample = xgrow(run->sample, &run->capacity, run->n_sample + 1, sizeof *run->sample);
        run->sample[run->n_sample++] = (double)elapsed / 1e3 / run->batch;
        if (run->n_sample * (uint64_t)run->batch > INFERENCES_MAX)
            return -EIO;
    } while (run->n_sample < WINDOW_SAMPLES_MAX && (now(run) - start < ns || run->n_sample * (uint64_t)run->batch < inferences));
    double *sorted = xmemdup(run->sample, run->n_sample * sizeof *sorted);
    sort_doubles(sorted, run->n_sample);
    *ret_median_us = sorted_median(sorted, run->n_sample);
    free(sorted);
    return 0;
}

static int64_t scaled(const struct latency_protocol *p, int64_t ns, double inference_ns)
{
    double wanted = fmax(p->scale * inference_ns, (double)p->scale_floor_ns);
    return wanted < (double)ns ? (int64_t)wanted : ns;
}

static uint32_t choose_batch(const struct latency_protocol *p, double inference_ns)
{
    double per_window = (double)(p->samples_max ? p->samples_max : SAMPLES_MAX) / p->windows_max; /* so that all samples can be kept */
    double sample_ns = fmax((double)p->sample_ns, (double)p->window_ns / per_window);
    double batch = ceil(sample_ns / fmax(inference_ns, 1));
    return (uint32_t)clamp_of(batch, 1.0, (double)BATCH_MAX);
}

/* A few inferences tell the speed (the fastest counts: the first ones are cold); sets durations and batch. */
static int pilot(struct run *run, struct latency_result *result)
{
    int64_t start = now(run), best = INT64_MAX;
    run->batch = 1;
    for (unsigned i = 0; i < PILOT_INFERENCES_MAX && (i < PILOT_INFERENCES || now(run) - start < PILOT_NS); i++) {
        int64_t elapsed;
        int r = take_sample(run, &elapsed);
        if (r)
            return r;
        best = min_of(elapsed, best);
        result->warmup_inferences++;
    }
    struct latency_protocol *p = &run->protocol;
    if (p->scale > 0) {
        p->warmup_ns = scaled(p, p->warmup_ns, (double)best);
        p->warmup_window_ns = scaled(p, p->warmup_window_ns, (double)best);
        p->window_ns = scaled(p, p->window_ns, (double)best);
    }
    if (p->warmup_share > 0) {
        p->warmup_ns = (int64_t)((double)p->warmup_ns * p->warmup_share);
        p->warmup_window_ns = (int64_t)((double)p->warmup_window_ns * p->warmup_share);
    }
    run->batch = choose_batch(p, (double)best);
    return 0;
}

static bool stable(const double *last, double spread)
{
    double low = last[0], high = last[0];
    for (unsigned i = 1; i < STABLE_WINDOWS; i++) {
        low = fmin(low, last[i]);
        high = fmax(high, last[i]);
    }
    return high - low <= spread * low;
}

static int warm_up(struct run *run, struct latency_result *result)
{
    const struct latency_protocol *p = &run->protocol;
    int64_t start = now(run), elapsed = 0;
    double last[STABLE_WINDOWS] = {0};
    for (unsigned n = 0; elapsed < p->warmup_cap_ns; n++) {
        int r = run_window(run, p->warmup_window_ns, 1, &last[n % STABLE_WINDOWS]);
        if (r)
            return r;
        result->warmup_inferences += run->n_sample * (uint64_t)run->batch;
        elapsed = now(run) - start;
        result->warmup_ns = elapsed;
        if (n + 1 >= STABLE_WINDOWS && elapsed >= p->warmup_ns && result->warmup_inferences >= p->warmup_inferences && stable(last, p->warmup_spread))
            return 0;
    }
    result->flags |= FLAG_WARMUP_NOT_STABLE;
    return 0;
}

static void keep_samples(const struct run *run, struct latency_result *result)
{
    size_t room = SAMPLES_MAX - result->n_samples, n = min_of(run->n_sample, room);
    if (n)
        result->samples_us = xreallocarray(result->samples_us, result->n_samples + n, sizeof *result->samples_us);
    for (size_t i = 0; i < n; i++)
        result->samples_us[result->n_samples++] = (float)run->sample[i];
    result->dropped += run->n_sample - n;
    result->inferences += run->n_sample * (uint64_t)run->batch;
}

static void take_summary(const struct windows_summary *s, struct latency_result *result)
{
    result->median_us = s->median_us;
    result->low_us = s->low_us;
    result->high_us = s->high_us;
    result->coverage = s->coverage;
    result->window_cv = s->cv;
}

static int measure_windows(struct run *run, struct latency_result *result)
{
    const struct latency_protocol *p = &run->protocol;
    uint64_t per_window = (p->min_inferences + p->windows - 1) / p->windows;
    int64_t start = now(run);
    for (;;) {
        int r = run_window(run, p->window_ns, per_window, &result->window_median_us[result->n_windows]);
        if (r)
            return r;
        result->n_windows++;
        keep_samples(run, result);
        result->measure_ns = now(run) - start;
        struct windows_summary summary;
        windows_summarise(result->window_median_us, result->n_windows, &summary);
        if (summary.median_us <= 0)
            return -EIO;
        if (windows_want_more(p, &summary, result->n_windows, result->measure_ns))
            continue;
        take_summary(&summary, result);
        if (!windows_accepted(p, &summary))
            result->flags |= FLAG_NOISY;
        return 0;
    }
}

static void summarise_samples(struct latency_result *result)
{
    size_t n = result->n_samples;
    double *v = xcalloc(2 * n, sizeof *v);
    for (size_t i = 0; i < n; i++)
        v[i] = (double)result->samples_us[i];
    sort_doubles(v, n);
    double median = sorted_median(v, n);
    result->min_us = v[0];
    result->p90_us = sorted_quantile(v, n, 0.90);
    result->p99_us = sorted_quantile(v, n, 0.99);
    result->mad_us = sorted_mad(v, n, v + n);
    result->outliers = outlier_share(v, n, median, result->mad_us);
    if (result->outliers > 0.05)
        result->flags |= FLAG_OUTLIERS;
    if (is_bimodal(v, n))
        result->flags |= FLAG_BIMODAL;
    free(v);
}

int latency_measure(const struct latency_protocol *protocol, const struct latency_target *target, struct latency_result *ret_result,
                    struct sonata_error *err)
{
    struct run run = {.target = target, .protocol = *protocol};
    struct latency_result result = {0};
    const char *phase = "pilot";
    int r = pilot(&run, &result);
    if (!r) {
        phase = "warm-up";
        r = warm_up(&run, &result);
    }
    if (!r) {
        phase = "measurement";
        r = measure_windows(&run, &result);
    }
    free(run.sample);
    if (r) {
        latency_result_fini(&result);
        return sonata_error_set(err, r, "inference failed during %s: %s", phase, strerror(-r));
    }
    result.batch = run.batch;
    summarise_samples(&result);
    *ret_result = result;
    return 0;
}

void latency_result_fini(struct latency_result *r)
{
    free(r->samples_us);
    *r = (struct latency_result){0};
}

void latency_result_report(struct latency_result *r, struct measurement *m)
{
    measurement_add(m, "latency", r->median_us / 1e3, r->low_us / 1e3, r->high_us / 1e3, r->n_windows);
    const struct {
        const char *name;
        double us;
    } extra[] = {{"latency_p90", r->p90_us}, {"latency_p99", r->p99_us}, {"latency_min", r->min_us}};
    for (size_t i = 0; i < sizeof extra / sizeof *extra; i++)
        measurement_add(m, extra[i].name, extra[i].us / 1e3, extra[i].us / 1e3, extra[i].us / 1e3, r->n_samples);
    m->flags |= r->flags;
    m->n_windows = r->n_windows;
    for (uint32_t i = 0; i < r->n_windows; i++)
        m->window_median_us[i] = (float)r->window_median_us[i];
    m->n_processes = 1;
    m->process_median_us[0] = (float)r->median_us;
    free(m->samples_us);
    m->samples_us = r->samples_us;
    m->n_samples = r->n_samples;
    r->samples_us = NULL;
    latency_result_fini(r);
}

void latency_result_describe(const struct latency_result *r, char *text, size_t size, void (*add)(char *text, size_t size, const char *format, ...))
{
    add(text, size, "windows=%u", r->n_windows);
    add(text, size, "window_cv=%.5f", r->window_cv);
    add(text, size, "interval_coverage=%.4f", r->coverage);
    add(text, size, "batch=%u", r->batch);
    add(text, size, "inferences=%llu", (unsigned long long)r->inferences);
    add(text, size, "mad_us=%.3f", r->mad_us);
    add(text, size, "outlier_share=%.4f", r->outliers);
    add(text, size, "warmup_ms=%lld", (long long)(r->warmup_ns / 1000000));
    add(text, size, "measure_ms=%lld", (long long)(r->measure_ns / 1000000));
}
