/* Attempts against the store: results (idempotent on attempt and epoch), late ones, adoption, and what the scheduler decided. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "codec/codec.h"
#include "run/engine_internal.h"

int attempt_load(struct engine *r, uint64_t id, struct attempt_record *ret_record)
{
    cleanup_bytes struct bytes b = {0};
    int rc = store_get(r->store, STORE_ATTEMPT, key_u64(id), &b);
    return rc ? rc : attempt_record_decode(b.data, b.size, ret_record);
}

void attempt_put(struct engine *r, const struct attempt_record *record)
{
    cleanup_bytes struct bytes b = {0};
    attempt_record_encode(record, &b);
    store_put(r->store, STORE_ATTEMPT, key_u64(record->id), b.data, b.size);
}

int measurement_load(struct engine *r, uint64_t attempt, struct measurement *ret_measurement)
{
    cleanup_bytes struct bytes b = {0};
    int rc = store_get(r->store, STORE_MEASUREMENT, key_u64(attempt), &b);
    return rc ? rc : measurement_decode(b.data, b.size, ret_measurement, NULL);
}

void measurement_put(struct engine *r, const struct measurement *m)
{
    cleanup_bytes struct bytes b = {0};
    measurement_encode(m, &b);
    store_put(r->store, STORE_MEASUREMENT, key_u64(m->attempt), b.data, b.size);
}

static void board_load(struct engine *r, const char *name, struct board_record *ret_board)
{
    cleanup_bytes struct bytes b = {0};
    if (store_get(r->store, STORE_BOARD, key_text(name), &b) || board_record_decode(b.data, b.size, ret_board)) {
        *ret_board = (struct board_record){.first_wall_ns = r->wall};
        copy_string(ret_board->name, sizeof ret_board->name, name);
    }
}

static void board_put(struct engine *r, const struct board_record *board)
{
    cleanup_bytes struct bytes b = {0};
    board_record_encode(board, &b);
    store_put(r->store, STORE_BOARD, key_text(board->name), b.data, b.size);
}

static void charge_board(struct engine *r, const struct measurement *m, bool good)
{
    struct board_record board;
    board_load(r, m->board, &board);
    board.done += good;
    board.failed += !good;
    board.busy_ns += m->duration_ns > 0 ? m->duration_ns : 0;
    board_put(r, &board);
}

/* The first metric that was asked and is not there; NULL: all are. */
static const char *missing_metric(const struct evaluation_record *e, const struct measurement *m)
{
    for (uint32_t i = 0; i < e->need.n_metrics; i++) {
        const struct metric_value *v = measurement_metric(m, e->need.metric[i]);
        if (!v || !isfinite(v->value))
            return e->need.metric[i];
    }
    return NULL;
}

/* A good result must hold what was asked. Otherwise it is the tool's bug, whatever it says. */
static void check_complete(const struct evaluation_record *e, struct measurement *m)
{
    const char *missing = m->outcome == OUTCOME_OK ? missing_metric(e, m) : NULL;
    if (!missing)
        return;
    m->outcome = OUTCOME_BUG;
    snprintf(m->reason, sizeof m->reason, "bug: the result lacks %s", missing);
}

static void save_measurement(struct engine *r, struct attempt_record *a, const struct measurement *m, enum attempt_state state)
{
    measurement_put(r, m);
    a->state = state;
    a->outcome = m->outcome;
    a->has_measurement = true;
    a->closed_wall_ns = r->wall;
    attempt_put(r, a);
    charge_board(r, m, m->outcome == OUTCOME_OK || m->outcome == OUTCOME_INFEASIBLE);
}

static void take_tries(const struct engine *r, struct evaluation_record *e)
{
    struct sched_tries t = sched_tries(r->sched, e->id);
    e->tries = (struct tries){t.infra, t.invalid, t.bug, t.reported, ""};
    copy_string(e->tries.avoid, sizeof e->tries.avoid, t.avoid);
}

