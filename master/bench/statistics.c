/* See statistics.h. */
#include "bench/statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { EXACT_MAX = 200 };

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_quantile(double *value, size_t n, double q)
{
    if (!n)
        return NAN;
    qsort(value, n, sizeof *value, compare_double);
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;
    double part = at - (double)i;
    if (part <= 0 || i + 1 >= n)
        return value[i];
    return isinf(value[i + 1]) ? INFINITY : value[i] + part * (value[i + 1] - value[i]);
}

struct absolute {
    double size;
    bool positive;
};

static int compare_absolute(const void *a, const void *b)
{
    double x = ((const struct absolute *)a)->size, y = ((const struct absolute *)b)->size;
    return (x > y) - (x < y);
}

/* P(sum of the doubled ranks of positive signs <= low), each sign fair: the distribution by counting subsets. */
static double lower_tail(const unsigned *rank2, size_t n, unsigned low)
{
    unsigned total = 0;
    for (size_t i = 0; i < n; i++)
        total += rank2[i];
    double *share = xcalloc(total + 1u, sizeof *share), tail = 0;
    share[0] = 1;
    for (size_t i = 0; i < n; i++) {
        for (unsigned s = total + 1; s-- > 0;)
            share[s] = 0.5 * share[s] + (s >= rank2[i] ? 0.5 * share[s - rank2[i]] : 0);
    }
    for (unsigned s = 0; s <= low && s <= total; s++)
        tail += share[s];
    free(share);
    return tail;
}

double bench_wilcoxon(const double *difference, size_t n)
{
    struct absolute *d = xcalloc(n ? n : 1, sizeof *d);
    unsigned *rank2 = xcalloc(n ? n : 1, sizeof *rank2);
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (difference[i] < 0 || difference[i] > 0)
            d[k++] = (struct absolute){fabs(difference[i]), difference[i] > 0};
    }
    qsort(d, k, sizeof *d, compare_absolute);
    double plus = 0, ties = 0;
    for (size_t i = 0, end; i < k; i = end) {
        for (end = i + 1; end < k && !(d[end].size > d[i].size); end++)
            ;
        double t = (double)(end - i);
        ties += t * t * t - t;
        for (size_t j = i; j < end; j++) {
            rank2[j] = (unsigned)(i + 1 + end); // twice the mid-rank
            plus += d[j].positive ? rank2[j] / 2.0 : 0;
        }
    }
    double sum = (double)k * ((double)k + 1) / 2, low = fmin(plus, sum - plus), p = 1;
    if (k > 0 && k <= EXACT_MAX)
        p = fmin(1, 2 * lower_tail(rank2, k, (unsigned)lround(2 * low)));
    else if (k > 0)
        p = erfc(fmax(0, sum / 2 - low - 0.5) / sqrt(2 * (sum * (2 * (double)k + 1) / 12 - ties / 48)));
    free(d);
    free(rank2);
    return p;
}

void bench_holm(double *p, size_t n)
{
    bool *done = xcalloc(n ? n : 1, sizeof *done);
    double floor_p = 0;
    for (size_t step = 0; step < n; step++) {
        size_t best = n;
        for (size_t i = 0; i < n; i++) {
            if (!done[i] && (best == n || p[i] < p[best]))
                best = i;
        }
        done[best] = true;
        floor_p = fmax(floor_p, fmin(1, (double)(n - step) * p[best]));
        p[best] = floor_p;
    }
    free(done);
}

static bool dominates(unsigned m, const double *a, const double *b)
{
    bool better = false;
    for (unsigned j = 0; j < m; j++) {
        if (a[j] > b[j])
            return false;
        better = better || a[j] < b[j];
    }
    return better;
}

struct place {
    unsigned rank;
    double crowding;
    uint32_t index;
};

struct along {
    double f;
    uint32_t place;
};

static int compare_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->crowding < y->crowding || x->crowding > y->crowding)
        return x->crowding > y->crowding ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static int compare_along(const void *a, const void *b)
{
    const struct along *x = a, *y = b;
    if (x->f < y->f || x->f > y->f)
        return x->f < y->f ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Adds the crowding distance of the k places at `place` (one rank). */
static void add_crowding(unsigned m, const double *f, struct place *place, size_t k, struct along *scratch)
{
    for (unsigned j = 0; j < m; j++) {
        for (size_t i = 0; i < k; i++)
            scratch[i] = (struct along){f[place[i].index * m + j], (uint32_t)i};
        qsort(scratch, k, sizeof *scratch, compare_along);
        double range = scratch[k - 1].f - scratch[0].f;
        place[scratch[0].place].crowding = place[scratch[k - 1].place].crowding = INFINITY;
        for (size_t i = 1; i + 1 < k && range > 0; i++)
            place[scratch[i].place].crowding += (scratch[i + 1].f - scratch[i - 1].f) / range;
    }
}

void bench_rank_order(unsigned m, const double *f, size_t n, uint32_t *ret_order)
{
    struct place *place = xcalloc(n ? n : 1, sizeof *place);
    struct along *scratch = xcalloc(n ? n : 1, sizeof *scratch);
    bool *ranked = xcalloc(n ? n : 1, sizeof *ranked);
    for (size_t done = 0, rank = 0; done < n; rank++) {
        size_t start = done;
        for (size_t i = 0; i < n; i++) {
            bool front = !ranked[i];
            for (size_t k = 0; k < n && front; k++)
                front = ranked[k] || !dominates(m, f + k * m, f + i * m);
            if (front)
                place[done++] = (struct place){(unsigned)rank, 0, (uint32_t)i};
        }
        for (size_t i = start; i < done; i++)
            ranked[place[i].index] = true;
        add_crowding(m, f, place + start, done - start, scratch);
    }
    qsort(place, n, sizeof *place, compare_place);
    for (size_t i = 0; i < n; i++)
        ret_order[i] = place[i].index;
    free(place);
    free(scratch);
    free(ranked);
}
