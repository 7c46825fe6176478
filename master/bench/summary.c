/* See summary.h. */
#include "bench/summary.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/number.h"
#include "bench/statistics.h"

static const double targets[TARGETS] = {0.80, 0.85, 0.90, 0.95, 0.97, 0.98, 0.99, 0.995};

/* Hypervolume after n evaluations; a run that ended earlier keeps its last value. */
static double hv_at(const struct trace *t, uint32_t n)
{
    uint32_t known = trace_count(t, n);
    return known ? t->hv[known - 1] : 0;
}

/* First evaluation (or its virtual time) at which a run reaches a level; INFINITY: never. */
static double first_reach(const struct trace *t, double level, bool wall)
{
    for (uint32_t i = 0; i < t->n; i++) {
        if (!(t->hv[i] >= level))
            continue;
        if (wall)
            return t->time[i];
        return t->cost ? t->cost[i] : i + 1.0;
    }
    return INFINITY;
}

static struct curve_point point_of(double *value, unsigned n, uint32_t evaluations)
{
    return (struct curve_point){evaluations, bench_quantile(value, n, 0.5), bench_quantile(value, n, 0.25), bench_quantile(value, n, 0.75)};
}

static uint32_t next_point(uint32_t n)
{
    if (n < 100)
        return n + 10;
    if (n < 1000)
        return n + 50;
    return n < 10000 ? n + 500 : n + 10000;
}

static void make_curve(const struct trace *runs, unsigned seeds, uint32_t budget, double *scratch, struct algorithm_summary *ret)
{
    for (uint32_t n = 10; ret->n_points < CURVE_POINTS_MAX; n = next_point(n)) {
        uint32_t at = min_of(n, budget);
        for (unsigned s = 0; s < seeds; s++)
            scratch[s] = hv_at(&runs[s], at);
        ret->point[ret->n_points++] = point_of(scratch, seeds, at);
        if (at == budget)
            break;
    }
}

static void make_targets(const struct trace *runs, unsigned seeds, double *scratch, struct algorithm_summary *ret)
{
    for (unsigned k = 0; k < TARGETS; k++) {
        struct target *t = &ret->target[k];
        *t = (struct target){.target = targets[k], .runs = seeds};
        for (unsigned s = 0; s < seeds; s++) {
            scratch[s] = first_reach(&runs[s], targets[k], false);
            t->reached += isfinite(scratch[s]);
        }
        t->evaluations = bench_quantile(scratch, seeds, 0.5);
        for (unsigned s = 0; s < seeds; s++)
            scratch[s] = first_reach(&runs[s], targets[k], true);
        t->wall = bench_quantile(scratch, seeds, 0.5);
    }
}

static struct judge_front front_at(const struct trace *t, uint32_t n)
{
    struct judge_front front = {.m = t->m};
    for (uint32_t i = 0, known = trace_count(t, n); i < known; i++) {
        if (isfinite(t->f[(size_t)i * t->m]))
            judge_front_add(&front, t->f + (size_t)i * t->m);
    }
    return front;
}

static void make_told(const struct trace *runs, unsigned seeds, double *scratch, struct algorithm_summary *ret)
{
    unsigned n = runs[0].n_told;
    for (unsigned s = 1; s < seeds; s++)
        n = min_of(runs[s].n_told, n);
    for (unsigned k = 0; k < n; k++) {
        for (unsigned s = 0; s < seeds; s++)
            scratch[s] = runs[s].told[k].hv;
        ret->told[ret->n_told++] = point_of(scratch, seeds, runs[0].told[k].evaluations);
    }
    for (unsigned s = 0; s < seeds && n; s++)
        scratch[s] = runs[s].told[n - 1].front;
    ret->told_front = n ? bench_quantile(scratch, seeds, 0.5) : 0;
    for (unsigned s = 0; s < seeds && n; s++)
        scratch[s] = runs[s].told[n - 1].replicates;
    ret->told_replicates = n ? bench_quantile(scratch, seeds, 0.5) : 0;
}

