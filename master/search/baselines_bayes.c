/* Rivals that model: `ehvi` (greedy batches by expected hypervolume improvement), `lamoo` (the same inside a part of the space that is learned), and
 * `parego` (random weights, one forest on the weighted sum, expected improvement). They share models, inner search, identity and accounting with
 * sonata+; how they choose what to measure is theirs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/number.h"
#include "search/acquire.h"
#include "search/effort.h"
#include "search/ehvi.h"
#include "search/forest.h"
#include "search/models.h"
#include "search/pareto.h"
#include "search/reserve.h"

enum { ARM_MODEL = ARM_FIRST_OWN, OFFSPRING = 100, SHORTLIST = 400, DRAWS = 4 /* of what is pending */ };

static void first_quarter(const struct core_params *p, struct core_settings *s)
{
    s->population = 50;
    s->init = p->budget && p->budget < 100 ? max_of(p->budget / 4, 8) : 25;
}

/* --- ehvi: qLogEHVI as packaged ones do it (Daulton, Balandat, Bakshy 2020; Ament et al. 2023), on our Gaussian process and search scale. Pending
 * points are integrated over by draws of their predictions, a batch is built one by one. The logarithm serves optimisers by gradient: among listed
 * candidates it changes no order. --- */

/* Where a candidate is expected, in search scale, and how sure that is. */
struct belief {
    double mean[CORE_OBJECTIVES_MAX], sd[CORE_OBJECTIVES_MAX];
};

static struct belief *believe(struct core *s, struct pool *pool)
{
    struct belief *b = xcalloc(pool->n + 1, sizeof *b);
    double low[CORE_OBJECTIVES_MAX];
    models_predict(s, pool->c, pool->n, 0, false);
    for (uint32_t i = 0; i < pool->n; i++)
        scale_normalise(s, pool->c[i].q, b[i].mean);
    models_predict(s, pool->c, pool->n, 1, false);
    for (uint32_t i = 0; i < pool->n; i++) {
        scale_normalise(s, pool->c[i].q, low);
        for (uint32_t o = 0; o < s->params.n_objectives; o++)
            b[i].sd[o] = fmax(0, b[i].mean[o] - low[o]);
    }
    return b;
}

/* The measured front, with one draw of everything that is pending. */
static void drawn_front(struct core *s, const struct belief *pending, uint32_t n, struct front *ret)
{
    double z[CORE_OBJECTIVES_MAX];
    ret->m = s->params.n_objectives;
    for (uint32_t i = 0; i < s->archive.n_front; i++) {
        scale_normalise(s, s->archive.row[s->archive.front[i]].y, z);
        (void)front_add(ret, z);
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t o = 0; o < ret->m; o++)
            z[o] = pending[i].mean[o] + pending[i].sd[o] * rng_normal(&s->rng);
        (void)front_add(ret, z);
    }
}

static double expected(const struct core *s, const struct ehvi_region *region, const struct front *front, const struct belief *b)
{
    if (s->params.n_objectives <= EHVI_OBJECTIVES_MAX)
        return ehvi_value(region, b->mean, b->sd);
    double reference[CORE_OBJECTIVES_MAX]; /* four objectives: at the mean */
    for (uint32_t o = 0; o < s->params.n_objectives; o++)
        reference[o] = s->set.reference;
    return hypervolume_gain(front->point, front->n, s->params.n_objectives, b->mean, reference);
}

/* Adds what one draw of the pending ones makes of each candidate. */
static void add_values(struct core *s, const struct pool *pool, const struct belief *b, const struct belief *pending, uint32_t n_pending,
                       double *value)
{
    double reference[CORE_OBJECTIVES_MAX];
    struct front front = {0};
    struct ehvi_region region = {0};
    for (uint32_t o = 0; o < s->params.n_objectives; o++)
        reference[o] = s->set.reference;
    drawn_front(s, pending, n_pending, &front);
    if (front.m <= EHVI_OBJECTIVES_MAX)
        ehvi_region_init(&region, &front, reference);
    for (uint32_t i = 0; i < pool->n; i++)
        value[i] += (1 - pool->c[i].risk) * expected(s, &region, &front, &b[i]);
    effort_spend(s, pool->n * (effort_of_gain(s, front.n) + region.n_boxes));
    ehvi_region_fini(&region);
    front_fini(&front);
}

static uint32_t best_of(const double *value, const bool *used, uint32_t n)
{
    uint32_t best = n;
    for (uint32_t i = 0; i < n; i++) {
        if (!used[i] && (best == n || value[i] > value[best]))
            best = i;
    }
    return best;
}

static uint32_t pending_beliefs(struct core *s, uint32_t more, struct belief **ret)
{
    struct pool pool = {0};
    for (uint32_t i = 0; i < s->archive.n && pool.n < s->archive.n_pending; i++) {
        if (s->archive.row[i].state == ROW_PENDING)
            candidate_init(s, pool_add(&pool), &s->archive.row[i].genotype, ARM_MODEL);
    }
    struct belief *b = believe(s, &pool);
    uint32_t n = pool.n;
    *ret = xcalloc(n + more + 1, sizeof **ret);
    memcpy(*ret, b, n * sizeof *b);
    free(b);
    pool_fini(&pool);
    return n;
}

