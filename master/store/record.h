/* The stored records and their bytes. Each value starts with a version byte; decoders are bounded and give -EBADMSG on anything that is not
 * such a record, -EPROTONOSUPPORT on a version from the future. A format change adds a version and keeps the old reader. */
#ifndef SONATA_STORE_RECORD_H
#define SONATA_STORE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "domain/board_event.h"
#include "domain/metric.h"
#include "domain/space.h"
#include "domain/spec.h"
#include "health/blame.h"

enum { GROUPS_MAX = OBJECTIVES_MAX + CONSTRAINTS_MAX, ARM_NAME_MAX = 32, OWNER_NAME_MAX = 40, FURTHER_MAX = 31 };

/* What one evaluation of a search asks of a board: a board type ("" = any that supplies the metrics) and metrics. */
struct need_group {
    char board_type[BOARD_NAME_MAX];
    uint32_t n_metrics;
    char metric[METRICS_MAX][METRIC_NAME_MAX]; /* sorted */
};

enum search_state { SEARCH_RUNNING, SEARCH_PAUSED, SEARCH_DONE, SEARCH_STOPPED_FAILED, SEARCH_CANCELED, SEARCH_STATE_COUNT };
const char *search_state_name(enum search_state s);

enum { RETRY_CAUSE_MAX = 16 };

struct search_record {
    uint64_t id;
    char name[SPEC_NAME_MAX];
    char algorithm[32];
    char team[OWNER_NAME_MAX]; /* whose it is; "" on a master without teams */
    uint64_t number;           /* within its team, from 1: what the team calls it; 0 only in a record of before version 4 */
    char pool[OWNER_NAME_MAX]; /* whose measurements it may use and adds to: its team's, or "" = those of all that share */
    int32_t priority;          /* within its team: higher goes strictly first */
    enum search_state state;
    char reason[REASON_MAX];
    uint32_t budget;  /* evaluations; grows by `extend` */
    uint32_t asked;   /* proposals so far */
    uint32_t told;    /* results given to the search core */
    uint32_t charged; /* of them against the budget: all but vetoed ones */
    uint32_t infeasible, failed, vetoed, reused;
    uint32_t stalled;     /* 1: the last ask gave nothing; wait for a result before asking again */
    uint64_t events;      /* next event number */
    uint64_t events_from; /* the events before this one were dropped (retention); a snapshot holds what they did */
    int64_t created_wall_ns, finished_wall_ns, active_ns, board_ns;
    uint32_t front_size;
    double hypervolume;
    uint64_t fork_of;             /* search whose results it starts with; 0: none */
    uint64_t fork_next, fork_end; /* individuals of that search: the next to be looked at, the first not to be */
    bool planned;                 /* groups are settled */
    uint32_t n_groups;
    struct need_group group[GROUPS_MAX];
    uint32_t retold;                   /* results that replaced told ones */
    uint32_t replicates;               /* further measurements asked for so that the front is sure */
    char retry_cause[RETRY_CAUSE_MAX]; /* of the last retry, while retry_next < retry_end */
    uint32_t retry_next, retry_end;    /* individuals: the next to be looked at, the first not to be */
    uint32_t retried;                  /* individuals it opened again so far */
};

/* Arm of an individual that a fork took over from its parent. */
#define ARM_FORK "fork"

enum individual_state { INDIVIDUAL_PENDING, INDIVIDUAL_DONE, INDIVIDUAL_INFEASIBLE, INDIVIDUAL_FAILED, INDIVIDUAL_CANCELED, INDIVIDUAL_STATE_COUNT };
const char *individual_state_name(enum individual_state s);

