/* Numbers of the latency protocol, one set per tier (docs/WORKER.md, "Measurement"). Results of different tiers are never compared. */
#ifndef SONATA_MEASURE_PROTOCOL_H
#define SONATA_MEASURE_PROTOCOL_H

#include <stdint.h>

#include "base/error.h"
#include "domain/metric.h"
#include "domain/tier.h"

enum { LATENCY_WINDOWS_MAX = WINDOWS_MAX };

struct latency_protocol {
    /* Warm-up: both minima, then until the medians of the last three windows lie within warmup_spread, or the cap. */
    int64_t warmup_ns;
    uint32_t warmup_inferences;
    int64_t warmup_window_ns;
    double warmup_spread;
    int64_t warmup_cap_ns;
    /* Measurement: `windows` windows of at least window_ns each and min_inferences in total. */
    uint32_t windows;
    int64_t window_ns;
    uint32_t min_inferences;
    /* Accepted when the interval's half width and the coefficient of variation of the window medians are at most these (relative;
     * 0: not asked). Else one window more, up to windows_max or cap_ns of measuring, then `noisy`. */
    double accept_half_width, accept_cv;
    uint32_t windows_max;
    int64_t cap_ns;
    /* Where every attempt can have several fresh processes: the windows are divided among so many, and when the interval is not accepted others
     * follow, up to processes_max; process_half_width stands for accept_half_width then (processes.h). 1: one process, windows are added in it. */
    uint32_t processes, processes_max;
    double process_half_width;
    uint32_t samples_max; /* samples to be kept of it; 0: SAMPLES_MAX */
    /* One timed sample lasts at least this: faster networks are timed in batches. */
    int64_t sample_ns;
    /* When > 0, each of the three durations above (warmup_ns, warmup_window_ns, window_ns) is cut to scale inferences' time, but not below
     * scale_floor_ns: a network of microseconds needs no half-second windows. 0: durations are taken as they are. */
    double scale;
    int64_t scale_floor_ns;
    double warmup_share; /* of the two warm-up durations, after that; 0: all */
};

/* The built-in numbers of a tier, tier < TIER_COUNT. */
const struct latency_protocol *latency_protocol_of(enum tier tier);
/* Limits of a protocol that came from a file. -EINVAL with the reason. */
int latency_protocol_check(const struct latency_protocol *p, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