/* Up to n of the pool, each with those before it pending. */
static uint32_t choose_expected(struct core *s, struct pool *pool, uint32_t n, struct candidate *ret)
{
    struct belief *b = believe(s, pool), *pending;
    uint32_t n_pending = pending_beliefs(s, n, &pending), k = 0;
    bool *used = xcalloc(pool->n + 1, sizeof *used);
    double *value = xcalloc(pool->n + 1, sizeof *value);
    while (k < n && k < pool->n) {
        memset(value, 0, pool->n * sizeof *value);
        for (uint32_t d = 0; d < (n_pending ? DRAWS : 1) && effort_left(s, 1); d++)
            add_values(s, pool, b, pending, n_pending, value);
        uint32_t best = best_of(value, used, pool->n);
        used[best] = true;
        pending[n_pending++] = b[best];
        ret[k++] = pool->c[best];
    }
    free(b);
    free(pending);
    free(used);
    free(value);
    return k;
}

/* The best SHORTLIST of the pool by rank and crowding stay. */
static void keep_promising(struct core *s, struct pool *pool)
{
    uint32_t m = s->params.n_objectives, *index = xcalloc(pool->n + 1, sizeof *index);
    double *f = xcalloc((size_t)pool->n * m + 1, sizeof *f);
    for (uint32_t i = 0; i < pool->n; i++)
        memcpy(f + (size_t)i * m, pool->c[i].q, m * sizeof *f);
    uint32_t n = pareto_select(f, NULL, pool->n, m, SHORTLIST, index, NULL, NULL);
    struct candidate *kept = xcalloc(n + 1, sizeof *kept);
    for (uint32_t i = 0; i < n; i++)
        kept[i] = pool->c[index[i]];
    memcpy(pool->c, kept, n * sizeof *kept);
    pool->n = n;
    free(kept);
    free(index);
    free(f);
}

/* Inner search and offspring of the measured population. */
static void model_pool(struct core *s, struct pool *pool)
{
    struct keyset seen = {0};
    acquire_inner(s, &seen, pool, ARM_MODEL);
    for (uint32_t i = 0; i < pool->n; i++)
        (void)keyset_add(&seen, hash64(pool->c[i].genotype.allele, s->space.n_genes));
    for (uint32_t t = 0, first = pool->n; t < OFFSPRING; t++) {
        struct candidate c;
        if (!population_offspring(s, &seen, ARM_MODEL, &c))
            break;
        *pool_add(pool) = c;
        if (t + 1 == OFFSPRING)
            models_predict(s, pool->c + first, pool->n - first, s->set.beta, false);
    }
    keyset_fini(&seen);
}

static uint32_t ehvi_batch(struct core *s, uint32_t n, struct candidate *ret)
{
    struct pool pool = {0};
    effort_begin(s);
    if (!models_refresh(s) || s->population.n < 2)
        return reserve_plain(s, n, ARM_MODEL, ret);
    model_pool(s, &pool);
    keep_promising(s, &pool);
    uint32_t got = choose_expected(s, &pool, n, ret);
    models_predict(s, ret, got, 0, true);
    pool_fini(&pool);
    return got;
}

static uint32_t ehvi_breed(struct core *s, uint32_t n, struct candidate *ret)
{
    return reserve_breed(s, n, ret, (struct reserve_rule){ehvi_batch, 1, 0, ARM_MODEL});
}

static const char *const arms[] = {"init", "random", "model"};

const struct algorithm algorithm_ehvi = {.name = "ehvi",
                                         .option_groups = GROUP_ALL | GROUP_EVOLUTION | GROUP_MODEL,
                                         .n_arms = 3,
                                         .arm = arms,
                                         .defaults = first_quarter,
                                         .breed = ehvi_breed,
                                         .told = population_merge};

/* --- lamoo (Zhao, Wang, Yang, Xu, Xie, Tian, ICLR 2022; JMLR 25:177): the space is split again and again into a good and a bad part, good being what
 * few measured points dominate; the part with the best hypervolume plus exploration is where ehvi chooses. A forest stands for the support vector
 * machine, as genes are categories. --- */

enum { LAMOO_DEPTH = 4, LAMOO_MIN = 12 };

static const double EXPLORATION = 0.1;

/* How many of the rows dominate each. */
static void dominated_by(const struct core *s, const uint32_t *row, uint32_t n, uint32_t *ret)
{
    for (uint32_t i = 0; i < n; i++) {
        ret[i] = 0;
        for (uint32_t k = 0; k < n; k++) {
            const double *a = s->archive.row[row[k]].y, *b = s->archive.row[row[i]].y;
            ret[i] += pareto_covers(a, b, s->params.n_objectives) && !pareto_covers(b, a, s->params.n_objectives);
        }
    }
}

static int compare_counts(const void *pa, const void *pb)
{
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    return a < b ? -1 : a > b;
}

