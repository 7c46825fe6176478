/* What the runs of a benchmark say, ready to be printed, written as JSON and drawn. */
#ifndef SONATA_BENCH_SUMMARY_H
#define SONATA_BENCH_SUMMARY_H

#include "bench/bias.h"
#include "bench/judge.h"
#include "bench/options.h"
#include "bench/run.h"

enum { CURVE_POINTS_MAX = 96, TARGETS = 8, PAIRS_MAX = BENCH_ALGORITHMS_MAX * BENCH_ALGORITHMS_MAX * BENCH_CHECKPOINTS_MAX };

/* Traces of all runs: algorithm-major. */
struct bench_results {
    unsigned n_algorithms, n_seeds;
    struct trace *trace; // [a * n_seeds + s]
};

struct curve_point {
    uint32_t evaluations;
    double median, q1, q3;
};

/* Evaluations (and virtual time) to a share of the best-known hypervolume; INFINITY when half of the runs do not get there. */
struct target {
    double target, evaluations, wall;
    unsigned reached, runs;
};

struct algorithm_summary {
    const char *name;
    unsigned n_points;
    struct curve_point point[CURVE_POINTS_MAX];
    struct target target[TARGETS];
    unsigned n_at; // checkpoints within its budget
    struct curve_point at[BENCH_CHECKPOINTS_MAX];
    double igd_plus[BENCH_CHECKPOINTS_MAX], front[BENCH_CHECKPOINTS_MAX]; // medians; members
    unsigned n_told;
    struct curve_point told[BENCH_CHECKPOINTS_MAX];
    double told_front, told_replicates; // medians at the last checkpoint
    uint64_t duplicates, given_up, retried, unmeasured;
    unsigned short_runs;                                       // ended before their budget
    double ask_p50_ms, ask_p99_ms;                             // per ask
    double cpu_ms, late_cpu_ms;                                // CPU per proposal (ask and tell): of the run, of its last fifth
    double wall, busy;                                         // medians
    struct bias_point bias[BENCH_CHECKPOINTS_MAX], bias_timed; // with a delay column: at the checkpoints; at the summary's `wall`
};

/* a against b at equal evaluations. */
struct pair_summary {
    unsigned a, b;
    uint32_t evaluations;
    double c;                       // mean over all seed pairs of the C-metric of a over b
    double median, mean, p, p_holm; // differences of hypervolume by seed, Wilcoxon
    unsigned wins, pairs;
    double level, needed, base, ratio; // b's median; median evaluations of a, of b (at most the checkpoint) to reach it; needed / base
    unsigned reached;
};

struct summary {
    unsigned n_algorithms;
    struct algorithm_summary algorithm[BENCH_ALGORITHMS_MAX];
    bool bias;   // there is a delay column
    double wall; // virtual time by which the first of the algorithms was done (median)
    unsigned n_pairs;
    struct pair_summary *pair;
};

/* Statistics over seeds of every algorithm and budget, and their comparisons. Release with summary_fini(). */
void summary_make(const struct bench_options *o, const struct problem *p, const struct judge *judge, const struct bench_results *results,
                  struct summary *ret_summary);
/* Releases what it holds. */
void summary_fini(struct summary *s);

#endif
