/* Which board measures what, and for how long it may: board and worker tables, leases, fencing epochs, retries with back-off, matching.
 *
 * Pure: no I/O and no clock; every call that depends on time takes `now` (monotonic nanoseconds). Decisions come out as actions that the
 * caller makes durable and then sends. All bounded by what the caller admits. */
#ifndef SONATA_SCHED_SCHED_H
#define SONATA_SCHED_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "domain/metric.h"
#include "sched/job.h"

enum {
    SCHED_BOARD_METRICS_MAX = 32,
    SCHED_DATASETS_MAX = 8,
    SCHED_SLOTS_MAX = 4,
    SCHED_RUNNING_MAX = 256,
    SCHED_BOARDS_PER_WORKER = 64,
    SCHED_BOARDS_EVER_MAX = 256 /* that one worker brings, also those it no longer has */
};

struct sched_config {
    int64_t heartbeat_ns;                     /* what workers are told; 2 s */
    int64_t suspect_ns;                       /* silence after which a worker gets no new work; 6 s */
    int64_t offline_ns;                       /* silence after which its boards count as offline; 15 s */
    int64_t lease_ns;                         /* silence after which an attempt is lost; 30 s */
    int64_t grace_ns;                         /* added to the leases found after a restart of the master; 60 s */
    int64_t backoff_ns;                       /* first delay after infra or lost, doubled each time, plus up to half as jitter; 5 s */
    uint32_t max_infra, max_invalid, max_bug; /* requeues before a job is given up: 3, 3, 1 */
    uint32_t prefetch;                        /* attempts leased to a board beside the running one; 1 */
    uint64_t seed;                            /* of the jitter */
};
/* Every member as its comment says. */
struct sched_config sched_config_default(void);
/* -EINVAL when times are not ordered heartbeat < suspect < offline <= lease or a limit is out of range. */
int sched_config_check(const struct sched_config *c, struct sonata_error *err) SONATA_MUST_CHECK;

/* What a team may use; 0: no limit. */
struct sched_quota {
    uint32_t boards; /* at a time */
    int64_t day_ns;  /* board time a day */
};
enum sched_held { SCHED_NOT_HELD, SCHED_HELD_BOARDS, SCHED_HELD_DAY };

struct sched_claim {
    uint64_t team, owner;
    double team_used, used;
    int32_t priority;
};

/* What a job needs of a board. */
struct sched_need {
    char board_type[BOARD_NAME_MAX]; /* "" = any */
    char dataset[64];                /* "" = none; asked only of boards that list data sets */
    uint32_t n_metrics;
    char metric[METRICS_MAX][METRIC_NAME_MAX];
};

struct sched_tries {
    uint32_t infra, invalid, bug, reported;
    char avoid[BOARD_NAME_MAX]; /* board it failed on last: others first; "": none */
};

/* A board as its worker describes it. */
struct sched_board_info {
    char id[BOARD_NAME_MAX], type[BOARD_NAME_MAX], backend[32], state[24], detail[160];
    uint32_t epoch; /* last the worker saw */
    uint32_t n_metrics;
    char metric[SCHED_BOARD_METRICS_MAX][METRIC_NAME_MAX];
    uint32_t n_datasets;
    char dataset[SCHED_DATASETS_MAX][64];
};

/* An attempt a worker says it has. */
struct sched_running {
    uint64_t attempt;
    uint32_t epoch;
    char board[BOARD_NAME_MAX];
    bool started; /* not merely queued */
    bool spooled; /* finished, its result waits to be acknowledged */
    char phase[24];
};

/* What a worker says of itself in Hello and Heartbeat. Everything is borrowed for the call. */
struct sched_report {
    const char *worker;
    uint64_t incarnation; /* of its process */
    const struct sched_board_info *boards;
    uint32_t n_boards;
    const struct sched_running *running; /* attempts it has */
    uint32_t n_running;
};

/* How an attempt ended, as its worker says. Strings are borrowed for the call. */
struct sched_result {
    uint64_t attempt;
    uint32_t epoch;
    const char *board;
    enum outcome outcome;
    const char *reason; /* "" when it is good */
};

/* An attempt as the store knows it. */
struct sched_lease {
    uint64_t attempt;
    uint32_t epoch;
    const char *board;
    uint64_t incarnation; /* of the worker it was given to */
};

