/* The searches of the master: joins the search core, the scheduler and the store.
 *
 * Inputs (a worker's message, a client's request) change the state in memory and add writes to the turn. engine_turn() then lets searches ask and
 * tell, gives out jobs, commits everything in one transaction, and only after the commit calls the hooks that send jobs to workers. When the
 * commit fails the turn's writes stay pending, inputs that would need another write are refused (engine_is_blocked()), and the next turns retry.
 * One thread owns it. Between engine_set_time() and the next one time stands still. */
#ifndef SONATA_RUN_ENGINE_H
#define SONATA_RUN_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "domain/evaluation.h"
#include "domain/metric.h"
#include "domain/spec.h"
#include "sched/sched.h"
#include "search/core.h"
#include "store/record.h"
#include "store/store.h"

struct engine_config {
    struct sched_config sched;
    int64_t time_limit_ns;   /* of one attempt on a board; 10 min */
    int64_t commit_retry_ns; /* pause after a failed commit; 1 s */
    int64_t quarantine_ns;   /* first back-off of a board without canaries that failed three jobs, the next 3 and 12 times; 5 min, 0: never */
    int64_t keep_samples_ns; /* age after which raw samples are dropped; 0: never */
    uint64_t samples_max;    /* while measurements take more bytes, the oldest raw samples are dropped; 0: no limit */
    int64_t keep_events_ns;  /* time after its end when the event log of a search is dropped as far as its snapshot holds it; 0: never */
    uint64_t upload_reserve; /* bytes of the disk that uploads leave free; 256 MiB */
    uint64_t artefacts_max;  /* bytes of model files; the oldest that nobody needs go; 0: no limit. 16 GiB */
    uint32_t searches_max;   /* searches that are not finished; 1,000 */
    uint32_t threads;        /* given to the search core */
    const uint64_t *died;    /* searches that had a step under way when the process before crashed: three times, and one is parked */
    size_t n_died;
    uint32_t pool; /* threads that steps of searches take at a time; one team never has all of more than one. 2 */
};
/* Every member as its comment says. */
struct engine_config engine_config_default(void);

struct engine_team {
    double weight; /* 1 = ordinary */
    struct sched_quota quota;
    uint64_t disk_max; /* bytes that its searches may take of the store; 0: no limit */
};

struct engine;
/* Takes over from config what may change while it runs: time limit, keeping of samples and events, pause after a failed commit, number of searches.
 */
void engine_reconfigure(struct engine *r, const struct engine_config *config);

struct engine_hooks {
    void *user;
    /* The lease is durable: send it. The job is borrowed for the call. */
    void (*assign)(void *user, const char *worker, const struct evaluation_job *job);
    void (*cancel)(void *user, const char *worker, uint64_t attempt, const char *reason);
    /* Tells a board something (message BoardCommand). NULL: boards are not told. */
    void (*command)(void *user, const char *worker, const char *board, const char *action);
    /* Runs fn(arg) on another thread, then done(arg) on the loop thread. NULL: both at once, in place. */
    void (*work)(void *user, void (*fn)(void *arg), void (*done)(void *arg), void *arg);
    /* Nanoseconds that grow while the engine works, called on any thread. NULL: time stands still, and no team is given less than another. */
    int64_t (*clock)(void *user);
    /* A step of a search begins or ends (also its loading at the start), on any thread: who crashes in one is told of it by engine_config. NULL: not
     * noted. */
    void (*step)(void *user, uint64_t search, bool begins);
    /* The team's share of board time and its limits; *ret_team holds an ordinary team's. NULL: all are ordinary. */
    void (*team)(void *user, const char *team, struct engine_team *ret_team);
    /* Something people should read; fields as in log_write(). NULL: nobody reads. */
    void (*note)(void *user, bool warning, const char *msg, const char *fields);
};

/* What an engine works with. The store is borrowed for its life, the rest is copied. */
struct engine_setup {
    struct store *store;
    const struct engine_config *config;
    const struct engine_hooks *hooks;
    int64_t now, wall; /* as engine_set_time() */
};
/* Loads every search from the store, with its pending evaluations and live leases (which get the grace period). -EINVAL: a configuration that cannot
 * be; else the store cannot be read. */
