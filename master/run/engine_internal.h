/* Layout shared by the files of this module. */
#ifndef SONATA_RUN_ENGINE_INTERNAL_H
#define SONATA_RUN_ENGINE_INTERNAL_H

#include "base/map.h"
#include "run/engine.h"

enum { REPORT_PASSES = 3 }; /* measurements that an evaluation of tier report rests on */

struct search;

/* An individual that is not told yet, or told and measured again (record.told_order). Of the latter the store keeps what was told until there is an
 * answer: values that come in are here alone and found again in the evaluations after a restart. */
struct pending {
    struct individual_record record;
    uint32_t n_open; /* evaluations without an answer */
    bool complete;   /* nothing to wait for: may be told */
    enum core_status status;
};

/* An evaluation without an answer. */
struct evaluation {
    struct evaluation_record record;
    struct waiter {
        struct search *search;
        uint64_t individual;
        uint32_t group;
    } * waiter;
    uint32_t n_waiters;
    size_t waiter_capacity;
};

struct search {
    struct engine *run;
    struct search_record record;
    struct search_spec *spec; /* NULL when finished: read from the store on demand */
    struct core *core;        /* NULL when finished */
    uint8_t space_hash[32];
    bool proposal_order; /* results are told in the order of the proposals */
    uint32_t window;     /* proposals in flight in that order */
    struct map pending;  /* id → struct pending */
    uint64_t *complete;  /* ids in order of completion; tells of told ones are skipped */
    size_t n_complete, complete_at, complete_capacity;
    uint64_t next_tell; /* proposal order: id to be told next */
    uint64_t *again;    /* ids of completed ones that were told before, in order of completion */
    size_t n_again, again_at, again_capacity;
    uint32_t n_retelling; /* told ones among the pending */
    uint32_t n_abandoned; /* proposals never told, from when the search ended the time before */
    bool indexed;         /* finished, and in the index of run->scan */
    bool closed;          /* done, and cannot go on: its core cannot be loaded */
    uint32_t total_slots; /* of fitting boards, as of total_generation of the scheduler */
    uint64_t total_generation;
    bool dirty;               /* header to be written this turn */
    int64_t stored_active_ns; /* active_ns of the header as it was written last */
    bool front_dirty;
    uint64_t snapshot_event; /* events contained in the stored snapshot */
    size_t snapshot_size;
    uint64_t forests_stored; /* core_forests_number() of those in the store; UINT64_MAX: not known */
    /* an ask under way on another thread: core belongs to it meanwhile */
    bool busy, drop_when_idle;
    uint64_t events_looked_at, events_droppable; /* retention: of a log that long, the events before that one may go */
    uint32_t ask_wanted, ask_got;
    struct core_proposal *ask_proposal;
};

/* Individuals of finished searches by evaluation, while results are taken back (invalidate.c). */
struct user_index {
    struct user {
        uint64_t evaluation, search, individual;
    } * user;
    size_t n, capacity;
    bool sorted;
    uint64_t search, next; /* being indexed, and from which individual on; search 0: none */
};

/* A board of which there is something to remember. */
struct watched {
    struct board_health_record record;
    int64_t hold_until_ns; /* of the master's own quarantine; 0: none */
};

