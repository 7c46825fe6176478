/* Samples a sensor from its own process, pinned to a core that does not measure, with a jittered period. Samples come back through shared memory,
 * so taking them costs the measuring side no system call. */
#ifndef SONATA_POWER_POLLER_H
#define SONATA_POWER_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "power/energy.h"
#include "power/power.h"

struct poller;

struct poller_options {
    double hz;          /* wanted; limited to the sensor's max_hz. 0: the sensor's max_hz */
    double jitter;      /* share of the period, 0.2 by the protocol: no aliasing with a periodic inference. < 0: none */
    int core;           /* CPU of the poller; -1: not pinned */
    uint64_t seed;      /* of the jitter */
};

/* Opens the sensor in a new process, self-tests it and begins to sample. Returns when the first reading is there, or with the reason it is not
 * (bounded by 10 s). Uses fork(): call it from a process without other threads holding locks, e.g. a measuring child. */
int poller_start(const struct power_config *config, const struct poller_options *options, struct poller **ret_poller,
                 struct sonata_error *err) SONATA_MUST_CHECK;
/* The sensor as it described itself when it was opened. */
void poller_description(const struct poller *p, struct power_description *ret_description);
/* Nominal period in nanoseconds. */
int64_t poller_period_ns(const struct poller *p);
/* Samples so far that are still held: the last 65536. Failed readings have value NAN. *ret_samples is the caller's to free. */
size_t poller_samples(const struct poller *p, struct energy_sample **ret_samples);
/* Waits (at most limit_ns) until a sample at or after t_ns is there, so that a window's right border is covered. */
bool poller_wait_until(const struct poller *p, int64_t t_ns, int64_t limit_ns);
/* False when the process has died: the energy is invalid, the latency is not. */
bool poller_alive(struct poller *p);
/* CPU time per sample in nanoseconds, for the check that the monitor does not disturb (<= 1 %). */
int64_t poller_cost_ns(const struct poller *p);
/* Ends the process and releases everything. Accepts NULL. */
void poller_stop(struct poller *p);

#endif