int engine_new(const struct engine_setup *setup, struct engine **ret_engine, struct sonata_error *err) SONATA_MUST_CHECK;
/* No work may be under way (engine_is_working()). */
void engine_free(struct engine *r);
/* The time from now on: monotonic, which must not go back, and wall clock; nanoseconds. Before every other call of a turn of the loop. */
void engine_set_time(struct engine *r, int64_t now, int64_t wall);
/* End of a loop turn. Returns when the next turn is due by itself (INT64_MAX: only on input). After it, store_pending() == 0 says that everything
 * so far is durable. */
int64_t engine_turn(struct engine *r);
/* No new asks; waits for nothing. For an orderly end, before the last engine_turn(). */
void engine_stop(struct engine *r);
/* A search core computes proposals on another thread (hook `work`). */
bool engine_is_working(const struct engine *r);
/* The last commit failed: take no input that changes anything. reason names the cause. */
bool engine_is_blocked(const struct engine *r, const char **ret_reason);
/* What engine_new() was given; the store for reading. */
struct store *engine_store(struct engine *r);
/* The configuration as it is now (engine_reconfigure()). */
struct engine_config engine_configuration(const struct engine *r);
/* Wall-clock time as set by engine_set_time(). */
int64_t engine_wall(const struct engine *r);
int64_t engine_now(const struct engine *r);
/* The scheduler, for its views; borrowed. */
const struct sched *engine_sched(const struct engine *r);

/* Workers. */
/* A worker says what it is, has and does: boards are registered, attempts it lists are renewed, adopted again or canceled. Errors as sched_hello();
 * -EAGAIN while blocked. */
int engine_hello(struct engine *r, const struct sched_report *report, struct sonata_error *err) SONATA_MUST_CHECK;
/* The same from time to time; boards only with their states. -ENOENT: it must say hello first. While blocked leases are renewed all the same. */
int engine_heartbeat(struct engine *r, const struct sched_report *report) SONATA_MUST_CHECK;
/* Public key that the board belongs to; "": none. Before a hello: whether the board may come with that key (-EUSERS: it has too many); after it: it
 * belongs to that key from now on. */
void engine_board_owner(struct engine *r, const char *board, char ret_key[BOARD_KEY_MAX]);
/* See engine_board_owner(): before a hello. 0, or -EUSERS with what the key has. */
int engine_board_may_come(struct engine *r, const char *board, const char *key, struct sonata_error *err) SONATA_MUST_CHECK;
/* See engine_board_owner(): after a hello; joins the transaction of the turn. */
void engine_board_bind(struct engine *r, const char *board, const char *key);
/* The worker leaves in good order: its attempts wait for other boards. Nothing happens while blocked. */
void engine_goodbye(struct engine *r, const char *worker);
/* What became of a result; sent to its worker, as a word, after the turn is durable. */
enum engine_verdict {
    ENGINE_NOT_NOW, /* blocked: no answer, the worker keeps it */
    ENGINE_ACCEPTED,
    ENGINE_DUPLICATE,   /* it was here before */
    ENGINE_REPLICATE,   /* good, but another attempt had answered */
    ENGINE_STALE_EPOCH, /* its board was given away meanwhile */
    ENGINE_INVALIDATED, /* its board measured wrong at that time */
    ENGINE_UNKNOWN,     /* of no attempt that this worker was given */
    ENGINE_VERDICT_COUNT
};
/* The word on the wire; NULL for ENGINE_NOT_NOW and outside the enum. */
const char *engine_verdict_name(enum engine_verdict v);
/* A result of a worker, or of whoever says that it is one. */
enum engine_verdict engine_result(struct engine *r, const char *worker, const struct measurement *m);

/* Boards: what happens to them, and what people want of them. */
/* An event of a board of that worker. 0: stored now or before, to be acknowledged after the turn is durable. -EAGAIN: blocked, -EBUSY: another live
 * worker has the board: not to be acknowledged. -ENODEV: not a board of this worker: it will never be stored. */
