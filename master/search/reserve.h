/* Candidates bred ahead: what makes single asks cheap although a batch costs a refit. */
#ifndef SONATA_SEARCH_RESERVE_H
#define SONATA_SEARCH_RESERVE_H

#include "search/core_internal.h"

/* Breeds up to n candidates for what is known now. */
typedef uint32_t batch_fn(struct core *s, uint32_t n, struct candidate *ret_candidates);

/* Results a reserve may miss before it is dropped: one per 50 known, at most batch - 1. As in the study, where a refit served ten
 * evaluations at 400 results; early on every single result counts. */
uint32_t reserve_tolerance(const struct core *s);
/* How a reserve is kept. */
struct reserve_rule {
    batch_fn *batch;    /* breeds it */
    uint32_t ahead;     /* candidates at a time, at least */
    uint32_t tolerance; /* results it may miss before it is dropped */
    uint32_t arm;       /* whose the plain offspring is that comes when the batch falls short */
};
/* Hands out up to n candidates from the reserve, which is bred anew when it is empty or misses too many results. Returns how many. */
uint32_t reserve_breed(struct core *s, uint32_t n, struct candidate *ret_candidates, struct reserve_rule rule);
/* Plain offspring of the population, or random unseen genotypes. */
uint32_t reserve_plain(struct core *s, uint32_t n, uint32_t arm, struct candidate *ret_candidates);

#endif
