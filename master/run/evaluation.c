/* Evaluations: one per (space, genotype, board type, tier, data set, supernet, metrics), shared by every search that needs it.
 *
 * A request looks the key up in the store (its own uncommitted writes included): answered → the individual gets the values at once; open → it
 * waits with the others; absent → a new evaluation and a job for the scheduler. Only open evaluations live in memory. */
#include "run/evaluation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "domain/tier.h"
#include "run/answer.h"
#include "run/artefact_table.h"
#include "run/evaluation_table.h"
#include "run/individual.h"
#include "run/known.h"
#include "run/note.h"
#include "run/pending.h"
#include "run/records.h"
#include "run/screening.h"
#include "run/suspect_table.h"
#include "run/values.h"

/* Measurements an evaluation of the tier rests on. At `report` each candidate is measured in passes, between which others have the board: A B C A B
 * C, in random order, so that a drift of the board does not fall on one candidate. Every pass is a whole attempt: another process, another moment. */
static uint32_t passes_of(const char *tier) { return tier_named(tier) == TIER_REPORT ? REPORT_PASSES : 1; }

/* Answered, but by fewer measurements than its tier asks for: another search was canceled in the middle. */
static bool lacks_passes(struct engine *r, const struct evaluation_record *e)
{
    struct measurement m = {0};
    if (1 + e->n_further >= passes_of(e->tier) || !e->accepted || measurement_load(r, e->accepted, &m))
        return false;
    bool lacks = m.outcome == OUTCOME_OK && !metrics_are_exact(m.metric, m.n_metrics);
    measurement_fini(&m);
    return lacks;
}

/* It was built, and its file went for want of room. */
static bool lost_model(struct engine *r, const struct evaluation_record *e)
{
    struct measurement m = {0};
    if (e->state != EVALUATION_DONE || measurement_load(r, e->accepted, &m))
        return false;
    bool lost = !artefact_is_here(r, m.artefact.hash);
    measurement_fini(&m);
    return lost;
}

int evaluation_schedule(struct engine *r, struct evaluation *e)
{
    if (!e->n_waiters)
        return -EINVAL;
    struct sched_need need = evaluation_need(&e->record);
    struct sched_tries tries = {e->record.tries.infra, e->record.tries.invalid, e->record.tries.bug, e->record.tries.reported, ""};
    copy_string(tries.avoid, sizeof tries.avoid, e->record.tries.avoid);
    int rc = sched_add(r->sched, e->record.id, e->waiter[0].search->record.id, &need, &tries);
    if (!rc && passes_of(e->record.tier) > 1)
        sched_shuffle(r->sched, e->record.id);
    return rc;
}

void evaluation_join(struct evaluation *e, struct search *rs, uint64_t individual, uint32_t group)
{
    struct engine *r = rs->engine;
    if (!evaluation_is_awaited(e, rs, individual, group))
        evaluation_wait(e, rs, individual, group);
    if (!sched_has_job(r->sched, e->record.id) && evaluation_schedule(r, e))
        engine_note(r, true, "evaluation cannot be scheduled", "evaluation=%llu", (unsigned long long)e->record.id);
}

struct evaluation *evaluation_reopen(struct engine *r, uint64_t id, enum reopened how, uint32_t wanted)
{
    struct evaluation *e = evaluation_get(r, id);
    struct evaluation_record record;
    if (!e) {
        if (evaluation_load(r, id, &record))
            return NULL;
        record.state = EVALUATION_OPEN;
        record.live = 0;
        record.tries = (struct tries){.reported = record.tries.reported};
        record.wanted = passes_of(record.tier);
        record.reopened = REOPENED_NOT;
        record.cause = OUTCOME_OK;
        e = evaluation_open(r, &record);
    }
    if (e->record.accepted && how > e->record.reopened)
        e->record.reopened = how;
    if (wanted > e->record.wanted)
        e->record.wanted = wanted <= 1 + FURTHER_MAX ? wanted : 1 + FURTHER_MAX;
    evaluation_put(r, &e->record);
    return e;
}

