/* The breeding population of the evolutionary modes: NSGA-II survival and mating (Deb, Pratap, Agarwal, Meyarivan, IEEE TEVC 2002) on
 * rows of the archive. Rank and crowding are those among the survivors, so that they can be recomputed from the rows alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/core_internal.h"
#include "search/pareto.h"

enum { OFFSPRING_TRIES = 40 };

static const double FROM_FRONT = 0.3; /* share of parents taken from the front by least use */

void population_fini(struct population *p)
{
    free(p->row);
    free(p->rank);
    free(p->crowding);
    *p = (struct population){0};
}

/* Objectives and violation of rows; a row that could not run is the worst of the infeasible. */
static void gather(const struct core *s, const uint32_t *rows, uint32_t n, double *ret_f, double *ret_violation)
{
    uint32_t m = s->params.n_objectives;
    for (uint32_t i = 0; i < n; i++) {
        const struct row *r = &s->archive.row[rows[i]];
        memcpy(ret_f + (size_t)i * m, r->y, m * sizeof *r->y);
        ret_violation[i] = r->state == ROW_OK ? r->violation : INFINITY;
    }
}

/* Crowding of the last rank of the population among those of it that were kept. */
static void recrowd_last(struct population *p, const double *f, uint32_t m, const uint32_t *index)
{
    uint32_t first = p->n;
    while (first > 0 && p->rank[first - 1] == p->rank[p->n - 1])
        first--;
    uint32_t n = p->n - first, *order = xcalloc(n + 1, sizeof *order);
    double *last = xcalloc((size_t)n * m + 1, sizeof *last);
    for (uint32_t i = 0; i < n; i++) {
        order[i] = i;
        memcpy(last + (size_t)i * m, f + (size_t)index[first + i] * m, m * sizeof *last);
    }
    pareto_crowding(last, m, order, n, p->crowding + first);
    free(order);
    free(last);
}

/* Takes the best `keep` of n rows as the population. Ranks do not change when the rest is left out: whoever dominates a survivor survives. */
static void replace(struct core *s, const uint32_t *rows, uint32_t n, uint32_t keep)
{
    struct population *p = &s->population;
    uint32_t m = s->params.n_objectives, *index = xcalloc(2 * (size_t)n + 1, sizeof *index), *rank = index + n;
    double *f = xcalloc((size_t)n * (m + 2) + 1, sizeof *f), *violation = f + (size_t)n * m, *crowding = violation + n;
    gather(s, rows, n, f, violation);
    uint32_t k = pareto_select(f, violation, n, m, keep, index, rank, crowding);
    population_fini(p);
    p->n = k;
    p->row = xcalloc(k + 1, sizeof *p->row);
    p->rank = xcalloc(k + 1, sizeof *p->rank);
    p->crowding = xcalloc(k + 1, sizeof *p->crowding);
    for (uint32_t i = 0; i < k; i++) {
        p->row[i] = rows[index[i]];
        p->rank[i] = rank[index[i]];
        p->crowding[i] = crowding[index[i]];
    }
    recrowd_last(p, f, m, index);
    free(f);
    free(index);
}

void population_merge(struct core *s, const uint32_t *rows, uint32_t n)
{
    struct population *p = &s->population;
    uint32_t *all = xcalloc(p->n + n + 1, sizeof *all), k = p->n;
    memcpy(all, p->row ? p->row : rows, p->n * sizeof *all);
    for (uint32_t i = 0; i < n; i++) {
        if (s->archive.row[rows[i]].state != ROW_FAILED)
            all[k++] = rows[i];
    }
    replace(s, all, k, s->set.population);
    free(all);
}

void population_drop(struct core *s, uint32_t row)
{
    struct population *p = &s->population;
    uint32_t k = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->row[i] != row)
            p->row[k++] = p->row[i];
    }
    p->n = k;
}

void population_refresh(struct core *s)
{
    uint32_t n = s->population.n, *rows = xcalloc(n + 1, sizeof *rows);
    if (n)
        memcpy(rows, s->population.row, n * sizeof *rows);
    replace(s, rows, n, n);
    free(rows);
}

static uint32_t least_used(const struct core *s)
{
    const struct archive *a = &s->archive;
    uint32_t best = a->front[0];
    for (uint32_t i = 1; i < a->n_front; i++) {
        if (a->row[a->front[i]].uses < a->row[best].uses)
            best = a->front[i];
    }
    return best;
}

/* Results of slow networks come late: what is quick to measure has had children by then. Least used members of the front first gives the late ones
 * theirs. Only where results may overtake each other, unless told otherwise. */
static bool prefers_least_used(const struct core *s)
{
    return s->archive.n_front && (s->set.least_used == LEAST_USED_ON || (s->set.least_used == LEAST_USED_AUTO && s->overtaken));
}

uint32_t population_tournament(struct core *s)
{
    const struct population *p = &s->population;
    uint32_t row;
    if (prefers_least_used(s) && rng_uniform(&s->rng) < FROM_FRONT)
        row = least_used(s);
    else {
        uint32_t a = rng_below(&s->rng, p->n), b = rng_below(&s->rng, p->n);
        bool first = p->rank[a] < p->rank[b] || (p->rank[a] == p->rank[b] && p->crowding[a] > p->crowding[b]);
        row = p->row[first ? a : b];
    }
    s->archive.row[row].uses++;
    return row;
}

bool population_offspring(struct core *s, struct keyset *among, uint32_t arm, struct candidate *ret_candidate)
{
    struct genotype child;
    for (uint32_t t = 0; t < OFFSPRING_TRIES && s->population.n >= 2; t++) {
        uint32_t a = population_tournament(s), b = population_tournament(s);
        bool cross = rng_uniform(&s->rng) < s->set.crossover_rate;
        child = s->archive.row[a].genotype;
        if (cross)
            operator_crossover(s, &s->archive.row[a].genotype, &s->archive.row[b].genotype, &child);
        operator_mutate(s, &child);
        if (!candidate_accept(s, among, &child))
            continue;
        candidate_init(s, ret_candidate, &child, arm);
        ret_candidate->parent[0] = a;
        ret_candidate->parent[1] = cross && b != a ? (int64_t)b : -1;
        return true;
    }
    if (!design_unseen(s, among, &child))
        return false;
    candidate_init(s, ret_candidate, &child, ARM_RANDOM);
    return true;
}
