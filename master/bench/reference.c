/* See reference.h. */
#include "bench/reference.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "bench/pool.h"
#include "bench/run.h"
#include "bench/statistics.h"

enum { LONG_NSGA2_RUNS = 4, LONG_RUNS = LONG_NSGA2_RUNS + 1, LONG_SURROGATE_EVALUATIONS = 3000, MEDIAN_SAMPLES = 5000, CACHE_BYTES_MAX = 64 << 20 };

void reference_fini(struct reference *r) { judge_front_fini(&r->front); }

/* Population of the long nsga2 runs: a small one converges, a large one spreads. */
static const uint32_t long_population[LONG_NSGA2_RUNS] = {400, 1000, 400, 1000};

/* The long runs: seeds 1 to 4 of nsga2, seed 1 of sonata+. */
struct long_runs {
    const struct bench_options *o;
    const struct problem *p;
    struct bench_algorithm algorithm[LONG_RUNS];
    struct judge_front *front;
};

static int long_work(void *context, unsigned index, struct bytes *out, struct sonata_error *err)
{
    struct long_runs *l = context;
    struct trace t = {0};
    struct bench_options *o = xmemdup(l->o, sizeof *o);
    o->workers = 0;
    o->fail = o->straggler = 0;
    o->warm_start.n = 0;
    struct problem *p = xmemdup(l->p, sizeof *p); // the long runs see the truth
    for (unsigned j = 0; j < p->n_objectives; j++) {
        p->objective[j].noise = 0;
        p->objective[j].seen = p->objective[j].truth;
    }
    uint64_t seed = index < LONG_NSGA2_RUNS ? index + 1 : 1;
    int r = run_search(&(struct run_request){o, p, &l->algorithm[index], NULL, seed}, &t, err);
    if (!r) {
        struct judge_front front = {.m = p->n_objectives};
        for (size_t i = 0; i < t.n; i++) {
            if (isfinite(t.f[i * t.m]))
                judge_front_add(&front, t.f + i * t.m);
        }
        bytes_put_u32(out, (uint32_t)front.n);
        bytes_append(out, front.f, front.n * front.m * sizeof *front.f);
        judge_front_fini(&front);
    }
    trace_fini(&t);
    free(o);
    free(p);
    return r;
}

static int long_done(void *context, unsigned index, struct reader *answer, struct sonata_error *err)
{
    struct long_runs *l = context;
    unsigned m = l->p->n_objectives;
    uint32_t n = reader_count(answer, UINT32_MAX, m * sizeof(double));
    double f[CORE_OBJECTIVES_MAX];
    for (uint32_t i = 0; i < n; i++) {
        reader_copy(answer, f, m * sizeof *f);
        judge_front_add(l->front, f);
    }
    if (!l->o->quiet)
        fprintf(stderr, "best-known front: long run %u done, %zu members\n", index + 1, l->front->n);
    return reader_done(answer) ? 0 : sonata_error_set(err, -EBADMSG, "long run %u: damaged answer", index + 1);
}

/* The runs, and in ret->how what they are. Returns their number. */
static unsigned plan_long(const struct bench_options *o, const struct problem *p, struct long_runs *l, struct reference *ret)
{
    *l = (struct long_runs){.o = o, .p = p, .front = &ret->front};
    for (unsigned i = 0; i < LONG_RUNS; i++) {
        struct bench_algorithm *a = &l->algorithm[i];
        bool surrogate = i == LONG_NSGA2_RUNS;
        snprintf(a->label, sizeof a->label, "long run %u", i + 1);
        copy_string(a->params.algorithm, sizeof a->params.algorithm, surrogate ? "sonata+" : "nsga2");
        a->rounds = true;
        a->params.generational = !surrogate;
        a->params.population = surrogate ? 0 : long_population[i];
        a->params.budget = surrogate ? min_of(o->reference_evaluations, (uint32_t)LONG_SURROGATE_EVALUATIONS) : o->reference_evaluations;
        a->batch = surrogate ? 20 : long_population[i];
    }
    struct sonata_error ignored = {{0}};
    l->algorithm[LONG_NSGA2_RUNS].params.n_objectives = p->n_objectives;
    bool have_surrogate = core_params_check(&l->algorithm[LONG_NSGA2_RUNS].params, &ignored) == 0;
    snprintf(ret->how, sizeof ret->how, "union of 4 nsga2 runs of %u evaluations (populations 400 and 1000)%s", o->reference_evaluations,
             have_surrogate ? " and a sonata+ run of 3000" : "");
    return have_surrogate ? LONG_RUNS : LONG_NSGA2_RUNS;
}

