/* Measuring a front again before it is told. The best of many noisy values is the luckiest, not the best (winner's curse): members whose values
 * rest on few measurements are measured again, which may take them off the front and bring others on, until all members are sure or the
 * budget for it is used. Pure; the service and `sonata bench` decide by this. */
#ifndef SONATA_SEARCH_REPLICATE_H
#define SONATA_SEARCH_REPLICATE_H

#include <stdint.h>

enum { REPLICATES_MAX = 101 }; /* measurements of one architecture */

struct replicate_member {
    uint64_t id;
    uint32_t measured; /* measurements its values rest on */
};

/* The next round: what members of the front lack to `wanted` measurements each; when more is lacking than the `left` measurements, those rested on
 * least come first, one more each at a time, of equals the first. ret_due[i].measured is how many more to make of it, in the order of the front; it
 * has room for n. Returns their number; 0: the front is sure, or nothing is left. */
uint32_t replicate_round(const struct replicate_member *front, uint32_t n, uint32_t wanted, uint64_t left, struct replicate_member *ret_due);

/* Mean of 1 <= n <= REPLICATES_MAX values. *ret_half (may be NULL): half the width of its 95 % interval by Student's t; 0 for one value. The mean,
 * not the median: each value is already the median of a measurement, so outliers are gone, and of normal values the mean of n is as sure as the
 * median of 1.57 n. */
double replicate_mean(const double *value, uint32_t n, double *ret_half);

#endif
