/* See progress.h. */
#include "search/progress.h"

#include <math.h>
#include <stdlib.h>

#include "base/number.h"
#include "search/core_internal.h"
#include "search/hypervolume.h"

struct core_progress {
    uint32_t n, m;
    double z[]; /* n rows of m, then the reference */
};

/* Points that are counted at most: the volume of that many takes about a second. */
static uint32_t most_points(uint32_t m)
{
    if (m <= 2)
        return 200000;
    return m == 3 ? 10000 : 1000;
}

bool core_progress_is_cheap(const struct core *s)
{
    uint32_t m = s->params.n_objectives, n = s->archive.n_front;
    static const uint32_t quick[] = {2000, 2000, 2000, 200, 40}; /* by objectives */
    return m == 1 || n <= quick[min_of(m, 4u)];
}

/* A box that stays the same once the first results are in, so that progress never falls: from half the first spread below the best of
 * the first results to their worst. Of a front that is too large every k-th point counts. */
struct core_progress *core_progress_take(const struct core *s)
{
    uint32_t n = s->archive.n_front, m = s->params.n_objectives, step = 1 + n / (most_points(m) + 1), k = 0;
    struct core_progress *p = xmalloc(sizeof *p + ((size_t)n / step + 2) * m * sizeof *p->z);
    for (uint32_t i = 0; i < n; i += step, k++) {
        for (uint32_t o = 0; o < m; o++) {
            double spread = s->scale_high[o] - s->first_low[o], low = s->first_low[o] - 0.5 * spread;
            double y = s->archive.row[s->archive.front[i]].y[o];
            p->z[(size_t)k * m + o] = spread > 0 ? fmax(0, (y - low) / (1.5 * spread)) : 0.5;
        }
    }
    for (uint32_t o = 0; o < m; o++)
        p->z[(size_t)k * m + o] = 1;
    p->n = k;
    p->m = m;
    return p;
}

double core_progress_volume(const struct core_progress *p)
{
    double volume = hypervolume(p->z, p->n, p->m, p->z + (size_t)p->n * p->m);
    return isfinite(volume) ? volume : 0; /* the values span more than a number can */
}

void core_progress_free(struct core_progress *p) { free(p); }

double core_hypervolume(const struct core *s)
{
    struct core_progress *p = core_progress_take(s);
    double volume = core_progress_volume(p);
    core_progress_free(p);
    return volume;
}
