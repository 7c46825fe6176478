/* What clients are shown of a search: header, front, what the models learned, and why it waits. */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "run/ask.h"
#include "run/disk.h"
#include "run/pending.h"
#include "run/plan.h"
#include "run/replay.h"
#include "run/searches.h"
#include "run/snapshot.h"

/* A type of board it needs is not to be had: offline, in quarantine, held by an order … */
static bool waits_for_boards(const struct search *rs, char *text, size_t size)
{
    for (uint32_t g = 0; g < rs->record.n_groups; g++) {
        struct sched_need need;
        group_need(rs, g, &need);
        if (sched_total_slots(rs->engine->sched, &need) || !sched_can_serve(rs->engine->sched, &need))
            continue;
        snprintf(text, size, "waits: no board%s%s that could measure it is ready (sonata boards says why)", need.board_type[0] ? " of type " : "",
                 need.board_type);
        return true;
    }
    return false;
}

bool engine_search_waits(const struct engine *r, uint64_t id, char *text, size_t size)
{
    const struct search *rs = searches_get(r, id);
    struct engine_team team = {.weight = 1};
    struct sonata_error err = {{0}};
    if (!rs || rs->record.state != SEARCH_RUNNING || !rs->record.planned)
        return false;
    const struct search_record *s = &rs->record;
    bool asks = search_charged(rs) + search_in_flight(rs) < s->budget || s->fork_next < s->fork_end;
    if (asks && disk_check(r, s->team, &err)) {
        snprintf(text, size, "waits: %s", err.text);
        return true;
    }
    if (!rs->record.n_groups)
        return false;
    if (s->charged + (s->asked - s->told - s->screened) >= s->budget && !sched_waiting(r->sched, id))
        return false; /* all that it wants is on boards */
    if (r->hooks.team)
        r->hooks.team(r->hooks.user, s->team, &team);
    switch (sched_held(r->sched, id)) {
    case SCHED_HELD_BOARDS:
        snprintf(text, size, "waits: team quota of %u board%s is in use", team.quota.boards, team.quota.boards == 1 ? "" : "s");
        return true;
    case SCHED_HELD_DAY:
        snprintf(text, size, "waits: team quota of %.4g board-hours per day is used (a day begins at 00:00 UTC)", (double)team.quota.day_ns / 3600e9);
        return true;
    case SCHED_NOT_HELD:
        break;
    }
    return waits_for_boards(rs, text, size);
}

uint32_t engine_search_count(const struct engine *r) { return searches_count(r); }

const struct search_record *engine_search_record(struct engine *r, uint32_t index)
{
    search_refresh(searches_at(r, index));
    return &searches_at(r, index)->record;
}

const struct search_record *engine_search_by_id(struct engine *r, uint64_t id)
{
    struct search *rs = searches_get(r, id);
    if (!rs)
        return NULL;
    search_refresh(rs);
    return &rs->record;
}

int engine_front(struct engine *r, uint64_t id, uint64_t **ret_ids, uint32_t *ret_n, struct sonata_error *err)
{
    struct search *rs = searches_get(r, id);
    if (!rs)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    if (!rs->core || rs->busy)
        return snapshot_front(r, id, ret_ids, ret_n);
    *ret_n = core_front(rs->core, NULL, 0);
    *ret_ids = xcalloc(*ret_n ? *ret_n : 1, sizeof **ret_ids);
    core_front(rs->core, *ret_ids, *ret_n);
    return 0;
}

int engine_insight(struct engine *r, uint64_t id, struct core_insight *ret_insight, const char *ret_arms[16], struct sonata_error *err)
{
    struct search *rs = searches_get(r, id);
    if (!rs)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    if (rs->busy)
        return sonata_error_set(err, -EAGAIN, "the search is computing proposals: ask again");
    struct core *core = rs->core;
    struct restored_core restored = {.core = NULL};
    if (!core) {
        cleanup_free struct search_spec *spec = xcalloc(1, sizeof *spec);
        int rc = engine_spec(r, id, spec, err);
        if (!rc)
            rc = search_restore(rs, spec, &restored, err);
        if (rc)
            return rc;
        core = restored.core;
    }
    core_insight(core, ret_insight);
    for (uint32_t i = 0; i < 16; i++)
        ret_arms[i] = i < ret_insight->n_arms ? core_arm_name(core, i) : NULL;
    core_free(restored.core);
    return 0;
}

uint32_t engine_search_pending(const struct engine *r, uint64_t id)
{
    const struct search *rs = searches_get(r, id);
    return rs && !search_is_finished(rs) ? search_in_flight(rs) + pending_again(rs) : 0;
}
