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
    bool left;                  /* in good order: its last word was goodbye */
    struct sched_board **board; /* it serves */
    uint32_t n_boards;
    size_t board_capacity;
};

struct attempt {
    uint64_t id;
    struct job *job;
    struct sched_board *board;
    uint32_t epoch;
    uint64_t incarnation; /* of the worker it was given to */
    int64_t assigned_ns;  /* INT64_MIN / 2 when restored: the worker must have it by now */
    int64_t deadline_ns;
    double charged_ns;
    char phase[24];
};

struct sched_board {
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

struct sched_team {
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
    struct sched_team *team;
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
    const struct sched_board *avoid; /* failed there last */
    int64_t wake_ns;
};

struct sched {
    struct sched_config config;
    struct rng rng;
    struct map jobs, attempts;
    struct worker **worker;
    uint32_t n_workers;
    size_t worker_capacity;
    struct sched_board **board;
    uint32_t n_boards;
    size_t board_capacity;
    struct map board_by_name, worker_by_name; /* hash64 of the name */
    uint64_t generation;                      /* changes whenever a board may have become usable or not */
    struct queue **queue;
    uint32_t n_queues;
    size_t queue_capacity;
    struct map owners, teams; /* of struct owner, struct sched_team */
    int64_t decayed_ns;       /* when virtual times were decayed last */
    uint64_t next_attempt;
    uint32_t n_ready;
    int64_t next_deadline_ns;
    struct sched_action *action; /* ring grown as needed */
    size_t n_actions, action_capacity, action_at;
};

/* action.c */
/* A new decision of that type, for the caller to fill at once: the pointer is good until the next one. */
struct sched_action *sched_push_action(struct sched *s, enum sched_action_type type);
/* Something may happen by itself at that moment: sched_tick() looks no later. */
void sched_due(struct sched *s, int64_t when_ns);

/* jobs.c */
/* The next state of the job (job.h); asserts that the table allows it. */
void sched_step(struct job *j, enum job_event event);
/* Out of every table; frees it. It has no attempt. */
void sched_forget(struct sched *s, struct job *j);

/* board.c */
/* NULL: no such board, no such worker. */
struct sched_board *sched_find_board(const struct sched *s, const char *id);
/* The worker of that name, or NULL. Owned by the table. */
struct worker *sched_find_worker(const struct sched *s, const char *name);
/* A new board of that name, which must not be there yet. Owned by the table. */
struct sched_board *board_add(struct sched *s, const char *id);
/* Online, not suspect, its worker is ready for work, and the master lets it. */
bool board_is_usable(const struct sched_board *b);
/* Attempts that any board holds at most, and that board: what its use leaves of the limit. */
uint32_t board_slot_limit(const struct sched *s);
/* Attempts that this board holds at most now. */
uint32_t board_slots(const struct sched *s, const struct sched_board *b);
/* It offers what the need asks. */
bool board_fits(const struct sched_board *b, const struct sched_need *need);

/* queue.c */
/* Puts a job at the end (or the front) of its queue. */
void queue_push(struct sched *s, struct job *j, bool front);
/* Takes it out of its queue, when it waits there. */
void queue_remove(struct sched *s, struct job *j);
/* The queue of that owner and need, made when there is none. */
struct queue *queue_for(struct sched *s, uint64_t owner, const struct sched_need *need);

/* share.c */
/* The owner of that id, made when there is none. */
struct owner *owner_get(struct sched *s, uint64_t id);
/* Counts the jobs of owner and team; the first one after none begins at the least virtual time of the others. */
void owner_job_added(struct sched *s, struct owner *o);
/* The opposite of owner_job_added(). */
void owner_job_removed(struct owner *o);
/* a has the better claim. */
bool owner_before(const struct owner *a, const struct owner *b);
/* The board time now expected of a live attempt; what changed is charged to its owner and team. */
void attempt_charge(struct attempt *a, double ns);
/* The team's counts before a->board->slot gets the attempt, and after it lost it. */
void team_take(struct attempt *a);
void team_drop(struct attempt *a);
/* The same from nothing, after jobs with attempts changed hands between teams. */
void teams_count_again(struct sched *s);
/* Its quotas allow another attempt on that board. */
bool team_may_use(const struct sched_team *t, const struct sched_board *b);
/* Of that many boards it has nothing on, how many it may take. */
uint32_t team_room(const struct sched_team *t, uint32_t n_boards);
/* The board holds an attempt of the team. */
bool board_has_team(const struct sched_board *b, const struct sched_team *t);
/* Virtual times shrink with the time that passed. */
void shares_decay(struct sched *s, int64_t now);
/* Frees it with all it holds; NULL is allowed. */
void shares_free(struct sched *s);

/* lease.c */
/* A live attempt of the job on that board, with that epoch and the lease of the configuration. Owned by its table. */
struct attempt *attempt_open(struct sched *s, int64_t now, uint64_t id, struct job *j, struct sched_board *b, uint32_t epoch);
/* Frees it; job and board forget it. */
void attempt_close(struct sched *s, struct attempt *a);
/* It never reached its board: the job waits again without blame (an action). Frees it. */
void attempt_release(struct sched *s, struct attempt *a);
/* Lost by silence: the job is tried again or given up (actions). Frees it. */
void attempt_lose(struct sched *s, int64_t now, struct attempt *a, const char *why);
/* Its worker is told to drop it (an action). Frees it; what becomes of the job is the caller's. */
void attempt_cancel(struct sched *s, struct attempt *a, const char *reason);
/* Canceled before it began; its job waits for another board. Frees it. */
void attempt_withdraw(struct sched *s, struct attempt *a, const char *reason);
/* The job is tried again, at once or after the back-off of its failures. */
void sched_retry(struct sched *s, int64_t now, struct job *j, bool back_off);

#endif
