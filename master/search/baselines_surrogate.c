/* Baselines with a surrogate and an inner search: LINAS and the loop of NSGANetV2. They share models, inner search, identity and accounting
 * with sonata+; how they choose what to measure is theirs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "search/acquire.h"
#include "search/effort.h"
#include "search/models.h"
#include "search/pareto.h"
#include "search/reserve.h"

static uint32_t a_quarter(const struct core_params *p, uint32_t wanted)
{
    uint32_t quarter = p->budget ? p->budget / 4 : wanted;
    return quarter < wanted ? (max_of(quarter, 8)) : wanted;
}

/* --- linas (Cummings et al., arXiv 2205.10358; DyNAS-T): rounds of 50; ridge; inner NSGA-II of 50 x 50; the best of it by rank and
 * crowding are all measured. Unlike the original it never measures anything twice. --- */

static void linas_defaults(const struct core_params *p, struct core_settings *s)
{
    s->init = a_quarter(p, 50);
    s->batch = 50;
    s->surrogate = SURROGATE_RIDGE;
    s->beta = 0;
    s->inner_population = 50;
    s->inner_generations = 50;
}

static uint32_t linas_batch(struct core *s, uint32_t n, struct candidate *ret)
{
    effort_begin(s);
    if (!models_refresh(s))
        return reserve_plain(s, n, ARM_FIRST_OWN, ret);
    uint32_t m = s->params.n_objectives;
    struct pool pool = {0};
    struct keyset none = {0};
    acquire_inner(s, &none, &pool, ARM_FIRST_OWN);
    double *f = xcalloc((size_t)pool.n * m + 1, sizeof *f);
    uint32_t *index = xcalloc(pool.n + 1, sizeof *index);
    for (uint32_t i = 0; i < pool.n; i++)
        memcpy(f + (size_t)i * m, pool.c[i].q, m * sizeof *f);
    uint32_t got = pareto_select(f, NULL, pool.n, m, n, index, NULL, NULL);
    for (uint32_t i = 0; i < got; i++)
        ret[i] = pool.c[index[i]];
    models_predict(s, ret, got, 0, true);
    free(f);
    free(index);
    pool_fini(&pool);
    return got;
}

static uint32_t linas_breed(struct core *s, uint32_t n, struct candidate *ret)
{
    return reserve_breed(s, n, ret, (struct reserve_rule){linas_batch, s->set.batch, UINT32_MAX, ARM_FIRST_OWN});
}

static const char *const arms[] = {"init", "random", "inner"};

const struct algorithm algorithm_linas = {.name = "linas",
                                          .option_groups = GROUP_ALL | GROUP_EVOLUTION | GROUP_MODEL,
                                          .n_arms = 3,
                                          .arm = arms,
                                          .defaults = linas_defaults,
                                          .breed = linas_breed,
                                          .told = population_merge};

/* --- nsganetv2 (Lu, Deb, Goodman, Banzhaf, Boddeti, ECCV 2020): 100 first; inner NSGA-II of 40 x 20 from the measured front; the 8 of
 * the predicted front that fill the widest gaps are measured. The forest stands for its pool of surrogates. --- */

static void nsganetv2_defaults(const struct core_params *p, struct core_settings *s)
{
    s->init = a_quarter(p, 100);
    s->batch = 8;
    s->surrogate = SURROGATE_FOREST;
    s->beta = 0;
    s->inner_population = 40;
    s->inner_generations = 20;
}

static double distance(const double *a, const double *b, uint32_t m)
{
    double d = 0;
    for (uint32_t o = 0; o < m; o++)
        d += (a[o] - b[o]) * (a[o] - b[o]);
    return d;
}

static double nearest(const struct front *f, const double *z)
{
    double d = INFINITY;
    for (uint32_t i = 0; i < f->n; i++)
        d = fmin(d, distance(f->point + (size_t)i * f->m, z, f->m));
    return d;
}

/* Appends without looking at dominance: here the front is only a set of places that are taken. */
static void occupy(struct front *f, const double *z)
{
    f->point = xgrow(f->point, &f->capacity, (size_t)(f->n + 1) * f->m, sizeof *f->point);
    memcpy(f->point + (size_t)f->n++ * f->m, z, f->m * sizeof *z);
}

/* Farthest-first among the predicted front, then among later ranks. */
static uint32_t fill_gaps(struct core *s, const struct pool *pool, uint32_t n, struct candidate *ret)
{
    uint32_t m = s->params.n_objectives, *rank = xcalloc(pool->n + 1, sizeof *rank), k = 0;
    double *f = xcalloc((size_t)pool->n * m + 1, sizeof *f), z[CORE_OBJECTIVES_MAX];
    struct front taken = {.m = m};
    for (uint32_t i = 0; i < pool->n; i++)
        memcpy(f + (size_t)i * m, pool->c[i].q, m * sizeof *f);
    pareto_rank(f, NULL, pool->n, m, rank);
    for (uint32_t i = 0; i < s->archive.n_front; i++) {
        scale_normalise(s, s->archive.row[s->archive.front[i]].y, z);
        occupy(&taken, z);
    }
    bool *used = xcalloc(pool->n + 1, sizeof *used);
    for (uint32_t r = 0; k < n && k < pool->n;) {
        double widest = -1;
        uint32_t best = 0;
        for (uint32_t i = 0; i < pool->n; i++) {
            if (used[i] || rank[i] != r)
                continue;
            scale_normalise(s, pool->c[i].q, z);
            double d = nearest(&taken, z);
            if (d > widest) {
                widest = d;
                best = i;
            }
        }
        if (widest < 0) {
            r++;
            continue;
        }
        used[best] = true;
        scale_normalise(s, pool->c[best].q, z);
        occupy(&taken, z);
        ret[k++] = pool->c[best];
    }
    free(rank);
    free(f);
    free(used);
    front_fini(&taken);
    return k;
}

static uint32_t nsganetv2_batch(struct core *s, uint32_t n, struct candidate *ret)
{
    effort_begin(s);
    if (!models_refresh(s))
        return reserve_plain(s, n, ARM_FIRST_OWN, ret);
    struct pool pool = {0};
    struct keyset none = {0};
    acquire_inner(s, &none, &pool, ARM_FIRST_OWN);
    uint32_t got = fill_gaps(s, &pool, n, ret);
    models_predict(s, ret, got, 0, true);
    pool_fini(&pool);
    return got;
}

static uint32_t nsganetv2_breed(struct core *s, uint32_t n, struct candidate *ret)
{
    return reserve_breed(s, n, ret, (struct reserve_rule){nsganetv2_batch, s->set.batch, UINT32_MAX, ARM_FIRST_OWN});
}

const struct algorithm algorithm_nsganetv2 = {.name = "nsganetv2",
                                              .option_groups = GROUP_ALL | GROUP_EVOLUTION | GROUP_MODEL,
                                              .n_arms = 3,
                                              .arm = arms,
                                              .defaults = nsganetv2_defaults,
                                              .breed = nsganetv2_breed,
                                              .told = population_merge};
