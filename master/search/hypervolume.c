/* See hypervolume.h.
 *
 * 2 objectives: sort by the first, add strips. 3: sweep the third upwards and keep the area under the staircase of the first two (Fonseca,
 * Paquete, López-Ibáñez 2006, dimension sweep). 4: sweep the fourth upwards and keep the 3-objective volume of what was passed, which a
 * point increases by its box minus the volume of the others limited to it (While, Bradstreet, Barone, IEEE TEVC 2012; Guerreiro, Fonseca,
 * Emmerich, CCCG 2012, sweep likewise); only points non-dominated in the first three are kept. */
#include "search/hypervolume.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "search/pareto.h"

enum { OBJECTIVES = 4 };

static const double ROUNDING = 1e-10; /* far above what a gain can be off by, relative to its box */

struct point {
    double f[OBJECTIVES];
};

static int compare_values(double a, double b) { return (a > b) - (a < b); }

static int compare_first(const void *pa, const void *pb)
{
    const double *a = ((const struct point *)pa)->f, *b = ((const struct point *)pb)->f;
    return compare_values(a[0], b[0]) ? compare_values(a[0], b[0]) : compare_values(a[1], b[1]);
}

static int compare_third(const void *pa, const void *pb)
{
    const double *a = ((const struct point *)pa)->f, *b = ((const struct point *)pb)->f;
    return compare_values(a[2], b[2]) ? compare_values(a[2], b[2]) : compare_first(pa, pb);
}

static int compare_fourth(const void *pa, const void *pb)
{
    const double *a = ((const struct point *)pa)->f, *b = ((const struct point *)pb)->f;
    return compare_values(a[3], b[3]) ? compare_values(a[3], b[3]) : compare_third(pa, pb);
}

static double volume2(struct point *p, uint32_t n, const double *reference)
{
    double total = 0, y = reference[1];
    qsort(p, n, sizeof *p, compare_first);
    for (uint32_t i = 0; i < n; i++) {
        if (p[i].f[1] < y) {
            total += (reference[0] - p[i].f[0]) * (y - p[i].f[1]);
            y = p[i].f[1];
        }
    }
    return total;
}

/* Adds (x, y) to the staircase (x ascending, y descending) and returns the area gained; 0 when it is covered. */
static double stair_add(double (*stair)[2], uint32_t *n, double x, double y, const double *reference)
{
    uint32_t lo = 0, hi = *n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (stair[mid][0] <= x)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo > 0 && stair[lo - 1][1] <= y)
        return 0;
    double left = x, top = lo > 0 ? stair[lo - 1][1] : reference[1], gained = 0;
    uint32_t end = lo;
    for (; end < *n && stair[end][1] >= y; end++) { /* steps that the new one swallows */
        gained += (stair[end][0] - left) * (top - y);
        left = stair[end][0];
        top = stair[end][1];
    }
    gained += ((end < *n ? stair[end][0] : reference[0]) - left) * (top - y);
    if (lo > 0 && stair[lo - 1][0] == x)
        lo--; /* same x, higher y: no width left */
    memmove(stair + lo + 1, stair + end, (*n - end) * sizeof *stair);
    stair[lo][0] = x;
    stair[lo][1] = y;
    *n += 1 + lo - end;
    return gained;
}

static double volume3(struct point *p, uint32_t n, const double *reference)
{
    double(*stair)[2] = xcalloc(n + 1, sizeof *stair), area = 0, total = 0;
    uint32_t steps = 0;
    qsort(p, n, sizeof *p, compare_third);
    for (uint32_t i = 0; i < n; i++) {
        double next = i + 1 < n ? p[i + 1].f[2] : reference[2];
        area += stair_add(stair, &steps, p[i].f[0], p[i].f[1], reference);
        total += area * (next - p[i].f[2]);
    }
    free(stair);
    return total;
}

/* What q adds to the volume of k mutually non-dominated points by their first three objectives; q joins them. Room for k in `limited`. */
static double volume3_add(struct point *front, uint32_t *k, const struct point *q, struct point *limited, const double *reference)
{
    double box = (reference[0] - q->f[0]) * (reference[1] - q->f[1]) * (reference[2] - q->f[2]);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < *k; i++) {
        if (pareto_covers(front[i].f, q->f, 3))
            return 0;
        for (int o = 0; o < 3; o++)
            limited[i].f[o] = max_of(front[i].f[o], q->f[o]);
    }
    double gain = box - volume3(limited, *k, reference);
    for (uint32_t i = 0; i < *k; i++) {
        if (!pareto_covers(q->f, front[i].f, 3))
            front[kept++] = front[i];
    }
    front[kept] = *q;
    *k = kept + 1;
    return max_of(gain, 0);
}

