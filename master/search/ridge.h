/* Ridge regression on one-hot genes, penalty by leave-one-out: the linear surrogate of the LINAS baseline. */
#ifndef SONATA_SEARCH_RIDGE_H
#define SONATA_SEARCH_RIDGE_H

#include <stdbool.h>
#include <stdint.h>

enum { RIDGE_GENES_MAX = 64, RIDGE_VALUES = 17 };

struct ridge {
    uint32_t n_genes;
    double weight[RIDGE_GENES_MAX][RIDGE_VALUES];
    double variance; // leave-one-out mean squared error
};

/* Standardised targets. Weights of values never seen are 0. */
void ridge_fit(struct ridge *r, uint32_t n_genes, const uint8_t (*rows)[RIDGE_GENES_MAX], const double *y, uint32_t n);
/* Predicted value of a row. */
double ridge_predict(const struct ridge *r, const uint8_t *row);

#endif
