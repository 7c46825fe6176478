/* The table of searches, and what the scheduler knows of the team that a search belongs to. */
#include "run/searches.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "run/records.h"

bool search_is_finished(const struct search *rs) { return rs->record.state != SEARCH_RUNNING && rs->record.state != SEARCH_PAUSED; }

struct search *searches_get(const struct engine *r, uint64_t id) { return map_get(&r->search_by_id, id); }

struct search *searches_add(struct engine *r, uint64_t id)
{
    struct search *rs = xcalloc(1, sizeof *rs);
    rs->run = r;
    rs->record.id = id;
    r->search = xgrow(r->search, &r->search_capacity, r->n_searches + 1, sizeof *r->search);
    r->search[r->n_searches++] = rs;
    map_set(&r->search_by_id, id, rs);
    return rs;
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
    const struct engine_hooks *hooks = &rs->run->hooks;
    struct engine_team team = {.weight = 1};
    uint64_t id = hash64_text(rs->record.team);
    if (hooks->team)
        hooks->team(hooks->user, rs->record.team, &team);
    sched_set_team(rs->run->sched, rs->record.id, id, team.weight);
    sched_set_quota(rs->run->sched, id, &team.quota);
    sched_set_priority(rs->run->sched, rs->record.id, rs->record.priority);
}

void engine_teams_changed(struct engine *r)
{
    for (uint32_t i = 0; i < r->n_searches; i++) {
        if (!search_is_finished(r->search[i]))
            search_join_team(r->search[i]);
    }
}

void search_free(struct search *rs)
{
    uint32_t at = 0;
    for (void *p; (p = map_next(&rs->pending, &at));)
        free(p);
    map_fini(&rs->pending);
    core_free(rs->core);
    free(rs->ask_proposal);
    free(rs->complete);
    free(rs->again);
    free(rs->spec);
    free(rs);
}