static void save_tries(struct engine *r, struct evaluation *e)
{
    take_tries(r, &e->record);
    e->record.live = 0;
    evaluation_put(r, &e->record);
}

static bool is_good(const struct measurement *m) { return m->outcome == OUTCOME_OK || m->outcome == OUTCOME_INFEASIBLE; }

/* Several searches may wait for it; it is charged once, to the first. */
static void charge_team(struct engine *r, const struct evaluation *e, const struct measurement *m)
{
    if (e->n_waiters)
        usage_add(r, e->waiter[0].search->record.team, m->duration_ns);
}

static void set_attempt_state(struct engine *r, uint64_t attempt, enum attempt_state state)
{
    struct attempt_record a;
    if (attempt_load(r, attempt, &a))
        return;
    a.state = state;
    attempt_put(r, &a);
}

/* A further measurement joins the others. */
static bool is_further(const struct evaluation *e) { return e->record.reopened == REOPENED_FURTHER && e->record.accepted; }

static enum attempt_state good_state(const struct evaluation *e) { return is_further(e) ? ATTEMPT_REPLICATE : ATTEMPT_ACCEPTED; }

/* Into the record of the evaluation; true when it shall rest on more still. */
static bool take_measurement(struct engine *r, struct evaluation_record *e, bool further, const struct measurement *m)
{
    e->answers++;
    if (further && m->outcome != OUTCOME_OK)
        return false; /* it ran before: one refusal proves nothing, and the answer stands */
    if (further) {
        e->further[e->n_further++] = m->attempt;
    } else {
        if (e->accepted)
            set_attempt_state(r, e->accepted, ATTEMPT_REPLICATE); /* replaced: kept, not counted */
        e->accepted = m->attempt;
        e->n_further = 0;
        e->reopened = REOPENED_FURTHER;
    }
    if (metrics_are_exact(m->metric, m->n_metrics))
        return false; /* it would be the same again */
    return m->outcome == OUTCOME_OK && 1 + e->n_further < e->wanted && e->n_further < FURTHER_MAX;
}

static void answer(struct engine *r, struct evaluation *e, const struct measurement *m)
{
    if (e->n_waiters) {
        struct search *owner = e->waiter[0].search;
        owner->record.board_ns += m->duration_ns > 0 ? m->duration_ns : 0;
        owner->dirty = true;
    }
    if (!take_measurement(r, &e->record, is_further(e), m)) {
        evaluation_close(r, e, evaluation_standing(r, &e->record), m->reason);
        return;
    }
    e->record.live = 0;
    e->record.tries = (struct tries){.reported = e->record.tries.reported};
    evaluation_put(r, &e->record);
    if (evaluation_schedule(r, e))
        engine_note(r, true, "evaluation cannot be scheduled", "evaluation=%llu", (unsigned long long)e->record.id);
}

/* Good or not, nothing is learned from a board at a time when it measured wrong. The job waits for another attempt, nobody is to blame. */
static const char *result_of_wrong(struct engine *r, struct attempt_record *a, const struct measurement *m)
{
    enum sched_verdict verdict;
    uint64_t job;
    struct evaluation *e = a->state == ATTEMPT_LIVE ? map_get(&r->evaluations, a->evaluation) : NULL;
    sched_measured(r->sched, m->attempt, m->duration_ns);
    if (e && sched_result(r->sched, r->now, m->attempt, m->epoch, m->board, OUTCOME_CANCELED, "", &verdict, &job))
        return "unknown";
    a->lost_epoch = sched_board_epoch(r->sched, a->board);
    save_measurement(r, a, m, ATTEMPT_INVALIDATED);
    if (e) {
        charge_team(r, e, m);
        save_tries(r, e);
    }
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, true, "result refused: its board measured wrong at that time", "attempt=%llu board=%s %s", (unsigned long long)m->attempt,
                m->board, evaluation_fields(r, a->evaluation, fields));
    return "invalidated";
}

