/* The user's program fails: every evaluation that a board answers with its own failure (bug), with what cannot be asked of it (config), or by a
 * candidate that died, is counted in the searches that wait for it; the next good one begins anew. Answers from the store and what boards fail at
 * (infra, lost, invalid) do not count: they say nothing about the program.
 *
 * FIRST in a row before anything ever worked, or LATER in a row, pause the search. Nothing is told while it is paused, so what fails then is only
 * pending. `resume` opens that again and has the others, which were told as failed, measured again as a retry does (retry.h): the budget keeps none
 * of them as failed. The number in a row, the first individual of the row and the attempt that failed last are in the header of the search, in the
 * transaction of the result. */
#include "run/failing.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "run/board_orders.h"
#include "run/evaluation_table.h"
#include "run/event_log.h"
#include "run/note.h"
#include "run/pending.h"
#include "run/records.h"
#include "run/retry.h"

enum { FIRST = 5, LATER = 20 };

/* The program's failure, or one that every architecture may have in common. */
static bool is_failure(const struct measurement *m)
{
    return m->outcome == OUTCOME_BUG || m->outcome == OUTCOME_CONFIG || (m->outcome == OUTCOME_INFEASIBLE && m->flags & FLAG_DIED);
}

static void stop(struct search *rs, const char *failure)
{
    struct search_record *s = &rs->record;
    char advice[SPEC_NAME_MAX + 40], fields[NOTE_FIELDS_MAX];
    snprintf(advice, sizeof advice, "; mend it and `sonata resume %s`", s->name);
    int room = (int)sizeof s->reason - 1 - (int)strlen("evaluator fails: ") - (int)strlen(advice);
    s->state = SEARCH_PAUSED;
    s->failing_stop = true;
    snprintf(s->reason, sizeof s->reason, "evaluator fails: %.*s%s", max_of(room, 0), failure, advice);
    sched_pause(rs->engine->sched, s->id, true);
    event_log_control(rs, "paused: evaluator fails");
    rs->dirty = true;
    engine_note(rs->engine, true, "search paused: its evaluator fails", "%s in_a_row=%u reason=\"%s\"", search_fields(rs, fields), s->failing,
                failure);
}

static void count_failure(struct search *rs, uint64_t individual, const struct measurement *m, bool first)
{
    struct search_record *s = &rs->record;
    s->failed_attempt = m->attempt;
    s->failing_from = s->failing ? min_of(s->failing_from, individual) : individual;
    s->failing += first;
    rs->dirty = true;
    uint32_t most = s->worked ? LATER : FIRST;
    if (s->state == SEARCH_RUNNING && s->failing >= most)
        stop(rs, m->reason);
}

static void count_success(struct search *rs)
{
    struct search_record *s = &rs->record;
    if (s->worked && !s->failing)
        return;
    s->worked = true;
    s->failing = 0;
    s->failing_from = 0;
    rs->dirty = true;
}

/* Several individuals of one search may wait for one evaluation: it counts once. */
static bool is_first_of_search(const struct evaluation *e, uint32_t waiter)
{
    for (uint32_t i = 0; i < waiter; i++) {
        if (e->waiter[i].search == e->waiter[waiter].search)
            return false;
    }
    return true;
}

void failing_count(const struct evaluation *e, const struct measurement *m, bool first)
{
    bool failure = is_failure(m), success = !failure && outcome_is_good(m->outcome);
    for (uint32_t i = 0; i < e->n_waiters && (failure || success); i++) {
        struct search *rs = e->waiter[i].search;
        if (success)
            count_success(rs);
        else
            count_failure(rs, e->waiter[i].individual, m, first && is_first_of_search(e, i));
    }
}

bool failing_instead_of_done(struct search *rs)
{
    struct search_record *s = &rs->record;
    struct measurement m = {0};
    if (s->worked || !s->failing || s->front_size)
        return false;
    bool have = !measurement_load(rs->engine, s->failed_attempt, &m);
    stop(rs, have ? m.reason : "no evaluation was good");
    measurement_fini(&m);
    return true;
}

void failing_reload_boards(struct search *rs)
{
    struct engine *r = rs->engine;
    for (uint32_t i = 0; i < sched_board_count(r->sched); i++) {
        struct sched_board_view v;
        bool wanted = false;
        sched_board_view(r->sched, i, &v);
        for (uint32_t g = 0; g < rs->record.n_groups; g++)
            wanted = wanted || !rs->record.group[g].board_type[0] || !strcmp(rs->record.group[g].board_type, v.info->type);
        if (wanted)
            board_order_reload(r, v.info->id);
    }
}

/* Failed while the search was paused, so nothing was told of it. */
static void open_pending(struct search *rs)
{
    uint32_t at = 0;
    for (struct pending *p; (p = pending_next(rs, &at));) {
        bool failed = p->complete && (p->status == CORE_FAILED || p->record.flags & FLAG_DIED);
        if (failed && !p->record.vetoed)
            retry_individual(rs, &p->record);
    }
}

void failing_resume(struct search *rs)
{
    struct search_record *s = &rs->record;
    open_pending(rs);
    retry_begin(rs, RETRY_CAUSE_STOPPED, (uint32_t)s->failing_from);
    s->failing_stop = false;
    s->failing = 0;
    s->failing_from = s->failed_attempt = 0; /* it is old news */
    failing_reload_boards(rs);
    rs->dirty = true;
}