struct engine {
    struct store *store;
    struct engine_config config;
    struct engine_hooks hooks;
    struct sched *sched;
    int64_t now, wall, last_active_ns;
    struct search **search; /* in order of id */
    uint32_t n_searches;
    size_t search_capacity;
    struct map search_by_id;
    struct map search_by_number; /* hash of team and number */
    struct map last_of_team;     /* hash of the team → its search of the largest number */
    struct map evaluations;      /* open ones by id */
    uint64_t next_search, next_evaluation;
    struct map usage;       /* hash of the team's name → struct usage_record, of usage_day */
    int64_t usage_day;      /* days since 1970, UTC */
    struct map uploaded;    /* hash of the team's name → struct uploaded */
    struct map upload_uses; /* first 8 bytes of a content's hash → how many uploads it is */
    struct map boards;      /* hash of the name → struct watched */
    struct map spreads;     /* hash of a type → struct type_spread: its boards measure differently */
    struct map suspects;    /* open evaluation → struct suspect_record */
    int64_t boards_due_ns;  /* when the next quarantine ends */
    bool stopping, blocked;
    char blocked_reason[256];
    int64_t retry_ns, retain_ns;
    bool room_noted;
    uint32_t skipped_attempts;      /* since the start */
    struct invalid_record *invalid; /* boards that measured wrong for a time */
    uint32_t n_invalid;
    size_t invalid_capacity;
    struct user_index scan;
    bool hold_asks; /* a scan waits until every search core is at home */
    uint32_t n_working;
    /* to be sent after the commit */
    struct outgoing {
        enum { OUT_ASSIGN, OUT_CANCEL, OUT_COMMAND } type; /* command: reason is what job.board is told */
        char worker[WORKER_NAME_MAX], reason[REASON_MAX];
        struct evaluation_job job;
    } * outgoing;
    size_t n_outgoing, outgoing_capacity;
};

/* engine.c */
void engine_note(struct engine *r, bool warning, const char *msg, const char *format, ...) SONATA_PRINTF(4, 5);
struct search *engine_get(const struct engine *r, uint64_t id);
struct search *engine_add_search(struct engine *r, uint64_t id); /* zeroed record with the id, in the tables */
void engine_send_cancel(struct engine *r, const char *worker, uint64_t attempt, const char *reason);
void engine_send_command(struct engine *r, const char *worker, const char *board, const char *action);
bool search_is_finished(const struct search *rs);

/* Fields of log lines. Of a search: id and team; of an evaluation: its id, and the search (of several, the one it is charged to) with its team. */
enum { NOTE_FIELDS_MAX = 160 };
const char *search_fields(const struct search *rs, char text[NOTE_FIELDS_MAX]);
const char *evaluation_fields(const struct engine *r, uint64_t evaluation, char text[NOTE_FIELDS_MAX]);

/* number.c */
/* The next number of its team, at its submission (or when a record from before there were numbers is loaded). */
void number_give(struct search *rs);
/* Enters a search that has its number. */
void number_index(struct search *rs);

/* plan.c */
/* Settles the groups when known boards can serve them; false (and the reason) when not yet. */
bool plan_search(struct search *rs, char *reason, size_t size);
/* Metric i of objectives, then constraints; false past the last. Borrowed from the spec. */
bool plan_metric(const struct search_spec *spec, uint32_t i, const char **ret_metric, const char **ret_board);
/* Counted from the genotype; only without a board and when the space describes a network. */
bool plan_is_analytic(const struct search_spec *spec, const char *metric, const char *board);
void group_need(const struct search *rs, uint32_t group, struct sched_need *ret_need);
/* Analytic metrics into the individual; returns the violation of analytic constraints (0 = none). */
double plan_analytic(const struct search *rs, struct individual_record *ind);
/* The values of one group's measurement into the individual. */
void plan_fill(const struct search *rs, struct individual_record *ind, uint32_t group, const struct measurement *m);
/* When a group is asked for: those that measured constraints are about first (0), the others (1) only of architectures that keep them. */
uint32_t plan_stage(const struct search *rs, uint32_t group);
/* Violation of the constraints whose values are there. */
double plan_violation(const struct search *rs, const struct individual_record *ind);
/* Minimised objectives and violation. false: a value is missing. */
bool plan_objectives(const struct search *rs, const struct individual_record *ind, double ret_objective[OBJECTIVES_MAX], double *ret_violation);
/* Objective i, minimised, when the individual has a value of that name. */
bool plan_objective(const struct search *rs, const struct individual_record *ind, uint32_t i, double *ret_value);
int plan_params(const struct search_spec *spec, uint32_t threads, struct core_params *ret_params, bool *ret_proposal_order, uint32_t *ret_window,
                struct sonata_error *err) SONATA_MUST_CHECK;

