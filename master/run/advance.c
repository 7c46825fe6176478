/* One search in one turn: plans, takes over what a fork has from its parent, tells and asks.
 *
 * Order of results. `arrival` (default): results are told as they complete; a proposal is asked for whenever a fitting board would be idle.
 * `proposal`: results are told in the order of the proposals with a fixed number in flight, and asking goes before telling, so the sequence of
 * calls depends on the results alone and never on timing: two runs with one seed are the same, whatever was killed in between. */
#include "run/advance.h"

#include <string.h>

#include "base/memory.h"
#include "run/ask.h"
#include "run/disk.h"
#include "run/fair.h"
#include "run/finish.h"
#include "run/fork.h"
#include "run/note.h"
#include "run/pending.h"
#include "run/plan.h"
#include "run/pool.h"
#include "run/solo.h"
#include "run/supply.h"
#include "run/tell.h"

enum { STEPS_PER_TURN = 256 }; /* and as long as its team has time (fair.h) */

static bool settle_plan(struct search *rs)
{
    char reason[REASON_MAX] = "";
    struct sonata_error err = {{0}};
    if (!rs->record.planned && supply_check_tier(rs->engine, rs->spec, &err)) {
        search_finish(rs, SEARCH_STOPPED_FAILED, err.text);
        return false;
    }
    if (rs->record.planned || plan_search(rs, reason, sizeof reason))
        return rs->record.planned;
    if (strcmp(reason, rs->record.reason)) {
        copy_string(rs->record.reason, sizeof rs->record.reason, reason);
        rs->dirty = true;
        char fields[NOTE_FIELDS_MAX];
        engine_note(rs->engine, true, "search waits", "%s reason=\"%s\"", search_fields(rs, fields), reason);
    }
    return false;
}

/* false: nothing more of it now. */
static bool fork_on(struct search *rs)
{
    rs->no_room = disk_is_used(rs->engine, rs->record.team);
    if (!rs->no_room)
        fork_step(rs);
    return !rs->no_room;
}

static bool advance(struct search *rs)
{
    if (!rs->core || rs->busy || rs->telling.p || rs->record.state == SEARCH_PAUSED) /* a tell that the end of the master withdrew stays first */
        return false;
    if (rs->record.strikes >= STRIKES_MAX) {
        search_finish(rs, SEARCH_STOPPED_FAILED, PARKED);
        return false;
    }
    bool was_planned = rs->record.planned;
    if (!settle_plan(rs))
        return false;
    if (!was_planned)
        rs->record.reason[0] = '\0';
    if (fork_is_under_way(rs))
        return fork_on(rs);
    for (int step = 0; step < STEPS_PER_TURN && fair_may_step(rs); step++) {
        uint32_t n;
        struct pending *p;
        if (rs->slow && pool_is_held(rs->engine) && pool_is_for(rs))
            return false;
        if ((p = pending_take_again(rs))) {
            search_retell(rs, p);
        } else if (rs->proposal_order && (n = search_wanted(rs))) {
            search_ask(rs, n);
        } else if (rs->proposal_order && rs->no_room) { /* what is told next depends on what would be asked first */
            return false;
        } else if ((p = pending_take_complete(rs))) {
            search_tell(rs, p);
        } else if (solo_step(rs)) {
            return false;
        } else if (!rs->proposal_order && (n = search_wanted(rs))) { /* last: it looks at every board */
            search_ask(rs, n);
        } else {
            search_finish_if_over(rs);
            if (!rs->core || !pending_again(rs) || !pending_again_is_complete(rs))
                return false;
        }
        if (rs->busy)
            return false;
    }
    return true;
}

/* What it takes of the loop is its team's. */
bool search_advance(struct search *rs)
{
    int64_t from = fair_clock(rs->engine);
    uint32_t spare = rs->n_spare, told = rs->record.told;
    if (from && !fair_may_step(rs))
        return rs->core && !rs->busy && rs->record.state == SEARCH_RUNNING && !fair_is_paused(rs);
    bool forking = fork_is_under_way(rs), more = advance(rs);
    rs->spare = forking || 2 * (rs->n_spare - spare) > rs->record.told - told;
    fair_charge(rs, fair_clock(rs->engine) - from, rs->spare);
    return more;
}