void evaluation_request(struct search *rs, struct pending *p, uint32_t group)
{
    struct engine *r = rs->engine;
    struct evaluation_record want = evaluation_wanted(rs, &p->record, group), known;
    struct store_key key = evaluation_key(&want);
    bool found = evaluation_find(r, &want, &key, &known);
    if (found) {
        p->record.evaluation[group] = known.id;
        struct evaluation *more = lacks_passes(r, &known) ? evaluation_reopen(r, known.id, REOPENED_FURTHER, REPORT_PASSES) : NULL;
        if (plan_is_build(rs, group) && lost_model(r, &known))
            more = evaluation_reopen(r, known.id, REOPENED_REPLACE, 1);
        if (more) {
            p->record.reused = false;
            evaluation_join(more, rs, p->record.id, group);
            return;
        }
        if (known.reopened == REOPENED_FURTHER) /* what is known so far will do: who wants more waits for it */
            known.state = evaluation_standing(r, &known);
        if (known.state != EVALUATION_OPEN)
            individual_answer_from_store(rs, p->record.id, group, &known);
        else
            evaluation_join(evaluation_get(r, known.id), rs, p->record.id, group);
        return;
    }
    p->record.reused = false;
    struct evaluation *e = p->record.evaluation[group] ? evaluation_reopen(r, p->record.evaluation[group], REOPENED_NOT, 1) : NULL;
    if (e) {
        evaluation_join(e, rs, p->record.id, group);
        return;
    }
    want.id = evaluations_new_id(r);
    want.state = EVALUATION_OPEN;
    want.wanted = passes_of(want.tier);
    want.noise_seed = evaluation_seed(&want, &key);
    evaluation_index(r, &key, want.id);
    evaluation_put(r, &want);
    p->record.evaluation[group] = want.id;
    evaluation_join(evaluation_open(r, &want), rs, p->record.id, group);
}

static void settle(struct engine *r, struct evaluation *e, enum evaluation_state state)
{
    e->record.state = state;
    e->record.live = 0;
    e->record.reopened = REOPENED_NOT;
    e->record.wanted = 0;
    evaluation_put(r, &e->record);
    suspect_forget(r, e->record.id);
}

void evaluation_close(struct engine *r, struct evaluation *e, enum evaluation_state state, const char *reason)
{
    settle(r, e, state);
    struct waiter *waiter = e->waiter;
    struct evaluation_record record = e->record;
    uint32_t n = e->n_waiters;
    e->waiter = NULL;
    evaluation_free(r, e);
    struct measurement m = {0};
    bool have = record.accepted && n && !evaluation_answer(r, &record, &m);
    for (uint32_t i = 0; i < n; i++)
        individual_answer(waiter[i].search, waiter[i].individual, waiter[i].group, &record, have ? &m : NULL, reason);
    measurement_fini(&m);
    free(waiter);
}

void evaluation_abandon(struct engine *r, struct evaluation *e)
{
    settle(r, e, evaluation_standing(r, &e->record));
    evaluation_free(r, e);
}

static void drop_waiter(struct engine *r, struct evaluation *e, const struct search *rs, uint64_t individual, const char *reason)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < e->n_waiters; i++) {
        if (e->waiter[i].search != rs || e->waiter[i].individual != individual)
            e->waiter[kept++] = e->waiter[i];
    }
    e->n_waiters = kept;
    if (kept) {
        sched_set_owner(r->sched, e->record.id, e->waiter[0].search->record.id);
        return;
    }
    sched_remove(r->sched, e->record.id, reason);
    evaluation_abandon(r, e);
}

void evaluation_drop_waiters(struct search *rs, struct pending *p, const char *reason)
{
    for (uint32_t g = 0; g < p->record.n_evaluations; g++) {
        struct evaluation *e = evaluation_get(rs->engine, p->record.evaluation[g]);
        if (e)
            drop_waiter(rs->engine, e, rs, p->record.id, reason);
    }
}

static void set_attempt_state(struct engine *r, uint64_t attempt, enum attempt_state state)
{
    struct attempt_record a;
    if (attempt_load(r, attempt, &a))
        return;
    a.state = state;
    attempt_put(r, &a);
}

void evaluation_take_tries(const struct engine *r, struct evaluation_record *e)
{
    struct sched_tries t = sched_tries(r->sched, e->id);
    e->tries = (struct tries){t.infra, t.invalid, t.bug, t.reported, ""};
    copy_string(e->tries.avoid, sizeof e->tries.avoid, t.avoid);
}

void evaluation_requeued(struct engine *r, struct evaluation *e)
{
    evaluation_take_tries(r, &e->record);
    e->record.live = 0;
    evaluation_put(r, &e->record);
}

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

void evaluation_take(struct engine *r, struct evaluation *e, const struct measurement *m)
{
    if (e->n_waiters) {
        struct search *owner = e->waiter[0].search;
        owner->record.board_ns += m->duration_ns > 0 ? m->duration_ns : 0;
        if (m->outcome == OUTCOME_OK)
            screening_count_time(owner, e->waiter[0].group, m->duration_ns);
        owner->dirty = true;
    }
    if (!take_measurement(r, &e->record, evaluation_is_further(e), m)) {
        evaluation_close(r, e, evaluation_standing(r, &e->record), m->reason);
        return;
    }
    e->record.live = 0;
    e->record.tries = (struct tries){.reported = e->record.tries.reported};
    evaluation_put(r, &e->record);
    if (evaluation_schedule(r, e))
        engine_note(r, true, "evaluation cannot be scheduled", "evaluation=%llu", (unsigned long long)e->record.id);
}
