/* Layout shared by the files of this module. */
#ifndef SONATA_SCHED_INTERNAL_H
#define SONATA_SCHED_INTERNAL_H

#include "base/map.h"
#include "base/rng.h"
#include "sched/sched.h"

enum link { LINK_OFFLINE, LINK_SUSPECT, LINK_ONLINE };

struct worker {
    char name[WORKER_NAME_MAX];
    uint64_t incarnation; /* 0: never said hello to this master */
    enum link link;
    int64_t heard_ns;
    struct board **board; /* it serves */
    uint32_t n_boards;
    size_t board_capacity;
};

struct attempt {
    uint64_t id;
    struct job *job;
    struct board *board;
    uint32_t epoch;
    uint64_t incarnation; /* of the worker it was given to */
    int64_t assigned_ns;  /* INT64_MIN / 2 when restored: the worker must have it by now */
    int64_t deadline_ns;
    double charged_ns;
    char phase[24];
};

struct board {
    struct sched_board_info info;
    struct worker *worker; /* NULL: not seen since the master started */
    bool takes_work;       /* its own state allows it */
    enum sched_use use;    /* what the master allows */
    int64_t lost_ns;       /* when what it was at was lost last */
    uint32_t epoch;
    struct attempt *slot[SCHED_SLOTS_MAX]; /* in order of assignment */
    uint32_t n_slots;
};

/* Board time used, as virtual time: nanoseconds divided by weight, decaying. The one with least goes first. */
struct share {
    uint64_t id;
    double weight, used;
    uint32_t n_jobs;
};

struct team {
    struct share share;
    struct sched_quota quota;
    double day_used_ns; /* as the caller counts the day */
    double live_ns;     /* expected board time of its live attempts */
    uint32_t n_boards;  /* that hold an attempt of it */
    uint32_t waiting;   /* scratch of sched_open_slots() */
};

/* A search. */
struct owner {
    struct share share;
    struct team *team;
    int32_t priority; /* within the team: higher goes first */
    double mean_ns;   /* expected board time of an attempt: what is charged when it is given out, corrected by its result */
    bool paused;
};

/* Waiting jobs of one owner with one need, first in first out. */
struct queue {
    struct owner *owner;
    struct sched_need need;
    struct job *head, *tail;
    uint32_t n_ready;
    uint32_t n_jobs; /* all jobs that belong here, waiting or not */
};

struct job {
    uint64_t id;
    enum job_state state;
    struct queue *queue;
    struct job *next, *previous; /* in the queue while ready */
    struct sched_tries tries;
    struct attempt *attempt;
    const struct board *avoid; /* failed there last */
    int64_t wake_ns;
};

struct sched {
    struct sched_config config;
    struct rng rng;
    struct map jobs, attempts;
    struct worker **worker;
    uint32_t n_workers;
    size_t worker_capacity;
    struct board **board;
    uint32_t n_boards;
    size_t board_capacity;
    struct map board_by_name, worker_by_name; /* hash64 of the name */
    uint64_t generation;                      /* changes whenever a board may have become usable or not */
    struct queue **queue;
    uint32_t n_queues;
    size_t queue_capacity;
    struct map owners, teams; /* of struct owner, struct team */
    int64_t decayed_ns;       /* when virtual times were decayed last */
    uint64_t next_attempt;
    uint32_t n_ready;
    int64_t next_deadline_ns;
    struct sched_action *action; /* ring grown as needed */
    size_t n_actions, action_capacity, action_at;
};

/* sched.c */
struct sched_action *sched_push_action(struct sched *s, enum sched_action_type type);
void sched_step(struct job *j, enum job_event event); /* asserts that the table allows it */
void sched_due(struct sched *s, int64_t when_ns);
void sched_forget(struct sched *s, struct job *j); /* out of every table; frees it */

/* board.c */
struct board *sched_find_board(const struct sched *s, const char *id);
struct worker *sched_find_worker(const struct sched *s, const char *name);
bool board_is_usable(const struct board *b); /* online, not suspect, its worker is ready for work */
uint32_t board_slot_limit(const struct sched *s);
uint32_t board_slots(const struct sched *s, const struct board *b); /* of that board: what its use leaves of the limit */

/* match.c */
bool board_fits(const struct board *b, const struct sched_need *need);
void queue_push(struct sched *s, struct job *j, bool front);
void queue_remove(struct sched *s, struct job *j);
struct queue *queue_for(struct sched *s, uint64_t owner, const struct sched_need *need);

/* share.c */
struct owner *owner_get(struct sched *s, uint64_t id); /* made when new */
void owner_job_added(struct sched *s, struct owner *o);
void owner_job_removed(struct sched *s, struct owner *o);
bool owner_before(const struct owner *a, const struct owner *b); /* a has the better claim */
/* The board time now expected of a live attempt; what changed is charged to its owner and team. */
void attempt_charge(struct attempt *a, double ns);
/* The team's counts after a->board->slot lost or before it gets the attempt. */
void team_take(struct attempt *a);
void team_drop(struct attempt *a);
bool team_may_use(const struct team *t, const struct board *b); /* its quotas allow another attempt on that board */
uint32_t team_room(const struct team *t, uint32_t n_boards);    /* of that many boards it has nothing on, how many it may take */
bool board_has_team(const struct board *b, const struct team *t);
void shares_decay(struct sched *s, int64_t now);
void shares_free(struct sched *s);

/* lease.c */
struct attempt *attempt_open(struct sched *s, int64_t now, uint64_t id, struct job *j, struct board *b, uint32_t epoch);
void attempt_close(struct sched *s, struct attempt *a); /* frees it; job and board forget it */
void attempt_release(struct sched *s, struct attempt *a);
void attempt_lose(struct sched *s, int64_t now, struct attempt *a, const char *why);
void attempt_cancel(struct sched *s, struct attempt *a, const char *reason);
void attempt_withdraw(struct sched *s, struct attempt *a, const char *reason); /* canceled before it began; its job waits for another board */
bool attempt_is_head(const struct attempt *a);
void sched_retry(struct sched *s, int64_t now, struct job *j, bool back_off);

#endif
