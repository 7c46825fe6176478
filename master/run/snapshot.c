/* Snapshots of the search core, and the header of a search that is written with them.
 *
 * The core is a function of its parameters and the log, so log + snapshot in one transaction keep the promise that the state after any commit is the
 * snapshot with the later events run again. A snapshot is due when the events since the last one outweigh it, so its cost stays a constant factor,
 * and after at most SNAPSHOT_EVENTS events (algorithms that compute for long; more when the snapshot is large, so that a search of 100,000
 * evaluations does not write 20 MB for every 32 of them) or QUICK_EVENTS, so that a start does not have to run many proposals again. */
#include "run/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "run/commits.h"
#include "run/fair.h"
#include "run/pool.h"
#include "search/progress.h"

enum {
    SNAPSHOT_EVENTS = 64,
    SNAPSHOT_BYTES_PER_EVENT = 32768,
    QUICK_EVENTS = 8192,
    SNAPSHOT_EVENT_BYTES = 1024,
    FORESTS_BYTES_MAX = 4 << 20,
    PROGRESS_PAUSE = 20 /* times what measuring took */
};

struct snapshot {
    uint64_t event; /* events contained in the stored one */
    size_t size;
    uint64_t forests;  /* core_forests_number() of those in the store; UINT64_MAX: not known */
    int64_t active_ns; /* of the header as it was written last */
    /* progress measured on another thread: under way, to be measured next, not before */
    struct core_progress *progress, *next_progress;
    double volume;
    int64_t started_ns, due_ns;
};

struct snapshot *snapshot_new(void) { return xcalloc(1, sizeof(struct snapshot)); }

void snapshot_free(struct snapshot *s)
{
    if (s) {
        core_progress_free(s->progress);
        core_progress_free(s->next_progress);
    }
    free(s);
}

void snapshot_is_at(struct search *rs, uint64_t event, size_t size, bool has_forests)
{
    struct snapshot *s = rs->snapshot;
    s->event = event;
    s->size = size;
    s->forests = has_forests ? UINT64_MAX : 0;
}

void search_header_is_stored(struct search *rs) { rs->snapshot->active_ns = rs->record.active_ns; }

int64_t search_unstored_active_ns(const struct search *rs) { return rs->record.active_ns - rs->snapshot->active_ns; }

static void measure_work(void *arg)
{
    struct snapshot *s = ((struct search *)arg)->snapshot;
    s->volume = core_progress_volume(s->progress);
}

static void measure_done(void *arg);

/* Measures p, which is taken, beside the search; after what is measured now. */
static void measure(struct search *rs, struct core_progress *p)
{
    struct snapshot *s = rs->snapshot;
    if (s->progress) {
        core_progress_free(s->next_progress);
        s->next_progress = p;
        return;
    }
    s->progress = p;
    s->started_ns = fair_clock(rs->engine);
    pool_run_beside(rs, measure_work, measure_done, rs);
}

static void measure_done(void *arg)
{
    struct search *rs = arg;
    struct snapshot *s = rs->snapshot;
    int64_t now = fair_clock(rs->engine);
    core_progress_free(s->progress);
    s->progress = NULL;
    s->due_ns = now + PROGRESS_PAUSE * (now - s->started_ns);
    rs->record.hypervolume = s->volume;
    rs->dirty = true;
    if (s->next_progress) {
        struct core_progress *next = s->next_progress;
        s->next_progress = NULL;
        measure(rs, next);
    }
}

void search_refresh(struct search *rs)
{
    struct snapshot *s = rs->snapshot;
    if (!rs->front_changed || !rs->core || rs->busy)
        return;
    rs->record.front_size = core_front(rs->core, NULL, 0);
    if (!rs->engine->hooks.work || core_progress_is_cheap(rs->core)) {
        rs->record.hypervolume = core_hypervolume(rs->core);
        rs->front_changed = false;
    } else if (!s->progress && fair_clock(rs->engine) >= s->due_ns) {
        measure(rs, core_progress_take(rs->core));
        rs->front_changed = false;
    }
}

void search_measure_progress(struct search *rs)
{
    if (!rs->engine->hooks.work || core_progress_is_cheap(rs->core)) {
        search_refresh(rs);
        return;
    }
    rs->record.front_size = core_front(rs->core, NULL, 0);
    measure(rs, core_progress_take(rs->core));
}

