/* What the files of master/search share: the state of a search, the table of algorithms, the generators of candidates. */
#ifndef SONATA_SEARCH_CORE_INTERNAL_H
#define SONATA_SEARCH_CORE_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/rng.h"
#include "search/archive.h"
#include "search/core.h"
#include "search/layout.h"
#include "search/settings.h"

/* A genotype about to be proposed. */
struct candidate {
    struct genotype genotype; // canonical, unseen
    uint8_t features[SPACE_GENES_MAX];
    uint32_t arm;
    int64_t parent[2];
    bool predicted;
    double mean[CORE_OBJECTIVES_MAX], sd[CORE_OBJECTIVES_MAX]; // objective units
    double q[CORE_OBJECTIVES_MAX];                             // optimistic prediction, objective units
    double risk;                                               // predicted probability of being infeasible
    uint32_t known;                                            // objectives that are measured: bit o; mean and q hold them
    float context[CHOOSER_FEATURES], probability;
};

/* Options an algorithm reads (settings.c). */
enum { GROUP_ALL = 1, GROUP_EVOLUTION = 2, GROUP_MODEL = 4, GROUP_SONATA = 8, GROUP_PLUS = 16, GROUP_OPERATORS = 32 };

struct algorithm {
    const char *name;
    bool quick; /* no models: proposals cost microseconds */
    uint32_t option_groups;
    uint32_t n_arms;
    const char *const *arm;
    /* Changes the common defaults to this algorithm's; an init of 0 becomes the population. */
    void (*defaults)(const struct core_params *p, struct core_settings *s);
    /* Up to n unseen, mutually distinct candidates; fewer when it finds no more. Called after the initial design only. */
    uint32_t (*breed)(struct core *s, uint32_t n, struct candidate *ret_candidates);
    /* After rows were told: one row steady-state, the whole generation otherwise. */
    void (*told)(struct core *s, const uint32_t *rows, uint32_t n);
};

/* Its index in the table, for algorithm_get(); -1: not known. */
int64_t algorithm_find(const char *name);
/* The row at an index of algorithm_find(). */
const struct algorithm *algorithm_get(uint32_t index);
/* "random, nsga2, …" */
const char *algorithm_names(void);

/* The breeding population of the evolutionary modes: rows, their rank and crowding among themselves. */
struct population {
    uint32_t *row;
    uint32_t n;
    uint32_t *rank;
    double *crowding;
};

struct models;
struct chooser;

struct core {
    struct space space;
    struct layout layout; // of the space
    struct core_params params;
    struct core_settings set;
    const struct algorithm *algorithm;
    struct rng rng;
    struct archive archive;
    struct population population;
    uint32_t generation;      // generational: of the proposals under way
    uint32_t generation_left; // generational: proposals still to be bred for it
    uint32_t *fresh;          // generational: told rows waiting for the rest of it
    uint32_t n_fresh;
    size_t fresh_capacity;
    struct hint { // values measured elsewhere (core_hint)
        uint8_t features[SPACE_GENES_MAX];
        struct genotype genotype;
        uint32_t objective;
        double value;
    } * hint;
    uint32_t n_hints;
    size_t hint_capacity;
    bool exhausted;
    atomic_bool canceled; // nobody will use what is computed
    uint64_t walk_left;   // forms that the ask under way may visit in search of unseen ones
    bool overtaken;       // the ask under way has proposals of earlier ones in flight, whose results later ones may overtake
    double scale_low[CORE_OBJECTIVES_MAX], scale_high[CORE_OBJECTIVES_MAX], first_low[CORE_OBJECTIVES_MAX];
    uint32_t scale_n;          // results behind scale_high (fixed from set.init on)
    struct models *models;     // NULL for algorithms without a surrogate
    struct chooser *chooser;   // NULL without one
    struct candidate *reserve; // bred ahead, in the order of use
    uint32_t n_reserve, reserve_at;
    uint32_t reserve_told;        // results known when they were bred
    double cost[CORE_GROUPS_MAX]; // of measuring each group, 0: not told
    uint32_t screening;           // architectures screened for each that is promoted
    uint32_t cheap_groups;        // mask of what a screening measures
    uint64_t screening_credit;    // screenings asked for that no promotion has used
    unsigned loading;             // version of the bytes that it is being made from
    uint32_t n_whole;             // rows asked for in all groups
    size_t reserve_capacity;
};

/* --- core.c --- */