static void make_costs(const struct trace *runs, unsigned seeds, uint32_t budget, double *scratch, struct algorithm_summary *ret)
{
    size_t n_asks = 0;
    double cpu = 0, proposals = 0, late_cpu = 0, late_proposals = 0;
    for (unsigned s = 0; s < seeds; s++) {
        const struct trace *t = &runs[s];
        n_asks += t->n_asks;
        cpu += t->cpu_s;
        proposals += t->n_proposals;
        late_cpu += t->late_cpu_s;
        late_proposals += t->n_late_proposals;
        ret->duplicates += t->duplicates;
        ret->given_up += t->given_up;
        ret->retried += t->retried;
        ret->unmeasured += t->unmeasured;
        ret->short_runs += t->cost ? t->spent < budget - 1 : t->n < budget;
    }
    double *ask = xcalloc(n_asks ? n_asks : 1, sizeof *ask);
    size_t k = 0;
    for (unsigned s = 0; s < seeds; s++) {
        for (uint32_t i = 0; i < runs[s].n_asks; i++)
            ask[k++] = runs[s].ask_ms[i];
    }
    ret->ask_p50_ms = bench_quantile(ask, k, 0.5);
    ret->ask_p99_ms = bench_quantile(ask, k, 0.99);
    ret->cpu_ms = proposals > 0 ? 1e3 * cpu / proposals : NAN;
    ret->late_cpu_ms = late_proposals > 0 ? 1e3 * late_cpu / late_proposals : NAN;
    free(ask);
    for (unsigned s = 0; s < seeds; s++)
        scratch[s] = runs[s].wall;
    ret->wall = bench_quantile(scratch, seeds, 0.5);
    for (unsigned s = 0; s < seeds; s++)
        scratch[s] = runs[s].busy;
    ret->busy = bench_quantile(scratch, seeds, 0.5);
}

static void make_pair(const struct bench_results *r, const struct judge_front *fronts_a, const struct judge_front *fronts_b, struct pair_summary *p)
{
    unsigned seeds = r->n_seeds;
    const struct trace *a = r->trace + (size_t)p->a * seeds, *b = r->trace + (size_t)p->b * seeds;
    double *d = xcalloc(seeds, sizeof *d), *v = xcalloc(seeds, sizeof *v);
    for (unsigned s = 0; s < seeds; s++) {
        d[s] = hv_at(&a[s], p->evaluations) - hv_at(&b[s], p->evaluations);
        v[s] = hv_at(&b[s], p->evaluations);
        p->mean += d[s] / seeds;
        p->wins += d[s] > 0;
        for (unsigned k = 0; k < seeds; k++)
            p->c += judge_coverage(&fronts_a[s], &fronts_b[k]) / ((double)seeds * seeds);
    }
    p->pairs = seeds;
    p->p = p->p_holm = bench_wilcoxon(d, seeds);
    p->median = bench_quantile(d, seeds, 0.5);
    p->level = bench_quantile(v, seeds, 0.5);
    for (unsigned s = 0; s < seeds; s++) {
        v[s] = first_reach(&a[s], p->level, false);
        d[s] = first_reach(&b[s], p->level, false);
        p->reached += isfinite(v[s]);
    }
    p->needed = bench_quantile(v, seeds, 0.5);
    p->base = fmin(bench_quantile(d, seeds, 0.5), p->evaluations); // half of b's runs are there by then, by definition
    p->ratio = isfinite(p->needed) && p->base > 0 ? p->needed / p->base : INFINITY;
    free(d);
    free(v);
}

/* Fronts of all runs at one checkpoint; IGD+ and sizes on the way. */
static void make_fronts(const struct bench_options *o, const struct judge *judge, const struct bench_results *r, unsigned c,
                        struct judge_front *fronts, struct summary *ret)
{
    cleanup_free double *scratch = xcalloc(r->n_seeds, sizeof *scratch);
    for (unsigned a = 0; a < r->n_algorithms; a++) {
        if (o->at[c] > o->algorithm[a].params.budget)
            continue;
        struct algorithm_summary *s = &ret->algorithm[a];
        struct judge_front *own = fronts + (size_t)a * r->n_seeds;
        for (unsigned k = 0; k < r->n_seeds; k++) {
            own[k] = front_at(&r->trace[(size_t)a * r->n_seeds + k], o->at[c]);
            scratch[k] = judge_igd_plus(judge, &own[k]);
        }
        s->igd_plus[c] = bench_quantile(scratch, r->n_seeds, 0.5);
        for (unsigned k = 0; k < r->n_seeds; k++)
            scratch[k] = hv_at(&r->trace[(size_t)a * r->n_seeds + k], o->at[c]);
        s->at[c] = point_of(scratch, r->n_seeds, o->at[c]);
        for (unsigned k = 0; k < r->n_seeds; k++)
            scratch[k] = (double)own[k].n;
        s->front[c] = bench_quantile(scratch, r->n_seeds, 0.5);
        s->n_at = c + 1;
    }
}

