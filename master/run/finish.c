/* The end of a search: what is pending is dropped, what was told stays. */
#include "run/finish.h"

#include <stdlib.h>

#include "base/memory.h"
#include "run/ask.h"
#include "run/evaluation.h"
#include "run/event_log.h"
#include "run/failing.h"
#include "run/individual.h"
#include "run/note.h"
#include "run/pending.h"
#include "run/pool.h"
#include "run/records.h"
#include "run/replicate.h"
#include "run/retry.h"
#include "run/search.h"
#include "run/snapshot.h"

void search_finish(struct search *rs, enum search_state state, const char *reason)
{
    struct engine *r = rs->engine;
    uint32_t at = 0;
    if (rs->busy)
        pool_withdraw(rs);
    if (!rs->busy && rs->telling.p) { /* told after all, had the search gone on */
        pending_add(rs, rs->telling.p);
        rs->telling.p = NULL;
    }
    for (struct pending *p; (p = pending_next(rs, &at));) {
        p->complete = true;
        evaluation_drop_waiters(rs, p, "the search ended");
        if (p->record.told_order) {
            individual_put_back(rs, p);
        } else {
            individual_cancel(rs, p);
        }
    }
    pending_clear(rs);
    retry_drop(rs);
    rs->n_abandoned = 0;
    rs->record.state = state;
    rs->record.finished_wall_ns = r->wall;
    copy_string(rs->record.reason, sizeof rs->record.reason, reason);
    event_log_control(rs, search_state_name(state));
    if (!rs->busy && rs->core) {
        search_measure_progress(rs);
        search_snapshot(rs);
        search_drop_core(rs);
    }
    store_erase(r->store, STORE_SURROGATE, key_u64(rs->record.id));
    rs->dirty = true;
    sched_forget_owner(r->sched, rs->record.id);
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, false, "search ended", "%s state=%s told=%u front=%u reason=\"%s\"", search_fields(rs, fields), search_state_name(state),
                rs->record.told, rs->record.front_size, reason);
}

static bool is_over(const struct search *rs)
{
    const struct search_record *s = &rs->record;
    return search_charged(rs) >= s->budget || s->stalled;
}

/* Screened ones wait that the budget allows to promote. */
static bool promotes_on(const struct search *rs) { return rs->record.costly && core_screened(rs->core) && search_charged(rs) < rs->record.budget; }

void search_finish_if_over(struct search *rs)
{
    const struct search_record *s = &rs->record;
    if (s->state != SEARCH_RUNNING || rs->engine->stopping || pending_again(rs) || retry_is_under_way(rs))
        return;
    if (search_wall_is_used(rs))
        search_finish(rs, SEARCH_DONE, "the wall-clock budget is used");
    else if (search_in_flight(rs) || promotes_on(rs) || (is_over(rs) && (replicate_front(rs) || failing_instead_of_done(rs))))
        return;
    else if (s->charged >= s->budget)
        search_finish(rs, SEARCH_DONE, "");
    else if (search_charged(rs) >= s->budget)
        search_finish(rs, SEARCH_DONE, "nearly every proposal is over an analytic constraint: relax it");
    else if (s->stalled)
        search_finish(rs, SEARCH_DONE,
                      core_exhausted(rs->core) ? "every architecture of the space was evaluated" : "the algorithm has no further proposals");
}
