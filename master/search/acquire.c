/* See acquire.h. */
#include "search/acquire.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/number.h"
#include "search/effort.h"
#include "search/groups.h"
#include "search/models.h"
#include "search/pareto.h"

enum { SEED_ROWS_MAX = 2000, POOL_MAX = 30000 };

static const double GAIN_MIN = 1e-12, INNER_SHARE = 0.9 /* of the bound that may be spent when another generation begins */;

void pool_fini(struct pool *p)
{
    free(p->c);
    *p = (struct pool){0};
}

struct candidate *pool_add(struct pool *p)
{
    p->c = xgrow(p->c, &p->capacity, (size_t)p->n + 1, sizeof *p->c);
    return &p->c[p->n++];
}

bool keyset_has(const struct keyset *k, uint64_t key)
{
    key += !key;
    if (!k->slots)
        return false;
    for (uint32_t i = (uint32_t)(key >> 7) & (k->slots - 1); k->slot[i]; i = (i + 1) & (k->slots - 1)) {
        if (k->slot[i] == key)
            return true;
    }
    return false;
}

double acquire_violation(const struct candidate *c) { return c->risk > 0.5 ? c->risk : 0; }

/* Measured rows worth starting from: front, population and the newest, best by rank and crowding. */
static uint32_t seed_rows(const struct core *s, uint32_t want, uint32_t *ret_rows)
{
    const struct archive *a = &s->archive;
    uint32_t m = s->params.n_objectives, n = 0, first = a->n_told > SEED_ROWS_MAX ? a->n_told - SEED_ROWS_MAX : 0;
    uint32_t cap = a->n_front + s->population.n + (a->n_told - first) + 1;
    uint32_t *row = xcalloc(cap, sizeof *row), *index = xcalloc(cap, sizeof *index);
    double *f = xcalloc((size_t)cap * m, sizeof *f), *violation = xcalloc(cap, sizeof *violation);
    bool *seen = xcalloc(a->n + 1, sizeof *seen);
    for (uint32_t i = first; i < a->n_told; i++)
        row[n++] = a->told[i];
    for (uint32_t i = 0; i < a->n_front && first; i++)
        row[n++] = a->front[i];
    for (uint32_t i = 0; i < s->population.n && first; i++)
        row[n++] = s->population.row[i];
    uint32_t k = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct row *r = &a->row[row[i]];
        if (r->state != ROW_OK || seen[row[i]])
            continue;
        seen[row[i]] = true;
        row[k] = row[i];
        memcpy(f + (size_t)k * m, r->y, m * sizeof *f);
        violation[k++] = r->violation;
    }
    uint32_t got = pareto_select(f, violation, k, m, want, index, NULL, NULL);
    for (uint32_t i = 0; i < got; i++)
        ret_rows[i] = row[index[i]];
    free(row);
    free(index);
    free(f);
    free(violation);
    free(seen);
    return got;
}

/* The population of the inner search: candidates with rank and crowding of their predictions. */
struct inner {
    struct candidate *c;
    uint32_t n, *rank, *index;
    double *f, *violation, *crowding;
};

static void inner_init(struct inner *in, uint32_t size, uint32_t m)
{
    in->n = 0;
    in->c = xcalloc(2 * (size_t)size, sizeof *in->c);
    in->rank = xcalloc(2 * (size_t)size, sizeof *in->rank);
    in->index = xcalloc(2 * (size_t)size, sizeof *in->index);
    in->f = xcalloc(2 * (size_t)size * m, sizeof *in->f);
    in->violation = xcalloc(2 * (size_t)size, sizeof *in->violation);
    in->crowding = xcalloc(2 * (size_t)size, sizeof *in->crowding);
}

static void inner_fini(struct inner *in)
{
    free(in->c);
    free(in->rank);
    free(in->index);
    free(in->f);
    free(in->violation);
    free(in->crowding);
}

static int compare_indices(const void *pa, const void *pb)
{
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    return a < b ? -1 : a > b;
}