/* The search core at its beginning, with the policy it starts from. */
int plan_core(const struct search_spec *spec, const struct core_params *params, struct core **ret_core, struct sonata_error *err) SONATA_MUST_CHECK;

/* supply.c */
/* -EINVAL ("config: …", with the boards there are and what they supply) when boards that could serve a metric are known and none supplies it. */
int supply_check(const struct engine *r, const struct search_spec *spec, struct sonata_error *err) SONATA_MUST_CHECK;
/* The part of it that holds for a search whose boards came later: -EINVAL when they supply the metric, but not at the tier of the search. */
int supply_check_tier(const struct engine *r, const struct search_spec *spec, struct sonata_error *err) SONATA_MUST_CHECK;
/* "; no board of that type …, there is type a, b" into text when no board of the type is known; else nothing. */
void supply_describe_unknown(const struct engine *r, const char *type, char *text, size_t size);

/* evaluation.c */
/* The evaluation of that group for the individual: joined when open, answered from the store when known, else opened: again when it had one. */
void evaluation_request(struct search *rs, struct pending *p, uint32_t group);
void evaluation_drop_waiters(struct search *rs, struct pending *p, const char *reason);
/* All waiters get the answer; the evaluation leaves memory. The reason (and, from the record, the cause) is that of a failure. */
void evaluation_close(struct engine *r, struct evaluation *e, enum evaluation_state state, const char *reason);
/* The measurement that answers it; where it rests on several, the first with the means of all. Release with measurement_fini(). */
int evaluation_answer(struct engine *r, const struct evaluation_record *record, struct measurement *ret_measurement) SONATA_MUST_CHECK;
int evaluation_load(struct engine *r, uint64_t id, struct evaluation_record *ret_record) SONATA_MUST_CHECK;
void evaluation_put(struct engine *r, const struct evaluation_record *record);
struct evaluation *evaluation_open(struct engine *r, const struct evaluation_record *record); /* into memory and scheduler's view by caller */
void evaluation_wait(struct evaluation *e, struct search *rs, uint64_t individual, uint32_t group);
bool evaluation_is_awaited(const struct evaluation *e, const struct search *rs, uint64_t individual, uint32_t group);
/* Waits, and makes it a job when it is none. */
void evaluation_join(struct evaluation *e, struct search *rs, uint64_t individual, uint32_t group);
/* Opens it again with fresh tries until it rests on `wanted` measurements (how: of no account without an answer); one that is open wants more.
 * The caller joins it. NULL: no such evaluation. */
struct evaluation *evaluation_reopen(struct engine *r, uint64_t id, enum reopened how, uint32_t wanted);
/* Answered, but by fewer measurements than its tier asks for: another search was cancelled in the middle. */
bool evaluation_lacks_passes(struct engine *r, const struct evaluation_record *e);
/* Nobody waits: its answer stands again, or it is canceled. Frees it. */
void evaluation_abandon(struct engine *r, struct evaluation *e);
/* State it has, or would have if nobody waited for more. */
enum evaluation_state evaluation_standing(struct engine *r, const struct evaluation_record *record);
int evaluation_schedule(struct engine *r, struct evaluation *e) SONATA_MUST_CHECK;
struct sched_need evaluation_need(const struct evaluation_record *record);

/* Whether the store answers that group for the architecture now (done or infeasible). */
bool evaluation_known(const struct search *rs, const struct genotype *g, uint32_t group, struct evaluation_record *ret_record);

/* fork.c */
bool fork_is_under_way(const struct search *rs);
/* Takes over a bounded number of the parent's individuals. The core must be here and the plan settled. */
void fork_step(struct search *rs);

