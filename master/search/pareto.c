/* See pareto.h.
 *
 * Sorting is "efficient non-dominated sort" with binary search over fronts (Zhang, Tian, Cheng, Jin, IEEE TEVC 2015): points are taken in
 * lexicographic order, so a point can be dominated only by earlier ones, and "some member of front k dominates p" is monotone in k. What
 * differs is how a front answers: with 2 objectives by its smallest second one; with 3 by the staircase of its last two; above by a scan. */
#include "search/pareto.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "search/order.h"

bool pareto_dominates(const double *a, const double *b, uint32_t m)
{
    bool better = false;
    for (uint32_t j = 0; j < m; j++) {
        if (a[j] > b[j])
            return false;
        better |= a[j] < b[j];
    }
    return better;
}

bool pareto_covers(const double *a, const double *b, uint32_t m)
{
    for (uint32_t j = 0; j < m; j++) {
        if (a[j] > b[j])
            return false;
    }
    return true;
}

static bool same_vector(const double *a, const double *b, uint32_t m)
{
    for (uint32_t j = 0; j < m; j++) {
        if (a[j] != b[j])
            return false;
    }
    return true;
}

/* A front under construction. m = 3: y ascending, z descending (staircase). m = 4: members as they came. */
struct level {
    double *v;
    size_t n, capacity;
};