/* Keeps the best `size`, moved to the front of the array in their old order. */
static void inner_survive(struct inner *in, uint32_t size, uint32_t m)
{
    for (uint32_t i = 0; i < in->n; i++) {
        memcpy(in->f + (size_t)i * m, in->c[i].q, m * sizeof *in->f);
        in->violation[i] = acquire_violation(&in->c[i]);
    }
    uint32_t k = pareto_select(in->f, in->violation, in->n, m, size, in->index, in->rank, in->crowding);
    qsort(in->index, k, sizeof *in->index, compare_indices);
    for (uint32_t i = 0; i < k; i++) {
        uint32_t from = in->index[i];
        in->c[i] = in->c[from];
        in->rank[i] = in->rank[from];
        in->crowding[i] = in->crowding[from];
    }
    in->n = k;
}

static uint32_t inner_tournament(struct core *s, const struct inner *in, uint32_t n)
{
    uint32_t a = rng_below(&s->rng, n), b = rng_below(&s->rng, n);
    return in->rank[b] < in->rank[a] || (in->rank[b] == in->rank[a] && in->crowding[b] > in->crowding[a]) ? b : a;
}

/* Fills the upper half with children unseen in this search. */
static void inner_breed(struct core *s, struct inner *in, uint32_t size, struct keyset *seen, uint32_t arm)
{
    uint32_t parents = in->n;
    for (uint32_t t = 0; t < 6 * size && in->n < 2 * size && in->n < parents + size; t++) {
        uint32_t a = inner_tournament(s, in, parents), b = inner_tournament(s, in, parents);
        struct genotype child = in->c[a].genotype;
        if (rng_uniform(&s->rng) < s->set.crossover_rate)
            operator_crossover(s, &in->c[a].genotype, &in->c[b].genotype, &child);
        operator_mutate(s, &child);
        if (!keyset_add(seen, hash64(child.allele, s->space.n_genes)))
            continue;
        struct candidate *c = &in->c[in->n++];
        candidate_init(s, c, &child, arm);
        c->parent[0] = in->c[a].parent[0]; /* the measured row the line started from */
    }
}

void acquire_inner(struct core *s, const struct keyset *taken, struct pool *pool, uint32_t arm)
{
    uint32_t size = s->set.inner_population, m = s->params.n_objectives;
    struct keyset seen = {0};
    struct inner in;
    uint32_t *rows = xcalloc(size, sizeof *rows);
    inner_init(&in, size, m);
    uint32_t n = seed_rows(s, size, rows);
    for (uint32_t i = 0; i < n; i++) {
        const struct genotype *g = &s->archive.row[rows[i]].genotype;
        candidate_init(s, &in.c[i], g, arm);
        in.c[i].parent[0] = rows[i];
        (void)keyset_add(&seen, hash64(g->allele, s->space.n_genes));
    }
    in.n = n;
    models_predict(s, in.c, in.n, s->set.beta, false);
    for (uint32_t g = 0; g < s->set.inner_generations && n >= 2 && pool->n < POOL_MAX && effort_left(s, INNER_SHARE); g++) {
        inner_survive(&in, size, m);
        uint32_t parents = in.n;
        inner_breed(s, &in, size, &seen, arm);
        models_predict(s, in.c + parents, in.n - parents, s->set.beta, false);
        for (uint32_t i = parents; i < in.n; i++) {
            const struct genotype *child = &in.c[i].genotype;
            if (archive_find(&s->archive, &s->space, child) < 0 && !keyset_has(taken, hash64(child->allele, s->space.n_genes)))
                *pool_add(pool) = in.c[i];
        }
    }
    free(rows);
    inner_fini(&in);
    keyset_fini(&seen);
}

void acquire_front(struct core *s, struct front *ret_front, bool screening)
{
    const struct archive *a = &s->archive;
    struct pool pending = {0};
    double z[CORE_OBJECTIVES_MAX];
    ret_front->m = s->params.n_objectives;
    for (uint32_t i = 0; i < a->n_front; i++) {
        scale_normalise(s, a->row[a->front[i]].y, z);
        (void)front_add(ret_front, z);
    }
    for (uint32_t i = 0, left = a->n_pending; i < a->n && left; i++) {
        const struct row *r = &a->row[a->n - 1 - i];
        if (r->state != ROW_PENDING)
            continue;
        left--;
        if (!screening && groups_screened_now(s, r))
            continue;
        struct candidate *c = pool_add(&pending);
        candidate_init(s, c, &r->genotype, r->arm);
        groups_fill(s, r, c);
    }
    models_predict(s, pending.c, pending.n, 0, false);
    for (uint32_t i = 0; i < pending.n; i++) {
        if (pending.c[i].risk > 0.5)
            continue;
        scale_normalise(s, pending.c[i].q, z);
        (void)front_add(ret_front, z);
    }
    pool_fini(&pending);
}

