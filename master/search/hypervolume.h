/* Exact hypervolume of 1 .. 4 minimised objectives. Points are rows of m doubles. */
#ifndef SONATA_SEARCH_HYPERVOLUME_H
#define SONATA_SEARCH_HYPERVOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Volume dominated by n points below the reference; points not strictly below it count nothing; dominated and equal ones are allowed. */
double hypervolume(const double *points, uint32_t n, uint32_t m, const double *reference);
/* Volume that q adds to the points: hypervolume(points + q) - hypervolume(points), computed from q's box alone. */
double hypervolume_gain(const double *points, uint32_t n, uint32_t m, const double *q, const double *reference);
/* Never less than hypervolume_gain() gives, at a small part of its cost: q's box but for the largest part that one point has of it. */
double hypervolume_gain_bound(const double *points, uint32_t n, uint32_t m, const double *q, const double *reference);

/* Non-dominated set with distinct vectors, rows of m doubles. Zero-initialise with .m set; release with front_fini(). */
struct front {
    double *point;
    uint32_t n, m;
    size_t capacity; /* of doubles */
};
/* Releases what it holds. */
void front_fini(struct front *f);
/* Adds q unless a member covers it; removes the members that q dominates. True when added. */
bool front_add(struct front *f, const double *q);

#endif