static int run_long(struct long_runs *l, unsigned n, struct sonata_error *err)
{
    unsigned jobs = l->o->jobs ? l->o->jobs : pool_cores();
    if (!l->o->quiet)
        fprintf(stderr, "best-known front: not cached; %u long runs, once per problem\n", n);
    return pool_run_all(n, min_of(jobs, n), long_work, long_done, l, err);
}

/* Empty when nothing is to be cached. */
static void cache_path(const struct bench_options *o, const struct problem *p, char *path, size_t size)
{
    char hex[65];
    problem_hash(o, p, hex);
    int n = o->cache[0] ? snprintf(path, size, "%s/front-%.24s.txt", o->cache, hex) : 0;
    if (!o->cache[0] || n < 0 || (size_t)n >= size)
        path[0] = '\0';
}

/* Comment lines, then one vector per line. A damaged cache, or one of other runs than those planned, is made anew. */
static bool cache_read(const struct problem *p, struct reference *ret)
{
    struct bytes text = {0};
    struct sonata_error ignored = {{0}};
    if (!file_exists(ret->path) || file_read(ret->path, CACHE_BYTES_MAX, &text, &ignored))
        return false;
    bytes_put_u8(&text, 0);
    bool ok = true;
    for (char *line = (char *)text.data; *line && ok;) {
        char *end = line + strcspn(line, "\n");
        bool last = !*end;
        *end = '\0';
        ok = strncmp(line, "# how: ", 7) != 0 || !strcmp(line + 7, ret->how);
        double f[CORE_OBJECTIVES_MAX];
        char *at = line;
        for (unsigned j = 0; j < p->n_objectives && *line != '#' && ok; j++) {
            char *next;
            f[j] = strtod(at, &next);
            ok = next != at && isfinite(f[j]);
            at = next;
        }
        if (*line != '#' && ok)
            judge_front_add(&ret->front, f);
        line = last ? end : end + 1;
    }
    bytes_fini(&text);
    if (!ok || !ret->front.n)
        judge_front_fini(&ret->front);
    return ok && ret->front.n;
}

static void put_text(struct bytes *out, const char *text) { bytes_append(out, text, strlen(text)); }

/* A cache that cannot be written is only slower: said, not fatal. */
static void cache_write(const struct bench_options *o, const struct problem *p, int argc, char **argv, const struct reference *r)
{
    struct bytes out = {0};
    struct sonata_error err = {{0}};
    char number[64];
    put_text(&out, "# best-known front of a sonata bench problem, minimised\n# how: ");
    put_text(&out, r->how);
    put_text(&out, "\n# command: sonata bench");
    for (int i = 1; i < argc; i++) {
        put_text(&out, " ");
        put_text(&out, argv[i]);
    }
    put_text(&out, "\n");
    for (size_t i = 0; i < r->front.n; i++) {
        for (unsigned j = 0; j < p->n_objectives; j++) {
            snprintf(number, sizeof number, "%.17g%s", r->front.f[i * p->n_objectives + j], j + 1 < p->n_objectives ? " " : "\n");
            put_text(&out, number);
        }
    }
    if (file_make_dirs(o->cache, false, &err) || file_write_atomic(r->path, out.data, out.size, &err))
        fprintf(stderr, "warning: the best-known front is not cached (%s); the next run makes it again\n", err.text);
    bytes_fini(&out);
}

