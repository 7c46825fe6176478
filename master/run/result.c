/* Results of workers (idempotent on attempt and epoch): of live attempts, late ones, and those of a board that measured wrong. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "run/artefacts.h"
#include "run/attempts.h"
#include "run/board_health.h"
#include "run/evaluation.h"
#include "run/evaluation_table.h"
#include "run/failing.h"
#include "run/note.h"
#include "run/records.h"
#include "run/spans.h"
#include "run/suspect.h"

const char *engine_verdict_name(enum engine_verdict v)
{
    static const char *const name[ENGINE_VERDICT_COUNT] = {NULL, "accepted", "duplicate", "replicate", "stale_epoch", "invalidated", "unknown"};
    return (unsigned)v < ENGINE_VERDICT_COUNT ? name[v] : NULL;
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

static enum attempt_state good_state(const struct evaluation *e) { return evaluation_is_further(e) ? ATTEMPT_REPLICATE : ATTEMPT_ACCEPTED; }

/* Good or not, nothing is learned from a board at a time when it measured wrong. The job waits for another attempt, nobody is to blame. */
static enum engine_verdict result_of_wrong(struct engine *r, struct attempt_record *a, const struct measurement *m)
{
    enum sched_verdict verdict;
    struct evaluation *e = a->state == ATTEMPT_LIVE ? evaluation_get(r, a->evaluation) : NULL;
    sched_measured(r->sched, m->attempt, m->duration_ns);
    if (e && sched_result(r->sched, r->now, &(struct sched_result){m->attempt, m->epoch, m->board, OUTCOME_CANCELED, ""}, &verdict))
        return ENGINE_UNKNOWN;
    a->lost_epoch = sched_board_epoch(r->sched, a->board);
    attempt_record(r, a, m, ATTEMPT_INVALIDATED, e);
    if (e)
        evaluation_requeued(r, e);
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, true, "result refused: its board measured wrong at that time", "attempt=%llu board=%s %s", (unsigned long long)m->attempt,
                m->board, evaluation_fields(r, a->evaluation, fields));
    return ENGINE_INVALIDATED;
}

/* Invalid once more than a job may be: what was measured all the same counts as noisy when it is whole, else the job is
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

static void note_failure(struct engine *r, const struct attempt_record *a, const struct measurement *m, bool requeued)
{
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, true, "attempt failed", "attempt=%llu board=%s %s outcome=%s requeued=%d reason=\"%s\"", (unsigned long long)m->attempt, m->board,
                evaluation_fields(r, a->evaluation, fields), outcome_name(m->outcome), requeued, m->reason);
}

static enum engine_verdict result_of_live(struct engine *r, struct attempt_record *a, struct measurement *m)
{
    struct evaluation *e = evaluation_get(r, a->evaluation);
    if (!e)
        return ENGINE_UNKNOWN;
    artefact_take(r, e, m);
    check_complete(&e->record, m);
    settle_invalid(r, e, m);
    enum sched_verdict verdict;
    bool head = sched_is_head(r->sched, m->attempt), first = !sched_tries(r->sched, e->record.id).bug;
    sched_measured(r->sched, m->attempt, m->duration_ns);
    if (sched_result(r->sched, r->now, &(struct sched_result){m->attempt, m->epoch, m->board, m->outcome, m->reason}, &verdict))
        return ENGINE_UNKNOWN;
    a->lost_epoch = sched_board_epoch(r->sched, a->board);
    attempt_record(r, a, m, outcome_is_good(m->outcome) ? good_state(e) : ATTEMPT_FAILED, e);
    if (!outcome_is_good(m->outcome))
        note_failure(r, a, m, verdict == SCHED_REQUEUED);
    failing_count(e, m, first);
    if (verdict == SCHED_FINISHED)
        evaluation_take(r, e, m);
    else if (verdict == SCHED_REQUEUED)
        evaluation_requeued(r, e); /* given up: the action SCHED_BURY closes it in this turn */
    if (head)
        boards_outcome(r, a->board, a->evaluation, m->outcome, m->reason);
    if (head && (m->outcome == OUTCOME_INFRA || m->outcome == OUTCOME_LOST))
        suspect_add(r, a, m->started_wall_ns > 0 ? m->started_wall_ns + m->duration_ns : r->wall, m->started_wall_ns > 0);
    return ENGINE_ACCEPTED;
}

/* Lost, released or canceled before: sound when nobody else had the board since. */
static enum engine_verdict result_of_dead(struct engine *r, struct attempt_record *a, struct measurement *m)
{
    if (sched_board_epoch(r->sched, a->board) != a->lost_epoch) {
        attempt_record(r, a, m, ATTEMPT_STALE, NULL);
        return ENGINE_STALE_EPOCH;
    }
    struct evaluation *e = evaluation_get(r, a->evaluation);
    if (e)
        artefact_take(r, e, m);
    else
        m->artefact = (struct artefact){.bytes = 0};
    if (e)
        check_complete(&e->record, m);
    if (!outcome_is_good(m->outcome)) {
        attempt_record(r, a, m, ATTEMPT_FAILED, NULL);
        return ENGINE_ACCEPTED;
    }
    suspect_clear(r, a);
    if (e && !sched_finish(r->sched, a->evaluation)) {
        attempt_record(r, a, m, good_state(e), e);
        evaluation_take(r, e, m);
        return ENGINE_ACCEPTED;
    }
    struct evaluation_record done;
    attempt_record(r, a, m, ATTEMPT_REPLICATE, NULL);
    if (!evaluation_load(r, a->evaluation, &done)) {
        done.replicates++;
        evaluation_put(r, &done);
    }
    return ENGINE_REPLICATE;
}

/* What the worker says of times, within what is known here: it cannot have taken longer than since it was given out, nor have begun tomorrow. Shares,
 * quotas and spans of bad results are counted with it. */
static void bound_times(const struct engine *r, const struct attempt_record *a, struct measurement *m)
{
    int64_t since = max_of(r->wall - a->assigned_wall_ns, (int64_t)0) + SONATA_SECOND;
    m->duration_ns = min_of(m->duration_ns, min_of(since, 7 * SONATA_DAY));
    m->started_wall_ns = clamp_of(m->started_wall_ns, (int64_t)0, r->wall + SONATA_DAY);
}

enum engine_verdict engine_result(struct engine *r, const char *worker, const struct measurement *measurement)
{
    if (r->blocked)
        return ENGINE_NOT_NOW;
    if (sched_alive(r->sched, r->now, worker))
        return ENGINE_UNKNOWN;
    struct attempt_record a;
    struct measurement m = measurement_copy(measurement);
    enum engine_verdict verdict;
    bool known = !attempt_load(r, m.attempt, &a) && a.epoch == m.epoch && !strcmp(a.board, m.board);
    if (known)
        bound_times(r, &a, &m);
    if (!known || (strcmp(a.worker, worker) && !sched_serves(r->sched, worker, a.board)))
        verdict = ENGINE_UNKNOWN; /* also what another worker was given: nobody answers in its place */
    else if (a.has_measurement)
        verdict = ENGINE_DUPLICATE;
    else if (measured_wrong(r, &m) && (outcome_is_good(m.outcome) || m.outcome == OUTCOME_INVALID))
        verdict = result_of_wrong(r, &a, &m);
    else if (a.state == ATTEMPT_LIVE)
        verdict = result_of_live(r, &a, &m);
    else
        verdict = result_of_dead(r, &a, &m);
    measurement_fini(&m);
    return verdict;
}
