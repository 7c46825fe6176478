/* See judge.h. Hypervolume by slicing (Zitzler's HSO): sort by the last objective, sweep, and keep the non-dominated set of the
 * remaining objectives; two objectives are a staircase. Fronts here have at most a few thousand points. */
#include "bench/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

enum { IGD_POINTS_MAX = 600 };

void judge_front_fini(struct judge_front *front)
{
    free(front->f);
    *front = (struct judge_front){.m = front->m};
}

bool judge_covers(unsigned m, const double *a, const double *b)
{
    for (unsigned j = 0; j < m; j++) {
        if (a[j] > b[j])
            return false;
    }
    return true;
}

bool judge_front_add(struct judge_front *front, const double *f)
{
    unsigned m = front->m;
    size_t kept = 0;
    for (size_t i = 0; i < front->n; i++) {
        if (judge_covers(m, front->f + i * m, f))
            return false;
    }
    for (size_t i = 0; i < front->n; i++) {
        const double *old = front->f + i * m;
        if (judge_covers(m, f, old))
            continue;
        if (kept != i)
            memcpy(front->f + kept * m, old, m * sizeof *f);
        kept++;
    }
    front->n = kept;
    front->f = xgrow(front->f, &front->capacity, kept + 1, m * sizeof *f);
    memcpy(front->f + kept * m, f, m * sizeof *f);
    front->n++;
    return true;
}

void judge_fini(struct judge *judge) { judge_front_fini(&judge->igd); }

void judge_normalise(const struct judge *judge, const double *f, double *ret_z)
{
    for (unsigned j = 0; j < judge->m; j++)
        ret_z[j] = (f[j] - judge->ideal[j]) / (judge->reference[j] - judge->ideal[j]);
}

static int compare_first(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (x[0] > y[0]) - (x[0] < y[0]);
}

static int compare_last(const void *a, const void *b)
{
    const double *x = a, *y = b; // rows are padded to JUDGE_OBJECTIVES_MAX; the sweep axis is copied to the last place
    return (x[JUDGE_OBJECTIVES_MAX] > y[JUDGE_OBJECTIVES_MAX]) - (x[JUDGE_OBJECTIVES_MAX] < y[JUDGE_OBJECTIVES_MAX]);
}

static double staircase(double *z, size_t n)
{
    qsort(z, n, 2 * sizeof *z, compare_first);
    double area = 0, y = 1;
    for (size_t i = 0; i < n; i++) {
        if (z[2 * i + 1] < y) {
            area += (1 - z[2 * i]) * (y - z[2 * i + 1]);
            y = z[2 * i + 1];
        }
    }
    return area;
}

/* All coordinates < 1. */
static double volume(unsigned m, const double *z, size_t n)
{
    if (n == 0)
        return 0;
    if (m == 1) {
        double best = z[0];
        for (size_t i = 1; i < n; i++)
            best = min_of(z[i], best);
        return 1 - best;
    }
    if (m == 2) {
        double *copy = xmemdup(z, n * 2 * sizeof *z);
        double area = staircase(copy, n);
        free(copy);
        return area;
    }
    enum { ROW = JUDGE_OBJECTIVES_MAX + 1 };
    double *row = xcalloc(n, ROW * sizeof *row);
    for (size_t i = 0; i < n; i++) {
        memcpy(row + i * ROW, z + i * m, m * sizeof *z);
        row[i * ROW + JUDGE_OBJECTIVES_MAX] = z[i * m + m - 1];
    }
    qsort(row, n, ROW * sizeof *row, compare_last);
    struct judge_front slice = {.m = m - 1};
    double sum = 0, area = 0;
    for (size_t i = 0; i < n; i++) {
        double depth = (i + 1 < n ? row[(i + 1) * ROW + JUDGE_OBJECTIVES_MAX] : 1) - row[i * ROW + JUDGE_OBJECTIVES_MAX];
        if (judge_front_add(&slice, row + i * ROW))
            area = volume(m - 1, slice.f, slice.n);
        sum += area * depth;
    }
    judge_front_fini(&slice);
    free(row);
    return sum;
}

double judge_hypervolume(unsigned m, const double *z, size_t n)
{
    double *inside = xreallocarray(NULL, n ? n : 1, m * sizeof *z);
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        bool in = true;
        for (unsigned j = 0; j < m; j++)
            in = in && z[i * m + j] < 1;
        if (in)
            memcpy(inside + k++ * m, z + i * m, m * sizeof *z);
    }
    double v = volume(m, inside, k);
    free(inside);
    return v;
}

double judge_gain(const struct judge_front *front, const double *z)
{
    unsigned m = front->m;
    double box = 1;
    for (unsigned j = 0; j < m; j++) {
        if (z[j] >= 1)
            return 0;
        box *= 1 - z[j];
    }
    double *limit = xreallocarray(NULL, front->n ? front->n : 1, m * sizeof *z);
    for (size_t i = 0; i < front->n; i++) {
        for (unsigned j = 0; j < m; j++)
            limit[i * m + j] = fmax(front->f[i * m + j], z[j]);
    }
    double gain = box - judge_hypervolume(m, limit, front->n);
    free(limit);
    return max_of(gain, 0);
}

void judge_set_front(struct judge *judge, const struct judge_front *best)
{
    unsigned m = judge->m;
    double *z = xreallocarray(NULL, best->n ? best->n : 1, m * sizeof *z);
    size_t inside = 0;
    for (size_t i = 0; i < best->n; i++) {
        judge_normalise(judge, best->f + i * m, z + inside * m);
        bool in = true;
        for (unsigned j = 0; j < m; j++)
            in = in && z[inside * m + j] < 1;
        inside += in;
    }
    judge->best = judge_hypervolume(m, z, inside);
    judge_front_fini(&judge->igd);
    judge->igd.m = m;
    size_t step = min_of(IGD_POINTS_MAX, inside);
    for (size_t i = 0; i < step; i++)
        judge_front_add(&judge->igd, z + (i * inside / step) * m);
    free(z);
}

double judge_coverage(const struct judge_front *a, const struct judge_front *b)
{
    size_t covered = 0;
    for (size_t i = 0; i < b->n; i++) {
        for (size_t k = 0; k < a->n; k++) {
            if (judge_covers(a->m, a->f + k * a->m, b->f + i * b->m)) {
                covered++;
                break;
            }
        }
    }
    return b->n ? (double)covered / (double)b->n : 0;
}

double judge_igd_plus(const struct judge *judge, const struct judge_front *front)
{
    unsigned m = judge->m;
    if (!front->n || !judge->igd.n)
        return INFINITY;
    double sum = 0, z[JUDGE_OBJECTIVES_MAX];
    for (size_t r = 0; r < judge->igd.n; r++) {
        double nearest = INFINITY;
        for (size_t i = 0; i < front->n; i++) {
            judge_normalise(judge, front->f + i * m, z);
            double d = 0;
            for (unsigned j = 0; j < m; j++) {
                double excess = fmax(z[j] - judge->igd.f[r * m + j], 0);
                d += excess * excess;
            }
            nearest = fmin(nearest, d);
        }
        sum += sqrt(nearest);
    }
    return sum / (double)judge->igd.n;
}
