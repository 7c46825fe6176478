/* One energy measurement from begin to end: sampling process, idle window, active window, trailing idle, evaluation, repetition
 * (docs/SENSORS.md, "What is measured").
 * Blocks for its whole length; belongs in the measuring child, after the latency windows, with the model loaded. */
#ifndef SONATA_POWER_SESSION_H
#define SONATA_POWER_SESSION_H

#include "domain/tier.h"
#include "power/energy.h"
#include "power/poller.h"
#include "power/power.h"

struct energy_protocol {
    double idle_s, active_s, trailing_s;
    unsigned repeats;       /* 1 .. ENERGY_REPEATS_MAX */
    double accept_share;    /* half the range of repetitions within this share of the median: 0.03 */
    struct energy_limits limits;
};
/* search: 10 s idle, 10 s active, 5 s trailing, once; report: five times. -ENOENT for screen: no energy there. */
int energy_protocol_of(enum tier tier, struct energy_protocol *ret_protocol) SONATA_MUST_CHECK;

struct energy_load {
    /* Runs inferences until clock_monotonic_ns() reaches until_ns, and says how many. 0 or negative errno, which ends the session. */
    int (*run)(void *user, int64_t until_ns, uint64_t *ret_inferences);
    void *user;
};

struct energy_record {
    enum energy_verdict verdict;             /* worst of the repetitions; figures are filled as far as possible */
    struct energy_summary total_uj, dynamic_uj; /* per inference */
    double idle_mw, active_mw;               /* medians of the repetitions */
    bool idle_drift;                         /* still there after the second try */
    unsigned repeats;                        /* evaluated */
    size_t samples;                          /* in the active windows */
    double hz;
    double quantisation_pct;
    double poller_share;                     /* CPU time of the poller over its period: the monitor should stay below 0.01 */
    struct power_description sensor;
};

/* The process that samples: its core (-1: anywhere), and the seed of its jitter. */
struct energy_poller {
    int core;
    uint64_t seed;
};
/* 0 when the session ran, whatever its verdict; else the sensor could not be opened, the poller died (-EPIPE) or the load failed. */
int energy_session(const struct power_config *config, const struct energy_protocol *protocol, struct energy_poller poller,
                   const struct energy_load *load, struct energy_record *ret_record, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