/* A forest on 0 (good) and 1 (bad) of the rows; false: they are all alike. */
static bool split(const struct core *s, const uint32_t *row, uint32_t n, uint64_t stream, struct forest *ret_forest)
{
    uint32_t *count = xcalloc(2 * (size_t)n, sizeof *count), *sorted = count + n, bad = 0;
    uint8_t(*x)[SPACE_GENES_MAX] = xcalloc(n, sizeof *x);
    double *y = xcalloc(n, sizeof *y);
    dominated_by(s, row, n, count);
    memcpy(sorted, count, n * sizeof *count);
    qsort(sorted, n, sizeof *sorted, compare_counts);
    for (uint32_t i = 0; i < n; i++) {
        memcpy(x[i], s->archive.row[row[i]].features, sizeof *x);
        y[i] = count[i] > sorted[(n - 1) / 2];
        bad += y[i] > 0;
    }
    struct forest_params p = {.trees = s->set.trees, .share = 0.6, .threads = s->params.threads, .seed = s->params.seed, .stream = stream};
    if (bad && bad < n)
        forest_fit(ret_forest, s->models->gene, s->space.n_genes, (const uint8_t(*)[SPACE_GENES_MAX])x, y, n, &p);
    free(count);
    free(x);
    free(y);
    return bad && bad < n;
}

static double volume_of(const struct core *s, const uint32_t *row, uint32_t n)
{
    uint32_t m = s->params.n_objectives;
    double *z = xcalloc((size_t)n * m + 1, sizeof *z), reference[CORE_OBJECTIVES_MAX];
    for (uint32_t o = 0; o < m; o++)
        reference[o] = s->set.reference;
    for (uint32_t i = 0; i < n; i++)
        scale_normalise(s, s->archive.row[row[i]].y, z + (size_t)i * m);
    double v = hypervolume(z, n, m, reference);
    free(z);
    return v;
}

static bool is_good(const struct forest *f, const uint8_t *features)
{
    double mean, var;
    forest_predict(f, features, &mean, &var);
    return mean < 0.5;
}

/* One step down: the rows, then the pool, of the part with the higher bound. false: no further. */
static bool descend(struct core *s, uint32_t *row, uint32_t *n, struct pool *pool, uint64_t stream)
{
    struct forest f = {0};
    uint32_t *part[2] = {xcalloc(*n + 1, sizeof **part), xcalloc(*n + 1, sizeof **part)}, k[2] = {0, 0}, kept = 0;
    double bound[2];
    if (*n < LAMOO_MIN || !split(s, row, *n, stream, &f)) {
        free(part[0]);
        free(part[1]);
        return false;
    }
    for (uint32_t i = 0; i < *n; i++) {
        bool bad = !is_good(&f, s->archive.row[row[i]].features);
        part[bad][k[bad]++] = row[i];
    }
    for (int b = 0; b < 2; b++)
        bound[b] = k[b] ? volume_of(s, part[b], k[b]) + 2 * EXPLORATION * sqrt(2 * log(*n) / k[b]) : -1;
    uint32_t to = bound[1] > bound[0];
    for (uint32_t i = 0; i < pool->n; i++)
        kept += is_good(&f, pool->c[i].features) == !to;
    bool goes = kept > 0;
    for (uint32_t i = 0, at = 0; goes && i < pool->n; i++) {
        if (is_good(&f, pool->c[i].features) == !to)
            pool->c[at++] = pool->c[i];
    }
    pool->n = goes ? kept : pool->n;
    memcpy(row, part[to], k[to] * sizeof *row);
    *n = k[to];
    forest_fini(&f);
    free(part[0]);
    free(part[1]);
    return goes;
}

static uint32_t lamoo_batch(struct core *s, uint32_t n, struct candidate *ret)
{
    struct pool pool = {0};
    effort_begin(s);
    if (!models_refresh(s) || s->population.n < 2)
        return reserve_plain(s, n, ARM_MODEL, ret);
    uint32_t *row = xcalloc(s->archive.n_told + 1, sizeof *row), rows = 0;
    for (uint32_t i = 0; i < s->archive.n_told; i++) {
        if (s->archive.row[s->archive.told[i]].state == ROW_OK)
            row[rows++] = s->archive.told[i];
    }
    model_pool(s, &pool);
    for (uint64_t depth = 0; depth < LAMOO_DEPTH && descend(s, row, &rows, &pool, (uint64_t)s->archive.n * LAMOO_DEPTH + depth); depth++)
        ;
    keep_promising(s, &pool);
    uint32_t got = choose_expected(s, &pool, n, ret);
    models_predict(s, ret, got, 0, true);
    pool_fini(&pool);
    free(row);
    return got;
}

static uint32_t lamoo_breed(struct core *s, uint32_t n, struct candidate *ret)
{
    return reserve_breed(s, n, ret, (struct reserve_rule){lamoo_batch, 1, 0, ARM_MODEL});
}

const struct algorithm algorithm_lamoo = {.name = "lamoo",
                                          .option_groups = GROUP_ALL | GROUP_EVOLUTION | GROUP_MODEL,
                                          .n_arms = 3,
                                          .arm = arms,
                                          .defaults = first_quarter,
                                          .breed = lamoo_breed,
                                          .told = population_merge};
