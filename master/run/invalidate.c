/* Results of a board that was found to measure wrong are taken back.
 *
 * The span of time is kept with its board (database `invalid`), so that results which come later are refused (result.c). What was accepted before is
 * looked for among the attempts, whose numbers follow the time: from a day before the span on (clocks of workers and master differ) to the last one
 * given out when the span was reported, a bounded number per turn; where the scan got to is in the same transaction as what it changed. Taking back
 * one attempt is one step: attempt, evaluation and every individual that was told its value change together.
 *
 * Which individuals those are is not stored. Unfinished searches answer it by the genotype (the core's archive), for which no core may be away with
 * another thread. Finished searches that may have used such a result are read once into an index, in memory and in bounded steps. */
#include "run/invalidate.h"

#include <string.h>

#include "base/memory.h"
#include "run/evaluation.h"
#include "run/evaluation_table.h"
#include "run/event_log.h"
#include "run/individual.h"
#include "run/note.h"
#include "run/pending.h"
#include "run/pool.h"
#include "run/records.h"
#include "run/reopen.h"
#include "run/searches.h"
#include "run/spans.h"
#include "run/users.h"

enum { STEP_ATTEMPTS = 256 };

static bool uses(const struct individual_record *ind, uint64_t evaluation)
{
    for (uint32_t g = 0; g < ind->n_evaluations; g++) {
        if (ind->evaluation[g] == evaluation)
            return true;
    }
    return false;
}

/* The search is over for good: what it was told is marked, and that is all. */
static void mark(struct search *rs, uint64_t id)
{
    struct individual_record ind;
    if (individual_load(rs->engine, rs->record.id, id, &ind) || ind.state != INDIVIDUAL_DONE)
        return;
    ind.state = INDIVIDUAL_CANCELED;
    copy_string(ind.reason, sizeof ind.reason, "its measurement was taken back after the search had ended");
    individual_put(rs, &ind);
}

static void tell_anew(struct search *rs, uint64_t id)
{
    struct sonata_error err = {{0}};
    bool goes_on = !search_is_finished(rs) || (rs->record.state == SEARCH_DONE && !rs->closed);
    if (goes_on && search_is_finished(rs)) {
        goes_on = !search_reopen(rs, &err);
        rs->closed = !goes_on;
        if (goes_on)
            event_log_control(rs, "results taken back");
        engine_note(rs->engine, !goes_on,
                    goes_on ? "search goes on: results were taken back" : "search cannot go on although results were taken back",
                    "search=%llu reason=\"%s\"", (unsigned long long)rs->record.id, err.text);
    }
    if (!goes_on || individual_reopen(rs, id))
        mark(rs, id);
}

static void tell_unfinished(struct engine *r, const struct evaluation_record *e)
{
    for (uint32_t i = 0; i < searches_count(r); i++) {
        struct search *rs = searches_at(r, i);
        if (search_is_finished(rs) || !rs->core || rs->spec->space.n_genes != e->n_genes ||
            memcmp(rs->space_hash, e->space_hash, sizeof e->space_hash))
            continue;
        int64_t id = core_find(rs->core, &e->genotype);
        struct pending *p = id < 0 ? NULL : pending_find(rs, (uint64_t)id);
        struct individual_record ind;
        if (id < 0 || (!p && individual_load(r, rs->record.id, (uint64_t)id, &ind)) || !uses(p ? &p->record : &ind, e->id))
            continue;
        if (p && p->complete && p->status == CORE_FAILED)
            continue; /* another of its evaluations failed: this one is not needed */
        tell_anew(rs, (uint64_t)id);
    }
}

static void tell_finished(struct engine *r, uint64_t evaluation)
{
    size_t n;
    const struct user *user = users_of(r, evaluation, &n);
    for (size_t i = 0; i < n; i++) {
        struct search *rs = searches_get(r, user[i].search);
        if (rs && search_is_finished(rs))
            tell_anew(rs, user[i].individual);
    }
}

/* The evaluation without that measurement; what is left of several goes on counting. false: it did not rest on it. */
static bool take_from(struct engine *r, struct evaluation_record *e, uint64_t attempt)
{
    struct attempt_record a;
    uint32_t k = 0;
    bool had = e->accepted == attempt;
    for (uint32_t i = 0; i < e->n_further; i++) {
        had = had || e->further[i] == attempt;
        if (e->further[i] != attempt)
            e->further[k++] = e->further[i];
    }
    e->n_further = k;
    if (e->accepted != attempt)
        return had;
    e->accepted = k ? e->further[0] : 0;
    if (k) {
        memmove(e->further, e->further + 1, (k - 1) * sizeof *e->further);
        e->n_further = k - 1;
        if (!attempt_load(r, e->accepted, &a)) {
            a.state = ATTEMPT_ACCEPTED;
            attempt_put(r, &a);
        }
    }
    return true;
}

static void reopen_without(struct engine *r, uint64_t id, uint64_t attempt)
{
    struct evaluation *e = evaluation_get(r, id);
    struct evaluation_record record;
    if (e)
        record = e->record;
    else if (evaluation_load(r, id, &record))
        return;
    uint32_t rested_on = 1 + record.n_further;
    if (!take_from(r, &record, attempt))
        return;
    evaluation_put(r, &record);
    if (e)
        e->record = record;
    e = evaluation_reopen(r, id, REOPENED_FURTHER, rested_on);
    if (e && !e->record.accepted)
        e->record.reopened = REOPENED_NOT;
    if (!e)
        return;
    evaluation_put(r, &e->record);
    record = e->record;
    tell_unfinished(r, &record);
    tell_finished(r, id);
    if ((e = evaluation_get(r, id)) && !e->n_waiters)
        evaluation_abandon(r, e); /* nobody was told, or nobody who goes on */
}

static void look_at(struct engine *r, const struct invalid_record *record, uint64_t id)
{
    struct attempt_record a;
    struct measurement m = {0};
    if (attempt_load(r, id, &a) || strcmp(a.board, record->board) || !a.has_measurement ||
        (a.state != ATTEMPT_ACCEPTED && a.state != ATTEMPT_REPLICATE) || measurement_load(r, id, &m))
        return;
    int64_t started = m.started_wall_ns;
    measurement_fini(&m);
    if (!span_covers(record, started))
        return;
    a.state = ATTEMPT_INVALIDATED;
    attempt_put(r, &a);
    reopen_without(r, a.evaluation, id);
}

bool invalidate_step(struct engine *r)
{
    struct invalid_record *record = r->stopping ? NULL : spans_next(r);
    struct attempt_record a;
    pool_hold(r, false);
    if (!record) {
        users_forget(r);
        return false;
    }
    int64_t since = record->next <= record->last && !attempt_load(r, record->next, &a) ? a.assigned_wall_ns : 0;
    if (record->next <= record->last && !users_fill(r, since))
        return true;
    if (pool_under_way(r)) { /* every core must be here */
        pool_hold(r, true);
        return false;
    }
    for (uint32_t n = 0; n < STEP_ATTEMPTS && record->next <= record->last; n++)
        look_at(r, record, record->next++);
    record->scanning = record->next <= record->last;
    span_put(r, record);
    return true;
}
