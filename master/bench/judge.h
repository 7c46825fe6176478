/* The judge of a benchmark: what the searches never see. Objectives are minimised; z = (f - ideal) / (reference - ideal) per objective;
 * the quality of a set is the hypervolume of its points with all z < 1, divided by that of the best-known front (docs/BENCHMARKS.md).
 * Deliberately independent of master/search: what is judged does not compute its own marks. */
#ifndef SONATA_BENCH_JUDGE_H
#define SONATA_BENCH_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

enum { JUDGE_OBJECTIVES_MAX = 4 };

/* A set of mutually non-dominated, distinct vectors; row major n x m. Zero-initialise with m set; release with judge_front_fini(). */
struct judge_front {
    unsigned m;
    size_t n, capacity;
    double *f;
};

/* Releases what it holds. */
void judge_front_fini(struct judge_front *front);
/* Adds f[m] unless a member is as good in every objective; members it dominates leave. Returns whether it was added. */
bool judge_front_add(struct judge_front *front, const double *f);
/* a <= b in every objective. */
bool judge_covers(unsigned m, const double *a, const double *b);

struct judge {
    unsigned m;
    double ideal[JUDGE_OBJECTIVES_MAX], reference[JUDGE_OBJECTIVES_MAX];
    double best;            /* hypervolume of the best-known front in z, box = 1 */
    struct judge_front igd; /* at most 600 of its points with z < 1, in z, for IGD+ */
};

/* Releases what it holds. */
void judge_fini(struct judge *judge);
/* Objectives f (all to be minimised) to the judge's box: 0 the ideal, 1 the reference. */
void judge_normalise(const struct judge *judge, const double *f, double *ret_z);
/* Hypervolume between n points (row major n x m, dominated ones allowed) and (1, …, 1); points with a coordinate >= 1 add nothing. */
double judge_hypervolume(unsigned m, const double *z, size_t n);
/* HV(front + z) - HV(front), for a front in z. */
double judge_gain(const struct judge_front *front, const double *z);
/* Sets best and igd from a best-known front (unnormalised). */
void judge_set_front(struct judge *judge, const struct judge_front *best);
/* Share of b's members that some member of a equals or dominates (C-metric, Zitzler and Thiele 1999); 0 when b is empty. */
double judge_coverage(const struct judge_front *a, const struct judge_front *b);
/* IGD+ (Ishibuchi et al., 2015) of a front (unnormalised) to the judge's; INFINITY for an empty front. */
double judge_igd_plus(const struct judge *judge, const struct judge_front *front);

#endif
