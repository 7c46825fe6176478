/* Random forest for byte-coded genes of small alphabets: bootstrap trees with bit-mask splits, spread as uncertainty, out-of-bag error,
 * exact functional ANOVA. One contiguous array of nodes. */
#ifndef SONATA_SEARCH_FOREST_H
#define SONATA_SEARCH_FOREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum { FOREST_GENES_MAX = 64, FOREST_VALUES = 17 /* feature values 0 .. 16 */ };

/* What a gene's features can be. */
struct forest_gene {
    uint32_t domain; // bit v: value v can occur
    bool ordinal;    // splits by prefix of the values, else one value against the rest
    bool absent;     // value 0 means "silent": it does not count for importance
};

/* Rows go to `left` when their gene has a value of the mask, else to left + 1. A leaf has all values in its mask and itself to its left. */
struct forest_node {
    uint32_t split; // mask of values (bits 0 .. 16), gene << 24
    uint32_t left;
    float mean, var; // of the training targets here
};

enum { FOREST_MASK = (1 << FOREST_VALUES) - 1, FOREST_GENE_SHIFT = 24 };

/* First word of an inner node: a row goes left when its value of the gene is one of the mask. */
static inline uint32_t forest_split(uint32_t gene, uint32_t mask) { return gene << FOREST_GENE_SHIFT | mask; }

/* A leaf with mean and variance of its rows; index: its own number, so that walks stay on it. */
static inline struct forest_node forest_leaf(uint32_t index, float mean, float var) { return (struct forest_node){FOREST_MASK, index, mean, var}; }

/* The node after this one on the way of a row; the same one at a leaf. */
static inline uint32_t forest_step(const struct forest_node *node, const uint8_t *row)
{
    return node->left + (~(node->split >> row[node->split >> FOREST_GENE_SHIFT]) & 1);
}

/* The leaf a row reaches from node `at`. */
static inline uint32_t forest_descend(const struct forest_node *node, uint32_t at, const uint8_t *row)
{
    for (uint32_t next; (next = forest_step(&node[at], row)) != at; at = next)
        ;
    return at;
}

struct forest {
    uint32_t n_trees, n_genes, n_nodes;
    uint32_t *root;
    struct forest_node *node;
    double oob_error; // mean squared out-of-bag error; NAN when no row was ever out of bag
    bool borrowed;    // root and node lie in bytes of somebody else
};

struct forest_params {
    uint32_t trees;
    double share; // of the genes tried at a node
    uint32_t threads;
    uint64_t seed, stream;
};

/* Rows are 64 bytes of features each. Same forest for any number of threads. */
void forest_fit(struct forest *f, const struct forest_gene *gene, uint32_t n_genes, const uint8_t (*rows)[FOREST_GENES_MAX], const double *y,
                uint32_t n, const struct forest_params *params);
/* Releases what it holds. */
void forest_fini(struct forest *f);
/* Mean and variance (between trees, plus the mean one within leaves over the trees) at one row. */
void forest_predict(const struct forest *f, const uint8_t *row, double *ret_mean, double *ret_var);

/* The same numbers for n rows, tree by tree: much faster for more than a few. */
void forest_predict_many(const struct forest *f, const uint8_t (*rows)[FOREST_GENES_MAX], uint32_t n, double *ret_mean, double *ret_var);

/* Exact first-order functional ANOVA (Hooker 2007; Hutter, Hoos, Leyton-Brown, ICML 2014) under the uniform distribution over the domains:
 * ret_value[j][v] = E[f | x_j = v] - E[f], ret_importance[j] = variance of it over the values that are not absent, normalised to sum 1
 * (all 0 when nothing varies). */
void forest_anova(const struct forest *f, const struct forest_gene *gene, double ret_importance[FOREST_GENES_MAX],
                  double ret_value[FOREST_GENES_MAX][FOREST_VALUES]);

/* The forest as one flat blob, and predictions straight from such bytes (aligned to 4) without building anything. */
void forest_save(const struct forest *f, struct bytes *out);
/* Bytes that forest_save() appends. */
size_t forest_saved_size(const struct forest *f);
/* False when the bytes are not a sound forest of n_genes genes. The forest borrows the bytes: valid as long as they are. */
bool forest_borrow(const void *data, size_t n, uint32_t n_genes, struct forest *ret_forest);

#endif