/* core_ask() for some groups (a mask). */
uint32_t ask_groups(struct core *s, uint32_t n, uint32_t groups, struct core_proposal *ret_proposals);

/* --- design.c: where genotypes come from when nothing is known --- */

/* Arms 0 and 1 of every algorithm. */
enum { ARM_INIT, ARM_RANDOM, ARM_FIRST_OWN };

/* Set of genotype keys of one breeding call, so that candidates are distinct among themselves. */
struct keyset {
    uint64_t *slot;
    uint32_t slots, n;
};
/* Releases what it holds. */
void keyset_fini(struct keyset *k);
/* False when the key was there already. */
bool keyset_add(struct keyset *k, uint64_t key);

/* True when the canonical genotype is neither in the archive nor in `among` (may be NULL); then it is added to `among`. */
bool candidate_accept(const struct core *s, struct keyset *among, const struct genotype *canonical);
/* A random genotype as for the above, after at most a few hundred tries and then, in small spaces, by walking through all of them.
 * False: none is left (s->exhausted is set when `among` is empty) or none was found. */
bool design_unseen(struct core *s, struct keyset *among, struct genotype *ret_genotype);
/* Next candidate of the initial design. */
bool design_next(struct core *s, struct keyset *among, struct genotype *ret_genotype);
/* What the models see of a genotype: space_features(), or with mask=off the same without knowledge of dead edges. */
void core_features(const struct core *s, const struct genotype *canonical, uint8_t ret_features[SPACE_GENES_MAX]);
/* A candidate of that canonical genotype, bred by `arm`, without parents or predictions. */
void candidate_init(const struct core *s, struct candidate *c, const struct genotype *canonical, uint32_t arm);

/* --- operators.c --- */

/* Mutates at least one active gene of g to a different value; g becomes canonical. Rate 1/active per gene. */
void operator_mutate(struct core *s, struct genotype *g);
/* Uniform (or block-wise) crossover of a and b; genes that become active without a value from a parent are drawn. Canonical. */
void operator_crossover(struct core *s, const struct genotype *a, const struct genotype *b, struct genotype *ret_child);
/* Child that takes gene j from b where from_b[j] and from a elsewhere (from the other one where that parent's gene is silent). Canonical. */
void operator_mix(struct core *s, const struct genotype *a, const struct genotype *b, const bool from_b[SPACE_GENES_MAX], struct genotype *ret_child);
/* Changes one random active gene. */
void operator_mutate_one(struct core *s, struct genotype *g);
/* Changes gene j (active) of canonical g to another value v and makes it canonical again; newly active genes are drawn. */
void operator_set(struct core *s, struct genotype *g, uint32_t j, uint8_t v);
/* Another value of the gene than v, uniform or by steps for an ordinal gene (set.mutation). The gene has at least 2 choices. */
uint8_t operator_other_value(struct core *s, uint32_t j, uint8_t v);

/* --- population.c --- */
void population_fini(struct population *p);
/* population = best set.population of it and the rows, by constrained rank and crowding. Failed rows are ignored. */
void population_merge(struct core *s, const uint32_t *rows, uint32_t n);
/* Takes the row out, if it is in; population_refresh() is due then. */
void population_drop(struct core *s, uint32_t row);
/* Recomputes rank and crowding (load, retell). */
void population_refresh(struct core *s);
/* Binary tournament: lower rank, then larger crowding; counts a use. Returns the row. */
uint32_t population_tournament(struct core *s);
/* Crossover and mutation of two tournament winners until unseen; random when the population is too small or repeats itself. */
bool population_offspring(struct core *s, struct keyset *among, uint32_t arm, struct candidate *ret_candidate);

/* --- scale.c --- */
/* Search scale after new results: low = best seen, high = worst (or a quantile) of the first results. */
void scale_update(struct core *s);
/* The same when all that is new is that this row was told. */
void scale_told(struct core *s, uint32_t row);
/* Objective vector in search scale. */
void scale_normalise(const struct core *s, const double *y, double *ret_z);
/* Hypervolume that y would add to the measured front, in search scale. */
double scale_gain(const struct core *s, const double *y);

extern const struct algorithm algorithm_random, algorithm_nsga2, algorithm_sonata, algorithm_sonata_plus, algorithm_aging, algorithm_linas,
    algorithm_nsganetv2, algorithm_local, algorithm_optuna_nsga2,
    algorithm_ehvi, algorithm_lamoo, algorithm_parego;

#endif
