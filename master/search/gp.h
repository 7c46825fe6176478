/* Gaussian process on weighted Hamming distance, for standardised targets:
 *   d(x, x') = sum_j w_j [x_j != x'_j],  sum_j w_j = 1;   k = a (1 - d) + b exp(-d / ell);   diagonal a + b + noise.
 * The first part is additive in the genes, the second lets them interact. With families (genes that have the same choices) the share `mix` of a
 * family's part of d, W_f = sum of its w_j, is what the counts of its values tell instead:
 *   W_f sum_v |count_v(x) - count_v(x')| / (2 size_f),
 * so that an architecture is near to one that has the same layers in other places (docs/SEARCH.md, section 5). */
#ifndef SONATA_SEARCH_GP_H
#define SONATA_SEARCH_GP_H

#include <stdbool.h>
#include <stdint.h>

enum {
    GP_GENES_MAX = 64,
    GP_FAMILIES_MAX = 8,
    GP_VALUES = 17,
    GP_CHOICES = 36,
    GP_MIX_CHOICES = 8,
    GP_CHOICE_POINTS = 250,
    GP_VARIANCE_POINTS = 400
};

/* Zero-initialise; release with gp_fini(). What comes before the hyper-parameters is set by the caller. */
struct gp {
    uint32_t n_genes;
    double weight[GP_GENES_MAX];
    uint32_t n_families; // genes that have the same choices
    struct gp_family {
        uint32_t size, n_values; // genes; features that one of them may have
    } family[GP_FAMILIES_MAX];
    uint8_t member[GP_GENES_MAX]; // family of each gene; n_families or more: none
    double a, b, ell, noise;      // hyper-parameters; ell 0: not chosen yet
    double mix;                   // likewise; 0 without families
    uint32_t n_at_choice;         // training points when they were chosen
    /* fitted state */
    uint32_t n, n_variance;
    float *miss;   // [gene][value][point]: weight when the point differs from the value
    float *apart;  // [family][value][count][point]: what a point with another count of that value is away; NULL without mix
    double *alpha; // K^-1 y
    float *factor; // leading n_variance rows of the Cholesky factor, packed lower, diagonal inverted
};

/* Releases what it holds. */
void gp_fini(struct gp *g);
/* Chooses (a, b), ell and noise from a grid of GP_CHOICES by marginal likelihood on at most GP_CHOICE_POINTS rows spread evenly; with families at
 * mix 0.5, then the other mixes with each ell (GP_MIX_CHOICES more). */
void gp_choose(struct gp *g, const uint8_t (*rows)[GP_GENES_MAX], const double *y, uint32_t n);
/* Fits alpha and the factor to all rows. Variance is later conditioned on the first GP_VARIANCE_POINTS rows only (it can but be larger), so
 * the caller puts the most relevant ones first when there are more. */
void gp_fit(struct gp *g, const uint8_t (*rows)[GP_GENES_MAX], const double *y, uint32_t n);
/* Posterior mean and, when ret_var is not NULL, variance of the noise-free value at n rows. */
void gp_predict(const struct gp *g, const uint8_t (*rows)[GP_GENES_MAX], uint32_t n, double *ret_mean, double *ret_var);
/* Covariance of two rows without noise: for tests and explanation. */
double gp_kernel(const struct gp *g, const uint8_t *x, const uint8_t *y);

#endif