/* Invalid once more than a job may be (MEASUREMENT 3.5): what was measured all the same counts as noisy when it is whole, else the job is
 * unmeasurable. */
static void settle_invalid(struct engine *r, const struct evaluation *e, struct measurement *m)
{
    char why[REASON_MAX];
    uint32_t before = sched_tries(r->sched, e->record.id).invalid;
    if (m->outcome != OUTCOME_INVALID || before < r->config.sched.max_invalid)
        return;
    copy_string(why, sizeof why, m->reason);
    bool whole = !missing_metric(&e->record, m);
    snprintf(m->reason, sizeof m->reason, "%s in %u attempts, the last: %.100s", whole ? "noisy: never valid" : "invalid: unmeasurable, not valid",
             before + 1, why);
    if (whole) {
        m->outcome = OUTCOME_OK;
        m->flags |= FLAG_NOISY;
    }
}

static const char *result_of_live(struct engine *r, struct attempt_record *a, struct measurement *m)
{
    struct evaluation *e = map_get(&r->evaluations, a->evaluation);
    if (!e)
        return "unknown";
    check_complete(&e->record, m);
    settle_invalid(r, e, m);
    enum sched_verdict verdict;
    uint64_t job;
    bool head = sched_is_head(r->sched, m->attempt);
    sched_measured(r->sched, m->attempt, m->duration_ns);
    if (sched_result(r->sched, r->now, m->attempt, m->epoch, m->board, m->outcome, m->reason, &verdict, &job))
        return "unknown";
    a->lost_epoch = sched_board_epoch(r->sched, a->board);
    save_measurement(r, a, m, is_good(m) ? good_state(e) : ATTEMPT_FAILED);
    charge_team(r, e, m);
    char fields[NOTE_FIELDS_MAX];
    evaluation_fields(r, a->evaluation, fields); /* while it is open */
    if (verdict == SCHED_FINISHED)
        answer(r, e, m);
    else if (verdict == SCHED_REQUEUED)
        save_tries(r, e); /* given up: the action SCHED_BURY closes it in this turn */
    if (!is_good(m))
        engine_note(r, true, "attempt failed", "attempt=%llu board=%s %s outcome=%s requeued=%d reason=\"%s\"", (unsigned long long)m->attempt,
                    m->board, fields, outcome_name(m->outcome), verdict == SCHED_REQUEUED, m->reason);
    if (head)
        boards_outcome(r, a->board, a->evaluation, m->outcome);
    if (head && (m->outcome == OUTCOME_INFRA || m->outcome == OUTCOME_LOST))
        suspect_add(r, a, m->started_wall_ns > 0 ? m->started_wall_ns + m->duration_ns : r->wall, m->started_wall_ns > 0);
    return "accepted";
}

/* Lost, released or canceled before: sound when nobody else had the board since. */
static const char *result_of_dead(struct engine *r, struct attempt_record *a, struct measurement *m)
{
    if (sched_board_epoch(r->sched, a->board) != a->lost_epoch) {
        save_measurement(r, a, m, ATTEMPT_STALE);
        return "stale_epoch";
    }
    struct evaluation *e = map_get(&r->evaluations, a->evaluation);
    if (e)
        check_complete(&e->record, m);
    if (!is_good(m)) {
        save_measurement(r, a, m, ATTEMPT_FAILED);
        return "accepted";
    }
    suspect_clear(r, a);
    if (e && !sched_finish(r->sched, a->evaluation)) {
        save_measurement(r, a, m, good_state(e));
        charge_team(r, e, m);
        answer(r, e, m);
        return "accepted";
    }
    struct evaluation_record done;
    save_measurement(r, a, m, ATTEMPT_REPLICATE);
    if (!evaluation_load(r, a->evaluation, &done)) {
        done.replicates++;
        evaluation_put(r, &done);
    }
    return "replicate";
}