static double volume4(struct point *p, uint32_t n, const double *reference)
{
    struct point *front = xcalloc(2 * (size_t)n + 1, sizeof *front), *limited = front + n;
    double total = 0, volume = 0;
    uint32_t k = 0;
    qsort(p, n, sizeof *p, compare_fourth);
    for (uint32_t i = 0; i < n; i++) {
        volume += volume3_add(front, &k, &p[i], limited, reference);
        total += volume * ((i + 1 < n ? p[i + 1].f[3] : reference[3]) - p[i].f[3]);
    }
    free(front);
    return total;
}

static double volume(struct point *p, uint32_t n, uint32_t m, const double *reference)
{
    if (!n)
        return 0;
    if (m == 2)
        return volume2(p, n, reference);
    if (m == 3)
        return volume3(p, n, reference);
    if (m == 4)
        return volume4(p, n, reference);
    double best = reference[0];
    for (uint32_t i = 0; i < n; i++)
        best = min_of(p[i].f[0], best);
    return reference[0] - best;
}

static bool below(const double *f, uint32_t m, const double *reference)
{
    for (uint32_t j = 0; j < m; j++) {
        if (!(f[j] < reference[j]))
            return false;
    }
    return true;
}

double hypervolume(const double *points, uint32_t n, uint32_t m, const double *reference)
{
    struct point *p = xcalloc(n ? n : 1, sizeof *p);
    uint32_t k = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (below(points + (size_t)i * m, m, reference))
            memcpy(p[k++].f, points + (size_t)i * m, m * sizeof *points);
    }
    double v = volume(p, k, m, reference);
    free(p);
    return v;
}

double hypervolume_gain(const double *points, uint32_t n, uint32_t m, const double *q, const double *reference)
{
    if (!below(q, m, reference))
        return 0;
    struct point *p = xcalloc(n ? n : 1, sizeof *p);
    double gain = 1;
    uint32_t k = 0;
    for (uint32_t j = 0; j < m; j++)
        gain *= reference[j] - q[j];
    for (uint32_t i = 0; i < n && gain > 0; i++) {
        const double *f = points + (size_t)i * m;
        if (pareto_covers(f, q, m))
            gain = 0;
        for (uint32_t j = 0; j < m; j++)
            p[k].f[j] = max_of(f[j], q[j]);
        k += below(p[k].f, m, reference);
    }
    if (gain > 0)
        gain -= volume(p, k, m, reference);
    free(p);
    return max_of(gain, 0);
}

double hypervolume_gain_bound(const double *points, uint32_t n, uint32_t m, const double *q, const double *reference)
{
    if (!below(q, m, reference))
        return 0;
    double box = 1, most = 0;
    for (uint32_t j = 0; j < m; j++)
        box *= reference[j] - q[j];
    for (uint32_t i = 0; i < n; i++) {
        const double *f = points + (size_t)i * m;
        double shared = 1;
        bool covers = true;
        for (uint32_t j = 0; j < m; j++) {
            double edge = reference[j] - (max_of(f[j], q[j]));
            covers &= f[j] <= q[j];
            shared *= max_of(edge, 0);
        }
        if (covers)
            return 0;
        most = max_of(shared, most);
    }
    return box - most + ROUNDING * box;
}

void front_fini(struct front *f)
{
    free(f->point);
    *f = (struct front){.m = f->m};
}

bool front_add(struct front *f, const double *q)
{
    uint32_t m = f->m, k = 0;
    for (uint32_t i = 0; i < f->n; i++) {
        if (pareto_covers(f->point + (size_t)i * m, q, m))
            return false;
    }
    for (uint32_t i = 0; i < f->n; i++) {
        const double *p = f->point + (size_t)i * m;
        if (!pareto_covers(q, p, m))
            memmove(f->point + (size_t)k++ * m, p, m * sizeof *p);
    }
    f->point = xgrow(f->point, &f->capacity, (size_t)(k + 1) * m, sizeof *f->point);
    memcpy(f->point + (size_t)k * m, q, m * sizeof *q);
    f->n = k + 1;
    return true;
}
