/* See ehvi.h. */
#include "search/ehvi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const double ROOT_HALF = 0.70710678118654752440, INVERSE_ROOT_TWO_PI = 0.39894228040143267794;

static int compare_numbers(const void *pa, const void *pb)
{
    double a = *(const double *)pa, b = *(const double *)pb;
    return a < b ? -1 : a > b;
}

/* Distinct coordinates of the points in one objective between minus infinity and the reference. */
static void cut(struct ehvi_region *r, const struct front *f, const double *reference, uint32_t j)
{
    double *e = r->edge[j] = xcalloc(f->n + 2, sizeof *e);
    uint32_t n = 0, kept = 1;
    e[n++] = -INFINITY;
    for (uint32_t i = 0; i < f->n; i++) {
        if (f->point[(size_t)i * f->m + j] < reference[j])
            e[n++] = f->point[(size_t)i * f->m + j];
    }
    e[n++] = reference[j];
    qsort(e, n, sizeof *e, compare_numbers);
    for (uint32_t i = 1; i < n; i++) {
        if (e[i] > e[kept - 1])
            e[kept++] = e[i];
    }
    r->n_edges[j] = kept;
}

static uint16_t place(const struct ehvi_region *r, uint32_t j, double v)
{
    uint32_t low = 0, high = r->n_edges[j];
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (r->edge[j][middle] < v)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint16_t)low;
}

static bool below(const double *p, const double *reference, uint32_t m)
{
    bool all = true;
    for (uint32_t j = 0; j < m; j++)
        all = all && p[j] < reference[j];
    return all;
}

/* The strips of objective 0 below edge `level` of objective 2 (any, when there are two objectives): each reaches from minus infinity in objective 1
 * to the lowest of the points to its left. */
static void add_strips(struct ehvi_region *r, const struct front *f, const double *reference, uint32_t level)
{
    uint32_t last = r->n_edges[0] - 1;
    for (uint32_t e = 0; e < last; e++) {
        double top = r->m > 1 ? reference[1] : 0;
        bool covered = false;
        for (uint32_t i = 0; i < f->n; i++) {
            const double *p = f->point + (size_t)i * f->m;
            if (!below(p, reference, f->m) || p[0] > r->edge[0][e] || (r->m > 2 && p[2] > r->edge[2][level]))
                continue;
            top = r->m > 1 ? fmin(top, p[1]) : top;
            covered = covered || r->m == 1;
        }
        if (covered)
            continue;
        struct ehvi_box *b = &r->box[r->n_boxes++];
        *b = (struct ehvi_box){.low = {(uint16_t)e}, .high = {(uint16_t)(e + 1)}};
        if (r->m > 1)
            b->high[1] = place(r, 1, top);
        if (r->m > 2) {
            b->low[2] = (uint16_t)level;
            b->high[2] = (uint16_t)(level + 1);
        }
    }
}

void ehvi_region_init(struct ehvi_region *r, const struct front *f, const double *reference)
{
    *r = (struct ehvi_region){.m = f->m};
    for (uint32_t j = 0; j < r->m; j++)
        cut(r, f, reference, j);
    uint32_t levels = r->m > 2 ? r->n_edges[2] - 1 : 1, most = 0;
    for (uint32_t j = 0; j < r->m; j++)
        most = r->n_edges[j] > most ? r->n_edges[j] : most;
    r->box = xcalloc((size_t)levels * r->n_edges[0], sizeof *r->box);
    r->integral = xcalloc((size_t)most * r->m, sizeof *r->integral);
    for (uint32_t k = 0; k < levels; k++)
        add_strips(r, f, reference, k);
}

void ehvi_region_fini(struct ehvi_region *r)
{
    for (uint32_t j = 0; j < EHVI_OBJECTIVES_MAX; j++)
        free(r->edge[j]);
    free(r->box);
    free(r->integral);
    *r = (struct ehvi_region){0};
}

/* Integral of P(y <= u) from minus infinity to b. */
static double integral(double b, double mean, double sd)
{
    if (!(sd > 0))
        return fmax(0, b - mean);
    double t = (b - mean) / sd;
    if (t < -8)
        return 0;
    return sd * (t * 0.5 * erfc(-t * ROOT_HALF) + INVERSE_ROOT_TWO_PI * exp(-0.5 * t * t));
}

double ehvi_value(const struct ehvi_region *r, const double *mean, const double *sd)
{
    const double *at[EHVI_OBJECTIVES_MAX];
    double *to = r->integral, total = 0;
    for (uint32_t j = 0; j < r->m; j++) {
        at[j] = to;
        for (uint32_t e = 0; e < r->n_edges[j]; e++)
            *to++ = e ? integral(r->edge[j][e], mean[j], sd[j]) : 0;
    }
    for (uint32_t i = 0; i < r->n_boxes; i++) {
        const struct ehvi_box *b = &r->box[i];
        double product = 1;
        for (uint32_t j = 0; j < r->m; j++)
            product *= at[j][b->high[j]] - at[j][b->low[j]];
        total += product;
    }
    return total;
}
