/* See compare.h. */
#include "cli/compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "bench/statistics.h"
#include "search/hypervolume.h"

enum { RUNS_TO_SAY = 3 };
#define MARGIN 0.1 /* the box is so much wider than all fronts on the worse side */

static bool is_same_goal(const struct search_spec *a, const struct search_spec *b)
{
    bool same = a->n_objectives == b->n_objectives;
    for (unsigned k = 0; same && k < a->n_objectives; k++)
        same = !strcmp(a->objective[k].metric, b->objective[k].metric) && !strcmp(a->objective[k].board, b->objective[k].board) &&
               a->objective[k].goal == b->objective[k].goal;
    return same;
}

/* Nothing but the name and the seed is different, and what a fork or a master put in for its own use. */
static bool is_same_setting(const struct search_spec *a, const struct search_spec *b)
{
    bool same = is_same_goal(a, b) && !strcmp(a->algorithm, b->algorithm) && a->n_options == b->n_options && a->population == b->population &&
                a->generational == b->generational && a->budget_evaluations == b->budget_evaluations && !strcmp(a->tier, b->tier) &&
                a->policy_size == b->policy_size && !strcmp(a->space.name, b->space.name) && a->n_constraints == b->n_constraints;
    for (unsigned i = 0; same && i < a->n_options; i++)
        same = !strcmp(a->option[i].name, b->option[i].name) && !strcmp(a->option[i].value, b->option[i].value);
    for (unsigned i = 0; same && i < a->n_constraints; i++)
        same = a->constraint[i].min == b->constraint[i].min && a->constraint[i].max == b->constraint[i].max;
    return same;
}

static bool take_point(const struct search_spec *s, const struct results_individual *x, double *point)
{
    for (unsigned k = 0; k < s->n_objectives; k++) {
        const struct metric_value *v = results_value(x, s->objective[k].metric, s->objective[k].board);
        if (!v || !isfinite(v->value))
            return false;
        point[k] = s->objective[k].goal == GOAL_MAX ? -v->value : v->value;
    }
    return true;
}

static void take_front(struct compared *x, unsigned m)
{
    x->front = xcalloc(x->results->n_front * m + 1, sizeof *x->front);
    for (size_t i = 0; i < x->results->n_front; i++) {
        const struct results_individual *ind = &x->results->individual[x->results->front[i]];
        x->n_front += take_point(&x->results->spec, ind, x->front + x->n_front * m);
    }
}

static void group_runs(struct comparison *c)
{
    for (unsigned i = 0; i < c->n; i++) {
        const struct search_spec *s = &c->run[i].results->spec;
        unsigned g = 0;
        while (g < c->n_groups && !is_same_setting(&c->run[c->group[g].first].results->spec, s))
            g++;
        if (g == c->n_groups) {
            c->group[c->n_groups++].first = i;
            snprintf(c->group[g].name, sizeof c->group[g].name, "%.60s, %u evaluations", s->algorithm, s->budget_evaluations);
        }
        c->group[g].n++;
        c->run[i].group = g;
    }
    for (unsigned g = 0; g < c->n_groups; g++) { /* a setting of one run is called by that */
        const struct search_spec *s = &c->run[c->group[g].first].results->spec;
        if (c->group[g].n == 1)
            snprintf(c->group[g].name, sizeof c->group[g].name, "%.60s", s->name);
    }
}

static void find_box(struct comparison *c)
{
    for (unsigned k = 0; k < c->m; k++) {
        c->ideal[k] = INFINITY;
        c->worst[k] = -INFINITY;
        for (unsigned i = 0; i < c->n; i++) {
            for (size_t p = 0; p < c->run[i].n_front; p++) {
                double v = c->run[i].front[p * c->m + k];
                c->ideal[k] = fmin(c->ideal[k], v);
                c->worst[k] = fmax(c->worst[k], v);
            }
        }
        double width = c->worst[k] - c->ideal[k];
        c->worst[k] += MARGIN * (width > 0 ? width : 1);
    }
}