int reference_find(const struct bench_options *o, const struct problem *p, int argc, char **argv, struct reference *ret_reference,
                   struct sonata_error *err)
{
    struct reference r = {.front = {.m = p->n_objectives}, .enumerated = p->n_space > 0};
    double f[CORE_OBJECTIVES_MAX];
    int code = 0;
    for (size_t i = 0; i < p->n_space; i++) {
        if (problem_objectives(p, &p->every[i], VIEW_TRUTH, f) && problem_violation(p, &p->every[i]) <= 0)
            judge_front_add(&r.front, f);
    }
    if (r.enumerated) {
        snprintf(r.how, sizeof r.how, "enumeration of all %zu architectures", p->n_space);
    } else {
        struct long_runs *l = xcalloc(1, sizeof *l);
        unsigned n = plan_long(o, p, l, &r);
        cache_path(o, p, r.path, sizeof r.path);
        r.cached = r.path[0] && cache_read(p, &r);
        if (!r.cached)
            code = run_long(l, n, err);
        if (!code && !r.cached && r.path[0])
            cache_write(o, p, argc, argv, &r);
        free(l);
    }
    if (!code && !r.front.n)
        code = sonata_error_set(err, -ERANGE, "no architecture is feasible: relax --where");
    if (code)
        reference_fini(&r);
    else
        *ret_reference = r;
    return code;
}

/* Median of objective j over the space: all of it, or 5,000 random architectures. */
static double median_of_space(const struct problem *p, unsigned j)
{
    size_t n = p->n_space ? p->n_space : MEDIAN_SAMPLES, k = 0;
    double *v = xcalloc(n, sizeof *v), f[CORE_OBJECTIVES_MAX];
    struct rng rng = rng_seeded(1, 0);
    for (size_t i = 0; i < n; i++) {
        struct genotype g = p->n_space ? p->every[i] : space_random(&p->space, &rng);
        if (problem_objectives(p, &g, VIEW_TRUTH, f))
            v[k++] = f[j];
    }
    double median = bench_quantile(v, k, 0.5);
    free(v);
    return median;
}

int reference_judge(const struct problem *p, const struct reference *r, struct judge *ret_judge, struct sonata_error *err)
{
    struct judge judge = {.m = p->n_objectives};
    unsigned lead = 0;
    for (unsigned j = p->n_objectives; j-- > 0;)
        lead = p->objective[j].maximise ? j : lead;
    double lead_limit = isnan(p->reference_given[lead]) ? median_of_space(p, lead) : p->reference_given[lead];
    for (unsigned j = 0; j < judge.m; j++) {
        double best = INFINITY, worst = -INFINITY;
        for (size_t i = 0; i < r->front.n; i++) {
            const double *f = r->front.f + i * judge.m;
            best = fmin(best, f[j]);
            if (f[lead] < lead_limit)
                worst = fmax(worst, f[j]);
        }
        judge.ideal[j] = isnan(p->ideal_given[j]) ? best : p->ideal_given[j];
        double standard = j == lead ? lead_limit : worst + 0.05 * fabs(worst);
        judge.reference[j] = isnan(p->reference_given[j]) ? standard : p->reference_given[j];
        if (!(judge.ideal[j] < judge.reference[j]))
            return sonata_error_set(err, -ERANGE, "objective %u: ideal %g is not better than reference %g; give --ideal and --reference", j + 1,
                                    problem_original(p, j, judge.ideal[j]), problem_original(p, j, judge.reference[j]));
    }
    judge_set_front(&judge, &r->front);
    if (!(judge.best > 0)) {
        judge_fini(&judge);
        return sonata_error_set(err, -ERANGE,
                                "no member of the best-known front is better than the reference in every objective; correct --reference");
    }
    *ret_judge = judge;
    return 0;
}