/* An entry of the lazy queue: gains only shrink as the front grows, so a stale gain is an upper bound (Minoux 1978). STALE: not even that, only
 * hypervolume_gain_bound(). */
struct offer {
    double gain;
    uint32_t index, at;
};

enum { STALE = -1 };

static bool better_offer(const struct offer *a, const struct offer *b) { return a->gain > b->gain || (a->gain == b->gain && a->index < b->index); }

static void sift_down(struct offer *heap, uint32_t n, uint32_t i)
{
    for (;;) {
        uint32_t best = i, left = 2 * i + 1;
        for (uint32_t child = left; child < left + 2 && child < n; child++)
            best = better_offer(&heap[child], &heap[best]) ? child : best;
        if (best == i)
            return;
        struct offer t = heap[i];
        heap[i] = heap[best];
        heap[best] = t;
        i = best;
    }
}

typedef double gain_fn(const double *points, uint32_t n, uint32_t m, const double *q, const double *reference);

static double gain_of(const struct core *s, const struct candidate *c, const struct front *front, gain_fn *gain)
{
    double z[CORE_OBJECTIVES_MAX], reference[CORE_OBJECTIVES_MAX];
    for (uint32_t o = 0; o < s->params.n_objectives; o++)
        reference[o] = s->set.reference;
    scale_normalise(s, c->q, z);
    return (1 - c->risk) * gain(front->point, front->n, s->params.n_objectives, z, reference);
}

/* The most promising of the pool by rank and crowding of their predictions. */
static uint32_t shortlist(const struct core *s, const struct pool *pool, uint32_t limit, uint32_t *ret_index)
{
    uint32_t m = s->params.n_objectives;
    double *f = xcalloc((size_t)pool->n * m + 1, sizeof *f), *violation = xcalloc(pool->n + 1, sizeof *violation);
    for (uint32_t i = 0; i < pool->n; i++) {
        memcpy(f + (size_t)i * m, pool->c[i].q, m * sizeof *f);
        violation[i] = acquire_violation(&pool->c[i]);
    }
    uint32_t n = pareto_select(f, violation, pool->n, m, limit, ret_index, NULL, NULL);
    free(f);
    free(violation);
    return n;
}

uint32_t acquire_choose(const struct core *s, const struct pool *pool, struct front *front, uint32_t k, uint32_t *ret_index)
{
    uint32_t *list = xcalloc(pool->n + 1, sizeof *list), n = shortlist(s, pool, max_of(s->set.pool, k), list), got = 0;
    struct offer *heap = xcalloc(n + 1, sizeof *heap);
    bool *used = xcalloc(pool->n + 1, sizeof *used);
    for (uint32_t i = 0; i < n; i++)
        heap[i] = (struct offer){gain_of(s, &pool->c[list[i]], front, hypervolume_gain_bound), i, (uint32_t)STALE};
    for (uint32_t i = n / 2; i-- > 0;)
        sift_down(heap, n, i);
    for (uint32_t left = n; got < k && left && heap[0].gain > GAIN_MIN && effort_left(s, 1);) {
        if (heap[0].at != got) {
            effort_spend(s, effort_of_gain(s, front->n));
            heap[0].gain = gain_of(s, &pool->c[list[heap[0].index]], front, hypervolume_gain);
            heap[0].at = got;
        } else {
            double z[CORE_OBJECTIVES_MAX];
            uint32_t chosen = list[heap[0].index];
            scale_normalise(s, pool->c[chosen].q, z);
            (void)front_add(front, z);
            used[chosen] = true;
            ret_index[got++] = chosen;
            heap[0] = heap[--left];
        }
        sift_down(heap, left, 0);
    }
    for (uint32_t i = 0; i < n && got < k; i++) {
        if (!used[list[i]])
            ret_index[got++] = list[i];
    }
    free(list);
    free(heap);
    free(used);
    return got;
}
