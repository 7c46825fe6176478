/* What a search file says, parsed and checked by conf/search_file.h, carried to the master by codec. */
#ifndef SONATA_DOMAIN_SPEC_H
#define SONATA_DOMAIN_SPEC_H

#include "domain/metric.h"
#include "domain/space.h"

enum {
    SPEC_NAME_MAX = 64,
    SPEC_PATH_MAX = 1024,
    SPEC_OPTIONS_MAX = 16,
    SPEC_PRIORITY_MAX = 100,
    SPEC_POLICY_MAX = 16384,
    SPEC_THREADS_MAX = 64,
    SPEC_EVALUATIONS_MIN = 20,     /* of a search file */
    SPEC_EVALUATIONS_MAX = 100000, /* of a search file, and of one extension of the budget */
    SPEC_BUDGET_MAX = 10000000,    /* of a search, with all its extensions */
    SPEC_POPULATION_MIN = 4,       /* of a search file */
    SPEC_POPULATION_MAX = 10000,
    REPLICATES_WANTED_MAX = 32,
    REPLICATE_SHARE = 5
};

struct search_spec {
    char name[SPEC_NAME_MAX];
    struct space space;    /* resolved: preset or file, read by the client */
    uint32_t n_objectives; /* 1 .. 4 */
    struct objective objective[OBJECTIVES_MAX];
    uint32_t n_constraints;
    struct constraint constraint[CONSTRAINTS_MAX];
    char algorithm[32];  /* as core_params.algorithm */
    uint32_t population; /* 0: the algorithm's default for the budget */
    bool generational;   /* default: steady-state */
    uint32_t n_options;  /* switches of the algorithm, for ablation */
    struct spec_option {
        char name[32], value[32];
    } option[SPEC_OPTIONS_MAX];
    uint32_t revision;    /* of the search core's defaults; the master sets it at submission; 0 (older stores): 1 */
    uint32_t policy_size; /* what the agent starts with: core_policy_save() bytes, 0: nothing */
    uint8_t policy[SPEC_POLICY_MAX];
    uint32_t budget_evaluations;
    int64_t budget_wall_ns;    /* 0: none */
    char tier[16];             /* screen, search, report */
    char dataset[64];          /* name known to the worker, "" for table boards */
    char supernet[64];         /* name; the blob is uploaded by the client */
    uint8_t supernet_hash[32]; /* BLAKE2b of the blob, zero when none */
    uint32_t replicates;       /* measurements a member of the front shall rest on before the search is done; 0 or 1: off */
    uint32_t replicate_budget; /* further measurements for that at most; 0: one for REPLICATE_SHARE evaluations of the budget */
    uint64_t seed;
    char model_board[BOARD_NAME_MAX]; /* type of the boards that build the model of an architecture for all others; "": each board builds its own */
    uint32_t n_models;                /* the models are there: of the choices of the one gene of the space, in their order; 0: not */
    struct artefact model[SPACE_CHOICES_MAX];
    struct artefact_run run; /* of the models */
    int32_t priority; /* within the team, -SPEC_PRIORITY_MAX .. SPEC_PRIORITY_MAX: higher goes strictly first */
};

/* Names of the space, its genes, metrics, board types, options and the data set (base/medium.h, NAME_GRAMMAR): what is submitted must keep to them;
 * what was stored before is read all the same. The search's own name is free text. -EINVAL names what does not. */
int spec_check_names(const struct search_spec *s, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
