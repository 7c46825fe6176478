/* ParEGO on a random forest (Knowles 2006; as in SMAC3): for each architecture random weights, the augmented weighted Chebyshev value of everything
 * measured, one forest on it, and the largest expected improvement among one-gene neighbours of the best ones and random architectures. Objectives
 * are warped as for our own models (warp.h) and then go from 0 to 1: on the raw ones a few broken networks are most of the range, and all weights but
 * the most extreme then mean the same. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "search/acquire.h"
#include "search/effort.h"
#include "search/forest.h"
#include "search/models.h"
#include "search/reserve.h"
#include "search/warp.h"

enum { ARM_MODEL = ARM_FIRST_OWN, RANDOM = 200, STARTS = 10, NEIGHBOURS = 20 };

static const double AUGMENT = 0.05;

static void defaults(const struct core_params *p, struct core_settings *s)
{
    s->population = 50;
    s->init = p->budget && p->budget < 100 ? max_of(p->budget / 4, 8) : 25;
    s->surrogate = SURROGATE_FOREST;
}

/* Uniform on the simplex. */
static void random_weights(struct core *s, double *w)
{
    double total = 0;
    for (uint32_t o = 0; o < s->params.n_objectives; o++)
        total += w[o] = -log(1 - rng_uniform(&s->rng));
    for (uint32_t o = 0; o < s->params.n_objectives; o++)
        w[o] = total > 0 ? w[o] / total : 1.0 / s->params.n_objectives;
}

/* Warped values of one objective of the rows, from 0 to 1. */
static void normalise(const struct core *s, const uint32_t *row, uint32_t n, uint32_t objective, double *ret_z)
{
    struct warp warp;
    double low = INFINITY, high = -INFINITY;
    for (uint32_t i = 0; i < n; i++)
        ret_z[i] = s->archive.row[row[i]].y[objective];
    warp_fit(&warp, ret_z, n);
    for (uint32_t i = 0; i < n; i++) {
        ret_z[i] = warp_forward(&warp, ret_z[i]);
        low = fmin(low, ret_z[i]);
        high = fmax(high, ret_z[i]);
    }
    for (uint32_t i = 0; i < n; i++)
        ret_z[i] = high > low ? (ret_z[i] - low) / (high - low) : 0;
}

/* Rows that were measured, their scalar values, and the places of the best ones. */
struct scalars {
    uint8_t (*x)[SPACE_GENES_MAX];
    double *y;
    uint32_t *row, n;
};

static void scalars_init(struct scalars *d, const struct core *s, const double *w)
{
    *d = (struct scalars){.x = xcalloc(s->archive.n_told + 1, sizeof *d->x),
                          .y = xcalloc(s->archive.n_told + 1, sizeof *d->y),
                          .row = xcalloc(s->archive.n_told + 1, sizeof *d->row)};
    for (uint32_t i = 0; i < s->archive.n_told; i++) {
        const struct row *r = &s->archive.row[s->archive.told[i]];
        if (r->state != ROW_OK)
            continue;
        memcpy(d->x[d->n], r->features, sizeof *d->x);
        d->row[d->n++] = s->archive.told[i];
    }
    double *z = xcalloc(d->n + 1, sizeof *z), *sum = xcalloc(d->n + 1, sizeof *sum);
    for (uint32_t o = 0; o < s->params.n_objectives; o++) {
        normalise(s, d->row, d->n, o, z);
        for (uint32_t i = 0; i < d->n; i++) {
            d->y[i] = fmax(d->y[i], w[o] * z[i]);
            sum[i] += w[o] * z[i];
        }
    }
    for (uint32_t i = 0; i < d->n; i++)
        d->y[i] += AUGMENT * sum[i];
    free(z);
    free(sum);
}

static void scalars_fini(struct scalars *d)
{
    free(d->x);
    free(d->y);
    free(d->row);
}

/* Place of the k-th smallest value. */
static uint32_t place_of(const struct scalars *d, uint32_t k)
{
    for (uint32_t i = 0; i < d->n; i++) {
        uint32_t before = 0;
        for (uint32_t j = 0; j < d->n; j++)
            before += d->y[j] < d->y[i] || (!(d->y[j] > d->y[i]) && j < i);
        if (before == k)
            return i;
    }
    return 0;
}

static void add_if_new(struct core *s, struct keyset *among, const struct genotype *g, struct pool *pool)
{
    if (candidate_accept(s, among, g))
        candidate_init(s, pool_add(pool), g, ARM_MODEL);
}

static void fill_pool(struct core *s, const struct scalars *d, struct keyset *taken, struct pool *pool)
{
    for (uint32_t k = 0; k < STARTS && k < d->n; k++) {
        uint32_t row = d->row[place_of(d, k)];
        for (uint32_t t = 0; t < NEIGHBOURS; t++) {
            struct genotype g = s->archive.row[row].genotype;
            operator_mutate_one(s, &g);
            add_if_new(s, taken, &g, pool);
        }
    }
    for (uint32_t t = 0; t < RANDOM; t++) {
        struct genotype g = space_random(&s->space, &s->rng);
        add_if_new(s, taken, &g, pool);
    }
}

static double improvement(double best, double mean, double var)
{
    double sd = sqrt(fmax(var, 1e-12)), t = (best - mean) / sd;
    return sd * (t * 0.5 * erfc(-t * 0.70710678118654752440) + 0.39894228040143267794 * exp(-0.5 * t * t));
}

/* Index of the candidate with the largest expected improvement. */
static uint32_t choose(struct core *s, const struct scalars *d, const struct pool *pool)
{
    struct forest f = {0};
    struct forest_params p = {
        .trees = s->set.trees, .share = 0.6, .threads = s->params.threads, .seed = s->params.seed, .stream = (uint64_t)rng_below(&s->rng, 1U << 30)};
    double best = INFINITY, most = -1;
    uint32_t chosen = 0;
    forest_fit(&f, s->models->gene, s->space.n_genes, (const uint8_t(*)[SPACE_GENES_MAX])d->x, d->y, d->n, &p);
    for (uint32_t i = 0; i < d->n; i++)
        best = fmin(best, d->y[i]);
    for (uint32_t i = 0; i < pool->n; i++) {
        double mean, var;
        forest_predict(&f, pool->c[i].features, &mean, &var);
        double ei = improvement(best, mean, var);
        chosen = ei > most ? i : chosen;
        most = fmax(most, ei);
    }
    forest_fini(&f);
    return chosen;
}

static uint32_t breed(struct core *s, uint32_t n, struct candidate *ret)
{
    uint32_t k = 0;
    struct keyset taken = {0};
    while (k < n) {
        double w[CORE_OBJECTIVES_MAX];
        struct scalars d;
        struct pool pool = {0};
        random_weights(s, w);
        scalars_init(&d, s, w);
        if (d.n >= MODELS_MIN_ROWS)
            fill_pool(s, &d, &taken, &pool);
        bool found = pool.n > 0;
        if (found)
            ret[k++] = pool.c[choose(s, &d, &pool)];
        scalars_fini(&d);
        pool_fini(&pool);
        if (!found)
            break;
    }
    keyset_fini(&taken);
    return k ? k : reserve_plain(s, n, ARM_MODEL, ret);
}

static const char *const arms[] = {"init", "random", "model"};

const struct algorithm algorithm_parego = {.name = "parego",
                                           .option_groups = GROUP_ALL | GROUP_EVOLUTION | GROUP_MODEL,
                                           .n_arms = 3,
                                           .arm = arms,
                                           .defaults = defaults,
                                           .breed = breed,
                                           .told = population_merge};
