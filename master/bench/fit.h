/* A model that stands for a column of a table, so that measured samples of a huge space become a benchmark of the whole space (--fit).
 *
 * Two forms, tried in this order:
 *   sum:    constant + one table per block of genes (genes of one `block` of the space file jointly, others alone). Taken only when it
 *           reproduces every row within 1e-4 standard deviations: look-up latencies, MACs and parameters are such sums exactly.
 *   ridge:  kernel ridge regression, k(x, x') = (1 + gamma * matches)^2, matches = genes with equal feature value: a degree-2 polynomial on
 *           one-hot genes. Not trees: searches whose models are forests would be favoured. Predictions use the expanded polynomial. */
#ifndef SONATA_BENCH_FIT_H
#define SONATA_BENCH_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "domain/space.h"

enum { FIT_ROWS_MAX = 4000, FIT_FOLDS = 5 };

struct fit_params {
    double alpha; /* ridge, default 0.1 */
    double gamma; /* default 0.02 */
};

/* What the fit is worth, for people. */
struct fit_report {
    bool exact_sum;
    size_t rows, used;   /* rows beyond FIT_ROWS_MAX are thinned evenly */
    double r2, rmse;     /* 5-fold cross-validation (row i in fold i mod 5) */
    double max_residual; /* of the final fit on its own rows */
    size_t unseen;       /* sum: joint values of blocks that no row shows; predicted from the genes one by one */
};

struct fit;

/* What is fitted: n rows of features as space_features() gives them (n x SPACE_GENES_MAX bytes), and a value for each. */
struct fit_rows {
    const uint8_t *features;
    const double *y;
    size_t n;
};
/* Fits the rows. -ENODATA below 20 rows or without variance. */
int fit_new(const struct space *space, const struct fit_rows *rows, const struct fit_params *params, struct fit **ret_fit,
            struct fit_report *ret_report, struct sonata_error *err) SONATA_MUST_CHECK;
/* Frees it with all it holds; NULL is allowed. */
void fit_free(struct fit *fit);
/* Value of one architecture; of a space and features as in fit_new(). */
double fit_predict(const struct fit *fit, const uint8_t features[SPACE_GENES_MAX]);

#endif
