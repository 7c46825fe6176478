/* The search core: ask/tell library without I/O, clock, log or threads of its own.
 *
 * Everything is minimised here: the caller negates maximised metrics and turns constraints into violations. With the same space,
 * parameters and sequence of ask/tell calls the bytes of core_save() are the same on any machine of one architecture and any thread count.
 *
 * Life: core_new → (core_ask → evaluate → core_tell)* in any interleaving → core_save at any moment → core_load continues exactly. */
#ifndef SONATA_SEARCH_CORE_H
#define SONATA_SEARCH_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "domain/space.h"

enum { CORE_OBJECTIVES_MAX = 4, CORE_GROUPS_MAX = CORE_OBJECTIVES_MAX, CORE_SCREENING_MAX = 8 };

/* Raised when a default changes what is proposed; a search keeps the defaults of the revision it began with. 2: `bound`; `least-used` auto in
 * `sonata` and `sonata+`. 3: an ask visits at most 32,768 forms in search of unseen ones. 4: `families`; groups may be set while the search runs. */
enum { CORE_REVISION = 4 };

/* Zero-initialise, set what matters, the rest takes the documented default. */
struct core_params {
    char algorithm[32];    /* "random", "nsga2", "sonata", "sonata+", "aging", "linas", "nsganetv2", "local", "optuna-nsga2" */
    uint32_t n_objectives; /* 1 .. 4 */
    uint32_t budget;       /* evaluations planned, 20 .. 100,000; sizes the defaults */
    uint32_t population;   /* 0: default for the budget */
    uint32_t init;         /* initial design, 0: default */
    bool generational;     /* breed only when the whole generation is told; default steady-state */
    uint64_t seed;
    uint32_t n_options; /* switches of one algorithm, e.g. agent=thompson, surrogate=gp; unknown ones are an error */
    struct core_option {
        char name[32], value[32];
    } option[16];
    uint32_t revision;                  /* of the defaults, 0: CORE_REVISION */
    uint32_t threads;                   /* for surrogate work inside ask; never changes results; 0 = 1 */
    uint32_t n_groups;                  /* of objectives that are measured apart from the others; 0 or 1: all together */
    uint8_t group[CORE_OBJECTIVES_MAX]; /* of each objective, below n_groups; each group has one */
};

enum core_status {
    CORE_OK,         /* objectives are measured */
    CORE_INFEASIBLE, /* cannot run: final; objectives ignored; kept as training data of the feasibility model */
    CORE_FAILED      /* infrastructure gave up: no information; the genotype stays blocked */
};

/* One architecture to evaluate. */
struct core_proposal {
    uint64_t id;              /* sequence number in this search: 0, 1, 2 … */
    struct genotype genotype; /* legal; in canonical form; never proposed before */
    uint32_t arm;             /* operator or source that bred it; see core_arm_name() */
    int64_t parent[2];        /* proposal ids, -1: none */
    bool predicted;           /* whether the next two hold a prediction made before the measurement */
    double mean[CORE_OBJECTIVES_MAX], sd[CORE_OBJECTIVES_MAX];
    uint32_t generation;
    uint32_t groups; /* what to measure: bit g for group g */
};

struct core_result {
    enum core_status status;
    double objective[CORE_OBJECTIVES_MAX]; /* minimised; finite */
    double violation;                      /* sum of normalised constraint violations, 0 = feasible */
    uint32_t groups;                       /* whose objectives these are: bit g for group g; 0: all that the proposal named */
};

struct core;

/* Whether proposals of the algorithm cost microseconds, as it has no models to fit; false of one that is not known. */
bool core_algorithm_is_quick(const char *algorithm);
/* 0 or -EINVAL with the reason. */
int core_params_check(const struct core_params *p, struct sonata_error *err) SONATA_MUST_CHECK;
/* New search; space and params are copied. -EINVAL when one of them is wrong. */
int core_new(const struct space *space, const struct core_params *params, struct core **ret_search, struct sonata_error *err) SONATA_MUST_CHECK;
/* Frees it with all it holds; NULL is allowed. */
void core_free(struct core *s);

/* Up to n new distinct proposals, never one evaluated or pending before; registers them as pending. Returns how many were written:
 * fewer than n when the space is exhausted (core_exhausted()) or a generational search waits for results. */
uint32_t core_ask(struct core *s, uint32_t n, struct core_proposal *ret_proposals);
/* The result of proposal `id`. -ENOENT: never proposed. -EALREADY: told before (nothing changes). -EINVAL: an objective is not finite. */
int core_tell(struct core *s, uint64_t id, const struct core_result *result);
/* --- Screening (docs/SEARCH.md, section 7): objectives that cost little are measured for more architectures than those that cost much --- */

/* Whether the algorithm can screen, when groups and costs are told and the costs differ enough. */
bool core_can_screen(const struct core *s);
/* Other groups from now on: n of them, and the group of each objective. -EINVAL: as in core_params; -EBUSY: something is known in part. */
int core_set_groups(struct core *s, uint32_t n, const uint8_t *group) SONATA_MUST_CHECK;
/* How many groups there are; 0 or 1: all objectives are measured together. */
uint32_t core_groups(const struct core *s);
/* What measuring each group alone costs, n_groups numbers > 0 in a unit of the caller's. Takes effect with the next ask. -EINVAL: not so. */
int core_set_costs(struct core *s, const double *cost) SONATA_MUST_CHECK;
/* How many architectures are screened for each one that is measured whole; 1: there is no screening, core_ask() is the way. */
uint32_t core_screening(const struct core *s);
/* Architectures to be screened now, so that the next `k` to be promoted are chosen among enough; those under way are taken off. */
uint32_t core_screening_due(const struct core *s, uint32_t k);
/* Like core_ask(), but the proposals name the cheap groups alone. When these are told, the architecture waits to be promoted. */
uint32_t core_ask_screening(struct core *s, uint32_t n, struct core_proposal *ret_proposals);
/* Up to n of the screened architectures, by gain of hypervolume with what was measured of them; they keep their ids, the proposals name the groups
 * that are not known. Fewer when fewer are screened. */
