/* The tiers. Two departures from a fixed table, both for reasons of statistics or time:
 *   search takes 6 windows, not 5, since min..max of 5 medians covers only 93.75 %, of 6 96.9 %;
 *   report takes 3 windows at a time, since the master has each candidate measured six times (REPORT_PASSES), with others in between;
 *   screen scales its durations with the speed of the network (100 inferences, at least 40 ms), so that a search over small networks
 *   spends well under a second on each, while a network of 5 ms or more gets the full half-second windows. */
#include "measure/protocol.h"

#include <errno.h>
#include <math.h>

#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)

static const struct latency_protocol tiers[TIER_COUNT] = {
    [TIER_SCREEN] =
     {.warmup_ns = SECOND, .warmup_inferences = 5, .warmup_window_ns = 500 * MS, .warmup_spread = 0.02, .warmup_cap_ns = 2 * SECOND,
      .windows = 3, .window_ns = 500 * MS, .min_inferences = 10, .accept_cv = 0.05, .windows_max = 3, .cap_ns = 10 * SECOND,
      .sample_ns = 100000, .scale = 100, .scale_floor_ns = 40 * MS, .processes = 2, .processes_max = 2},
    [TIER_SEARCH] =
     {.warmup_ns = 3 * SECOND, .warmup_inferences = 10, .warmup_window_ns = 500 * MS, .warmup_spread = 0.02, .warmup_cap_ns = 30 * SECOND,
      .windows = 6, .window_ns = 2 * SECOND, .min_inferences = 30, .accept_half_width = 0.01, .accept_cv = 0.02, .windows_max = 20,
      .cap_ns = 60 * SECOND, .sample_ns = 100000, .processes = 3, .processes_max = 5, .process_half_width = 0.015},
    [TIER_REPORT] =
     {.warmup_ns = 3 * SECOND, .warmup_inferences = 10, .warmup_window_ns = 500 * MS, .warmup_spread = 0.02, .warmup_cap_ns = 60 * SECOND,
      .windows = 3, .window_ns = 10 * SECOND, .min_inferences = 30, .accept_half_width = 0.005, .accept_cv = 0.01, .windows_max = 6,
      .cap_ns = 90 * SECOND, .sample_ns = 100000, .processes = 1, .processes_max = 1},
};

const struct latency_protocol *latency_protocol_of(enum tier tier) { return &tiers[tier]; }

static int check_range(const char *name, double v, double min, double max, struct sonata_error *err)
{
    if (isnan(v) || v < min || v > max)
        return sonata_error_set(err, -EINVAL, "%s: %g to %g is expected, not %g", name, min, max, v);
    return 0;
}

int latency_protocol_check(const struct latency_protocol *p, struct sonata_error *err)
{
    const double hour = 3600e9;
    int r = check_range("warmup_ns", (double)p->warmup_ns, 0, hour, err);
    if (!r)
        r = check_range("warmup_window_ns", (double)p->warmup_window_ns, 1e6, hour, err);
    if (!r)
        r = check_range("warmup_spread", p->warmup_spread, 0.0001, 1, err);
    if (!r)
        r = check_range("warmup_cap_ns", (double)p->warmup_cap_ns, (double)p->warmup_ns, hour, err);
    if (!r)
        r = check_range("windows", p->windows, 3, LATENCY_WINDOWS_MAX, err);
    if (!r)
        r = check_range("windows_max", p->windows_max, p->windows, LATENCY_WINDOWS_MAX, err);
    if (!r)
        r = check_range("window_ns", (double)p->window_ns, 1e6, hour, err);
    if (!r)
        r = check_range("min_inferences", p->min_inferences, 1, 1e6, err);
    if (!r)
        r = check_range("accept_half_width", p->accept_half_width, 0, 1, err);
    if (!r)
        r = check_range("accept_cv", p->accept_cv, 0, 1, err);
    if (!r)
        r = check_range("cap_ns", (double)p->cap_ns, 1e6, hour, err);
    if (!r)
        r = check_range("processes", p->processes, 1, PROCESSES_MAX, err);
    if (!r)
        r = check_range("processes_max", p->processes_max, p->processes, PROCESSES_MAX, err);
    if (!r)
        r = check_range("process_half_width", p->process_half_width, 0, 1, err);
    if (!r)
        r = check_range("sample_ns", (double)p->sample_ns, 1, 1e9, err);
    if (!r)
        r = check_range("scale", p->scale, 0, 1e6, err);
    return r;
}