int engine_board_event(struct engine *r, const char *worker, const struct board_event *e) SONATA_MUST_CHECK;
struct engine_order {
    const char *board;
    enum board_order order;  /* one of a person's: not BOARD_ORDER_NONE */
    const char *reason, *by; /* "": none */
};
/* Takes effect with this turn; the board's worker is told then, and again whenever it says hello, until the board shows it. -EPERM: retired. */
int engine_board_control(struct engine *r, const struct engine_order *order, struct sonata_error *err) SONATA_MUST_CHECK;
struct engine_board_health {
    const struct board_health_record *record; /* NULL: nothing is known; borrowed until the next change */
    int64_t hold_left_ns;                     /* of the master's quarantine */
    char warning[320];                        /* "", or that boards of its type measure differently */
};
/* What is known of the health of a board of that type. */
void engine_board_health(const struct engine *r, const char *board, const char *type, struct engine_board_health *ret_health);
/* A page of a listing. */
enum { ENGINE_CURSOR_SIZE = 16, ENGINE_UPLOAD_CURSOR_SIZE = 40, ENGINE_CURSOR_MAX = ENGINE_UPLOAD_CURSOR_SIZE };
struct engine_page {
    const uint8_t *from;             /* where an earlier page stopped (next); NULL: from the beginning */
    uint32_t max;                    /* entries */
    void *user;                      /* of the caller's function for each */
    bool more;                       /* out: there are more, */
    uint8_t next[ENGINE_CURSOR_MAX]; /* and this is where they go on: ENGINE_CURSOR_SIZE or ENGINE_UPLOAD_CURSOR_SIZE bytes */
};
/* Committed events of a board, newest first; page->from is of ENGINE_CURSOR_SIZE bytes. `each` returns false when it has no room for that one. Errors
 * as store_scan(). */
int engine_board_history(struct engine *r, const char *board, struct engine_page *page,
                         bool (*each)(void *user, const struct board_event_record *e)) SONATA_MUST_CHECK;

/* Clients. */
/* Whose a search is and whose measurements it shares (struct search_record); NULL members: "". */
struct engine_owner {
    const char *team, *pool;
    uint32_t searches_max; /* unfinished ones of the team; 0: no limit of its own */
};
/* -ENOENT: the pool did not upload the supernet. -EDQUOT: the team has all searches, or all of the disk, that it may. */
int engine_submit(struct engine *r, const struct search_spec *spec, const struct engine_owner *owner, uint64_t *ret_id,
                  struct sonata_error *err) SONATA_MUST_CHECK;
/* A submission that starts with what search `of` knows, as far as it answers the new objectives: without measurements and without charge. The space
 * must be the same. -ENOENT: no such search. */
int engine_fork(struct engine *r, uint64_t of, const struct search_spec *spec, const struct engine_owner *owner, uint64_t *ret_id,
                struct sonata_error *err) SONATA_MUST_CHECK;
/* Proposals without a result and results that are measured again. */
uint32_t engine_search_pending(const struct engine *r, uint64_t id);
/* Measures again what failed for a cause: an error class (infra, lost, invalid, bug, config), "infeasible", "noisy" (measured, but flagged), "failed"
 * or "" (every error class), "all". A search that is done goes on until they are told. How many in *ret_n; none is no error. The budget is not
 * charged again. *ret_more: so far; the others follow over the next turns, and beyond a thousand as these are told (retry_next, retry_end and retried
 * of the header). -EBUSY: so it is with an earlier one. */
int engine_retry(struct engine *r, uint64_t id, const char *cause, uint32_t *ret_n, bool *ret_more, struct sonata_error *err) SONATA_MUST_CHECK;
/* Results of the board with from <= started < to (its worker's wall clock) are no longer trusted: those that come later are refused, those that were
 * accepted are taken back over the next turns, their evaluations open again, and every search that was told one is told anew, searches that are done
 * too. Idempotent. -EINVAL: no board or an empty span; -EAGAIN while blocked. */