uint32_t core_ask_promotion(struct core *s, uint32_t n, struct core_proposal *ret_proposals);
/* Screened architectures that wait. */
uint32_t core_screened(const struct core *s);

/* The result of a told proposal was taken back or joined by further measurements: `result` is what holds from here on (the caller averages
 * replicates). Front, population and models follow; what was proposed and rewarded before stays. Any status may become any other. -ENOENT: never
 * proposed. -EINVAL: not told yet, or an objective is not finite. Of a screened architecture that waits: other values of what is known of it, and it
 * waits on; not CORE_OK: it is told, and waits no more. */
int core_retell(struct core *s, uint64_t id, const struct core_result *result);
/* Id of the architecture in this search, or -1. */
int64_t core_find(const struct core *s, const struct genotype *g);
/* Adds an evaluated architecture that this search did not propose (warm start, fork of another search): counts as evaluated, not as a
 * proposal of an arm. -EALREADY when the genotype is known. Returns its id in *ret_id. */
int core_inject(struct core *s, const struct genotype *g, const struct core_result *result, uint64_t *ret_id);
/* Extra accuracy-like knowledge: value of objective `o` for an architecture measured elsewhere; trains that objective's model only. */
int core_hint(struct core *s, const struct genotype *g, uint32_t objective, double value);

/* From another thread: a call under way ends soon, and what it leaves is only good for core_free(). */
void core_cancel(struct core *s);
/* Whether every architecture of the space has been proposed: core_ask() gives none any more. */
bool core_exhausted(const struct core *s);
uint32_t core_count(const struct core *s); /* proposals + injected so far */
uint32_t core_pending(const struct core *s);
uint32_t core_told(const struct core *s);

/* Proposal by id (borrowed values are copied out). -ENOENT. */
int core_get(const struct core *s, uint64_t id, struct core_proposal *ret_proposal, bool *ret_told, struct core_result *ret_result);
/* Ids of the current Pareto front: feasible, non-dominated, distinct objective vectors, in order of the first objective. At most max are
 * written; returns the full number. */
uint32_t core_front(const struct core *s, uint64_t *ret_ids, uint32_t max);
/* Hypervolume of the front in the search's own normalised box (docs/SEARCH.md), 0 .. 1; anytime progress for people. */
double core_hypervolume(const struct core *s);

/* "init", "crossover", … of this search's algorithm; NULL outside. */
const char *core_arm_name(const struct core *s, uint32_t arm);

/* What the models learned, for `sonata show --importance`. Zero genes when there is no surrogate yet. */
struct core_insight {
    uint32_t n_genes, n_objectives, generation;
    double importance[CORE_OBJECTIVES_MAX][SPACE_GENES_MAX];               /* sums to 1 per objective */
    double value[CORE_OBJECTIVES_MAX][SPACE_GENES_MAX][SPACE_CHOICES_MAX]; /* marginal mean effect of each value */
    double rank_correlation[CORE_OBJECTIVES_MAX];                          /* rolling, on points really proposed; NAN: too few */
    double coverage[CORE_OBJECTIVES_MAX];                                  /* share of measurements inside mean ± 2 sd; NAN: too few */
    bool surrogate_trusted;                                                /* false: fallen back to plain evolution */
    uint32_t n_arms;
    double arm_weight[16]; /* the agent's current preference, sums to 1 */
    uint64_t arm_uses[16];
};
/* Zeroes and NANs where nothing is known yet. May fit the models when they are behind. */
void core_insight(struct core *s, struct core_insight *ret_insight);

/* Whether it has models, which core_hint() would train. */
bool core_has_models(const struct core *s);
/* Whether an agent decides in it (`sonata`, `sonata+`). */
bool core_has_agent(const struct core *s);
/* What the agent of `sonata` or `sonata+` learned, to start other searches of the same algorithm and agent with: a policy trained beforehand.
 * Writes nothing for algorithms without an agent. */
void core_policy_save(const struct core *s, struct bytes *out);
/* Gives a search such a policy. -EINVAL: it has no agent, or another kind of one; -EBADMSG: damaged bytes. The search is untouched then. */
int core_policy_load(struct core *s, const void *data, size_t n) SONATA_MUST_CHECK;
/* Threads for surrogate work from now on (params.threads is not part of the state). */
void core_set_threads(struct core *s, uint32_t threads);

/* Complete state (population, archive, models' inputs, policy, random streams, pending set, counters), versioned. */
void core_save(const struct core *s, struct bytes *out);
/* Rebuilds from core_save() bytes and the same space. -EBADMSG on damage, -EPROTONOSUPPORT on an unknown version. */
int core_load(const struct space *space, const void *data, size_t n, struct core **ret_search, struct sonata_error *err) SONATA_MUST_CHECK;

/* The forests of its models as one flat blob, to be kept beside core_save() bytes of the same moment; it predicts from such a blob without
 * growing or decoding anything. Writes nothing when there are none, or when they would take more than `max` bytes. */
void core_forests_save(struct core *s, size_t max, struct bytes *out);
/* Another number whenever the forests are others; 0: there are none. */
uint64_t core_forests_number(const struct core *s);
/* Gives a search that was just loaded the forests saved at that moment; the bytes are taken over and left empty. -EBADMSG: damaged, or others than
 * it needs; then it grows its own, which are the same to the bit, when it needs them. */
int core_forests_load(struct core *s, struct bytes *forests) SONATA_MUST_CHECK;

#endif
