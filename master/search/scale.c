/* The search's own scale: 0 = best seen, 1 = worst (or a quantile) of the first results, fixed after them. Gains of hypervolume, weighted
 * scores and the progress number are taken in it, so that units do not matter. */
#include <math.h>
#include <stdlib.h>

#include "base/number.h"
#include "search/core_internal.h"
#include "search/hypervolume.h"

static int compare_doubles(const void *pa, const void *pb)
{
    double a = *(const double *)pa, b = *(const double *)pb;
    return a < b ? -1 : a > b;
}

/* The first results: those that came until set.init of them were measured. */
static uint32_t first_results(const struct core *s, uint32_t objective, double *ret_value)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->archive.n_told && n < s->set.init; i++) {
        const struct row *r = &s->archive.row[s->archive.told[i]];
        if (r->state == ROW_OK)
            ret_value[n++] = r->y[objective];
    }
    return n;
}

/* The smallest value is given too. The order of v is lost. */
static double quantile(double *v, uint32_t n, double share, double *ret_low)
{
    double low = v[0], high = v[0];
    for (uint32_t i = 1; i < n; i++) {
        low = min_of(v[i], low);
        high = max_of(v[i], high);
    }
    *ret_low = low;
    if (share >= 1)
        return high;
    qsort(v, n, sizeof *v, compare_doubles);
    return v[(uint32_t)ceil(share * (n - 1))];
}

void scale_update(struct core *s)
{
    const struct archive *a = &s->archive;
    if (s->scale_n < s->set.init) {
        double *v = xcalloc(s->set.init, sizeof *v);
        for (uint32_t o = 0; o < s->params.n_objectives; o++) {
            uint32_t n = s->scale_n = first_results(s, o, v);
            if (!n)
                break;
            s->scale_high[o] = quantile(v, n, s->set.scale_quantile, &s->first_low[o]);
        }
        free(v);
    }
    for (uint32_t o = 0; o < s->params.n_objectives; o++) {
        s->scale_low[o] = s->first_low[o];
        for (uint32_t i = 0; i < a->n_front; i++)
            s->scale_low[o] = fmin(s->scale_low[o], a->row[a->front[i]].y[o]);
    }
}

void scale_told(struct core *s, uint32_t row)
{
    const struct row *r = &s->archive.row[row];
    if (s->scale_n < s->set.init) {
        scale_update(s);
        return;
    }
    for (uint32_t o = 0; o < s->params.n_objectives && row_feasible(r); o++)
        s->scale_low[o] = fmin(s->scale_low[o], r->y[o]); /* what it drives off the front is nowhere better */
}

void scale_normalise(const struct core *s, const double *y, double *ret_z)
{
    for (uint32_t o = 0; o < s->params.n_objectives; o++) {
        double width = s->scale_high[o] - s->scale_low[o];
        ret_z[o] = width > 0 ? (y[o] - s->scale_low[o]) / width : y[o] > s->scale_low[o];
    }
}

double scale_gain(const struct core *s, const double *y)
{
    uint32_t m = s->params.n_objectives, n = s->archive.n_front;
    double *front = xcalloc((size_t)n * m + 1, sizeof *front), z[CORE_OBJECTIVES_MAX], reference[CORE_OBJECTIVES_MAX];
    for (uint32_t i = 0; i < n; i++)
        scale_normalise(s, s->archive.row[s->archive.front[i]].y, front + (size_t)i * m);
    for (uint32_t o = 0; o < m; o++)
        reference[o] = s->set.reference;
    scale_normalise(s, y, z);
    double gain = hypervolume_gain(front, n, m, z, reference);
    free(front);
    return gain;
}