/* individual.c */
/* Whether it counts against the budget: not when an analytic constraint ruled it out, nor when a fork took it over. */
bool individual_is_charged(const struct individual_record *record);
/* What rests on exact values alone rests on one measurement: they need no more. */
void individual_settle_measured(struct pending *p);
/* The values of a group's answer, and on how many measurements they rest. */
void individual_take(const struct search *rs, struct individual_record *ind, uint32_t group, const struct evaluation_record *record,
                     const struct measurement *m);
void individual_create(struct search *rs, const struct core_proposal *p);
/* One group's answer: record says in which state and, done or infeasible, m with which values (NULL: they cannot be read). */
void individual_answer(struct search *rs, uint64_t id, uint32_t group, const struct evaluation_record *record, const struct measurement *m,
                       const char *reason);
/* Reads the answer of an evaluation that is not open and gives it. */
void individual_answer_from_store(struct search *rs, uint64_t id, uint32_t group, const struct evaluation_record *record);
/* Measures it again as far as its evaluations are open, failed, canceled or missing; it is told anew if it was told. 0, -ENOENT. */
int individual_reopen(struct search *rs, uint64_t id) SONATA_MUST_CHECK;
/* Forgets one that is measured again, as the search ends: what was told stands, unless its measurement was taken back. */
void individual_put_back(struct search *rs, struct pending *p);
bool metrics_are_exact(const struct metric_value *metric, uint32_t n);
void individual_completed(struct search *rs, struct pending *p);
void individual_put(struct search *rs, const struct individual_record *record);
int individual_load(struct engine *r, uint64_t search, uint64_t id, struct individual_record *ret_record) SONATA_MUST_CHECK;

/* search_run.c */
/* A result that no board has to make: into the core and the store, told but not charged. Its id is given here. */
void search_take_known(struct search *rs, struct pending *p);
/* Tells and asks as far as this turn goes; true when more could be done at once. */
bool search_advance(struct search *rs);
/* A search that is done goes on from where it was; one that goes on already is left alone. */
int search_reopen(struct search *rs, struct sonata_error *err) SONATA_MUST_CHECK;
void search_finish(struct search *rs, enum search_state state, const char *reason);
bool search_is_quick(const struct search_spec *spec); /* proposals of its algorithm cost microseconds */
void search_join_team(struct search *rs);             /* for fair share */
/* Proposals that may be in flight: with one of two board types down the other goes on, but not without end. */
uint32_t search_flight_limit(struct search *rs);
void search_refresh(struct search *rs); /* front size and hypervolume */

/* result.c */
void result_adopt(struct engine *r, const char *worker, const struct sched_running *running);
void attempt_put(struct engine *r, const struct attempt_record *record);
int attempt_load(struct engine *r, uint64_t id, struct attempt_record *ret_record) SONATA_MUST_CHECK;
void actions_apply(struct engine *r);
int measurement_load(struct engine *r, uint64_t attempt, struct measurement *ret_measurement) SONATA_MUST_CHECK;

void measurement_put(struct engine *r, const struct measurement *m);

/* replicate.c */
/* Measures again what its front lacks. false: nothing, the front may be told. */
bool replicate_front(struct search *rs);

/* invalidate.c */
bool measured_wrong(const struct engine *r, const struct measurement *m); /* its board was not to be trusted at that time */
int invalidate_load(struct engine *r) SONATA_MUST_CHECK;
/* One bounded step of taking results back; true: more could be done at once. */
bool invalidate_step(struct engine *r);

/* retry.c */
bool retry_is_under_way(const struct search *rs);
/* The search ends: what was not looked at is left. */
void retry_drop(struct search *rs);
/* One bounded step; true: more could be done at once. */
bool retry_step(struct engine *r);

/* retain.c */
/* One bounded step; returns when the next is due. */
int64_t retain_step(struct engine *r);