const char *engine_result(struct engine *r, const char *worker, const struct measurement *measurement)
{
    if (r->blocked)
        return NULL;
    if (sched_alive(r->sched, r->now, worker))
        return "unknown";
    struct attempt_record a;
    struct measurement m = measurement_copy(measurement);
    const char *verdict;
    bool known = !attempt_load(r, m.attempt, &a) && a.epoch == m.epoch && !strcmp(a.board, m.board);
    if (!known || (strcmp(a.worker, worker) && !sched_serves(r->sched, worker, a.board)))
        verdict = "unknown"; /* also what another worker was given: nobody answers in its place */
    else if (a.has_measurement)
        verdict = "duplicate";
    else if (measured_wrong(r, &m) && (is_good(&m) || m.outcome == OUTCOME_INVALID))
        verdict = result_of_wrong(r, &a, &m);
    else if (a.state == ATTEMPT_LIVE)
        verdict = result_of_live(r, &a, &m);
    else
        verdict = result_of_dead(r, &a, &m);
    measurement_fini(&m);
    return verdict;
}

/* The worker says it has an attempt that is not live here. */
void result_adopt(struct engine *r, const char *worker, const struct sched_running *running)
{
    struct attempt_record a;
    if (attempt_load(r, running->attempt, &a) || a.epoch != running->epoch || strcmp(a.board, running->board)) {
        engine_send_cancel(r, worker, running->attempt, "unknown attempt");
        return;
    }
    if (running->spooled || a.has_measurement)
        return; /* its result will come, or came: the acknowledgement settles it */
    bool adoptable = a.state == ATTEMPT_LOST || a.state == ATTEMPT_RELEASED;
    struct evaluation *e = map_get(&r->evaluations, a.evaluation);
    if (!adoptable || !e || sched_board_epoch(r->sched, a.board) != a.lost_epoch ||
        sched_adopt(r->sched, r->now, a.evaluation, a.id, a.epoch, a.board)) {
        engine_send_cancel(r, worker, running->attempt, e ? "stale_epoch" : "no longer needed");
        return;
    }
    suspect_clear(r, &a);
    a.state = ATTEMPT_LIVE;
    a.closed_wall_ns = 0;
    attempt_put(r, &a);
    e->record.live = a.id;
    evaluation_put(r, &e->record);
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, false, "attempt adopted", "attempt=%llu board=%s worker=%s %s", (unsigned long long)a.id, a.board, worker,
                evaluation_fields(r, a.evaluation, fields));
}

/* Every try and every further measurement has its own simulated noise, the same whenever it is begun again. */
static uint64_t noise_of_try(const struct evaluation_record *e)
{
    return e->noise_seed + UINT64_C(0x9e3779b97f4a7c15) * e->tries.reported + UINT64_C(0xd1b54a32d192ed03) * e->answers;
}

