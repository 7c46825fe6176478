/* The turn: time passes in the scheduler, searches tell and ask, free boards get jobs, headers and snapshots are written, one commit, and then the
 * messages go. */
#include "run/turn.h"
#include "run/artefact_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/time.h"
#include "run/actions.h"
#include "run/advance.h"
#include "run/board_health.h"
#include "run/board_owners.h"
#include "run/commits.h"
#include "run/disk.h"
#include "run/fair.h"
#include "run/invalidate.h"
#include "run/note.h"
#include "run/outgoing.h"
#include "run/retain.h"
#include "run/retry.h"
#include "run/searches.h"
#include "run/snapshot.h"
#include "run/usage.h"

#define STORE_ACTIVE_NS (60 * SONATA_SECOND)

struct turn {
    int64_t active_ns; /* until then active time of searches is counted */
    int64_t retry_ns;  /* of a commit that failed */
};

struct turn *turn_new(int64_t now)
{
    struct turn *t = xcalloc(1, sizeof *t);
    t->active_ns = now;
    return t;
}

void turn_free(struct turn *t) { free(t); }

static void pass_active_time(struct engine *r)
{
    int64_t passed = r->now - r->turn->active_ns;
    r->turn->active_ns = r->now;
    for (uint32_t i = 0; i < searches_count(r); i++) {
        struct search *rs = searches_at(r, i);
        if (rs->record.state != SEARCH_RUNNING || passed <= 0)
            continue;
        rs->record.active_ns += passed;
        bool counts = rs->spec && rs->spec->budget_wall_ns; /* also while no result comes that would store it */
        rs->dirty = rs->dirty || (counts && search_unstored_active_ns(rs) >= STORE_ACTIVE_NS);
    }
}

struct claimant {
    struct sched_claim claim;
    struct search *search;
};

static int compare_claims(const void *a, const void *b)
{
    return sched_claim_compare(&((const struct claimant *)a)->claim, &((const struct claimant *)b)->claim);
}

/* The search with the best claim to the next board asks first: who asks for the idle boards gets them. */
static bool advance_searches(struct engine *r)
{
    bool more = false;
    uint32_t n = 0;
    struct claimant *c = xcalloc(searches_count(r) ? searches_count(r) : 1, sizeof *c);
    for (uint32_t i = 0; i < searches_count(r); i++) {
        if (!search_is_finished(searches_at(r, i)))
            c[n++] = (struct claimant){sched_claim(r->sched, searches_at(r, i)->record.id), searches_at(r, i)};
    }
    qsort(c, n, sizeof *c, compare_claims);
    for (uint32_t i = 0; i < n; i++)
        more = search_advance(c[i].search) || more;
    free(c);
    return more;
}

/* Moment when a wall-clock budget runs out. */
static int64_t next_wall_deadline(const struct engine *r)
{
    int64_t next = INT64_MAX;
    for (uint32_t i = 0; i < searches_count(r); i++) {
        const struct search *rs = searches_at(r, i);
        if (rs->record.state != SEARCH_RUNNING || !rs->spec || !rs->spec->budget_wall_ns || rs->busy ||
            rs->record.active_ns > rs->spec->budget_wall_ns) /* it waits for results that are measured again */
            continue;
        int64_t due = r->now + rs->spec->budget_wall_ns - rs->record.active_ns;
        if (due < next)
            next = due;
    }
    return next;
}

static bool commit(struct engine *r)
{
    struct sonata_error err = {{0}};
    int rc = store_commit(r->store, &err);
    if (!rc) {
        if (r->blocked)
            engine_note(r, false, "store can be written again", "searches=%u", searches_count(r));
        r->blocked = false;
        commits_done(r);
        disk_committed(r);
        artefacts_committed(r);
        outgoing_send(r);
        return true;
    }
    if (!r->blocked || strcmp(r->blocked_reason, err.text))
        engine_note(r, true, "store cannot be written: nothing is acknowledged until it can", "reason=\"%s\" retry_s=%.1f", err.text,
                    (double)r->config.commit_retry_ns / 1e9);
    copy_string(r->blocked_reason, sizeof r->blocked_reason, err.text);
    r->blocked = true;
    r->turn->retry_ns = r->now + r->config.commit_retry_ns;
    return false;
}

/* Headers and snapshots; the larger a search, the more its snapshot costs. */
static void persist_all(struct engine *r)
{
    for (uint32_t i = 0; i < searches_count(r); i++) {
        struct search *rs = searches_at(r, i);
        bool spare = !rs->record.n_groups || rs->spare;
        int64_t from = fair_clock(r);
        if (!rs->dirty)
            continue;
        search_persist(rs);
        fair_charge(rs, fair_clock(r) - from, spare);
    }
}

int64_t engine_turn(struct engine *r)
{
    pass_active_time(r);
    if (r->blocked && (r->now < r->turn->retry_ns || !commit(r)))
        return r->turn->retry_ns;
    usage_turn(r);
    sched_tick(r->sched, r->now);
    boards_turn(r);
    actions_apply(r);
    fair_turn(r);
    bool more = invalidate_step(r);
    more = advance_searches(r) || more;
    more = retry_step(r) || more; /* after what was told has made room */
    if (!r->stopping) {
        sched_dispatch(r->sched, r->now);
        actions_apply(r);
    }
    int64_t due = sched_tick(r->sched, r->now), retain = retain_step(r);
    actions_apply(r);
    due = retain < due ? retain : due;
    due = boards_due_ns(r) < due ? boards_due_ns(r) : due;
    persist_all(r);
    int64_t from = fair_clock(r);
    if (!commit(r))
        return r->turn->retry_ns;
    fair_commit(r, fair_clock(r) - from);
    int64_t wall = next_wall_deadline(r), day_end = usage_day_end_ns(r);
    due = wall < due ? wall : due;
    due = day_end < due ? day_end : due;
    int64_t owners = board_owners_step(r);
    due = owners < due ? owners : due;
    int64_t pause = fair_due(r);
    due = pause < due ? pause : due;
    return more ? r->now : due;
}
