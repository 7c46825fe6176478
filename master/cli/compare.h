/* PURE: several searches with the same objectives side by side: fronts in one box, C metric, attainment, and whether a difference is more than
 * chance.
 *
 * Searches that differ in nothing but name and seed are runs of one setting (a group); settings are compared over their runs. */
#ifndef SONATA_CLI_COMPARE_H
#define SONATA_CLI_COMPARE_H

#include "cli/results.h"

enum { COMPARE_MAX = 64 };

/* One search: its front in minimised objectives (rows of m doubles), and what was computed of it. */
struct compared {
    const struct results *results;
    unsigned group;
    size_t n_front;
    double *front;
    double hypervolume; /* share of the common box, 0 … 1 */
};

struct compare_group {
    char name[96];
    unsigned first, n;        /* index of its first search; how many */
    double low, median, high; /* hypervolume of its runs: quartiles */
};

/* Two settings: p that their hypervolumes come from one distribution (Mann & Whitney 1947, exact, two-sided; after Holm 1979 over all pairs), and the
 * chance that a run of a is better than one of b (Vargha & Delaney 2000, A12). NAN: too few runs to say. */
struct compare_pair {
    unsigned a, b;
    double p, superiority;
};

struct comparison {
    unsigned m, n, n_groups, n_pairs;
    struct compared *run;
    struct compare_group *group;
    struct compare_pair *pair;
    double ideal[OBJECTIVES_MAX], worst[OBJECTIVES_MAX]; /* the common box, minimised */
};

/* -EINVAL: other objectives, or fewer than two; borrowed. */
int compare_new(struct results *const *results, unsigned n, struct comparison *ret, struct sonata_error *err) SONATA_MUST_CHECK;
/* Frees what compare_new() made; also of one that is zeroed. */
void compare_fini(struct comparison *c);
/* Share of b's front that some point of a's dominates or equals (Zitzler & Thiele 1998). NAN: b has none. */
double compare_coverage(const struct comparison *c, unsigned a, unsigned b);
/* What `share` of the runs of a group attain (Fonseca & Fleming 1996), two objectives only: corners with rising first objective, into ret[2 * *ret_n]
 * (to be freed). */
double *compare_attained(const struct comparison *c, unsigned group, double share, size_t *ret_n);
/* Exact two-sided p of the rank-sum test, mid-ranks for ties; NAN when n or m is 0. */
double compare_rank_sum(const double *a, unsigned n, const double *b, unsigned m);

#endif
