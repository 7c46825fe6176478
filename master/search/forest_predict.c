/* Prediction (see forest.h). A leaf leads back to itself, so a walk needs no test for one: many rows take their steps through a tree in turn
 * until none of them moves, and the processor overlaps their loads. Rows are taken in blocks that stay in the cache while all trees pass. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "search/forest.h"

enum { TOGETHER = 16, BLOCK = 1024 };

struct total {
    double mean, square, within;
};

static void add_leaf(struct total *t, const struct forest_node *leaf)
{
    double v = (double)leaf->mean;
    t->mean += v;
    t->square += v * v;
    t->within += (double)leaf->var;
}

static void spread(const struct forest *f, const struct total *t, double *ret_mean, double *ret_var)
{
    double n = f->n_trees, mean = t->mean / n;
    *ret_mean = mean;
    *ret_var = fmax(0, t->square / n - mean * mean) + t->within / n;
}

void forest_predict(const struct forest *f, const uint8_t *row, double *ret_mean, double *ret_var)
{
    struct total total = {0};
    for (uint32_t t = 0; t < f->n_trees; t++)
        add_leaf(&total, &f->node[forest_descend(f->node, f->root[t], row)]);
    spread(f, &total, ret_mean, ret_var);
}

/* One tree over TOGETHER rows. */
static void add_tree(const struct forest_node *node, uint32_t root, const uint8_t (*rows)[FOREST_GENES_MAX], struct total *total)
{
    uint32_t at[TOGETHER], moved;
    for (uint32_t i = 0; i < TOGETHER; i++)
        at[i] = root;
    do {
        moved = 0;
        for (uint32_t i = 0; i < TOGETHER; i++) {
            uint32_t next = forest_step(&node[at[i]], rows[i]);
            moved |= next ^ at[i];
            at[i] = next;
        }
    } while (moved);
    for (uint32_t i = 0; i < TOGETHER; i++)
        add_leaf(&total[i], &node[at[i]]);
}

void forest_predict_many(const struct forest *f, const uint8_t (*rows)[FOREST_GENES_MAX], uint32_t n, double *ret_mean, double *ret_var)
{
    struct total *total = xcalloc(BLOCK, sizeof *total);
    uint32_t whole = n - n % TOGETHER;
    for (uint32_t first = 0; first < whole; first += BLOCK) {
        uint32_t count = min_of(whole - first, BLOCK);
        for (uint32_t i = 0; i < count; i++)
            total[i] = (struct total){0};
        for (uint32_t t = 0; t < f->n_trees; t++) {
            for (uint32_t i = 0; i < count; i += TOGETHER)
                add_tree(f->node, f->root[t], rows + first + i, total + i);
        }
        for (uint32_t i = 0; i < count; i++)
            spread(f, &total[i], &ret_mean[first + i], &ret_var[first + i]);
    }
    for (uint32_t i = whole; i < n; i++)
        forest_predict(f, rows[i], &ret_mean[i], &ret_var[i]);
    free(total);
}
