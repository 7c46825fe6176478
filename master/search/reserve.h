/* Candidates bred ahead: what makes single asks cheap although a batch costs a refit. */
#ifndef SONATA_SEARCH_RESERVE_H
#define SONATA_SEARCH_RESERVE_H

#include "search/core_internal.h"

/* Breeds up to n candidates for what is known now. */
typedef uint32_t batch_fn(struct core *s, uint32_t n, struct candidate *ret_candidates);

/* Results a reserve may miss before it is dropped: one per 50 known, at most batch - 1. As in the study, where a refit served ten
 * evaluations at 400 results; early on every single result counts. */
uint32_t reserve_tolerance(const struct core *s);
/* Hands out up to n candidates from the reserve, refilled by `batch` with at least `ahead` when it is empty or misses more than `tolerance`
 * results; plain offspring (named `arm`) when the batch falls short. */
uint32_t reserve_breed(struct core *s, uint32_t n, struct candidate *ret_candidates, batch_fn *batch, uint32_t ahead, uint32_t tolerance,
                       uint32_t arm);
/* Plain offspring of the population, or random unseen genotypes. */
uint32_t reserve_plain(struct core *s, uint32_t n, uint32_t arm, struct candidate *ret_candidates);

#endif
