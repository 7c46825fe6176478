/* Stored records of a search: its header, its individuals, and the log of what its core was asked and told. */
#ifndef SONATA_STORE_RECORD_SEARCH_H
#define SONATA_STORE_RECORD_SEARCH_H

#include "store/record_evaluation.h"

enum { ARM_NAME_MAX = 32 };

enum search_state { SEARCH_RUNNING, SEARCH_PAUSED, SEARCH_DONE, SEARCH_STOPPED_FAILED, SEARCH_CANCELED, SEARCH_STATE_COUNT };
/* "running", "paused", "done", "failed", "canceled"; NULL when it is no state. */
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
    uint32_t strikes;             /* steps of it that crashed the master or took far too long */
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
    /* Screening (run/screening.h) */
    uint32_t costly;             /* group that only the promoted are measured in, +1; 0: nothing is screened */
    double cost_ratio;           /* of the costly group to the others together, as the core was told last */
    uint32_t screened;           /* individuals that wait in INDIVIDUAL_SCREENED */
    uint32_t screened_out;       /* told without ever having been promoted: failed or infeasible in their screening */
    uint32_t timed[GROUPS_MAX];  /* by group: good measurements made for this search … */
    int64_t time_ns[GROUPS_MAX]; /* … and how long they took together */
    uint32_t failing;                  /* evaluations in a row that the program of the user failed at (run/failing.h) */
    uint64_t failing_from;             /* lowest individual of that row */
    uint64_t failed_attempt;           /* the last attempt that failed so; 0: none ever */
    bool worked;                       /* an evaluation on a board was good */
    bool failing_stop;                 /* paused because of failures in a row */
};

/* Arm of an individual that a fork took over from its parent. */
#define ARM_FORK "fork"

/* SCREENED: its cheap groups are measured, and it waits to be promoted: to be measured in the costly one, too. */
enum individual_state {
    INDIVIDUAL_PENDING,
    INDIVIDUAL_DONE,
    INDIVIDUAL_INFEASIBLE,
    INDIVIDUAL_FAILED,
    INDIVIDUAL_CANCELED,
    INDIVIDUAL_SCREENED,
    INDIVIDUAL_STATE_COUNT
};
/* "pending", "done", "infeasible", "failed", "canceled", "screened"; NULL when it is no state. */
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
    uint32_t asked;      /* groups it is measured in, bit g for group g; 0: all */
    /* As the search core knows it; PENDING: not told; SCREENED: of its cheap groups. While a told individual is measured again its state is PENDING,
     * and values, objectives and flags stay those that were told. */
    enum individual_state told_state;
    enum outcome cause; /* failed: the error class, else OUTCOME_OK */
    uint32_t measured;  /* measurements its values rest on; 0: none yet */
    struct artefact artefact; /* its model file; hash zero: none, or not built yet */
};

/* RETELL: the result of a told id is another from here on. HINT: one objective of an architecture that was measured elsewhere. SCREEN, PROMOTE: as
 * ASK, of the cheap groups of further architectures, of the costly one of screened ones. COSTS: the groups of objectives and what they cost. */
enum event_type {
    EVENT_ASK = 1,
    EVENT_TELL = 2,
    EVENT_CONTROL = 3,
    EVENT_RETELL = 4,
    EVENT_INJECT = 5,
    EVENT_HINT = 6,
    EVENT_SCREEN = 7,
    EVENT_PROMOTE = 8,
    EVENT_COSTS = 9
};

/* What happened to the search core, in order: enough to run it again. */
struct event_record {
    enum event_type type;
    int64_t wall_ns;
    uint32_t wanted, got; /* ask, screen, promote */
    /* hint: wanted is the objective, objective[0] its value; tell, retell: wanted says which groups of the core, bit by bit, 0: what was asked for;
     * costs: wanted groups, objective[g] is the cost of group g; got 1: the groups are set, that of objective i is byte i of id */
    uint64_t id;     /* ask: first id given; tell, retell: id told */
    uint64_t digest; /* ask: hash64 over the genotypes given */
    uint32_t status; /* tell, retell: enum core_status */
    uint32_t n_objectives;
    double objective[OBJECTIVES_MAX], violation;
    char text[64];    /* control */
    uint16_t n_genes; /* inject: the architecture; status, objectives and violation are those of a tell, id is what the core gave it */
    struct genotype genotype;
};

/* A moment of the search core: how many events it holds, and core_save() bytes. */
struct snapshot_record {
    uint64_t events;
    const uint8_t *core; /* after decoding within the value */
    size_t n_core;
};
/* The head alone: the core's bytes are appended behind it. */
void snapshot_record_begin(uint64_t events, struct bytes *out);
/* -EBADMSG, -EPROTONOSUPPORT. */
int snapshot_record_decode(const void *p, size_t n, struct snapshot_record *ret_record) SONATA_MUST_CHECK;

/* Encoders append to out; decoders as said in record.h. */
void search_record_encode(const struct search_record *r, struct bytes *out);
/* Reads what search_record_encode() wrote, now or in an earlier version. */
int search_record_decode(const void *p, size_t n, struct search_record *ret_record) SONATA_MUST_CHECK;
/* Appends its bytes, in the newest version. */
void individual_record_encode(const struct individual_record *r, struct bytes *out);
/* Reads what individual_record_encode() wrote, now or in an earlier version. */
int individual_record_decode(const void *p, size_t n, struct individual_record *ret_record) SONATA_MUST_CHECK;
/* Appends its bytes, in the newest version. */
void event_record_encode(const struct event_record *r, struct bytes *out);
/* Reads what event_record_encode() wrote, now or in an earlier version. */
int event_record_decode(const void *p, size_t n, struct event_record *ret_record) SONATA_MUST_CHECK;

#endif
