/* One run: one algorithm, one seed, on one problem, in virtual time. */
#ifndef SONATA_BENCH_RUN_H
#define SONATA_BENCH_RUN_H

#include "base/bytes.h"
#include "bench/options.h"
#include "bench/problem.h"

/* What happened, evaluation by evaluation in the order the results came. Release with trace_fini(). */
struct trace {
    unsigned m;
    uint32_t n;                 // evaluations that count
    double *f;                  // truth, minimised, n x m; INFINITY in the first place for infeasible ones
    double *hv;                 // share of the best-known front's hypervolume after each; NULL when run without a judge
    double *cost;               // spent when each was known, screenings and all; NULL where evaluations are counted
    double *time;               // virtual time of each
    double *delay;              // what the delay column says of each; NULL without one
    uint32_t duplicates;        // proposals proposed before (counted against the budget)
    uint32_t given_up, retried; // evaluations that failed three times; failed attempts that were repeated
    uint32_t unmeasured;        // proposals the table does not hold: answered as failed, not counted
    uint32_t screened;          // architectures of which the cheap columns alone were measured first
    double spent;               // in the end
    uint32_t injected;          // measured before the first proposal (warm start)
    bool exhausted;             // the search had nothing left to propose
    double wall, busy;          // virtual time at the end; share of the time until the last first attempt began that workers worked
    double cpu_s, late_cpu_s;   // CPU time in the search library (ask and tell); the same after four fifths of the budget
    uint32_t n_proposals, n_late_proposals, n_asks;
    double *ask_ms;      // time of each ask: CPU time with one thread (a busy machine does not show), else wall time
    struct bytes policy; // what the agent learned, with --policy-out
    unsigned n_told;     // with noise or a proxy: the front the user is told, judged by truth
    struct told {
        uint32_t evaluations, front, replicates;
        double hv;
    } told[BENCH_CHECKPOINTS_MAX];
};

/* Releases what it holds. */
void trace_fini(struct trace *t);
/* Appends its bytes, for trace_load() in another process of the same program. */
void trace_save(const struct trace *t, struct bytes *out);
/* false on damage. */
bool trace_load(struct reader *in, struct trace *ret_trace);

/* Evaluations known after `budget`: of cost where costs are told, else that many. */
uint32_t trace_count(const struct trace *t, double budget);

/* One search to be run; all borrowed. */
struct run_request {
    const struct bench_options *options;
    const struct problem *problem;
    const struct bench_algorithm *algorithm;
    const struct judge *judge; /* NULL: only truths are recorded */
    uint64_t seed;
};
/* Groups of the columns of the problem into params: those that have a cost each, and the others, which cost what is left of a whole evaluation, as
 * the last. ret_cost has room for CORE_GROUPS_MAX. Returns how many groups cost something; 0: no column has a cost. */
uint32_t run_groups(const struct problem *problem, struct core_params *params, double *ret_cost);
/* Runs it; the trace is released with trace_fini(). Deterministic but for cpu_s and ask_ms. -errno with algorithm and seed. */
int run_search(const struct run_request *request, struct trace *ret_trace, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