/* The staircase step a point with this y stands on: the first entry with a larger y. */
static size_t stair_find(const struct level *l, double y)
{
    size_t lo = 0, hi = l->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (l->v[2 * mid] <= y)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void stair_insert(struct level *l, double y, double z)
{
    size_t at = stair_find(l, y), end;
    if (at > 0 && l->v[2 * (at - 1)] == y)
        at--; /* same y and a larger z: replaced */
    for (end = at; end < l->n && l->v[2 * end + 1] >= z; end++)
        ;
    l->v = xgrow(l->v, &l->capacity, 2 * (l->n + 1), sizeof *l->v);
    memmove(l->v + 2 * (at + 1), l->v + 2 * end, 2 * (l->n - end) * sizeof *l->v);
    l->v[2 * at] = y;
    l->v[2 * at + 1] = z;
    l->n += 1 + at - end;
}

static bool level_dominates(const struct level *l, const double *f, uint32_t m)
{
    if (m <= 2)
        return l->v[0] <= f[m - 1];
    if (m == 3) {
        size_t at = stair_find(l, f[1]);
        return at > 0 && l->v[2 * (at - 1) + 1] <= f[2];
    }
    for (size_t i = l->n; i-- > 0;) {
        const double *p = l->v + 3 * i;
        if (p[0] <= f[1] && p[1] <= f[2] && p[2] <= f[3])
            return true;
    }
    return false;
}

static void level_add(struct level *l, const double *f, uint32_t m)
{
    if (m == 3) {
        stair_insert(l, f[1], f[2]);
        return;
    }
    uint32_t width = m <= 2 ? 1 : 3;
    size_t at = m <= 2 ? 0 : l->n++;
    l->v = xgrow(l->v, &l->capacity, (at + 1) * width, sizeof *l->v);
    memcpy(l->v + at * width, m <= 2 ? f + m - 1 : f + 1, width * sizeof *l->v);
}

/* Ranks rows in lexicographic order; returns how many ranks there are. */
static uint32_t rank_sorted(const double *f, uint32_t m, const struct value *order, uint32_t n, uint32_t *ret_rank)
{
    struct level *level = NULL;
    size_t capacity = 0;
    uint32_t levels = 0;
    const double *last = NULL;
    for (uint32_t i = 0; i < n; i++) {
        const double *row = f + (size_t)order[i].id * m;
        if (last && same_vector(row, last, m)) {
            ret_rank[order[i].id] = ret_rank[order[i - 1].id];
            continue;
        }
        last = row;
        uint32_t lo = 0, hi = levels;
        while (lo < hi) {
            uint32_t mid = (lo + hi) / 2;
            if (level_dominates(&level[mid], row, m))
                lo = mid + 1;
            else
                hi = mid;
        }
        if (lo == levels) {
            level = xgrow(level, &capacity, levels + 1, sizeof *level);
            level[levels++] = (struct level){0};
        }
        level_add(&level[lo], row, m);
        ret_rank[order[i].id] = lo;
    }
    for (uint32_t k = 0; k < levels; k++)
        free(level[k].v);
    free(level);
    return levels;
}

/* Ranks all points. The feasible ones come out in lexicographic order; returns their number, and that of their ranks. Room for n in both arrays. */
static uint32_t rank_points(const double *f, const double *violation, uint32_t n, uint32_t m, uint32_t *ret_rank, struct value *ret_order,
                            struct value *spare, uint32_t *ret_ranks)
{
    uint32_t good = 0, bad = n;
    for (uint32_t i = 0; i < n; i++) {
        if (violation && violation[i] > 0)
            ret_order[--bad] = (struct value){violation[i], i};
        else
            ret_order[good++] = (struct value){f[(size_t)i * m], i};
    }
    order_rows(f, m, ret_order, good, spare);
    uint32_t rank = *ret_ranks = rank_sorted(f, m, ret_order, good, ret_rank);
    order_values(ret_order + good, n - good, spare);
    for (uint32_t i = good; i < n; i++) {
        if (i > good && ret_order[i].v != ret_order[i - 1].v)
            rank++;
        ret_rank[ret_order[i].id] = rank;
    }
    return good;
}

void pareto_rank(const double *f, const double *violation, uint32_t n, uint32_t m, uint32_t *ret_rank)
{
    struct value *order = xcalloc(2 * (size_t)n + 1, sizeof *order);
    uint32_t ranks;
    (void)rank_points(f, violation, n, m, ret_rank, order, order + n, &ranks);
    free(order);
}

/* Crowding of points in lexicographic order; of equal ones only the first counts. The order is used up. */
static void crowd(const double *f, uint32_t m, struct value *order, uint32_t n, struct value *spare, double *ret_crowding)
{
    uint32_t k = 0;
    for (uint32_t i = 0; i < n; i++) {
        ret_crowding[order[i].id] = 0;
        if (!k || !same_vector(f + (size_t)order[i].id * m, f + (size_t)order[k - 1].id * m, m))
            order[k++] = order[i];
    }
    for (uint32_t j = 0; j < m && k; j++) {
        for (uint32_t i = 0; i < k; i++)
            order[i].v = f[(size_t)order[i].id * m + j];
        if (j) /* they came sorted by the first objective */
            order_values(order, k, spare);
        double width = order[k - 1].v - order[0].v;
        ret_crowding[order[0].id] = ret_crowding[order[k - 1].id] = INFINITY;
        for (uint32_t i = 1; i + 1 < k && width > 0; i++)
            ret_crowding[order[i].id] += (order[i + 1].v - order[i - 1].v) / width;
    }
}

void pareto_crowding(const double *f, uint32_t m, const uint32_t *index, uint32_t n, double *ret_crowding)
{
    struct value *order = xcalloc(2 * (size_t)n + 1, sizeof *order);
    for (uint32_t i = 0; i < n; i++)
        order[i] = (struct value){f[(size_t)index[i] * m], index[i]};
    order_rows(f, m, order, n, order + n);
    crowd(f, m, order, n, order + n, ret_crowding);
    free(order);
}

/* Points by rank: of those of rank r, which are [start[r], start[r + 1]), ret_index has the numbers ascending, ret_order the places in `order`
 * ascending. Returns the number of ranks. */
static uint32_t group_by_rank(const uint32_t *rank, uint32_t n, const struct value *order, uint32_t *ret_index, struct value *ret_order,
                              uint32_t **ret_start)
{
    uint32_t ranks = 0;
    for (uint32_t i = 0; i < n; i++)
        ranks = rank[i] >= ranks ? rank[i] + 1 : ranks;
    uint32_t *start = xcalloc(2 * ((size_t)ranks + 2), sizeof *start), *at = start + ranks + 2;
    for (uint32_t i = 0; i < n; i++)
        start[rank[i] + 1]++;
    for (uint32_t r = 1; r <= ranks; r++)
        start[r] += start[r - 1];
    memcpy(at, start, (ranks + 1) * sizeof *at);
    for (uint32_t i = 0; i < n; i++)
        ret_index[at[rank[i]]++] = i;
    memcpy(at, start, (ranks + 1) * sizeof *at);
    for (uint32_t i = 0; i < n; i++)
        ret_order[at[rank[order[i].id]]++] = order[i];
    *ret_start = start;
    return ranks;
}

/* The `want` least crowded of the group to its front; negated, so that the ascending order serves. */
static void least_crowded(uint32_t *group, uint32_t n, uint32_t want, const double *crowding, struct value *order, struct value *spare)
{
    for (uint32_t i = 0; i < n; i++)
        order[i] = (struct value){-crowding[group[i]], group[i]};
    order_values(order, n, spare);
    for (uint32_t i = 0; i < want; i++)
        group[i] = order[i].id;
}

uint32_t pareto_select(const double *f, const double *violation, uint32_t n, uint32_t m, uint32_t k, uint32_t *ret_index, uint32_t *ret_rank,
                       double *ret_crowding)
{
    struct value *order = xcalloc(3 * (size_t)n + 1, sizeof *order), *grouped = order + n, *spare = grouped + n;
    uint32_t *number = xcalloc(2 * (size_t)n + 1, sizeof *number), *index = number + n, *rank = ret_rank ? ret_rank : number, *start, got = 0,
             feasible;
    double *crowding = ret_crowding ? ret_crowding : xcalloc(max_of(n, 1u), sizeof *crowding);
    (void)rank_points(f, violation, n, m, rank, order, spare, &feasible);
    uint32_t ranks = group_by_rank(rank, n, order, index, grouped, &start);
    for (uint32_t i = 0; i < n; i++)
        crowding[i] = 0;
    for (uint32_t r = 0; r < ranks && got < k; r++) {
        uint32_t *group = index + start[r], size = start[r + 1] - start[r];
        if (r < feasible)
            crowd(f, m, grouped + start[r], size, spare, crowding);
        else /* in order of violation, which all of a rank share */
            pareto_crowding(f, m, group, size, crowding);
        if (size > k - got)
            least_crowded(group, size, k - got, crowding, order, spare);
        size = min_of(k - got, size);
        memcpy(ret_index + got, group, size * sizeof *group);
        got += size;
    }
    free(start);
    free(order);
    free(number);
    if (!ret_crowding)
        free(crowding);
    return got;
}
