/* PURE: from time-stamped sensor samples to energy per inference (trapezoid over real time stamps, counters, gap and stuck detection, idle
 * drift). Power in mW, energy in µJ, time in ns. */
#ifndef SONATA_POWER_ENERGY_H
#define SONATA_POWER_ENERGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* value: mW, or µJ since any fixed point for counters; NAN is a reading that failed. Times rise strictly. */
struct energy_sample {
    int64_t t_ns;
    double value;
};

struct energy_span {
    int64_t from_ns, to_ns;
};

/* Step of a counter that wraps to 0 after range (max_energy_range_uj); range 0: it does not wrap, a step back gives 0. At most one wrap per
 * step can be seen: read often. */
uint64_t energy_counter_step(uint64_t before, uint64_t now, uint64_t range);

/* Energy of the span by the trapezoid rule, values at both borders interpolated:
 *   E = sum (P_i + P_i+1)/2 (t_i+1 - t_i).  Failed readings are bridged.
 * -ENODATA when the samples do not reach over both borders, -EINVAL when times do not rise or the span is empty. */
int energy_trapezoid(const struct energy_sample *s, size_t n, struct energy_span span, double *ret_uj);
/* The same of a counter: difference of its values interpolated at the borders. */
int energy_counter(const struct energy_sample *s, size_t n, struct energy_span span, double *ret_uj);

enum energy_verdict {
    ENERGY_OK,
    ENERGY_SENSOR_GAP,   /* a gap of more than 3 periods, or more than 5 % of the readings missing */
    ENERGY_SENSOR_STUCK, /* constant to the bit over the whole active window although the load changed */
    ENERGY_TOO_FEW,      /* fewer samples, seconds or inferences than the protocol asks for */
    ENERGY_NO_DATA       /* the samples do not cover a window */
};
/* The reason as in a measurement: "sensor_gap", "sensor_stuck", "too_few_samples", "no_sensor_data"; "" for OK. */
const char *energy_verdict_name(enum energy_verdict v);

struct energy_quality {
    size_t n_good, n_failed;
    int64_t max_gap_ns;  /* between good readings, window borders included */
    bool constant;       /* all good readings equal */
    double hz;           /* good readings per second */
};
/* How good the readings within the span are. */
struct energy_quality energy_quality(const struct energy_sample *s, size_t n, struct energy_span span);

/* Minima of the protocol (docs/SENSORS.md, "What is measured"). */
struct energy_limits {
    int64_t active_ns, idle_ns, trailing_ns;
    size_t samples, inferences;
    double gap_periods, missing_share, drift_share;
};
/* 10 s active, 10 s idle, 5 s trailing idle, 100 samples, 10 inferences, 3 periods, 5 % missing, 3 % drift. */
struct energy_limits energy_limits_default(void);

struct energy_input {
    const struct energy_sample *samples; /* one trace over all windows */
    size_t n;
    bool counter;
    int64_t period_ns;                   /* nominal sampling period (before jitter) */
    struct energy_span idle, active, trailing; /* trailing empty: none was taken */
    uint64_t inferences;                 /* in the active window */
    double lsb_mw;                       /* of the sensor, 0 unknown: for quantisation_pct */
};

struct energy_result {
    double total_uj, dynamic_uj;         /* per inference: E/n and (E - P_idle T)/n */
    double idle_mw, active_mw;
    double trailing_mw;                  /* NAN without a trailing window */
    bool idle_drift;                     /* leading and trailing idle differ by more than the limit: repeat once */
    double quantisation_pct;             /* one step of the sensor in percent of the active power; 0 unknown */
    struct energy_quality quality;       /* of the active window */
};

/* Evaluates one repetition. ret_result is filled as far as possible also when the verdict is not OK. A sensor is called stuck when the active
 * window is constant and either equals the idle level or holds 100 readings. */
enum energy_verdict energy_evaluate(const struct energy_input *in, const struct energy_limits *limits, struct energy_result *ret_result);

/* Median and extremes of repetitions, and whether half the range is within share (3 %: the protocol's acceptance) of the median. */
struct energy_summary {
    double median, low, high;
    bool accepted;
};
enum { ENERGY_REPEATS_MAX = 32 };
/* Of n values, at most ENERGY_REPEATS_MAX. No values: NANs, not accepted. */
struct energy_summary energy_summarise(const double *values, size_t n, double share);

#endif
