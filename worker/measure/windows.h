/* What window medians say together, and whether that is good enough: the same for windows timed here, on a microcontroller and by an external tool
 * (docs/WORKER.md, "The interval"). */
#ifndef SONATA_MEASURE_WINDOWS_H
#define SONATA_MEASURE_WINDOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "measure/protocol.h"

struct windows_summary {
    double median_us, low_us, high_us; /* median of window medians and its distribution-free interval */
    double coverage;                   /* exact confidence of low .. high */
    double cv;                         /* coefficient of variation of the window medians */
};

/* n = 1 .. LATENCY_WINDOWS_MAX. */
void windows_summarise(const double *median_us, unsigned n, struct windows_summary *ret_summary);
/* Half width and spread are within the tier's limits. */
bool windows_accepted(const struct latency_protocol *p, const struct windows_summary *s);
/* After n windows that took measured_ns in all: whether another one is to be taken. */
bool windows_want_more(const struct latency_protocol *p, const struct windows_summary *s, unsigned n, int64_t measured_ns);

#endif