/* The forests of the same moment, so that a start needs not grow them; too large ones are grown again. */
static void snapshot_forests(struct search *rs)
{
    uint64_t number = core_forests_number(rs->core);
    if (number == rs->snapshot->forests)
        return;
    cleanup_bytes struct bytes b = {0};
    if (number)
        core_forests_save(rs->core, FORESTS_BYTES_MAX, &b);
    if (b.size)
        store_put(rs->engine->store, STORE_SURROGATE, key_u64(rs->record.id), b.data, b.size);
    else
        store_erase(rs->engine->store, STORE_SURROGATE, key_u64(rs->record.id));
    rs->snapshot->forests = number;
}

void search_snapshot(struct search *rs)
{
    cleanup_bytes struct bytes b = {0}, front = {0};
    snapshot_record_begin(rs->record.events, &b);
    core_save(rs->core, &b);
    store_put(rs->engine->store, STORE_POPULATION, key_u64(rs->record.id), b.data, b.size);
    rs->snapshot->event = rs->record.events;
    rs->snapshot->size = b.size;
    if (!search_is_finished(rs)) /* which predicts nothing more */
        snapshot_forests(rs);

    uint32_t n = core_front(rs->core, NULL, 0);
    uint64_t *id = xcalloc(n ? n : 1, sizeof *id);
    core_front(rs->core, id, n);
    ids_encode(id, n, &front);
    store_put(rs->engine->store, STORE_FRONT, key_u64(rs->record.id), front.data, front.size);
    free(id);
}

static bool snapshot_is_due(const struct search *rs)
{
    uint64_t since = rs->record.events - rs->snapshot->event, enough = rs->snapshot->size / SNAPSHOT_EVENT_BYTES;
    uint64_t most = search_is_quick(rs->spec) ? QUICK_EVENTS : SNAPSHOT_EVENTS + rs->snapshot->size / SNAPSHOT_BYTES_PER_EVENT;
    return since > 0 && since >= (enough < most ? enough : most);
}

void search_persist(struct search *rs)
{
    if (!rs->dirty)
        return;
    if (rs->core && !rs->busy) {
        search_refresh(rs);
        if (snapshot_is_due(rs))
            search_snapshot(rs);
    }
    cleanup_bytes struct bytes b = {0};
    search_record_encode(&rs->record, &b);
    store_put(rs->engine->store, STORE_SEARCH, key_u64(rs->record.id), b.data, b.size);
    search_header_is_stored(rs);
    commits_change(rs);
    rs->dirty = false;
}

static int load_forests(struct store *store, uint64_t id, struct core *core)
{
    cleanup_bytes struct bytes b = {0};
    int r = store_get(store, STORE_SURROGATE, key_u64(id), &b);
    return r ? r : core_forests_load(core, &b);
}

int snapshot_load(const struct core_origin *of, struct restored_core *ret_restored, struct sonata_error *err)
{
    cleanup_bytes struct bytes b = {0};
    struct restored_core restored = {.core = NULL};
    int r = store_get(of->store, STORE_POPULATION, key_u64(of->search), &b);
    if (r)
        return r;
    struct snapshot_record stored;
    if (snapshot_record_decode(b.data, b.size, &stored))
        return sonata_error_set(err, -EBADMSG, "search %llu: damaged snapshot", (unsigned long long)of->search);
    restored.event = stored.events;
    restored.size = b.size;
    if (restored.event > of->until)
        return -ENOENT;
    if ((r = core_load(&of->spec->space, stored.core, stored.n_core, &restored.core, err)))
        return r;
    restored.forests = load_forests(of->store, of->search, restored.core);
    *ret_restored = restored;
    return 0;
}

/* The stored front of the last snapshot serves while the core is away. */
int snapshot_front(struct engine *r, uint64_t id, uint64_t **ret_ids, uint32_t *ret_n)
{
    cleanup_bytes struct bytes b = {0};
    *ret_ids = NULL;
    *ret_n = 0;
    int rc = store_get(r->store, STORE_FRONT, key_u64(id), &b);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    rc = ids_decode(b.data, b.size, UINT32_MAX, ret_ids, ret_n);
    if (rc)
        store_report_damage(r->store, STORE_FRONT, key_u64(id), rc);
    return rc;
}
