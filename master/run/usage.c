/* Board time by team and day, for the quotas. A day is a calendar day in UTC: it ends for all teams at one moment that people can tell. The
 * record is written in the turn of the measurement that changed it, so a quota survives whatever the results survive. */
#include "run/usage.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/time.h"

struct usage {
    struct map teams; /* hash of the team's name → struct usage_record, of that day */
    int64_t day;      /* days since 1970, UTC */
};

struct usage *usage_new(void) { return xcalloc(1, sizeof(struct usage)); }

static int64_t day_of(int64_t wall_ns) { return wall_ns / SONATA_DAY; }

static struct usage_record *usage_of(struct engine *r, const char *team)
{
    struct usage_record *u = map_get(&r->usage->teams, hash64_text(team));
    if (u)
        return u;
    u = xcalloc(1, sizeof *u);
    copy_string(u->team, sizeof u->team, team);
    map_set(&r->usage->teams, hash64_text(team), u);
    return u;
}

static bool load_usage(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct engine *r = user;
    struct usage_record u;
    (void)key;
    (void)n_key;
    if (usage_record_decode(value, n_value, &u))
        return true;
    *usage_of(r, u.team) = u;
    sched_set_day_used(r->sched, hash64_text(u.team), u.board_ns);
    return true;
}

int usage_load(struct engine *r)
{
    r->usage->day = day_of(r->wall);
    return store_scan(r->store, STORE_USAGE, key_u64((uint64_t)r->usage->day), 8, load_usage, r);
}

void usage_free(struct usage *u)
{
    if (!u)
        return;
    map_fini_free(&u->teams);
    free(u);
}

void usage_add(struct engine *r, const char *team, int64_t board_ns)
{
    if (!team[0] || board_ns <= 0)
        return;
    usage_turn(r);
    struct usage_record *u = usage_of(r, team);
    u->board_ns += board_ns;
    u->attempts++;
    sched_set_day_used(r->sched, hash64_text(team), u->board_ns);
    cleanup_bytes struct bytes b = {0};
    usage_record_encode(u, &b);
    store_put(r->store, STORE_USAGE, key_u64_pair((uint64_t)r->usage->day, hash64_text(team)), b.data, b.size);
}

/* A clock set back does not give a day again. */
void usage_turn(struct engine *r)
{
    if (day_of(r->wall) <= r->usage->day)
        return;
    r->usage->day = day_of(r->wall);
    uint32_t at = 0;
    for (struct usage_record *u; (u = map_next(&r->usage->teams, &at));) {
        u->board_ns = 0;
        u->attempts = 0;
        sched_set_day_used(r->sched, hash64_text(u->team), 0);
    }
}

int64_t usage_day_end_ns(const struct engine *r)
{
    uint32_t at = 0;
    for (const struct usage_record *u; (u = map_next(&r->usage->teams, &at));) {
        if (u->board_ns)
            return r->now + (r->usage->day + 1) * SONATA_DAY - r->wall;
    }
    return INT64_MAX;
}

void engine_team_usage(const struct engine *r, const char *team, uint32_t *ret_boards, int64_t *ret_day_ns)
{
    const struct usage_record *u = map_get(&r->usage->teams, hash64_text(team));
    *ret_boards = sched_team_boards(r->sched, hash64_text(team));
    *ret_day_ns = u ? u->board_ns : 0;
}
