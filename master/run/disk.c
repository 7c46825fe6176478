/* See disk.h. Bytes are those of the records in the store, as they are packed there, and a little for what else a search leaves (its answer, its
 * lines in the audit log). Boards bound what measurements take; they belong to nobody. */
#include "run/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "run/searches.h"

enum { SEARCH_CHARGE = 4096 };

struct disk {
    struct map teams; /* hash of the name → struct team_disk */
};

struct team_disk {
    uint64_t bytes, most; /* as the records say; 0: no limit */
    uint64_t searches;
};

struct disk *disk_new(void) { return xcalloc(1, sizeof(struct disk)); }

void disk_free(struct disk *d)
{
    if (!d)
        return;
    map_fini_free(&d->teams);
    free(d);
}

static struct team_disk *disk_of(struct engine *r, const char *team)
{
    uint64_t key = hash64_text(team);
    struct team_disk *t = map_get(&r->disk->teams, key);
    if (!t) {
        t = xcalloc(1, sizeof *t);
        map_set(&r->disk->teams, key, t);
    }
    return t;
}

static void change(struct engine *r, uint64_t id, int64_t bytes)
{
    struct search *rs = searches_get(r, id);
    if (!rs) /* its header is damaged and left alone */
        return;
    struct team_disk *t = disk_of(r, rs->record.team);
    t->searches += !rs->counted;
    rs->counted = true;
    t->bytes = bytes < 0 && (uint64_t)-bytes > t->bytes ? 0 : t->bytes + (uint64_t)bytes;
}

static void add_measured(void *user, uint64_t search, uint64_t bytes) { change(user, search, (int64_t)bytes); }

int disk_load(struct engine *r) { return store_measure_searches(r->store, add_measured, r); }

void disk_committed(struct engine *r)
{
    size_t n;
    const struct store_resized *at = store_resized(r->store, &n);
    for (size_t i = 0; i < n; i++)
        change(r, at[i].search, at[i].bytes);
}

void disk_set_quota(struct engine *r, const char *team, uint64_t bytes) { disk_of(r, team)->most = bytes; }

uint64_t engine_disk(const struct engine *r, const char *team)
{
    const struct team_disk *t = map_get(&r->disk->teams, hash64_text(team));
    return t ? t->bytes + SEARCH_CHARGE * t->searches : 0;
}

bool disk_is_used(const struct engine *r, const char *team)
{
    const struct team_disk *t = map_get(&r->disk->teams, hash64_text(team));
    return t && t->most && engine_disk(r, team) >= t->most;
}

int disk_check(const struct engine *r, const char *team, struct sonata_error *err)
{
    if (!disk_is_used(r, team))
        return 0;
    const struct team_disk *t = map_get(&r->disk->teams, hash64_text(team));
    return sonata_error_set(err, -EDQUOT,
                            "the searches of team %s take all that they may of the store, %.4g MiB: an admin allows more with `sonata teams set "
                            "%s --disk BYTES`",
                            team, (double)t->most / 1048576, team);
}
