/* "How": the operators of the paper mode, guided by importance and value tables (docs/SEARCH.md). */
#ifndef SONATA_SEARCH_SONATA_OPERATORS_H
#define SONATA_SEARCH_SONATA_OPERATORS_H

#include "search/core_internal.h"

/* Random weights over the objectives, summing to 1 (uniform on the simplex). */
void weights_draw(struct core *s, double ret_weight[CORE_OBJECTIVES_MAX]);
/* Weighted Chebyshev score of an objective vector, in search scale, with a tenth of the weighted sum; smaller is better. */
double weights_score(const struct core *s, const double *weight, const double *y);

/* Takes genes from the mate with probability 1 / (1 + exp(-2 e_j / max |e|)), e_j: what the value tables say the mate's value gains under
 * one random weighting; then, half the time, changes one gene drawn by importance to a value drawn by the table. Needs grown forests. */
void operator_importance(struct core *s, const struct genotype *a, const struct genotype *b, struct genotype *ret_child);
/* One or two steps to a one-gene neighbour drawn by softmax of its predicted score; half the time after a crossover. Needs a fitted surrogate. */
void operator_local(struct core *s, const struct genotype *a, const struct genotype *b, struct genotype *ret_child);
/* The best predicted of eight crossed and mutated children under one random weighting. Needs a fitted surrogate. */
void operator_guided_crossover(struct core *s, const struct genotype *a, const struct genotype *b, struct genotype *ret_child);

#endif