enum sched_action_type {
    SCHED_ASSIGN,  /* give `job` to `board` as `attempt` with `epoch` */
    SCHED_LOST,    /* the lease of `attempt` ended by silence; the job is requeued or buried (another action). `head`: its board was at it */
    SCHED_RELEASE, /* the attempt never reached its board; requeued without blame */
    SCHED_CANCEL,  /* tell the worker to drop `attempt` */
    SCHED_BURY,    /* the job is given up: `outcome` and `reason` say why */
    SCHED_LINK     /* a worker's link changed: reason is "online", "suspect" or "offline" */
};
struct sched_action {
    enum sched_action_type type;
    uint64_t job, attempt, incarnation;
    uint32_t epoch;
    char board[BOARD_NAME_MAX], worker[WORKER_NAME_MAX];
    enum outcome outcome;
    bool head;
    char reason[REASON_MAX];
};

enum sched_verdict { SCHED_FINISHED, SCHED_REQUEUED, SCHED_GIVEN_UP };

struct sched;
/* An empty scheduler; config is copied and must pass sched_config_check(). sched_free() takes NULL. */
struct sched *sched_new(const struct sched_config *config);
/* Frees it with all it holds; NULL is allowed. */
void sched_free(struct sched *s);
/* The next decision to carry out, in order. */
bool sched_next_action(struct sched *s, struct sched_action *ret_action);

/* Jobs. `owner` groups jobs for fair turns (a search); id is unique. -EEXIST when known. */
int sched_add(struct sched *s, uint64_t job, uint64_t owner, const struct sched_need *need, const struct sched_tries *tries) SONATA_MUST_CHECK;
/* Moves a waiting job to a random place behind the first of those of its owner with the same need. */
void sched_shuffle(struct sched *s, uint64_t job);
/* Forgets a job; a live attempt of it is canceled by an action. */
void sched_remove(struct sched *s, uint64_t job, const char *reason);
/* Whether the job waits, is delayed, or has a live attempt. */
bool sched_has_job(const struct sched *s, uint64_t job);
/* Gives waiting jobs of a paused owner no boards until it is unpaused. */
void sched_pause(struct sched *s, uint64_t owner, bool paused);
/* The owner's team (default 0, weight 1): board time is shared between teams by weight, within a team equally between owners. */
void sched_set_team(struct sched *s, uint64_t owner, uint64_t team, double weight);
/* Within its team an owner of higher priority goes strictly first (default 0); between teams it changes nothing. */
void sched_set_priority(struct sched *s, uint64_t owner, int32_t priority);
/* The team's limits and the board time it used today; the caller owns the calendar and sets it to 0 when a day begins. Attempts that run are
 * counted with what their search's attempts took so far, so a day ends at most one attempt per team over its quota by that estimate. */
void sched_set_quota(struct sched *s, uint64_t team, const struct sched_quota *quota);
/* In nanoseconds. */
void sched_set_day_used(struct sched *s, uint64_t team, int64_t used_ns);
/* Which quota of its team keeps the owner from another board now. */
enum sched_held sched_held(const struct sched *s, uint64_t owner);
/* Its jobs that wait for a board. */
uint32_t sched_waiting(const struct sched *s, uint64_t owner);
/* Boards that hold attempts of the team. */
uint32_t sched_team_boards(const struct sched *s, uint64_t team);
/* The order in which owners have a claim to the next board. */
struct sched_claim sched_claim(const struct sched *s, uint64_t owner);
int sched_claim_compare(const struct sched_claim *a, const struct sched_claim *b); /* < 0: a goes first */
/* An owner that has no jobs and will have none. */
void sched_forget_owner(struct sched *s, uint64_t owner);
/* Board time a live attempt really took: corrects what was charged for it. Before sched_result(). */
void sched_measured(struct sched *s, uint64_t attempt, int64_t duration_ns);
/* The job is another owner's from now on, at the end of its queue. Nothing happens when there is no such job. */
void sched_set_owner(struct sched *s, uint64_t job, uint64_t owner);
/* What the job has behind it; zeros when there is no such job. */
struct sched_tries sched_tries(const struct sched *s, uint64_t job);

/* Workers and boards. Hello registers or refreshes; attempts of this worker's boards that it does not list are released (same incarnation:
 * they never arrived) or lost (it restarted). The attempts it lists are for the caller: renew or adopt each by sched_renew()/sched_adopt().
 * A board that another live worker has is refused: -EEXIST with its name in err; the others are registered. */
int sched_hello(struct sched *s, int64_t now, const struct sched_report *report, struct sonata_error *err) SONATA_MUST_CHECK;
/* -ENOENT: the worker (or this incarnation) did not say hello. boards refresh states; may be empty. */
int sched_heartbeat(struct sched *s, int64_t now, const struct sched_report *report) SONATA_MUST_CHECK;
/* The worker leaves in good order: its attempts are released. */
void sched_goodbye(struct sched *s, int64_t now, const char *worker);
/* Any other message of a worker counts as a sign of life. -ENOENT. */
int sched_alive(struct sched *s, int64_t now, const char *worker);