static void apply_assign(struct engine *r, const struct sched_action *act)
{
    struct evaluation *e = map_get(&r->evaluations, act->job);
    if (!e)
        return;
    struct attempt_record a = {.id = act->attempt,
                               .evaluation = act->job,
                               .incarnation = act->incarnation,
                               .epoch = act->epoch,
                               .state = ATTEMPT_LIVE,
                               .assigned_wall_ns = r->wall};
    copy_string(a.board, sizeof a.board, act->board);
    copy_string(a.worker, sizeof a.worker, act->worker);
    attempt_put(r, &a);
    store_set_counter(r->store, "next_attempt", sched_next_attempt(r->sched));
    struct board_record board;
    board_load(r, act->board, &board);
    board.epoch = act->epoch;
    board_put(r, &board);
    e->record.live = act->attempt;
    evaluation_put(r, &e->record);

    r->outgoing = xgrow(r->outgoing, &r->outgoing_capacity, r->n_outgoing + 1, sizeof *r->outgoing);
    struct outgoing *o = &r->outgoing[r->n_outgoing++];
    *o = (struct outgoing){.job = {.attempt = act->attempt,
                                   .epoch = act->epoch,
                                   .genotype = e->record.genotype,
                                   .n_genes = e->record.n_genes,
                                   .n_metrics = e->record.need.n_metrics,
                                   .lease_ns = r->config.sched.lease_ns,
                                   .time_limit_ns = r->config.time_limit_ns,
                                   .noise_seed = noise_of_try(&e->record)}};
    copy_string(o->worker, sizeof o->worker, act->worker);
    copy_string(o->job.board, sizeof o->job.board, act->board);
    copy_string(o->job.supernet, sizeof o->job.supernet, e->record.supernet);
    copy_string(o->job.dataset, sizeof o->job.dataset, e->record.dataset);
    copy_string(o->job.tier, sizeof o->job.tier, e->record.tier);
    memcpy(o->job.space_hash, e->record.space_hash, sizeof o->job.space_hash);
    memcpy(o->job.supernet_hash, e->record.supernet_hash, sizeof o->job.supernet_hash);
    memcpy(o->job.metric, e->record.need.metric, sizeof o->job.metric);
}

/* An attempt ended without a result. */
static void close_attempt(struct engine *r, const struct sched_action *act, enum attempt_state state)
{
    struct attempt_record a;
    if (attempt_load(r, act->attempt, &a) || a.state != ATTEMPT_LIVE)
        return;
    a.state = state;
    a.lost_epoch = act->epoch;
    a.closed_wall_ns = r->wall;
    attempt_put(r, &a);
    struct evaluation *e = map_get(&r->evaluations, a.evaluation);
    if (!e)
        return;
    if (e->record.live == a.id)
        e->record.live = 0;
    if (sched_has_job(r->sched, a.evaluation))
        take_tries(r, &e->record);
    evaluation_put(r, &e->record);
    if (state != ATTEMPT_LOST)
        return;
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, true, "attempt lost", "attempt=%llu board=%s worker=%s %s reason=\"%s\"", (unsigned long long)a.id, a.board, a.worker,
                evaluation_fields(r, a.evaluation, fields), act->reason);
    if (!act->head)
        return;
    boards_outcome(r, a.board, a.evaluation, OUTCOME_LOST);
    suspect_add(r, &a, r->wall, false);
}

static void apply_bury(struct engine *r, const struct sched_action *act)
{
    struct evaluation *e = map_get(&r->evaluations, act->job);
    if (!e)
        return;
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, true, "evaluation given up", "%s class=%s reason=\"%s\"", evaluation_fields(r, act->job, fields), outcome_name(act->outcome),
                act->reason);
    enum evaluation_state standing = evaluation_standing(r, &e->record);
    bool answered = standing != EVALUATION_CANCELED; /* measured again in vain: what was known stands */
    e->record.cause = answered ? OUTCOME_OK : act->outcome;
    evaluation_close(r, e, answered ? standing : EVALUATION_FAILED, answered ? "" : act->reason);
}

void actions_apply(struct engine *r)
{
    struct sched_action act;
    while (sched_next_action(r->sched, &act)) {
        switch (act.type) {
        case SCHED_ASSIGN:
            apply_assign(r, &act);
            break;
        case SCHED_LOST:
            close_attempt(r, &act, ATTEMPT_LOST);
            break;
        case SCHED_RELEASE:
            close_attempt(r, &act, ATTEMPT_RELEASED);
            break;
        case SCHED_CANCEL:
            close_attempt(r, &act, ATTEMPT_CANCELED);
            engine_send_cancel(r, act.worker, act.attempt, act.reason);
            break;
        case SCHED_BURY:
            apply_bury(r, &act);
            break;
        case SCHED_LINK:
            engine_note(r, strcmp(act.reason, "online") != 0, "worker link", "worker=%s link=%s", act.worker, act.reason);
            break;
        }
    }
}
