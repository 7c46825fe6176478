/* Where candidates come from when there is a surrogate, and which of them are worth measuring. */
#ifndef SONATA_SEARCH_ACQUIRE_H
#define SONATA_SEARCH_ACQUIRE_H

#include <stdint.h>

#include "search/core_internal.h"
#include "search/hypervolume.h"

/* Growable list of candidates. */
struct pool {
    struct candidate *c;
    uint32_t n;
    size_t capacity;
};
/* Releases what it holds. */
void pool_fini(struct pool *p);
/* A further candidate, not initialised; valid until the next pool_add(). */
struct candidate *pool_add(struct pool *p);

/* NSGA-II on the surrogate from the best measured rows; every child that is neither in the archive nor in `taken` joins the pool, predicted. */
void acquire_inner(struct core *s, const struct keyset *taken, struct pool *pool, uint32_t arm);

/* The front a batch is chosen against: measured front and pending points at their predicted mean, in search scale; those being screened only with
 * `screening`. */
void acquire_front(struct core *s, struct front *ret_front, bool screening);

/* Picks up to k of the pool by lazy greedy hypervolume gain at c->q against `front`, which grows by what is picked; then by rank and
 * crowding. Writes pool indices; returns how many. */
uint32_t acquire_choose(const struct core *s, const struct pool *pool, struct front *front, uint32_t k, uint32_t *ret_index);

/* Risk of infeasibility as a violation for sorting: 0 when feasible is the likelier. */
double acquire_violation(const struct candidate *c);
/* Whether the key is in the set. */
bool keyset_has(const struct keyset *k, uint64_t key);

#endif