/* Whether a worker of that name was heard of lately. */
bool sched_is_online(const struct sched *s, const char *worker);

/* What the master lets a board do, beside what its worker says of it. */
enum sched_use {
    SCHED_USE_FULLY,
    SCHED_USE_ONE, /* one job at a time: nothing ahead */
    SCHED_USE_NOT  /* no new jobs. What it is at goes on; what it was given ahead is given to others without blame (actions) */
};
/* -ENOENT: no such board. */
int sched_use_board(struct sched *s, const char *board, enum sched_use use) SONATA_MUST_CHECK;
/* Whether the board is that worker's. */
bool sched_serves(const struct sched *s, const char *worker, const char *board);

/* Attempts. */
/* Its board is at it, or will be next; not behind another attempt. */
bool sched_is_head(const struct sched *s, uint64_t attempt);
/* The attempt has a lease. */
bool sched_is_live(const struct sched *s, uint64_t attempt);
/* Extends the lease of a live attempt; false when it is not live with that epoch. */
bool sched_renew(struct sched *s, int64_t now, const struct sched_running *running);
/* A live attempt's result. -ENOENT: not live; -ESTALE: epoch or board differ. Verdict says what becomes of the job. */
int sched_result(struct sched *s, int64_t now, const struct sched_result *result, enum sched_verdict *ret_verdict) SONATA_MUST_CHECK;
/* A late good result answers a waiting job: as sched_result(ok) but for a dead attempt; a live attempt of the job is canceled. */
int sched_finish(struct sched *s, uint64_t job) SONATA_MUST_CHECK;
/* A worker still has an attempt thought lost, and its board was not given away: it is live again; a newer attempt of the job is canceled. */
int sched_adopt(struct sched *s, int64_t now, uint64_t job, uint64_t attempt, uint32_t epoch, const char *board) SONATA_MUST_CHECK;
/* After a restart: an attempt the store says is live, on a board known from the store. The lease gets the grace period. */
int sched_restore(struct sched *s, int64_t now, uint64_t job, const struct sched_lease *lease) SONATA_MUST_CHECK;
/* After a restart: a board with its epoch, offline until its worker says hello. */
void sched_restore_board(struct sched *s, const char *id, const char *type, uint32_t epoch);
/* Forgets a board that no worker brings now and that never had a job. False: it is not such a one. */
bool sched_forget_board(struct sched *s, const char *id);
/* 0 when unknown. */
uint32_t sched_board_epoch(const struct sched *s, const char *board);

/* Attempt ids are given from here on. */
void sched_set_next_attempt(struct sched *s, uint64_t next);
/* The id that the next attempt gets. */
uint64_t sched_next_attempt(const struct sched *s);

/* Time passes: links, leases, back-offs. Returns the next moment something may happen by itself (INT64_MAX: never). */
int64_t sched_tick(struct sched *s, int64_t now);
/* Gives waiting jobs to free boards (actions). */
void sched_dispatch(struct sched *s, int64_t now);

/* Slots of fitting, online boards that the owner's quotas allow and no waiting job of its own or of a better claim could take: how many more
 * of its jobs of this need would be given out now. */
uint32_t sched_open_slots(struct sched *s, uint64_t owner, const struct sched_need *need);
/* All slots of fitting, online boards. */
uint32_t sched_total_slots(const struct sched *s, const struct sched_need *need);
/* Changes whenever sched_total_slots() may have changed. */
uint64_t sched_generation(const struct sched *s);
/* Boards that fit the need and whose worker is there, whatever their state. */
uint32_t sched_count_boards(const struct sched *s, const struct sched_need *need);
/* Whether any known board (online or not) could serve the need. */
bool sched_can_serve(const struct sched *s, const struct sched_need *need);

/* A board as people see it; pointers are borrowed until the next call that changes the scheduler. */
struct sched_board_view {
    const struct sched_board_info *info;
    const char *worker;
    bool online, suspect;
    uint32_t epoch;
    uint64_t attempt; /* head of its slots, 0: idle */
    const char *phase;
    uint32_t n_attempts;
    enum sched_use use;
    bool takes_work;  /* by its own state */
    bool left;        /* its worker said goodbye */
    int64_t heard_ns; /* when its worker was heard last; of no account without a worker */
};
/* How many boards are known, and the one at index < that: in order of first sight. */
uint32_t sched_board_count(const struct sched *s);
/* Fills *ret_view with the board at an index below sched_board_count(). */
void sched_board_view(const struct sched *s, uint32_t index, struct sched_board_view *ret_view);
/* false: no such board. */
bool sched_board_named(const struct sched *s, const char *board, struct sched_board_view *ret_view);
/* Jobs that are not finished. */
uint32_t sched_job_count(const struct sched *s);

#endif