int engine_invalidate(struct engine *r, const char *board, int64_t from_wall_ns, int64_t to_wall_ns) SONATA_MUST_CHECK;
/* Of a team that has all of the disk that it may, what leaves further records is refused: -EDQUOT. */
enum engine_action { ENGINE_PAUSE, ENGINE_RESUME, ENGINE_CANCEL, ENGINE_EXTEND, ENGINE_ACTION_COUNT };
/* "pause" …; NULL outside the enum. */
const char *engine_action_name(enum engine_action action);
/* evaluations: of ENGINE_EXTEND, by how many. -ENOENT: no such search; -EINVAL: not in its state; -ENOSPC while blocked. */
int engine_control(struct engine *r, uint64_t id, enum engine_action action, uint32_t evaluations, struct sonata_error *err) SONATA_MUST_CHECK;
/* Within its team a search of higher priority goes strictly first: -100 .. 100. Errors as engine_control(). */
int engine_set_priority(struct engine *r, uint64_t id, int32_t priority, struct sonata_error *err) SONATA_MUST_CHECK;
/* What keeps an unfinished search from going on. */
enum engine_hold {
    HOLD_NONE,
    HOLD_EVALUATOR, /* the program of the user fails: paused */
    HOLD_PAUSED,    /* by a person */
    HOLD_DISK,      /* nothing can be stored */
    HOLD_NO_BOARD,  /* no board that could measure it was ever there */
    HOLD_BOARDS,    /* none of those that could is ready */
    HOLD_TEAM_BOARDS,
    HOLD_TEAM_DAY,
    HOLD_TEAM_DISK, /* quotas of its team */
    HOLD_COUNT
};
/* "evaluator", "boards", … as in the schema of the JSON; "" for HOLD_NONE; NULL outside the enum. */
const char *engine_hold_name(enum engine_hold h);
enum { WHY_MAX = 480 };
/* The reason in words with what to do, into text ("": none). all: with the words of persons and of programs, which are not for other teams. */
enum engine_hold engine_search_waits(const struct engine *r, uint64_t id, bool all, char *text, size_t size);
/* Why that board does no work, into text: "quarantined for 2m10s more: …; `sonata board ID release` ends it". false: it does. */
bool engine_board_waits(const struct engine *r, const struct sched_board_view *v, bool all, char *text, size_t size);
/* The last attempt at which the program of the user failed, with what it said. false: none. Release with measurement_fini(). */
bool engine_search_failure(struct engine *r, const struct search_record *s, struct measurement *ret_measurement);
/* What a team uses: boards now, board time since midnight (UTC). */
void engine_team_usage(const struct engine *r, const char *team, uint32_t *ret_boards, int64_t *ret_day_ns);
/* Bytes that its searches take of the store. */
uint64_t engine_disk(const struct engine *r, const char *team);
/* Weights or quotas may have changed: asks the hook again for every search. */
void engine_teams_changed(struct engine *r);
/* Id of the search that the team knows by this number; 0: none. */
uint64_t engine_search_of_team(const struct engine *r, const char *team, uint64_t number);
/* Whether the pool (struct engine_owner) uploaded that content. */
bool engine_has_upload(struct engine *r, const uint8_t hash[32], const char *pool);
/* The pool uploaded that content, of n bytes, whose hash it is. It counts for the quota of `team`. Nothing happens when it did so before. */
void engine_add_upload(struct engine *r, const uint8_t hash[32], const char *pool, const char *team, const void *data, size_t n);
/* What an upload of so many bytes counts for the quota, in bytes. */
uint64_t engine_upload_charge(uint64_t bytes);
/* What the uploads of the team count in all. */
uint64_t engine_uploaded(const struct engine *r, const char *team);
/* -ENOSPC: with so many bytes more the disk would not keep its reserve. */
int engine_check_upload_room(const struct engine *r, uint64_t bytes, struct sonata_error *err) SONATA_MUST_CHECK;
struct engine_upload {
    const uint8_t *hash;
    const char *team;
    uint64_t bytes;
    int64_t wall_ns;
    uint32_t searches; /* that are not finished and use it */
};
/* Committed uploads of the team (NULL: all); page->from is of ENGINE_UPLOAD_CURSOR_SIZE bytes. The upload is borrowed for the call. Errors as
 * store_scan(). */
int engine_list_uploads(struct engine *r, const char *team, struct engine_page *page,
                        void (*each)(void *user, const struct engine_upload *u)) SONATA_MUST_CHECK;