static double share_of_box(const struct comparison *c, const struct compared *x)
{
    double *scaled = xcalloc(x->n_front * c->m + 1, sizeof *scaled), one[OBJECTIVES_MAX];
    for (unsigned k = 0; k < c->m; k++)
        one[k] = 1;
    for (size_t i = 0; i < x->n_front * c->m; i++) {
        unsigned k = (unsigned)(i % c->m);
        scaled[i] = (x->front[i] - c->ideal[k]) / (c->worst[k] - c->ideal[k]);
    }
    double v = x->n_front ? hypervolume(scaled, (uint32_t)x->n_front, c->m, one) : 0;
    free(scaled);
    return v;
}

/* The hypervolumes of a group's runs; returns how many. */
static unsigned volumes(const struct comparison *c, unsigned group, double value[COMPARE_MAX])
{
    unsigned n = 0;
    for (unsigned i = 0; i < c->n; i++) {
        if (c->run[i].group == group)
            value[n++] = c->run[i].hypervolume;
    }
    return n;
}

static void summarise(struct comparison *c)
{
    for (unsigned g = 0; g < c->n_groups; g++) {
        double v[COMPARE_MAX];
        unsigned n = volumes(c, g, v);
        c->group[g].low = bench_quantile(v, n, 0.25);
        c->group[g].median = bench_quantile(v, n, 0.5);
        c->group[g].high = bench_quantile(v, n, 0.75);
    }
}

/* Twice the mid-rank of v among all values. */
static unsigned rank2(const double *all, unsigned n, double v)
{
    unsigned below = 0, same = 0;
    for (unsigned i = 0; i < n; i++) {
        below += all[i] < v;
        same += all[i] == v;
    }
    return 2 * below + same + 1;
}

/* count[k][s]: subsets of k values whose doubled ranks add up to s, as a share of all subsets of size n in the end. */
static double tail(const unsigned *rank, unsigned total, unsigned n, unsigned sum, unsigned low)
{
    double *count = xcalloc((size_t)(n + 1) * (sum + 1), sizeof *count), all = 0, below = 0;
    count[0] = 1;
    for (unsigned i = 0; i < total; i++) {
        for (unsigned k = n; k > 0; k--) {
            for (unsigned s = sum + 1; s-- > rank[i];)
                count[(size_t)k * (sum + 1) + s] += count[(size_t)(k - 1) * (sum + 1) + s - rank[i]];
        }
    }
    for (unsigned s = 0; s <= sum; s++) {
        double v = count[(size_t)n * (sum + 1) + s];
        all += v;
        below += s <= low ? v : 0;
    }
    free(count);
    return below / all;
}

double compare_rank_sum(const double *a, unsigned n, const double *b, unsigned m)
{
    double all[2 * COMPARE_MAX];
    unsigned rank[2 * COMPARE_MAX], sum = 0, own = 0;
    if (!n || !m || n + m > 2 * COMPARE_MAX)
        return NAN;
    memcpy(all, a, n * sizeof *a);
    memcpy(all + n, b, m * sizeof *b);
    for (unsigned i = 0; i < n + m; i++) {
        rank[i] = rank2(all, n + m, all[i]);
        sum += rank[i];
        own += i < n ? rank[i] : 0;
    }
    /* The distribution is symmetric about its mean: the other tail is that of the mirrored sum. */
    unsigned mirrored = 2 * n * (n + m + 1) - own, low = own < mirrored ? own : mirrored;
    return fmin(1, 2 * tail(rank, n + m, n, sum, low));
}

static double superiority(const double *a, unsigned n, const double *b, unsigned m)
{
    double wins = 0;
    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j < m; j++)
            wins += (a[i] > b[j]) + 0.5 * (a[i] == b[j]);
    }
    return wins / ((double)n * m);
}

static void test_pairs(struct comparison *c)
{
    double p[COMPARE_MAX * (COMPARE_MAX - 1) / 2];
    size_t tested = 0;
    for (unsigned a = 0; a < c->n_groups; a++) {
        for (unsigned b = a + 1; b < c->n_groups; b++) {
            double va[COMPARE_MAX], vb[COMPARE_MAX];
            unsigned na = volumes(c, a, va), nb = volumes(c, b, vb);
            bool enough = na >= RUNS_TO_SAY && nb >= RUNS_TO_SAY;
            c->pair[c->n_pairs++] = (struct compare_pair){a, b, enough ? compare_rank_sum(va, na, vb, nb) : (double)NAN, superiority(va, na, vb, nb)};
            if (enough)
                p[tested++] = c->pair[c->n_pairs - 1].p;
        }
    }
    bench_holm(p, tested);
    for (unsigned i = 0, k = 0; i < c->n_pairs; i++) {
        if (!isnan(c->pair[i].p))
            c->pair[i].p = p[k++];
    }
}

