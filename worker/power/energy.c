/* Energy from samples. See energy.h.
 *
 * Flow of an evaluation: quality of the active window -> energies of the three windows (trapezoid or counter) -> mean powers -> per-inference
 * figures -> verdict. Failed readings (NAN) are bridged by the integral and judged by the quality check, so that a lost reading never turns
 * into a wrong energy silently. */
#include "power/energy.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

uint64_t energy_counter_step(uint64_t before, uint64_t now, uint64_t range)
{
    if (now >= before)
        return now - before;
    return range >= before ? range - before + now : 0;
}

static size_t next_good(const struct energy_sample *s, size_t n, size_t i)
{
    while (i < n && !isfinite(s[i].value))
        i++;
    return i;
}

static double at(const struct energy_sample *a, const struct energy_sample *b, int64_t t)
{
    double share = (double)(t - a->t_ns) / (double)(b->t_ns - a->t_ns);
    return a->value + share * (b->value - a->value);
}

static int64_t clamp(int64_t t, struct energy_span span) { return clamp_of(t, span.from_ns, span.to_ns); }

int energy_trapezoid(const struct energy_sample *s, size_t n, struct energy_span span, double *ret_uj)
{
    if (span.to_ns <= span.from_ns)
        return -EINVAL;
    size_t i = next_good(s, n, 0);
    if (i == n || s[i].t_ns > span.from_ns)
        return -ENODATA;
    double uj = 0;
    for (size_t j; (j = next_good(s, n, i + 1)) < n && s[i].t_ns < span.to_ns; i = j) {
        if (s[j].t_ns <= s[i].t_ns)
            return -EINVAL;
        int64_t from = clamp(s[i].t_ns, span), to = clamp(s[j].t_ns, span);
        if (to > from) // mW * ns = 1e-12 J = 1e-6 µJ
            uj += (at(&s[i], &s[j], from) + at(&s[i], &s[j], to)) / 2 * (double)(to - from) * 1e-6;
    }
    if (s[i].t_ns < span.to_ns)
        return -ENODATA;
    *ret_uj = uj;
    return 0;
}

/* Counter value at t, interpolated. */
static int counter_at(const struct energy_sample *s, size_t n, int64_t t, double *ret_uj)
{
    size_t i = next_good(s, n, 0);
    if (i == n || s[i].t_ns > t)
        return -ENODATA;
    for (size_t j; (j = next_good(s, n, i + 1)) < n; i = j) {
        if (s[j].t_ns <= s[i].t_ns)
            return -EINVAL;
        if (t <= s[j].t_ns) {
            *ret_uj = at(&s[i], &s[j], t);
            return 0;
        }
    }
    if (s[i].t_ns != t)
        return -ENODATA;
    *ret_uj = s[i].value;
    return 0;
}

int energy_counter(const struct energy_sample *s, size_t n, struct energy_span span, double *ret_uj)
{
    if (span.to_ns <= span.from_ns)
        return -EINVAL;
    double from, to;
    int r = counter_at(s, n, span.from_ns, &from);
    if (!r)
        r = counter_at(s, n, span.to_ns, &to);
    if (r)
        return r;
    *ret_uj = to - from;
    return 0;
}

const char *energy_verdict_name(enum energy_verdict v)
{
    static const char *const name[] = {"", "sensor_gap", "sensor_stuck", "too_few_samples", "no_sensor_data"};
    return name[v];
}

struct energy_quality energy_quality(const struct energy_sample *s, size_t n, struct energy_span span)
{
    struct energy_quality q = {.constant = true};
    double first = NAN;
    int64_t last = span.from_ns;
    for (size_t i = 0; i < n; i++) {
        if (s[i].t_ns < span.from_ns || s[i].t_ns > span.to_ns)
            continue;
        if (!isfinite(s[i].value)) {
            q.n_failed++;
            continue;
        }
        if (s[i].t_ns - last > q.max_gap_ns)
            q.max_gap_ns = s[i].t_ns - last;
        last = s[i].t_ns;
        if (isnan(first))
            first = s[i].value;
        q.constant &= s[i].value == first; // bit for bit is what stuck means
        q.n_good++;
    }
    if (span.to_ns - last > q.max_gap_ns)
        q.max_gap_ns = span.to_ns - last;
    if (span.to_ns > span.from_ns)
        q.hz = (double)q.n_good / ((double)(span.to_ns - span.from_ns) / 1e9);
    return q;
}

