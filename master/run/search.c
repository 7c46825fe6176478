/* The life of a search in memory, its specification, and its team as the scheduler knows it. */
#include "run/search.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "run/ask.h"
#include "run/disk.h"
#include "run/pending.h"
#include "run/records.h"
#include "run/searches.h"
#include "run/snapshot.h"
#include "run/solo.h"

struct search *search_new(struct engine *r, uint64_t id)
{
    struct search *rs = xcalloc(1, sizeof *rs);
    rs->engine = r;
    rs->record.id = id;
    rs->pending = pending_new();
    rs->ask = ask_new();
    rs->snapshot = snapshot_new();
    searches_add(r, rs);
    return rs;
}

void search_free(struct search *rs)
{
    pending_free(rs->pending);
    ask_free(rs->ask);
    snapshot_free(rs->snapshot);
    solo_free(rs->batch);
    free(rs->telling.p);
    core_free(rs->core);
    free(rs->spec);
    free(rs);
}

int engine_spec(struct engine *r, uint64_t id, struct search_spec *ret_spec, struct sonata_error *err)
{
    struct search *rs = searches_get(r, id);
    if (!rs)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    if (!rs->spec)
        return spec_load(r->store, id, ret_spec, err);
    *ret_spec = *rs->spec;
    return 0;
}

void search_join_team(struct search *rs)
{
    const struct engine_hooks *hooks = &rs->engine->hooks;
    struct engine_team team = {.weight = 1};
    uint64_t id = hash64_text(rs->record.team);
    if (hooks->team)
        hooks->team(hooks->user, rs->record.team, &team);
    sched_set_team(rs->engine->sched, rs->record.id, id, team.weight);
    sched_set_quota(rs->engine->sched, id, &team.quota);
    sched_set_priority(rs->engine->sched, rs->record.id, rs->record.priority);
    disk_set_quota(rs->engine, rs->record.team, team.disk_max);
}

void engine_teams_changed(struct engine *r)
{
    for (uint32_t i = 0; i < searches_count(r); i++) {
        if (!search_is_finished(searches_at(r, i)))
            search_join_team(searches_at(r, i));
    }
}