int compare_new(struct results *const *results, unsigned n, struct comparison *ret, struct sonata_error *err)
{
    if (n < 2 || n > COMPARE_MAX)
        return sonata_error_set(err, -EINVAL, "2 to %d searches can be compared", COMPARE_MAX);
    for (unsigned i = 1; i < n; i++) {
        if (!is_same_goal(&results[0]->spec, &results[i]->spec))
            return sonata_error_set(err, -EINVAL, "search %llu (%s) has other objectives than search %llu (%s): they cannot be compared",
                                    (unsigned long long)results[i]->status.id, results[i]->spec.name, (unsigned long long)results[0]->status.id,
                                    results[0]->spec.name);
    }
    struct comparison c = {.m = results[0]->spec.n_objectives, .n = n};
    c.run = xcalloc(n, sizeof *c.run);
    c.group = xcalloc(n, sizeof *c.group);
    c.pair = xcalloc((size_t)n * n, sizeof *c.pair);
    for (unsigned i = 0; i < n; i++) {
        c.run[i].results = results[i];
        take_front(&c.run[i], c.m);
    }
    group_runs(&c);
    find_box(&c);
    for (unsigned i = 0; i < n; i++)
        c.run[i].hypervolume = share_of_box(&c, &c.run[i]);
    summarise(&c);
    test_pairs(&c);
    *ret = c;
    return 0;
}

void compare_fini(struct comparison *c)
{
    for (unsigned i = 0; i < c->n; i++)
        free(c->run[i].front);
    free(c->run);
    free(c->group);
    free(c->pair);
    *c = (struct comparison){0};
}

static bool covers(const struct comparison *c, const struct compared *a, const double *point)
{
    for (size_t p = 0; p < a->n_front; p++) {
        unsigned k = 0;
        while (k < c->m && a->front[p * c->m + k] <= point[k])
            k++;
        if (k == c->m)
            return true;
    }
    return false;
}

double compare_coverage(const struct comparison *c, unsigned a, unsigned b)
{
    size_t n = 0;
    for (size_t p = 0; p < c->run[b].n_front; p++)
        n += covers(c, &c->run[a], c->run[b].front + p * c->m);
    return c->run[b].n_front ? (double)n / (double)c->run[b].n_front : (double)NAN;
}

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The best second objective that a run reaches with the first at most x. */
static double reach(const struct compared *r, double x)
{
    double best = INFINITY;
    for (size_t p = 0; p < r->n_front; p++)
        best = r->front[2 * p] <= x ? fmin(best, r->front[2 * p + 1]) : best;
    return best;
}

/* All first objectives of a group's fronts, rising; to be freed. */
static double *abscissae(const struct comparison *c, unsigned group, size_t *ret_n)
{
    size_t n = 0, room = 0;
    for (unsigned i = 0; i < c->n; i++)
        room += c->run[i].n_front;
    double *x = xcalloc(room + 1, sizeof *x);
    for (unsigned i = 0; i < c->n; i++) {
        for (size_t p = 0; c->run[i].group == group && p < c->run[i].n_front; p++)
            x[n++] = c->run[i].front[2 * p];
    }
    qsort(x, n, sizeof *x, compare_double);
    *ret_n = n;
    return x;
}

double *compare_attained(const struct comparison *c, unsigned group, double share, size_t *ret_n)
{
    size_t n;
    double *x = abscissae(c, group, &n), *corner = xcalloc(2 * n + 2, sizeof *corner), last = INFINITY;
    *ret_n = 0;
    for (size_t i = 0; i < n; i++) {
        double y[COMPARE_MAX];
        unsigned runs = 0;
        for (unsigned k = 0; k < c->n; k++) {
            if (c->run[k].group == group)
                y[runs++] = reach(&c->run[k], x[i]);
        }
        qsort(y, runs, sizeof *y, compare_double);
        unsigned need = (unsigned)ceil(share * runs);
        double best = y[need ? need - 1 : 0];
        if (best >= last)
            continue;
        corner[2 * *ret_n] = x[i];
        corner[2 * (*ret_n)++ + 1] = last = best;
    }
    free(x);
    return corner;
}
