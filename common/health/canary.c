/* See canary.h. */
#include "health/canary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_NS INT64_C(60000000000)
#define HOUR_NS (60 * MINUTE_NS)

enum canary_verdict canary_judge(double latency_us, double reference_us)
{
    if (!(latency_us > 0) || !(reference_us > 0) || !isfinite(latency_us))
        return CANARY_BAD;
    double delta = fabs(latency_us / reference_us - 1);
    const double rounding = 1e-12;
    if (delta <= CANARY_WARN_SHARE + rounding)
        return CANARY_GOOD;
    return delta <= CANARY_BAD_SHARE + rounding ? CANARY_WARN : CANARY_BAD;
}

unsigned canary_needed(const struct canary_reference *r, const uint8_t fingerprint[CANARY_FINGERPRINT], int64_t now_ns)
{
    bool same = r->median_us > 0 && !memcmp(r->fingerprint, fingerprint, CANARY_FINGERPRINT);
    return same && now_ns - r->taken_ns < 24 * HOUR_NS ? CANARY_RECHECK : CANARY_CALIBRATION;
}

void canary_series_begin(struct canary_series *s, unsigned wanted)
{
    *s = (struct canary_series){.wanted = wanted < CANARY_CALIBRATION ? wanted : CANARY_CALIBRATION};
}

bool canary_series_add(struct canary_series *s, double latency_us)
{
    if (s->n < s->wanted)
        s->latency_us[s->n++] = latency_us;
    return s->n == s->wanted;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bool canary_series_finish(const struct canary_series *s, const uint8_t fingerprint[CANARY_FINGERPRINT], int64_t now_ns,
                          struct canary_reference *reference)
{
    if (!s->wanted || s->n < s->wanted)
        return false;
    for (unsigned i = 0; i < s->n; i++)
        if (!(s->latency_us[i] > 0) || !isfinite(s->latency_us[i]))
            return false;
    if (s->wanted < CANARY_CALIBRATION) {
        for (unsigned i = 0; i < s->n; i++)
            if (canary_judge(s->latency_us[i], reference->median_us) == CANARY_BAD)
                return false;
        return true;
    }
    double v[CANARY_CALIBRATION];
    memcpy(v, s->latency_us, sizeof v);
    qsort(v, CANARY_CALIBRATION, sizeof v[0], by_value);
    double median = (v[9] + v[10]) / 2;
    if (v[14] - v[5] > 2 * CANARY_WARN_SHARE * median)
        return false;
    reference->median_us = median;
    reference->taken_ns = now_ns;
    memcpy(reference->fingerprint, fingerprint, CANARY_FINGERPRINT);
    return true;
}

bool canary_due(const struct canary_schedule *s, enum tier tier, int64_t now_ns)
{
    int64_t interval = 10 * MINUTE_NS;
    unsigned jobs = tier == TIER_SEARCH ? 20 : 1;
    if (tier == TIER_SCREEN) {
        interval = HOUR_NS;
        jobs = ~0U;
    }
    if (s->shortened) {
        interval /= 2;
        jobs = jobs > 1 ? jobs / 2 : jobs;
    }
    return now_ns - s->last_ns >= interval || s->jobs_since >= jobs;
}

double canary_spread(const double *reference_us, size_t n, size_t *ret_low, size_t *ret_high)
{
    size_t low = n, high = n;
    for (size_t i = 0; i < n; i++) {
        if (!(reference_us[i] > 0))
            continue;
        if (low == n || reference_us[i] < reference_us[low])
            low = i;
        if (high == n || reference_us[i] > reference_us[high])
            high = i;
    }
    bool two = low != high;
    *ret_low = two ? low : n;
    *ret_high = two ? high : n;
    return two ? reference_us[high] / reference_us[low] - 1 : 0;
}
