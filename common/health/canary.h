/* PURE: canaries. A canary is a fixed small network per board type; its latency against a reference taken under the board's fingerprint tells whether
 * the board still is the instrument it was. Times in nanoseconds, latencies in microseconds. */
#ifndef SONATA_HEALTH_CANARY_H
#define SONATA_HEALTH_CANARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/tier.h"

enum { CANARY_CALIBRATION = 20, CANARY_RECHECK = 3, CANARY_FINGERPRINT = 32 };

#define CANARY_WARN_SHARE 0.03
#define CANARY_BAD_SHARE 0.05

enum canary_verdict { CANARY_GOOD, CANARY_WARN, CANARY_BAD };
/* |latency / reference - 1|: up to 3 % good, up to 5 % warn, above (or not a positive number) bad. */
enum canary_verdict canary_judge(double latency_us, double reference_us);

/* The reference and what it holds for. Plain data, saved by the owner. */
struct canary_reference {
    double median_us;               /* 0: none yet */
    uint8_t fingerprint[CANARY_FINGERPRINT];
    int64_t taken_ns;
};
/* How many canaries a board needs before it may work: 3 when the reference was taken under this fingerprint less than 24 h ago, else 20. */
unsigned canary_needed(const struct canary_reference *r, const uint8_t fingerprint[CANARY_FINGERPRINT], int64_t now_ns);

/* A calibration in progress. */
struct canary_series {
    unsigned wanted, n;
    double latency_us[CANARY_CALIBRATION];
};
/* Begins a calibration of so many canaries, at most CANARY_CALIBRATION. */
void canary_series_begin(struct canary_series *s, unsigned wanted);
/* Adds one; true when the series is complete. Values that are not positive numbers count and make it fail. */
bool canary_series_add(struct canary_series *s, double latency_us);
/* Outcome of a complete series. Full (20): the spread of the middle half must be within 2 x 3 % of the median, the median becomes the reference.
 * Recheck (3): each must be good or warn against the reference, which stays. False: calibration failed. */
bool canary_series_finish(const struct canary_series *s, const uint8_t fingerprint[CANARY_FINGERPRINT], int64_t now_ns,
                          struct canary_reference *reference);

/* When the next one is due. */
struct canary_schedule {
    int64_t last_ns;        /* of the last canary, good or not */
    int64_t last_good_ns;   /* results since then are at stake */
    unsigned jobs_since;
    bool shortened;         /* after a warning: half the interval until a good one */
};
/* screen: every hour; search: every 10 min or 20 jobs; report: before and after each candidate. */
bool canary_due(const struct canary_schedule *s, enum tier tier, int64_t now_ns);

/* Largest pairwise difference between the references of boards of one type, as a share of the smaller: above 3 % they are two types, or a search must
 * stay on one board. Entries without a reference (0) are left out. *ret_low and *ret_high are the indices of the extremes (n when fewer than two). */
double canary_spread(const double *reference_us, size_t n, size_t *ret_low, size_t *ret_high);

#endif