struct individual_record {
    uint64_t id; /* sequence number in its search */
    uint16_t n_genes;
    struct genotype genotype;
    char arm[ARM_NAME_MAX];
    int64_t parent[2];
    uint32_t n_objectives;
    bool predicted;
    double mean[OBJECTIVES_MAX], sd[OBJECTIVES_MAX];
    uint32_t generation;
    enum individual_state state;
    enum individual_state ruled; /* pending: INFEASIBLE or FAILED once an answer settled it, else PENDING */
    bool vetoed;                 /* an analytic constraint ruled it out before dispatch */
    bool reused;                 /* every board value came from the store */
    uint32_t n_evaluations;
    uint64_t evaluation[GROUPS_MAX]; /* by group of the search */
    char board[BOARD_NAME_MAX];
    uint32_t flags;
    char reason[REASON_MAX];
    uint32_t n_metrics;
    struct metric_value metric[METRICS_MAX]; /* names may carry @type */
    double objective[OBJECTIVES_MAX];        /* minimised, as told */
    double violation, hypervolume;
    int64_t told_wall_ns;
    uint32_t told_order; /* from 1; 0: not told */
    /* As the search core knows it; PENDING: not told. While a told individual is measured again its state is PENDING, and values, objectives and
     * flags stay those that were told. */
    enum individual_state told_state;
    enum outcome cause; /* failed: the error class, else OUTCOME_OK */
    uint32_t measured;  /* measurements its values rest on; 0: none yet */
};

enum evaluation_state { EVALUATION_OPEN, EVALUATION_DONE, EVALUATION_INFEASIBLE, EVALUATION_FAILED, EVALUATION_CANCELED, EVALUATION_STATE_COUNT };
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
const char *attempt_state_name(enum attempt_state s);

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

struct board_record {
    char name[BOARD_NAME_MAX], type[BOARD_NAME_MAX];
    uint32_t epoch;
    uint64_t done, failed;
    int64_t busy_ns;
    int64_t first_wall_ns;
};

/* When a board measured wrong: spans of wall-clock time [from, to), apart and in order. Spans whose scan is not over are looked through for
 * results that were accepted, in order of the attempts. */
enum { INVALID_SPANS_MAX = 64 };
struct invalid_record {
    char board[BOARD_NAME_MAX];
    uint32_t n_spans;
    struct invalid_span {
        int64_t from_wall_ns, to_wall_ns;
    } span[INVALID_SPANS_MAX];
    bool scanning; /* attempts from `next` to `last` are still to be looked at */
    uint64_t next, last;
};

enum { BOARD_EVENTS_KEPT = 10000 }; /* of one board; the oldest go */

struct board_event_record {
    struct board_event event;
    char worker[WORKER_NAME_MAX]; /* that told it; "": the master itself */
    int64_t stored_wall_ns;
};

/* What a person wants of a board. DRAIN and RETIRE stand until another order takes their place; the others until the board showed that it has them.
 */
enum board_order {
    BOARD_ORDER_NONE,
    BOARD_ORDER_DRAIN,
    BOARD_ORDER_QUARANTINE,
    BOARD_ORDER_RECALIBRATE,
    BOARD_ORDER_POWER_CYCLE,
    BOARD_ORDER_RELEASE,
    BOARD_ORDER_RETIRE,
    BOARD_ORDER_COUNT
};
/* "drain" …; NULL for none and outside the enum. */
const char *board_order_name(enum board_order o);

