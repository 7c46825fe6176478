/* Screening: objectives that cost little are measured for several architectures for each one whose costly objectives are measured, and the few are
 * chosen with what was measured of the many (docs/SEARCH.md, section 7). The account of screenings asked for against promotions keeps their number in
 * step, whatever the order in which results come. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "search/acquire.h"
#include "search/effort.h"
#include "search/groups.h"
#include "search/models.h"

int core_set_groups(struct core *s, uint32_t n, const uint8_t *group)
{
    struct core_params p = s->params;
    p.n_groups = n;
    memcpy(p.group, group, p.n_objectives * sizeof *group);
    if (core_params_check(&p, NULL))
        return -EINVAL;
    if (s->archive.n_parts || s->archive.n_screened)
        return -EBUSY;
    s->params = p;
    memset(s->cost, 0, sizeof s->cost);
    for (uint32_t i = 0; i < s->archive.n; i++) {
        s->archive.row[i].asked = (uint8_t)groups_all(s);
        s->archive.row[i].known = 0;
    }
    groups_derive(s);
    return 0;
}

int core_set_costs(struct core *s, const double *cost)
{
    for (uint32_t g = 0; g < s->params.n_groups; g++) {
        if (!isfinite(cost[g]) || !(cost[g] > 0))
            return -EINVAL;
    }
    memcpy(s->cost, cost, s->params.n_groups * sizeof *cost);
    groups_derive(s);
    return 0;
}

uint32_t core_groups(const struct core *s) { return s->params.n_groups; }

uint32_t core_screening(const struct core *s) { return s->screening; }

uint32_t core_screened(const struct core *s) { return s->archive.n_screened; }

uint32_t core_screening_due(const struct core *s, uint32_t k)
{
    uint64_t wanted = (uint64_t)s->screening * k;
    return wanted > s->screening_credit ? (uint32_t)(wanted - s->screening_credit) : 0;
}

uint32_t core_ask_screening(struct core *s, uint32_t n, struct core_proposal *ret_proposals)
{
    uint32_t got = ask_groups(s, n, s->cheap_groups, ret_proposals);
    s->screening_credit += got;
    return got;
}

/* The screened rows as candidates, with what is known of them; ret_rows says which row each is. */
static void screened_pool(const struct core *s, struct pool *pool, uint32_t *ret_rows)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->archive.n && n < s->archive.n_screened; i++) {
        const struct row *r = &s->archive.row[i];
        if (r->state != ROW_SCREENED)
            continue;
        struct candidate *c = pool_add(pool);
        candidate_init(s, c, &r->genotype, r->arm);
        groups_fill(s, r, c);
        ret_rows[n++] = i;
    }
}

static void promote(struct core *s, uint32_t row, const struct candidate *predicted, struct core_proposal *ret)
{
    struct row *r = &s->archive.row[row];
    for (uint32_t o = 0; predicted && o < s->params.n_objectives; o++) {
        if (predicted->known >> o & 1)
            continue;
        r->mean[o] = predicted->mean[o];
        r->sd[o] = predicted->sd[o];
    }
    r->predicted = r->predicted && predicted;
    archive_promote(&s->archive, row, groups_all(s) & ~r->known);
    s->n_whole++;
    s->screening_credit -= min_of(s->screening_credit, s->screening);
    (void)core_get(s, row, ret, NULL, NULL);
}

/* The first ones are taken in the order in which they were drawn: nothing is known of them that would tell which. */
static uint32_t choose_first(const struct pool *pool, uint32_t n, uint32_t *ret_index)
{
    uint32_t k = min_of(n, pool->n);
    for (uint32_t i = 0; i < k; i++)
        ret_index[i] = i;
    return k;
}

static uint32_t choose_gain(struct core *s, struct pool *pool, uint32_t n, uint32_t *ret_index)
{
    struct front front = {0};
    acquire_front(s, &front, false);
    models_predict(s, pool->c, pool->n, s->set.beta, false);
    uint32_t k = acquire_choose(s, pool, &front, n, ret_index);
    front_fini(&front);
    return k;
}

uint32_t core_ask_promotion(struct core *s, uint32_t n, struct core_proposal *ret_proposals)
{
    struct pool pool = {0};
    uint32_t *row = xcalloc(s->archive.n_screened + 1, sizeof *row), *index = xcalloc(n + 1, sizeof *index), k;
    effort_begin(s);
    screened_pool(s, &pool, row);
    bool modelled = s->n_whole >= s->set.init && models_refresh(s);
    k = modelled ? choose_gain(s, &pool, n, index) : choose_first(&pool, n, index);
    for (uint32_t i = 0; i < k; i++) {
        struct candidate *c = &pool.c[index[i]];
        if (modelled)
            models_predict(s, c, 1, 0, true);
        promote(s, row[index[i]], modelled ? c : NULL, &ret_proposals[i]);
    }
    pool_fini(&pool);
    free(row);
    free(index);
    return k;
}
