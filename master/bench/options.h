/* What `sonata bench` was asked to do. */
#ifndef SONATA_BENCH_OPTIONS_H
#define SONATA_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "search/core.h"

enum {
    BENCH_TEXT_MAX = 256,
    BENCH_COLUMN_MAX = 64,
    BENCH_COLUMNS_MAX = 16,
    BENCH_CONSTRAINTS_MAX = 8,
    BENCH_ALGORITHMS_MAX = 16,
    BENCH_SEEDS_MAX = 1000,
    BENCH_CHECKPOINTS_MAX = 16,
    BENCH_WORKERS_MAX = 1024,
    BENCH_BUDGET_MAX = 200000,
};

/* COLUMN=V or COLUMN=OTHER of one option. */
struct column_value {
    char column[BENCH_COLUMN_MAX];
    double value;
    char other[BENCH_COLUMN_MAX];
};

struct column_list {
    unsigned n;
    struct column_value item[BENCH_COLUMNS_MAX];
};

struct where {
    char column[BENCH_COLUMN_MAX];
    bool at_least; // column >= value, else column <= value
    double value;
};

/* One competitor: NAME or NAME[key=value,…]; keys of the bench are taken out, the others go to the search library. */
struct bench_algorithm {
    char label[BENCH_TEXT_MAX]; // as written
    struct core_params params;  // seed and n_objectives are set per run
    uint32_t batch;             // proposals per round
    bool rounds;                // no new work before the round is complete
    bool warm;                  // takes part in --warm-start
    bool policy;                // starts with the policy of --policy-in
};

struct bench_options {
    char space[BENCH_TEXT_MAX], table[1024];
    unsigned n_objectives;
    struct {
        char column[BENCH_COLUMN_MAX];
        bool maximise;
    } objective[CORE_OBJECTIVES_MAX];
    unsigned n_where;
    struct where where[BENCH_CONSTRAINTS_MAX];
    struct column_list ideal, reference, noise, proxy, warm_start;
    struct column_list cost; // of measuring that column alone; a whole evaluation costs 1. Empty: evaluations are counted
    struct column_list pool; // boards that measure that column, apart from those of others; empty: boards measure whole
    unsigned n_fits;
    struct {
        char column[BENCH_COLUMN_MAX];
        double alpha, gamma;
    } fit[BENCH_COLUMNS_MAX];
    unsigned n_algorithms;
    struct bench_algorithm algorithm[BENCH_ALGORITHMS_MAX];
    uint32_t budget, seeds, batch, workers;
    uint64_t first_seed;
    double delay_sigma;                  // of lognormal delays with mean 1; 0: every evaluation takes 1
    char delay_column[BENCH_COLUMN_MAX]; // "": none
    double straggler, fail;
    uint32_t replicates; // further measurements of a front member before it is told (with noise)
    uint32_t warm_budget, warm_first;
    bool generational;
    char shuffle[BENCH_COLUMN_MAX]; // column whose values are dealt to the architectures at random; "": none
    unsigned n_at;
    uint32_t at[BENCH_CHECKPOINTS_MAX]; // evaluations at which fronts are compared
    uint32_t jobs;                      // processes; 0: one per core
    uint32_t threads;                   // inside one search
    uint32_t reference_evaluations;
    char json[1024], plot[1024];
    char policy_in[1024], policy_out[1024];
    struct bytes policy; // the agent's policy that runs start with; empty: none
    char cache[1024];    // "": no cache
    bool quiet, help, version;
    const char *algorithms; // as given: read when their defaults are known
};

/* Fills *o from the arguments (argv[0] is skipped). 0, 1 when --help or --version was printed to stdout, or -EINVAL with the reason. */
int bench_options_parse(int argc, char **argv, struct bench_options *ret_options, struct sonata_error *err) SONATA_MUST_CHECK;
/* Entry of that column, or NULL. */
const struct column_value *column_list_find(const struct column_list *list, const char *column);

#endif
