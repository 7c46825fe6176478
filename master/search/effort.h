/* How much work an ask may be: operations are counted at a nominal price, not timed, so that the same ask ends at the same place on any machine, and
 * a replay takes the same decisions. What is over the bound (option `bound`) is left to a cheap operator. */
#ifndef SONATA_SEARCH_EFFORT_H
#define SONATA_SEARCH_EFFORT_H

#include <stdbool.h>
#include <stdint.h>

struct core;

/* A batch begins; nothing is spent. */
void effort_begin(struct core *s);
/* Spends nanoseconds of a nominal core. */
void effort_spend(const struct core *s, double ns);
/* False when what was spent is over `share` of the bound. Always true without a bound. */
bool effort_left(const struct core *s, double share);

/* Nominal prices: fitting the surrogates to n rows; choosing the hyper-parameters of one of them; predicting n candidates with or without variances;
 * one hypervolume gain against n points. */
double effort_of_fit(const struct core *s, uint32_t n);
/* Choosing the hyper-parameters of a model for n rows. */
double effort_of_choice(const struct core *s, uint32_t n);
/* Predicting n candidates, with or without variances. */
double effort_of_prediction(const struct core *s, uint32_t n, bool variance);
/* One hypervolume gain against n points. */
double effort_of_gain(const struct core *s, uint32_t n);
/* Rows up to `limit` that a fit may have for half of the bound; at least EFFORT_ROWS_MIN. */
enum { EFFORT_ROWS_MIN = 100 };
/* At most limit, at least EFFORT_ROWS_MIN. */
uint32_t effort_rows(const struct core *s, uint32_t limit);

#endif