/* Health of a board as the master knows it: from its events, from people, and from its own rules. */
struct board_health_record {
    char name[BOARD_NAME_MAX];
    uint32_t n_events;               /* stored of this board */
    uint64_t n_own;                  /* ever written by the master itself: their sequence numbers */
    char state[BOARD_WORD_MAX];      /* of the last event */
    bool canaries;                   /* it proves itself by them */
    double latency_us, reference_us; /* last canary; 0: failed, or not timed */
    int64_t canary_wall_ns;          /* when; 0: never */
    int64_t well_wall_ns;            /* when one passed last */
    enum board_order order;
    bool given; /* the board showed that it has the order */
    char by[64], reason[REASON_MAX];
    int64_t order_wall_ns;
    /* the master's own quarantine, for boards without canaries */
    int64_t hold_until_wall_ns; /* 0: not held */
    bool probation;             /* one job at a time until one is good */
    uint32_t quarantines;       /* in a row, each less than a day after the one before */
    int64_t quarantine_wall_ns; /* when the last began */
    struct blame blame;         /* what it failed, by wall-clock time */
    bool tell_lost;             /* it has canaries, an attempt of it was lost, and its worker has not been told */
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

/* Board time a team used on one day (UTC): every measurement made for its searches, also the failed ones. */
struct usage_record {
    char team[OWNER_NAME_MAX];
    int64_t board_ns;
    uint64_t attempts;
};

enum { UPLOAD_BYTES_MAX = 1 << 30 }; /* beyond what the wire lets through */
/* Content that a team uploaded for a pool. Version 1 said the pool alone. */
struct upload_record {
    char pool[OWNER_NAME_MAX]; /* whose searches may use it: struct search_record */
    char team[OWNER_NAME_MAX]; /* whose quota it counts for; "": nobody's */
    uint64_t bytes;            /* 0: version 1 had none, the next start of the master adds it */
    int64_t wall_ns;
};

/* RETELL: the result of a told id is another from here on. HINT: one objective of an architecture that was measured elsewhere. */
enum event_type { EVENT_ASK = 1, EVENT_TELL = 2, EVENT_CONTROL = 3, EVENT_RETELL = 4, EVENT_INJECT = 5, EVENT_HINT = 6 };

/* What happened to the search core, in order: enough to run it again. */
struct event_record {
    enum event_type type;
    int64_t wall_ns;
    uint32_t wanted, got; /* ask */
    /* hint: wanted is the objective, objective[0] its value */
    uint64_t id;     /* ask: first id given; tell, retell: id told */
    uint64_t digest; /* ask: hash64 over the genotypes given */
    uint32_t status; /* tell, retell: enum core_status */
    uint32_t n_objectives;
    double objective[OBJECTIVES_MAX], violation;
    char text[64];    /* control */
    uint16_t n_genes; /* inject: the architecture; status, objectives and violation are those of a tell, id is what the core gave it */
    struct genotype genotype;
};

void search_record_encode(const struct search_record *r, struct bytes *out);
int search_record_decode(const void *p, size_t n, struct search_record *ret_record) SONATA_MUST_CHECK;
void individual_record_encode(const struct individual_record *r, struct bytes *out);
int individual_record_decode(const void *p, size_t n, struct individual_record *ret_record) SONATA_MUST_CHECK;
void evaluation_record_encode(const struct evaluation_record *r, struct bytes *out);
int evaluation_record_decode(const void *p, size_t n, struct evaluation_record *ret_record) SONATA_MUST_CHECK;
void attempt_record_encode(const struct attempt_record *r, struct bytes *out);
int attempt_record_decode(const void *p, size_t n, struct attempt_record *ret_record) SONATA_MUST_CHECK;
void board_record_encode(const struct board_record *r, struct bytes *out);
int board_record_decode(const void *p, size_t n, struct board_record *ret_record) SONATA_MUST_CHECK;
void board_event_record_encode(const struct board_event_record *r, struct bytes *out);
int board_event_record_decode(const void *p, size_t n, struct board_event_record *ret_record) SONATA_MUST_CHECK;
void board_health_record_encode(const struct board_health_record *r, struct bytes *out);
int board_health_record_decode(const void *p, size_t n, struct board_health_record *ret_record) SONATA_MUST_CHECK;
void suspect_record_encode(const struct suspect_record *r, struct bytes *out);
int suspect_record_decode(const void *p, size_t n, struct suspect_record *ret_record) SONATA_MUST_CHECK;
void usage_record_encode(const struct usage_record *r, struct bytes *out);
int usage_record_decode(const void *p, size_t n, struct usage_record *ret_record) SONATA_MUST_CHECK;
void upload_record_encode(const struct upload_record *r, struct bytes *out);
int upload_record_decode(const void *p, size_t n, struct upload_record *ret_record) SONATA_MUST_CHECK;
void invalid_record_encode(const struct invalid_record *r, struct bytes *out);
int invalid_record_decode(const void *p, size_t n, struct invalid_record *ret_record) SONATA_MUST_CHECK;
void event_record_encode(const struct event_record *r, struct bytes *out);
int event_record_decode(const void *p, size_t n, struct event_record *ret_record) SONATA_MUST_CHECK;

#endif
