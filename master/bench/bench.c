/* See bench.h. Flow: options → problem (space, table, fits) → best-known front and judge → every algorithm × seed on the process pool →
 * summary → text, JSON, page. */
#include "bench/bench.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "bench/options.h"
#include "bench/pool.h"
#include "bench/problem.h"
#include "bench/reference.h"
#include "bench/report.h"
#include "bench/run.h"
#include "bench/separate.h"
#include "bench/summary.h"

enum { POLICY_BYTES_MAX = 1 << 16 };

struct bench {
    struct bench_options *o;
    const struct problem *p;
    const struct judge *judge;
    struct bench_results results;
    unsigned done;
    int64_t started_ns, drawn_ns;
};

static int work(void *context, unsigned index, struct bytes *out, struct sonata_error *err)
{
    struct bench *b = context;
    struct trace t = {0};
    unsigned a = index % b->o->n_algorithms, seed = index / b->o->n_algorithms;
    struct run_request order = {b->o, b->p, &b->o->algorithm[a], b->judge, b->o->first_seed + seed};
    int r = b->o->pool.n ? run_separate(&order, &t, err) : run_search(&order, &t, err);
    if (!r)
        trace_save(&t, out);
    trace_fini(&t);
    return r;
}

/* One line that is redrawn on a terminal; at most one line in ten seconds elsewhere. */
static void draw_progress(struct bench *b, unsigned total)
{
    int64_t now = clock_monotonic_ns();
    bool terminal = isatty(STDERR_FILENO), last = b->done == total;
    if (b->o->quiet || (!last && now - b->drawn_ns < (terminal ? 1 : 100) * SONATA_SECOND / 10))
        return;
    b->drawn_ns = now;
    double spent = (double)(now - b->started_ns) / (double)SONATA_SECOND, left = b->done ? spent / b->done * (total - b->done) : 0;
    char bar[31];
    for (unsigned i = 0; i < 30; i++)
        bar[i] = i < 30 * b->done / total ? '#' : '.';
    bar[30] = '\0';
    fprintf(stderr, terminal ? "\r[%s] %u of %u runs, %.0f s, about %.0f s left \033[K%s" : "[%s] %u of %u runs, %.0f s, about %.0f s left%s", bar,
            b->done, total, spent, left, last || !terminal ? "\n" : "");
}

static int take(void *context, unsigned index, struct reader *answer, struct sonata_error *err)
{
    struct bench *b = context;
    unsigned a = index % b->o->n_algorithms, seed = index / b->o->n_algorithms;
    struct trace *t = &b->results.trace[a * b->results.n_seeds + seed];
    if (!trace_load(answer, t))
        return sonata_error_set(err, -1, "algorithm %s, seed %u: damaged answer", b->o->algorithm[a].label, seed + 1);
    if (b->o->policy_out[0]) { /* the next run goes on from there */
        bytes_fini(&b->o->policy);
        b->o->policy = t->policy;
        t->policy = (struct bytes){0};
    }
    b->done++;
    draw_progress(b, b->results.n_algorithms * b->results.n_seeds);
    return 0;
}

static int check_algorithms(const struct bench_options *o, const struct problem *p, struct sonata_error *err)
{
    for (unsigned a = 0; a < o->n_algorithms; a++) {
        struct core_params params = o->algorithm[a].params;
        params.n_objectives = p->n_objectives;
        params.budget = max_of(20, params.budget);
        int r = core_params_check(&params, err);
        if (r)
            return sonata_error_prefix(err, r, "--algorithm %s", o->algorithm[a].label);
    }
    return 0;
}

static int report_files(const struct report *report, struct sonata_error *err)
{
    int r = report->o->json[0] ? report_json(report, report->o->json, err) : 0;
    if (!r && report->o->plot[0])
        r = report_plot(report, report->o->plot, err);
    return r;
}

static int read_policy(struct bench_options *o, struct sonata_error *err)
{
    return o->policy_in[0] ? file_read(o->policy_in, POLICY_BYTES_MAX, &o->policy, err) : 0;
}

static int write_policy(const struct bench_options *o, struct sonata_error *err)
{
    if (!o->policy_out[0])
        return 0;
    if (!o->policy.size)
        return sonata_error_set(err, -EINVAL, "--policy-out: algorithm %s has no agent", o->algorithm[0].label);
    return file_write_atomic(o->policy_out, o->policy.data, o->policy.size, err);
}

static int run_all(struct bench_options *o, const struct problem *p, const struct reference *reference, const struct judge *judge,
                   struct sonata_error *err)
{
    struct report report = {o, p, reference, judge, NULL};
    struct bench b = {.o = o, .p = p, .judge = judge, .started_ns = clock_monotonic_ns()};
    unsigned n = o->n_algorithms * o->seeds, jobs = o->jobs ? o->jobs : pool_cores();
    report_problem(&report, stdout);
    fflush(stdout);
    b.results = (struct bench_results){o->n_algorithms, o->seeds, xcalloc(n, sizeof *b.results.trace)};
    int r = pool_run_all(n, min_of(jobs, n), work, take, &b, err);
    if (!r) {
        struct summary *summary = xcalloc(1, sizeof *summary);
        summary_make(o, p, judge, &b.results, summary);
        report.summary = summary;
        report_text(&report, stdout);
        r = report_files(&report, err);
        if (!r)
            r = write_policy(o, err);
        summary_fini(summary);
        free(summary);
    }
    for (unsigned i = 0; i < n; i++)
        trace_fini(&b.results.trace[i]);
    free(b.results.trace);
    return r;
}

static int fail(const struct sonata_error *err, int status)
{
    fprintf(stderr, "sonata bench: %s\n", err->text);
    return status;
}

int bench_main(int argc, char **argv)
{
    struct sonata_error err = {{0}};
    struct bench_options *o = xcalloc(1, sizeof *o);
    struct problem *p = xcalloc(1, sizeof *p);
    struct reference reference = {.front = {0}};
    struct judge judge = {0};
    int status = 0, r = bench_options_parse(argc, argv, o, &err);
    if (r < 0)
        status = fail(&err, 2);
    else if (r == 0 && read_policy(o, &err))
        status = fail(&err, 2);
    else if (r == 0 && (problem_load(o, p, &err) || check_algorithms(o, p, &err)))
        status = fail(&err, 2);
    else if (r == 0 && (reference_find(o, p, argc, argv, &reference, &err) || reference_judge(p, &reference, &judge, &err)))
        status = fail(&err, 2);
    else if (r == 0 && run_all(o, p, &reference, &judge, &err))
        status = fail(&err, 1);
    judge_fini(&judge);
    reference_fini(&reference);
    problem_fini(p);
    bytes_fini(&o->policy);
    free(p);
    free(o);
    return status;
}
