/* See effort.h. The prices were measured on one core of a 2.x GHz server (docs/SEARCH.md, section 6) and are part of what a search is: changing them
 * changes proposals. */
#include "search/effort.h"

#include <math.h>

#include "base/number.h"
#include "search/core_internal.h"
#include "search/models.h"

/* Nanoseconds. */
static const double FACTOR = 0.2 /* a multiply-add of a factorisation */, SOLVE = 0.03 /* the same for many right-hand sides at once */,
                    MISMATCH = 0.12 /* a gene of a pair of rows */, KERNEL = 2 /* a pair of rows */, TREE_STEP = 2.5,
                    STAIR = 12 /* a point of a swept volume and a step of its search */;

void effort_begin(struct core *s) { s->models->effort_ns = 0; }

void effort_spend(const struct core *s, double ns) { s->models->effort_ns += ns; }

bool effort_left(const struct core *s, double share)
{
    if (atomic_load(&s->canceled))
        return false;
    return !(s->set.bound > 0) || s->models->effort_ns <= share * s->set.bound * 1e6;
}

double effort_of_fit(const struct core *s, uint32_t n)
{
    double rows = n, pair = rows * rows * s->space.n_genes * MISMATCH;
    if (s->set.surrogate == SURROGATE_GP)
        return s->params.n_objectives * (rows * rows * rows / 3 * FACTOR + pair);
    if (s->set.surrogate == SURROGATE_FOREST)
        return s->params.n_objectives * (double)s->set.trees * rows * log2(rows + 2) * s->space.n_genes;
    return s->params.n_objectives * rows * 1e4;
}

double effort_of_choice(const struct core *s, uint32_t n)
{
    double rows = min_of(n, GP_CHOICE_POINTS);
    return (GP_CHOICES + (s->models->gp[0].n_families ? GP_MIX_CHOICES : 0)) * (rows * rows * rows / 3 * FACTOR + rows * rows / 2 * KERNEL);
}

double effort_of_prediction(const struct core *s, uint32_t n, bool variance)
{
    const struct models *m = s->models;
    double one = 100;
    if (s->set.surrogate == SURROGATE_GP) {
        double rows = m->gp[0].n, some = m->gp[0].n_variance;
        one = rows * (s->space.n_genes * MISMATCH + KERNEL) + (variance ? some * some / 2 * SOLVE : 0);
    } else if (s->set.surrogate == SURROGATE_FOREST)
        one = s->set.trees * log2(m->forest_train.n + 2.0) * 1.5 * TREE_STEP;
    return s->params.n_objectives * one * n;
}

double effort_of_gain(const struct core *s, uint32_t n)
{
    return n * log2(n + 2.0) * STAIR * (s->params.n_objectives > 3 ? 1.25 : 1); /* few points of a front reach into another's box */
}

uint32_t effort_rows(const struct core *s, uint32_t limit)
{
    uint32_t n = limit;
    while (n > EFFORT_ROWS_MIN && s->set.bound > 0 && effort_of_fit(s, n) > s->set.bound * 1e6 / 2)
        n -= n / 16;
    return max_of(n, min_of(limit, EFFORT_ROWS_MIN));
}
