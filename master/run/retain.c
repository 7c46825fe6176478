/* Retention: what has served goes, in bounded steps between other work.
 *
 * Raw samples of measurements, in order of the attempts: the old ones, and while all measurements take too much room the oldest there are. Values,
 * intervals, windows and fingerprints stay, so nothing a search or a reuse needs is lost. Where it got to is in the store, in the same transaction; a
 * result that arrives for an attempt already passed (its board was away for longer than samples are kept) keeps its samples.
 *
 * Events of searches that ended long ago, up to their last snapshot: they can be extended and read as before, but not be run again from the start.
 * How many are gone is in the header, in the transaction that drops them, so that nobody takes a dropped event for a lost one. */
#include "run/retain.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/time.h"
#include "codec/codec.h"
#include "run/note.h"
#include "run/records.h"
#include "run/searches.h"

enum { STEP_MEASUREMENTS = 8, STEP_EVENTS = 256 };
#define PACE_NS (10 * SONATA_MS) /* between two steps while there is more to do */
#define LOOK_AGAIN_NS (60 * SONATA_SECOND)
#define ROOM_KEEPS_NS (3600 * SONATA_SECOND) /* samples younger than this are not dropped for room: attempts before them may still be on boards */

struct retention {
    int64_t next_ns; /* of the next step */
    bool room_noted;
};

struct retention *retention_new(void) { return xcalloc(1, sizeof(struct retention)); }

void retention_free(struct retention *t) { free(t); }

void retention_restart(struct engine *r) { r->retention->next_ns = 0; }

static const char counter[] = "samples_dropped";

struct step {
    struct engine *engine;
    int64_t keep_ns;
    uint64_t next;
    uint32_t n, dropped;
    bool young; /* the first that is too young to be touched: so are those behind it */
};

static bool look_at(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct step *s = user;
    struct measurement m = {0};
    if (s->n == STEP_MEASUREMENTS)
        return false;
    if (!measurement_decode(value, n_value, &m, NULL)) {
        s->young = m.started_wall_ns + m.duration_ns > s->engine->wall - s->keep_ns;
        if (!s->young && m.n_samples) {
            free(m.samples_us);
            m.samples_us = NULL;
            m.n_samples = 0;
            measurement_put(s->engine, &m);
            s->dropped++;
        }
        measurement_fini(&m);
    } /* a damaged one is for --check to tell */
    if (s->young)
        return false;
    s->n++;
    s->next = key_read_u64(key, n_key, 0) + 1;
    return true;
}

static bool takes_too_much(const struct engine *r)
{
    return r->config.samples_max && store_size(r->store, STORE_MEASUREMENT) > r->config.samples_max;
}

static void tell_of_room(struct engine *r, bool full, const struct step *s)
{
    bool nothing_left = full && !s->n;
    if (nothing_left && !r->retention->room_noted)
        engine_note(r, true, "measurements take more room than they should, but no samples older than an hour are left",
                    "bytes=%" PRIu64 " samples_max=%" PRIu64, store_size(r->store, STORE_MEASUREMENT), r->config.samples_max);
    r->retention->room_noted = nothing_left;
}

/* true: there is more to do. */
static bool drop_samples(struct engine *r)
{
    bool full = takes_too_much(r);
    int64_t age = r->config.keep_samples_ns ? r->config.keep_samples_ns : INT64_MAX;
    struct step s = {.engine = r, .keep_ns = full && age > ROOM_KEEPS_NS ? ROOM_KEEPS_NS : age, .next = store_counter(r->store, counter)};
    if (s.keep_ns == INT64_MAX)
        return false;
    if (store_scan(r->store, STORE_MEASUREMENT, key_u64(s.next), 0, look_at, &s))
        s.n = 0;
    /* progress without a drop is written only when a whole step is done: an idle master commits nothing */
    if (s.dropped || s.n == STEP_MEASUREMENTS)
        store_set_counter(r->store, counter, s.next);
    tell_of_room(r, full, &s);
    return s.n == STEP_MEASUREMENTS;
}

/* Events before this one are in the snapshot. The last one stays: it says that all are there. */
static uint64_t droppable(struct search *rs)
{
    cleanup_bytes struct bytes b = {0};
    if (rs->record.events < 2 || store_get(rs->engine->store, STORE_POPULATION, key_u64(rs->record.id), &b))
        return 0;
    struct snapshot_record s;
    return snapshot_record_decode(b.data, b.size, &s) ? 0 : min_of(s.events, rs->record.events - 1);
}

static bool drop_some_events(struct search *rs)
{
    struct search_record *s = &rs->record;
    if (rs->retained.looked_at != s->events) {
        rs->retained.droppable = droppable(rs);
        rs->retained.looked_at = s->events;
    }
    if (s->events_from >= rs->retained.droppable)
        return false;
    for (int i = 0; i < STEP_EVENTS && s->events_from < rs->retained.droppable; i++)
        store_erase(rs->engine->store, STORE_EVENT, key_u64_pair(s->id, s->events_from++));
    rs->dirty = true;
    return true;
}

/* One step of one search; true: there may be more to do. */
static bool drop_events(struct engine *r)
{
    if (!r->config.keep_events_ns)
        return false;
    for (uint32_t i = 0; i < searches_count(r); i++) {
        struct search *rs = searches_at(r, i);
        if (search_is_finished(rs) && !rs->busy && rs->record.finished_wall_ns < r->wall - r->config.keep_events_ns && drop_some_events(rs))
            return true;
    }
    return false;
}

int64_t retain_step(struct engine *r)
{
    if (!r->config.keep_samples_ns && !r->config.samples_max && !r->config.keep_events_ns)
        return INT64_MAX;
    if (r->now < r->retention->next_ns)
        return r->retention->next_ns;
    bool more = drop_samples(r);
    more = drop_events(r) || more;
    r->retention->next_ns = r->now + (more ? PACE_NS : LOOK_AGAIN_NS);
    return r->retention->next_ns;
}
