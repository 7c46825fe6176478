/* The problem a benchmark poses: a space, a table of measurements (or models fitted to its columns), objectives and constraints.
 *
 * Inside, every objective is minimised: a maximised column is judged and searched as 100 - value when all its values lie in 0 .. 100
 * (percent: an accuracy becomes an error), else as -value. */
#ifndef SONATA_BENCH_PROBLEM_H
#define SONATA_BENCH_PROBLEM_H

#include "base/rng.h"
#include "bench/fit.h"
#include "bench/judge.h"
#include "bench/options.h"
#include "domain/space.h"

enum { QUANTITIES_MAX = 32 };

/* One column of the table that something uses. */
struct quantity {
    char column[BENCH_COLUMN_MAX];
    double *value;   // per distinct architecture, NAN: not measured
    size_t missing;  // rows without a value
    struct fit *fit; // NULL: looked up
    struct fit_report report;
};

struct problem_objective {
    int truth, seen, source; // quantities: judged, searched on (proxy or the same), of the warm start's source search
    bool maximise, percent;
    double cost;  // of measuring it alone, a whole evaluation being 1; 0: not said
    double noise; // sigma of the lognormal factor on what is seen
};

struct problem_constraint {
    int quantity;
    bool at_least;
    double bound;
};

struct problem {
    struct space space;
    char table[1024];
    size_t n_rows;          // of the file
    size_t n_architectures; // distinct canonical genotypes among them
    struct genotype *architecture;
    size_t n_slots; // open-addressing index over architecture
    uint32_t *slot;
    unsigned n_quantities;
    struct quantity quantity[QUANTITIES_MAX];
    unsigned n_objectives;
    struct problem_objective objective[CORE_OBJECTIVES_MAX];
    unsigned n_constraints;
    struct problem_constraint constraint[BENCH_CONSTRAINTS_MAX];
    int delay;      // quantity of --delay column:C, or -1
    double size;    // space_size()
    bool complete;  // every architecture of the space can be evaluated
    size_t n_space; // enumerable spaces: their distinct architectures, all listed; else 0
    struct genotype *every;
    double ideal_given[CORE_OBJECTIVES_MAX], reference_given[CORE_OBJECTIVES_MAX]; // minimised; NAN: not given
};

/* Space, table and fits as the options say, the quantities of every architecture in reach. Errors name file and column. Release with problem_fini().
 */
int problem_load(const struct bench_options *o, struct problem *ret_problem, struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases what it holds. */
void problem_fini(struct problem *p);

enum problem_view { VIEW_TRUTH, VIEW_SEEN, VIEW_SOURCE };

/* Minimised objectives of an architecture (canonical form) in one view, without noise. false: not measured. */
bool problem_objectives(const struct problem *p, const struct genotype *g, enum problem_view view, double ret_f[CORE_OBJECTIVES_MAX]);
/* Sum of normalised constraint violations, 0: feasible; INFINITY when a constrained column is not measured. */
double problem_violation(const struct problem *p, const struct genotype *g);
/* Duration from the delay column, NAN: not measured. */
double problem_delay(const struct problem *p, const struct genotype *g);
/* Multiplies by lognormal noise where the objective has it. */
void problem_add_noise(const struct problem *p, struct rng *rng, double f[CORE_OBJECTIVES_MAX]);
/* Back to the column's own sense, for people. */
double problem_original(const struct problem *p, unsigned objective, double f);
/* Content of the problem that its best-known front depends on, as hexadecimal of BLAKE2b. */
void problem_hash(const struct bench_options *o, const struct problem *p, char ret_hex[65]);

#endif
