/* The conditions of a measurement, as far as the machine exposes them: kernel, CPU, clock, governor, throttling, foreign load. */
#ifndef SONATA_POWER_FINGERPRINT_H
#define SONATA_POWER_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A reading of the counters; -1 where the machine does not say. */
struct conditions {
    int64_t clock_khz;          /* of the core now */
    int64_t throttle_count;     /* thermal throttle events of the core */
    int64_t temperature_mc;     /* hottest zone, thousandths of a degree */
    int64_t involuntary;        /* involuntary context switches of this process */
    double load1;               /* load average over a minute */
    char governor[24];
};

/* root stands in for "/" ("" is "/"); core -1: any. */
void conditions_read(struct conditions *c, const char *root, int core);
/* Appends a printf-formatted key=value line; cut at the end when full. */
void fingerprint_add(char *text, size_t size, const char *format, ...) SONATA_PRINTF(3, 4);
/* Appends what holds for the host: software, kernel, cpu, cores, core, governor, clock, temperature, load. */
void fingerprint_host(char *text, size_t size, const struct conditions *c, int core);
/* Appends what changed; returns FLAG_THROTTLED when throttle events were counted in between. */
uint32_t fingerprint_changes(char *text, size_t size, const struct conditions *before, const struct conditions *after);

/* Watch over a timed phase: share of the core's time this process got. */
struct contention {
    int64_t wall_ns, cpu_ns, involuntary;
};
enum { CONTENTION_LIMIT_PERMILLE = 30 };
/* Starts to watch, of the calling process. */
void contention_begin(struct contention *c);
/* Appends contention lines; returns FLAG_CONTENDED when more than 3 % of the time went to others. */
uint32_t contention_end(const struct contention *c, char *text, size_t size);

#endif
