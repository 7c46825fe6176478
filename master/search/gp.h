/* Gaussian process on weighted Hamming distance, for standardised targets:
 *   d(x, x') = sum_j w_j [x_j != x'_j],  sum_j w_j = 1;   k = a (1 - d) + b exp(-d / ell);   diagonal a + b + noise.
 * The first part is additive in the genes, the second lets them interact. */
#ifndef SONATA_SEARCH_GP_H
#define SONATA_SEARCH_GP_H

#include <stdbool.h>
#include <stdint.h>

enum { GP_GENES_MAX = 64, GP_VALUES = 17, GP_CHOICES = 36, GP_CHOICE_POINTS = 250, GP_VARIANCE_POINTS = 400 };

/* Zero-initialise; release with gp_fini(). weight and n_genes are set by the caller. */
struct gp {
    uint32_t n_genes;
    double weight[GP_GENES_MAX];
    double a, b, ell, noise; // hyper-parameters; ell 0: not chosen yet
    uint32_t n_at_choice;    // training points when they were chosen
    /* fitted state */
    uint32_t n, n_variance;
    float *miss;   // [gene][value][point]: weight when the point differs from the value
    double *alpha; // K^-1 y
    float *factor; // leading n_variance rows of the Cholesky factor, packed lower, diagonal inverted
};

/* Releases what it holds. */
void gp_fini(struct gp *g);
/* Chooses (a, b), ell and noise from a grid of 36 by marginal likelihood on at most GP_CHOICE_POINTS rows spread evenly. */
void gp_choose(struct gp *g, const uint8_t (*rows)[GP_GENES_MAX], const double *y, uint32_t n);
/* Fits alpha and the factor to all rows. Variance is later conditioned on the first GP_VARIANCE_POINTS rows only (it can but be larger), so
 * the caller puts the most relevant ones first when there are more. */
void gp_fit(struct gp *g, const uint8_t (*rows)[GP_GENES_MAX], const double *y, uint32_t n);
/* Posterior mean and, when ret_var is not NULL, variance of the noise-free value at n rows. */
void gp_predict(const struct gp *g, const uint8_t (*rows)[GP_GENES_MAX], uint32_t n, double *ret_mean, double *ret_var);
/* Covariance of two rows without noise: for tests and explanation. */
double gp_kernel(const struct gp *g, const uint8_t *x, const uint8_t *y);

#endif