/* Removes a committed upload of the team (NULL: whoever's). -ENOENT; -EBUSY: a search that is not finished uses it. */
int engine_remove_upload(struct engine *r, const uint8_t hash[32], const char *team, struct sonata_error *err) SONATA_MUST_CHECK;

/* Model files: in a folder of their own beside the store (docs/STORAGE.md). */
/* Where a file is written and made durable under its hash before it is added; borrowed. */
const char *engine_artefact_folder(const struct engine *r);
/* It was added, in this turn or before. */
bool engine_has_artefact(const struct engine *r, const uint8_t hash[32]);
/* Team and pool for whose search the worker's attempt builds a model; borrowed until the next change. -ENOENT: it builds none, or is answered. */
int engine_artefact_owner(struct engine *r, const char *worker, uint64_t attempt, struct engine_owner *ret_owner) SONATA_MUST_CHECK;
struct engine_room {
    const char *team;
    uint64_t quota; /* of its uploads, bytes; 0: none */
    uint64_t bytes; /* of the model, and of those on their way */
};
/* Makes room for a model: the oldest that nobody needs go. -EAGAIN: in a moment; -ENOSPC: the folder or the disk is full; -EDQUOT: the team's quota
 * is. */
int engine_artefact_room(struct engine *r, const struct engine_room *want, struct sonata_error *err) SONATA_MUST_CHECK;
/* A file that is durable in the folder; from this turn on it is the team's and may be run. -EIO: it is not there. */
int engine_add_artefact(struct engine *r, const struct artefact *a, const struct engine_owner *owner, struct sonata_error *err) SONATA_MUST_CHECK;
/* The model that boards ran of an individual. -ENOENT with the reason. */
int engine_individual_artefact(struct engine *r, uint64_t search, uint64_t individual, struct artefact *ret_artefact,
                               struct sonata_error *err) SONATA_MUST_CHECK;

/* How many searches there are, finished or not. */
uint32_t engine_search_count(const struct engine *r);
/* Number of the last commit that changed the search (by index in order of id), 1: none since the start; its team. Numbers grow, over restarts too:
 * they are microseconds of the wall clock. */
uint64_t engine_search_changed(const struct engine *r, uint32_t index, const char **ret_team);
/* Of the last commit that changed one of the team's (NULL: any), at least 1. */
uint64_t engine_team_changed(const struct engine *r, const char *team);
/* Of the last commit that changed any; 0: none since the start. */
uint64_t engine_committed(const struct engine *r);
/* By index in order of id; borrowed until the next change. */
const struct search_record *engine_search_record(struct engine *r, uint32_t index);
/* NULL: no such search. Front size, hypervolume and active time are brought up to date. */
const struct search_record *engine_search_by_id(struct engine *r, uint64_t id);
/* Ids of the front in order of the first objective; *ret_ids is for free(). */
int engine_front(struct engine *r, uint64_t id, uint64_t **ret_ids, uint32_t *ret_n, struct sonata_error *err) SONATA_MUST_CHECK;
/* The specification as it was submitted. -ENOENT: no such search; -EBADMSG: it is damaged. */
int engine_spec(struct engine *r, uint64_t id, struct search_spec *ret_spec, struct sonata_error *err) SONATA_MUST_CHECK;
/* What the models learned. -EAGAIN while the search core is at work elsewhere. arms[i] are borrowed. */
int engine_insight(struct engine *r, uint64_t id, struct core_insight *ret_insight, const char *ret_arms[16],
                   struct sonata_error *err) SONATA_MUST_CHECK;

/* Runs the event log of a search from its first event through a new search core and compares every proposal with the recorded one. -EBADMSG says
 * at which event they differ, -ENODATA that retention dropped the beginning of the log. */
int engine_replay(struct store *store, uint64_t id, uint64_t *ret_events, uint32_t *ret_proposals, struct sonata_error *err) SONATA_MUST_CHECK;

/* Verification of a whole store (`sonata-master --check`). Prints one line per finding and the counts to `say`. Returns the number of findings. */
uint64_t engine_check(struct store *store, void (*say)(void *user, const char *line), void *user);

#endif
