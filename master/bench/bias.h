/* Whether evaluations that take long are missed: asynchronous searches learn of short ones first and may drift to them. */
#ifndef SONATA_BENCH_BIAS_H
#define SONATA_BENCH_BIAS_H

#include "bench/judge.h"
#include "bench/problem.h"
#include "bench/run.h"

/* Medians over seeds, after some evaluations or some virtual time. */
struct bias_point {
    double evaluations, hv;
    double delay;    // mean of the evaluations so far
    double slow_igd; // IGD+ to the slower half of the best-known front; NAN when the delay is no objective
};

/* At `evaluations` of each run, or at virtual time `wall` when evaluations is 0. */
struct bias_point bias_at(const struct problem *p, const struct judge *judge, const struct trace *runs, unsigned seeds, uint32_t evaluations,
                          double wall);

#endif
