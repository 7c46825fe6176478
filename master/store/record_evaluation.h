/* Stored records of the work itself: what is measured (evaluations), who was given it (attempts), and candidates that may kill boards (suspects). */
#ifndef SONATA_STORE_RECORD_EVALUATION_H
#define SONATA_STORE_RECORD_EVALUATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "domain/metric.h"
#include "domain/space.h"
#include "domain/spec.h"

enum { GROUPS_MAX = OBJECTIVES_MAX + CONSTRAINTS_MAX + 1 /* who builds the models */, OWNER_NAME_MAX = 40, FURTHER_MAX = 31 };

/* What one evaluation of a search asks of a board: a board type ("" = any that supplies the metrics) and metrics. */
struct need_group {
    char board_type[BOARD_NAME_MAX];
    uint32_t n_metrics;
    char metric[METRICS_MAX][METRIC_NAME_MAX]; /* sorted */
};

enum evaluation_state { EVALUATION_OPEN, EVALUATION_DONE, EVALUATION_INFEASIBLE, EVALUATION_FAILED, EVALUATION_CANCELED, EVALUATION_STATE_COUNT };
/* "open", "done", "infeasible", "failed", "canceled"; NULL when it is no state. */
const char *evaluation_state_name(enum evaluation_state s);

/* Why an answered evaluation is open again. */
enum reopened {
    REOPENED_NOT,     /* open for the first time, or its answer was taken back: there is none */
    REOPENED_FURTHER, /* a further measurement joins those it rests on */
    REOPENED_REPLACE, /* a new measurement takes the place of those it rests on */
    REOPENED_COUNT
};

/* Failed tries by error class; `reported` counts results that said failure (not silence): it varies the simulated noise of a retry. */
struct tries {
    uint32_t infra, invalid, bug, reported;
    char avoid[BOARD_NAME_MAX]; /* board it failed on last */
};

struct evaluation_record {
    uint64_t id;
    uint8_t space_hash[32];
    uint16_t n_genes;
    struct genotype genotype;
    char tier[16], dataset[64], supernet[64];
    uint8_t supernet_hash[32];
    char pool[OWNER_NAME_MAX]; /* as in struct search_record */
    struct need_group need;
    enum evaluation_state state;
    struct tries tries;
    uint64_t live;       /* attempt that has the lease; 0: none */
    uint64_t accepted;   /* attempt whose measurement answers it; 0: none */
    uint32_t replicates; /* late measurements kept beside, not counted */
    uint64_t noise_seed;
    enum reopened reopened; /* accepted is kept while it is open, and stands again when nobody waits any more */
    uint32_t wanted;        /* measurements its answer shall rest on; 0 as 1 */
    uint32_t answers;       /* good measurements ever: varies the simulated noise of the next */
    uint32_t n_further;
    uint64_t further[FURTHER_MAX]; /* attempts whose measurements count beside the accepted one */
    enum outcome cause;            /* failed: the error class */
    uint8_t artefact[32];          /* model file that is run; zero: the network of the genotype */
    struct artefact_run run;       /* of it */
};

enum attempt_state {
    ATTEMPT_LIVE,     /* a board has the lease */
    ATTEMPT_ACCEPTED, /* its measurement answered the evaluation */
    ATTEMPT_FAILED,   /* its result said invalid, infra, bug, config or canceled */
    ATTEMPT_LOST,     /* the lease ran out; may still be adopted */
    ATTEMPT_RELEASED, /* never started; given back */
    ATTEMPT_CANCELED,
    ATTEMPT_REPLICATE,   /* good, but another attempt had answered already; counts when its evaluation lists it */
    ATTEMPT_STALE,       /* came back after its board was given away */
    ATTEMPT_INVALIDATED, /* its board was found to measure wrong at that time: kept for audit, not used */
    ATTEMPT_STATE_COUNT
};

struct attempt_record {
    uint64_t id, evaluation;
    char board[BOARD_NAME_MAX], worker[WORKER_NAME_MAX];
    uint64_t incarnation; /* of the worker it was given to */
    uint32_t epoch;       /* fencing number given with the lease */
    uint32_t lost_epoch;  /* the board's epoch when the lease was lost or released: equal to it now = nobody else had the board */
    enum attempt_state state;
    enum outcome outcome; /* of its measurement, when there is one */
    bool has_measurement;
    int64_t assigned_wall_ns, closed_wall_ns;
};

/* Failures of an open evaluation on boards that have canaries; kept for good when they proved that it kills boards. */
enum { SUSPECT_MAX = 16 };
struct suspect_record {
    uint64_t evaluation;
    uint32_t n;
    struct suspect_failure {
        char board[BOARD_NAME_MAX];
        uint64_t attempt;
        int64_t wall_ns; /* when it failed */
        bool well_after; /* the board passed a canary afterwards */
    } failure[SUSPECT_MAX];
};

/* A list of ids: of evaluations under a key of the index, of the individuals on a front. */
void ids_encode(const uint64_t *id, uint32_t n, struct bytes *out);
/* *ret_ids is for free(), with room for one more. -EBADMSG also when there are more than `max`. */
int ids_decode(const void *p, size_t n_bytes, uint32_t max, uint64_t **ret_ids, uint32_t *ret_n) SONATA_MUST_CHECK;

/* Encoders append to out; decoders as said in record.h. */
void evaluation_record_encode(const struct evaluation_record *r, struct bytes *out);
/* Reads what evaluation_record_encode() wrote, now or in an earlier version. */
int evaluation_record_decode(const void *p, size_t n, struct evaluation_record *ret_record) SONATA_MUST_CHECK;
/* Appends its bytes, in the newest version. */
void attempt_record_encode(const struct attempt_record *r, struct bytes *out);
/* Reads what attempt_record_encode() wrote, now or in an earlier version. */
int attempt_record_decode(const void *p, size_t n, struct attempt_record *ret_record) SONATA_MUST_CHECK;
/* Appends its bytes, in the newest version. */
void suspect_record_encode(const struct suspect_record *r, struct bytes *out);
/* Reads what suspect_record_encode() wrote, now or in an earlier version. */
int suspect_record_decode(const void *p, size_t n, struct suspect_record *ret_record) SONATA_MUST_CHECK;

#endif