/* persist.c */
void search_log_ask(struct search *rs, uint32_t wanted, const struct core_proposal *proposal, uint32_t got);
void search_log_tell(struct search *rs, uint64_t id, const struct core_result *result);
void search_log_retell(struct search *rs, uint64_t id, const struct core_result *result);
void search_log_inject(struct search *rs, const struct individual_record *ind, const struct core_result *result);
void search_log_hint(struct search *rs, const struct individual_record *ind, uint32_t objective, double value);
void search_log_control(struct search *rs, const char *text);
void search_persist(struct search *rs); /* header, and a snapshot when due */
void search_snapshot(struct search *rs);
uint64_t proposals_digest(const struct space *space, const struct core_proposal *proposal, uint32_t n);

/* replay.c */
/* The search core as the stored snapshot has it, with its forests when they are stored. -ENOENT: there is no snapshot, or it is of a later event
 * than `until`. *ret_forests (NULL allowed): 0, -ENOENT when none are stored, -EBADMSG when they are not those of the snapshot. */
int snapshot_load(struct store *store, const struct search_spec *spec, uint64_t id, uint64_t until, struct core **ret_core, uint64_t *ret_event,
                  size_t *ret_size, int *ret_forests, struct sonata_error *err) SONATA_MUST_CHECK;
/* A search core as it was after event number `until` (exclusive): from the snapshot when it is not later, else from the start; the events in
 * between are run again and every proposal is compared. A damaged snapshot is passed over for the whole log; then *err says why although 0 is
 * returned. */
int replay_core(struct store *store, const struct search_spec *spec, uint64_t id, uint32_t threads, uint64_t until, bool from_start,
                struct core **ret_core, uint64_t *ret_snapshot_event, size_t *ret_snapshot_size, struct sonata_error *err) SONATA_MUST_CHECK;
int spec_load(struct store *store, uint64_t id, struct search_spec *ret_spec, struct sonata_error *err) SONATA_MUST_CHECK;

/* usage.c: board time by team and day */
int usage_load(struct engine *r) SONATA_MUST_CHECK;
void usage_free(struct engine *r);
void usage_add(struct engine *r, const char *team, int64_t board_ns);
/* A new day begins with nothing used. */
void usage_turn(struct engine *r);
int64_t usage_day_end_ns(const struct engine *r); /* on the monotonic clock; INT64_MAX when no team waits for it */

/* uploads.c */
int uploads_load(struct engine *r) SONATA_MUST_CHECK;
void uploads_free(struct engine *r);
/* -ENOENT: the search needs a supernet that was removed. */
int uploads_check_supernet(struct engine *r, const struct search_spec *spec, struct sonata_error *err) SONATA_MUST_CHECK;

/* boards.c */
int boards_load(struct engine *r) SONATA_MUST_CHECK;
void boards_free(struct engine *r);
/* Quarantines that are over; returns when the next is. */
int64_t boards_turn(struct engine *r);
/* What the worker's boards were to be told meanwhile. */
void boards_hello(struct engine *r, const char *worker, const struct sched_board_info *boards, uint32_t n);
/* How the attempt ended that the board was at. */
void boards_outcome(struct engine *r, const char *board, uint64_t evaluation, enum outcome outcome);
void boards_forgive(struct engine *r, const char *board, uint64_t evaluation);
struct watched *watched_find(const struct engine *r, const char *board);
bool watched_has_canary(const struct watched *w);

/* suspect.c */
/* The attempt ended as infra or lost while its board was at it. own_clock: wall_ns is of the worker's clock. It may close the evaluation. */
void suspect_add(struct engine *r, const struct attempt_record *a, int64_t wall_ns, bool own_clock);
/* It did not fail after all. */
void suspect_clear(struct engine *r, const struct attempt_record *a);
/* The board passed a canary. It may close evaluations. */
void suspects_well(struct engine *r, const char *board, int64_t wall_ns);
void suspect_forget(struct engine *r, uint64_t evaluation);
void suspect_load(struct engine *r, uint64_t evaluation);
/* Why an evaluation without an accepted attempt is infeasible. */
void suspect_reason(struct engine *r, uint64_t evaluation, char reason[REASON_MAX]);
void suspects_free(struct engine *r);

/* load.c */
int engine_load(struct engine *r, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
