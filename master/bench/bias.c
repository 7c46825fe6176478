/* See bias.h. */
#include "bench/bias.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "bench/statistics.h"

/* The objective whose column is also the delay, or -1. */
static int delay_objective(const struct problem *p)
{
    for (unsigned j = 0; j < p->n_objectives; j++) {
        if (p->objective[j].truth == p->delay)
            return (int)j;
    }
    return -1;
}

/* The judge with the slower half of the best-known front for IGD+. */
static struct judge slow_judge(const struct judge *judge, unsigned objective)
{
    struct judge slow = *judge;
    unsigned m = judge->m;
    size_t n = judge->igd.n;
    double *v = xcalloc(n ? n : 1, sizeof *v);
    for (size_t i = 0; i < n; i++)
        v[i] = judge->igd.f[i * m + objective];
    double middle = bench_quantile(v, n, 0.5);
    slow.igd = (struct judge_front){.m = m};
    for (size_t i = 0; i < n; i++) {
        if (judge->igd.f[i * m + objective] >= middle)
            judge_front_add(&slow.igd, judge->igd.f + i * m);
    }
    free(v);
    return slow;
}

static uint32_t done_by(const struct trace *t, uint32_t evaluations, double wall)
{
    uint32_t n = 0;
    while (n < t->n && (evaluations ? n < evaluations : t->time[n] <= wall))
        n++;
    return n;
}

static double mean_delay(const struct trace *t, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += t->delay[i];
    return n ? sum / n : NAN;
}

static double igd_of(const struct judge *judge, const struct trace *t, uint32_t n)
{
    struct judge_front front = {.m = t->m};
    for (uint32_t i = 0; i < n; i++) {
        if (isfinite(t->f[(size_t)i * t->m]))
            judge_front_add(&front, t->f + (size_t)i * t->m);
    }
    double d = judge_igd_plus(judge, &front);
    judge_front_fini(&front);
    return d;
}

struct bias_point bias_at(const struct problem *p, const struct judge *judge, const struct trace *runs, unsigned seeds, uint32_t evaluations,
                          double wall)
{
    int objective = delay_objective(p);
    struct judge slow = objective >= 0 ? slow_judge(judge, (unsigned)objective) : (struct judge){0};
    double *v = xcalloc(4 * (size_t)seeds, sizeof *v), *hv = v + seeds, *delay = hv + seeds, *igd = delay + seeds;
    for (unsigned s = 0; s < seeds; s++) {
        uint32_t n = done_by(&runs[s], evaluations, wall);
        v[s] = n;
        hv[s] = n ? runs[s].hv[n - 1] : 0;
        delay[s] = mean_delay(&runs[s], n);
        igd[s] = objective >= 0 ? igd_of(&slow, &runs[s], n) : NAN;
    }
    struct bias_point point = {bench_quantile(v, seeds, 0.5), bench_quantile(hv, seeds, 0.5), bench_quantile(delay, seeds, 0.5),
                               objective >= 0 ? bench_quantile(igd, seeds, 0.5) : NAN};
    judge_front_fini(&slow.igd);
    free(v);
    return point;
}
