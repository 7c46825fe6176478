/* See fair.h. A turn is short, so that messages are answered between turns; in it every team has a slice, and one step is not interrupted. Searches
 * whose results come from no board (analytic metrics, vetoes, forks) could fill every turn: while other teams have searches that
 * run, theirs get a small share of the time, kept by a pause after each step that is as many times as long. */
#include "run/fair.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "run/searches.h"

#define TURN_NS (10 * SONATA_MS)
#define SLICE_NS (3 * SONATA_MS)
enum { SPARE_PAUSE = 19 }; /* times the time used: a twentieth */

struct fair {
    struct map teams; /* hash of the name → struct team_time */
    uint64_t turn;
    int64_t end_ns;     /* of the turn */
    uint32_t n_running; /* teams with a search that runs */
};

struct fair *fair_new(void) { return xcalloc(1, sizeof(struct fair)); }

int64_t fair_clock(const struct engine *r) { return r->hooks.clock ? r->hooks.clock(r->hooks.user) : 0; }

void fair_mark(const struct search *rs, bool begins)
{
    const struct engine_hooks *hooks = &rs->engine->hooks;
    if (hooks->step)
        hooks->step(hooks->user, rs->record.id, begins);
}

static struct team_time *team_named(struct engine *r, const char *name)
{
    uint64_t key = hash64_text(name);
    struct team_time *t = map_get(&r->fair->teams, key);
    if (!t) {
        t = xcalloc(1, sizeof *t);
        map_set(&r->fair->teams, key, t);
    }
    return t;
}

struct team_time *fair_team(struct search *rs)
{
    if (!rs->team_time)
        rs->team_time = team_named(rs->engine, rs->record.team);
    return rs->team_time;
}

/* The bucket as a moment: each submission moves it on, and it may be SUBMISSIONS_AT_ONCE of them ahead of now. */
bool fair_may_submit(struct engine *r, const char *team)
{
    struct team_time *t = team_named(r, team);
    int64_t from = max_of(t->submissions_ns, r->now);
    if (from - r->now > (SUBMISSIONS_AT_ONCE - 1) * SUBMISSION_NS)
        return false;
    t->submissions_ns = from + SUBMISSION_NS;
    return true;
}

void fair_turn(struct engine *r)
{
    r->fair->turn++;
    r->fair->end_ns = fair_clock(r) + TURN_NS;
    r->fair->n_running = 0;
    for (uint32_t i = 0; i < searches_count(r); i++) {
        struct search *rs = searches_at(r, i);
        if (rs->record.state != SEARCH_RUNNING)
            continue;
        struct team_time *t = fair_team(rs);
        if (t->turn != r->fair->turn)
            t->used_ns = 0; /* also of what waits for a board, which looks for one in each turn */
        t->turn = r->fair->turn;
        r->fair->n_running += rs->record.planned && t->planned_turn != r->fair->turn;
        if (rs->record.planned)
            t->planned_turn = r->fair->turn;
    }
}

bool fair_is_shared(const struct engine *r) { return r->fair->n_running > 1; }

/* Results of boards are taken in any case: they are few, and somebody waits. */
bool fair_is_paused(struct search *rs)
{
    bool idle = !rs->record.n_groups || rs->record.fork_next < rs->record.fork_end || rs->spare;
    return idle && fair_is_shared(rs->engine) && fair_clock(rs->engine) < fair_team(rs)->pause_until_ns;
}

bool fair_may_step(struct search *rs)
{
    int64_t now = fair_clock(rs->engine);
    return !now || (now < rs->engine->fair->end_ns && fair_team(rs)->used_ns < SLICE_NS && !fair_is_paused(rs));
}

void fair_charge(struct search *rs, int64_t ns, bool spare)
{
    struct team_time *t = fair_team(rs);
    int64_t now = fair_clock(rs->engine);
    t->used_ns += ns;
    if (spare) {
        t->pause_until_ns = max_of(t->pause_until_ns, now) + SPARE_PAUSE * ns;
        t->wrote_spare = true;
    }
}

void fair_commit(struct engine *r, int64_t ns)
{
    uint32_t at = 0;
    int64_t now = fair_clock(r);
    for (struct team_time *t; (t = map_next(&r->fair->teams, &at));) {
        if (t->wrote_spare)
            t->pause_until_ns = max_of(t->pause_until_ns, now) + SPARE_PAUSE * ns;
        t->wrote_spare = false;
    }
}

int64_t fair_due(const struct engine *r)
{
    int64_t due = INT64_MAX, now = fair_clock(r);
    uint32_t at = 0;
    for (const struct team_time *t; fair_is_shared(r) && (t = map_next(&r->fair->teams, &at));) {
        if (t->pause_until_ns > now)
            due = min_of(due, t->pause_until_ns);
    }
    return due;
}

void fair_free(struct fair *f)
{
    if (!f)
        return;
    map_fini_free(&f->teams);
    free(f);
}
