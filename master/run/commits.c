/* See commits.h. Time and no count, so that a team learns nothing of how much others do. */
#include "run/commits.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "run/searches.h"

struct commits {
    uint64_t done, next; /* numbers of the last one that changed a search, and of this turn's; 0: none */
    struct map teams;    /* hash of the name → uint64_t, the last that changed one of its searches */
};

struct commits *commits_new(void) { return xcalloc(1, sizeof(struct commits)); }

void commits_free(struct commits *c)
{
    if (c)
        map_fini_free(&c->teams);
    free(c);
}

static uint64_t next_of(struct engine *r)
{
    struct commits *c = r->commits;
    uint64_t wall_us = (uint64_t)(r->wall / 1000);
    if (!c->next)
        c->next = wall_us > c->done ? wall_us : c->done + 1;
    return c->next;
}

void commits_change(struct search *rs)
{
    struct map *teams = &rs->engine->commits->teams;
    uint64_t team = hash64_text(rs->record.team), *last = map_get(teams, team);
    if (!last) {
        last = xcalloc(1, sizeof *last);
        map_set(teams, team, last);
    }
    rs->changed = *last = next_of(rs->engine);
}

uint64_t engine_team_changed(const struct engine *r, const char *team)
{
    const uint64_t *last = team ? map_get(&r->commits->teams, hash64_text(team)) : &r->commits->done;
    return last && *last ? *last : 1;
}

void commits_done(struct engine *r)
{
    if (r->commits->next)
        r->commits->done = r->commits->next;
    r->commits->next = 0;
}

uint64_t engine_committed(const struct engine *r) { return r->commits->done; }

uint64_t engine_search_changed(const struct engine *r, uint32_t index, const char **ret_team)
{
    const struct search *rs = searches_at(r, index);
    *ret_team = rs->record.team;
    return rs->changed ? rs->changed : 1;
}