/* Both directions of every pair at every checkpoint within both budgets. A level may lie beyond a's budget: then only level and ratio hold. */
static void make_pairs(const struct bench_options *o, const struct judge *judge, const struct bench_results *r, struct summary *ret)
{
    ret->pair = xcalloc(PAIRS_MAX, sizeof *ret->pair);
    struct judge_front *fronts = xcalloc((size_t)r->n_algorithms * r->n_seeds, sizeof *fronts);
    for (unsigned c = 0; c < o->n_at; c++) {
        make_fronts(o, judge, r, c, fronts, ret);
        for (unsigned a = 0; a < r->n_algorithms; a++) {
            for (unsigned b = 0; b < r->n_algorithms; b++) {
                if (a == b || o->at[c] > o->algorithm[b].params.budget)
                    continue;
                struct pair_summary *p = &ret->pair[ret->n_pairs++];
                *p = (struct pair_summary){.a = a, .b = b, .evaluations = o->at[c]};
                make_pair(r, fronts + (size_t)a * r->n_seeds, fronts + (size_t)b * r->n_seeds, p);
                if (o->at[c] > o->algorithm[a].params.budget)
                    p->c = p->median = p->mean = p->p = p->p_holm = NAN;
            }
        }
        for (size_t k = 0; k < (size_t)r->n_algorithms * r->n_seeds; k++)
            judge_front_fini(&fronts[k]);
    }
    free(fronts);
}

/* One family: the comparisons a < b (the other direction has the same p). */
static void correct(struct summary *s)
{
    double *p = xcalloc(s->n_pairs ? s->n_pairs : 1, sizeof *p);
    unsigned n = 0;
    for (unsigned i = 0; i < s->n_pairs; i++) {
        if (s->pair[i].a < s->pair[i].b && !isnan(s->pair[i].p))
            p[n++] = s->pair[i].p;
    }
    bench_holm(p, n);
    n = 0;
    for (unsigned i = 0; i < s->n_pairs; i++) {
        if (s->pair[i].a < s->pair[i].b && !isnan(s->pair[i].p))
            s->pair[i].p_holm = p[n++];
    }
    for (unsigned i = 0; i < s->n_pairs; i++) {
        for (unsigned k = 0; k < s->n_pairs && s->pair[i].a > s->pair[i].b; k++) {
            if (s->pair[k].a == s->pair[i].b && s->pair[k].b == s->pair[i].a && s->pair[k].evaluations == s->pair[i].evaluations &&
                !isnan(s->pair[i].p))
                s->pair[i].p_holm = s->pair[k].p_holm;
        }
    }
    free(p);
}

/* With a delay column: evaluations, hypervolume and the slow end at equal evaluations and at equal time. */
static void make_bias(const struct bench_options *o, const struct problem *p, const struct judge *judge, const struct bench_results *r,
                      struct summary *s)
{
    s->bias = p->delay >= 0;
    s->wall = INFINITY;
    for (unsigned a = 0; a < s->n_algorithms; a++)
        s->wall = fmin(s->wall, s->algorithm[a].wall);
    for (unsigned a = 0; a < s->n_algorithms && s->bias; a++) {
        const struct trace *runs = r->trace + (size_t)a * r->n_seeds;
        for (unsigned c = 0; c < s->algorithm[a].n_at; c++)
            s->algorithm[a].bias[c] = bias_at(p, judge, runs, r->n_seeds, o->at[c], 0);
        s->algorithm[a].bias_timed = bias_at(p, judge, runs, r->n_seeds, 0, s->wall);
    }
}

void summary_make(const struct bench_options *o, const struct problem *p, const struct judge *judge, const struct bench_results *results,
                  struct summary *ret_summary)
{
    struct summary *s = ret_summary;
    *s = (struct summary){.n_algorithms = results->n_algorithms};
    double *scratch = xcalloc(results->n_seeds, sizeof *scratch);
    for (unsigned a = 0; a < s->n_algorithms; a++) {
        struct algorithm_summary *own = &s->algorithm[a];
        const struct trace *runs = results->trace + (size_t)a * results->n_seeds;
        own->name = o->algorithm[a].label;
        make_curve(runs, results->n_seeds, o->algorithm[a].params.budget, scratch, own);
        make_targets(runs, results->n_seeds, scratch, own);
        make_told(runs, results->n_seeds, scratch, own);
        make_costs(runs, results->n_seeds, o->algorithm[a].params.budget, scratch, own);
    }
    make_pairs(o, judge, results, s);
    correct(s);
    make_bias(o, p, judge, results, s);
    free(scratch);
}

void summary_fini(struct summary *s)
{
    free(s->pair);
    *s = (struct summary){0};
}