struct energy_limits energy_limits_default(void)
{
    const int64_t second = 1000000000;
    return (struct energy_limits){.active_ns = 10 * second, .idle_ns = 10 * second, .trailing_ns = 5 * second, .samples = 100,
                                  .inferences = 10, .gap_periods = 3, .missing_share = 0.05, .drift_share = 0.03};
}

static int64_t length(struct energy_span span)
{
    return span.to_ns > span.from_ns ? span.to_ns - span.from_ns : 0;
}

/* Mean power of a span in mW; energy in µJ when wanted. */
static int mean_power(const struct energy_input *in, struct energy_span span, double *ret_uj, double *ret_mw)
{
    double uj;
    int r = (in->counter ? energy_counter : energy_trapezoid)(in->samples, in->n, span, &uj);
    if (r)
        return r;
    if (ret_uj)
        *ret_uj = uj;
    *ret_mw = uj / (double)length(span) * 1e6; // µJ / ns = 1e3 W = 1e6 mW
    return 0;
}

static bool too_few(const struct energy_input *in, const struct energy_limits *l, const struct energy_quality *q)
{
    return length(in->active) < l->active_ns || length(in->idle) < l->idle_ns || in->inferences < l->inferences ||
           q->n_good + q->n_failed < l->samples || (length(in->trailing) && length(in->trailing) < l->trailing_ns);
}

static bool gappy(const struct energy_input *in, const struct energy_limits *l, const struct energy_quality *q, struct energy_span span)
{
    double expected = (double)length(span) / (double)in->period_ns;
    double missing = 1.0 - (double)(q->n_good + 1) / expected; /* a window may hold one reading less than its length says */
    return (double)q->max_gap_ns > l->gap_periods * (double)in->period_ns || missing > l->missing_share;
}

static enum energy_verdict judge(const struct energy_input *in, const struct energy_limits *l, const struct energy_quality *q,
                                 const struct energy_quality *idle, const struct energy_result *r)
{
    if (gappy(in, l, q, in->active) || (double)idle->max_gap_ns > l->gap_periods * (double)in->period_ns)
        return ENERGY_SENSOR_GAP;
    /* A counter that does not move, or power constant to the bit: with 100 readings no live sensor does that; with fewer it also has to
     * ignore the step from idle to active. */
    bool same_level = !in->counter && fabs(r->active_mw - r->idle_mw) <= 1e-9 * fabs(r->idle_mw);
    if (q->constant && (in->counter || q->n_good >= 100 || same_level))
        return ENERGY_SENSOR_STUCK;
    return too_few(in, l, q) ? ENERGY_TOO_FEW : ENERGY_OK;
}

enum energy_verdict energy_evaluate(const struct energy_input *in, const struct energy_limits *limits, struct energy_result *ret_result)
{
    struct energy_result r = {.total_uj = NAN, .dynamic_uj = NAN, .idle_mw = NAN, .active_mw = NAN, .trailing_mw = NAN};
    r.quality = energy_quality(in->samples, in->n, in->active);
    struct energy_quality idle = energy_quality(in->samples, in->n, in->idle);
    double uj = NAN;
    bool data = !mean_power(in, in->active, &uj, &r.active_mw);
    data &= !mean_power(in, in->idle, NULL, &r.idle_mw);
    if (length(in->trailing)) {
        data &= !mean_power(in, in->trailing, NULL, &r.trailing_mw);
        r.idle_drift = fabs(r.trailing_mw - r.idle_mw) > limits->drift_share * fabs(r.idle_mw);
    }
    if (in->inferences) {
        double t_ms = (double)length(in->active) * 1e-6; // mW * ms = µJ
        r.total_uj = uj / (double)in->inferences;
        r.dynamic_uj = (uj - r.idle_mw * t_ms) / (double)in->inferences;
    }
    if (in->lsb_mw > 0 && r.active_mw > 0)
        r.quantisation_pct = 100 * in->lsb_mw / r.active_mw;
    *ret_result = r;
    if (!data)
        return r.quality.n_failed || idle.n_failed ? ENERGY_SENSOR_GAP : ENERGY_NO_DATA;
    return judge(in, limits, &r.quality, &idle, &r);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct energy_summary energy_summarise(const double *values, size_t n, double share)
{
    double v[ENERGY_REPEATS_MAX];
    if (!n)
        return (struct energy_summary){NAN, NAN, NAN, false};
    n = min_of(n, ENERGY_REPEATS_MAX);
    memcpy(v, values, n * sizeof v[0]);
    qsort(v, n, sizeof v[0], by_value);
    struct energy_summary s = {.low = v[0], .high = v[n - 1], .median = n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2};
    s.accepted = (s.high - s.low) / 2 <= share * fabs(s.median);
    return s;
}
