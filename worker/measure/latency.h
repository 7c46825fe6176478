/* The latency protocol: warm up until stable, measure windows until the interval is accepted or the cap is hit (docs/WORKER.md,
 * "Measurement").
 *
 * Reported is the median of window medians with a distribution-free interval over the window medians: successive inferences are correlated,
 * so an interval over single inferences would be far too narrow. No sample is deleted. */
#ifndef SONATA_MEASURE_LATENCY_H
#define SONATA_MEASURE_LATENCY_H

#include <stddef.h>

#include "base/error.h"
#include "domain/metric.h"
#include "measure/protocol.h"

/* What is measured. Neither call may sleep or log. */
struct latency_target {
    int (*infer)(void *user);        /* one inference; 0 or negative errno, which ends the measurement */
    int64_t (*now_ns)(void *user);   /* monotonic, not slewed (CLOCK_MONOTONIC_RAW) */
    void *user;
};

struct latency_result {
    double median_us, low_us, high_us;   /* of one inference */
    double coverage;                     /* exact confidence of low .. high; < 0.95 with fewer than 6 windows */
    double p90_us, p99_us, min_us, mad_us;
    double window_cv, outliers;          /* coefficient of variation of window medians; share of outlying samples */
    uint32_t flags;                      /* FLAG_NOISY, FLAG_BIMODAL, FLAG_OUTLIERS, FLAG_WARMUP_NOT_STABLE */
    uint32_t batch;                      /* inferences per timed sample */
    uint64_t inferences;                 /* measured ones */
    uint64_t dropped;                    /* samples beyond SAMPLES_MAX that are in the window medians but not kept */
    uint64_t warmup_inferences;
    int64_t warmup_ns, measure_ns;
    uint32_t n_windows;
    double window_median_us[LATENCY_WINDOWS_MAX];
    uint32_t n_samples;
    float *samples_us;                   /* owned; per inference, in order, window by window */
};

/* Runs the protocol (checked already). 0, or the error of infer(); -EIO when the clock stands still. */
int latency_measure(const struct latency_protocol *protocol, const struct latency_target *target, struct latency_result *ret_result,
                    struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases what it holds. */
void latency_result_fini(struct latency_result *r);
/* Puts the result into a measurement: metrics latency, latency_p90, latency_p99 and latency_min in milliseconds, windows, flags; the samples
 * move over. */
void latency_result_report(struct latency_result *r, struct measurement *m);

/* Adds what the metrics do not say as key=value lines through `add` (printf-like): windows, batch, spread, coverage, durations. */
void latency_result_describe(const struct latency_result *r, char *text, size_t size, void (*add)(char *text, size_t size, const char *format, ...));

#endif
