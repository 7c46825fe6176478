/* Which worker has which name. A name belongs to the key that first said hello with it, for good: also while its worker is away and after a restart
 * of the master, so that no other key takes over its boards and results meanwhile. The binding is written in the turn of that hello, before the
 * welcome is sent. It ends when the key is revoked or an admin releases the name, when a name of a worker that is away has to make room for one of
 * the same key, and, of a worker that is away and never measured, after a day. On a port without keys everybody has the key "" and nothing is
 * bound. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/time.h"
#include "rpc/rpc_internal.h"
#include "store/record_team.h"
#include "store/store.h"

#define LOOK_NS (60 * SONATA_SECOND)
#define START_NS (3600 * SONATA_SECOND) /* by then workers have come back */
#define CLONE_SHOWN_NS (600 * SONATA_SECOND)

static uint64_t peer_key(const struct net_peer *peer) { return hash64(peer->id, peer->size); }

static struct store_key record_key(const char *name)
{
    uint8_t hash[HASH_SIZE]; /* a name may be longer than a key */
    hash_content(name, strlen(name), hash);
    return key_bytes(hash, sizeof hash);
}

struct rpc_worker *worker_of_peer(const struct rpc *rpc, const struct net_peer *peer, const char *key)
{
    struct rpc_worker *w = map_get(&rpc->by_peer, peer_key(peer));
    return w && w->peer.size == peer->size && !memcmp(w->peer.id, peer->id, peer->size) && !strcmp(w->key, key) ? w : NULL;
}

struct rpc_worker *worker_with_name(const struct rpc *rpc, const char *name)
{
    struct rpc_worker *w = map_get(&rpc->by_name, hash64_text(name));
    return w && !strcmp(w->name, name) ? w : NULL;
}

static bool is_online(const struct rpc *rpc, const struct rpc_worker *w) { return sched_is_online(engine_sched(rpc->run), w->name); }

bool worker_key_is_in_force(const struct rpc *rpc, const char *key) { return !rpc->config.access || access_who(rpc->config.access, key); }

/* Another name of the same hash has its place in the table. */
bool worker_name_is_taken(const struct rpc *rpc, const char *name, const char *key)
{
    const struct rpc_worker *w = map_get(&rpc->by_name, hash64_text(name));
    return w && (strcmp(w->name, name) || (strcmp(w->key, key) && worker_key_is_in_force(rpc, w->key)));
}

void worker_note_incarnation(struct rpc_worker *w, uint64_t incarnation)
{
    if (w->incarnation == incarnation)
        return;
    memmove(w->past + 1, w->past, sizeof w->past - sizeof *w->past);
    w->past[0] = w->incarnation;
    w->incarnation = incarnation;
}

bool worker_is_clone(struct rpc *rpc, const struct net_peer *peer, const char *name, uint64_t incarnation)
{
    static const char text[] =
        "two workers run with this name and key, as a copied disk makes them: give each a name (and key) of its own; the one that was "
        "started last is listened to";
    struct rpc_worker *w = worker_with_name(rpc, name);
    bool before = false;
    for (size_t i = 0; w && i < sizeof w->past / sizeof *w->past; i++)
        before = before || (incarnation && w->past[i] == incarnation && w->incarnation != incarnation);
    if (!before || !is_online(rpc, w))
        return false;
    w->clone_wall_ns = engine_wall(rpc->run);
    log_warn("two workers run with one name and key", "worker=%s", w->name);
    rpc_fault(rpc, rpc->workers, peer, -EEXIST, text);
    rpc_fault(rpc, rpc->workers, &w->peer, -EEXIST, text);
    return true;
}

bool worker_was_cloned(const struct rpc *rpc, const char *name)
{
    const struct rpc_worker *w = worker_with_name(rpc, name);
    return w && w->clone_wall_ns && engine_wall(rpc->run) - w->clone_wall_ns < CLONE_SHOWN_NS;
}

uint32_t worker_names_of(const struct rpc *rpc, const char *key)
{
    uint32_t n = 0, at = 0;
    for (const struct rpc_worker *w; (w = map_next(&rpc->by_name, &at));)
        n += !strcmp(w->key, key);
    return n;
}

/* The caller takes it out of by_name. */
static void forget(struct rpc *rpc, struct rpc_worker *w)
{
    if (map_get(&rpc->by_peer, peer_key(&w->peer)) == w)
        map_remove(&rpc->by_peer, peer_key(&w->peer));
    if (rpc->config.access)
        store_erase(engine_store(rpc->run), STORE_WORKER, record_key(w->name));
    free(w);
}

struct making_room {
    struct rpc *rpc;
    const char *key;
};

static bool keeps_its_name(void *user, void *value)
{
    const struct making_room *room = user;
    struct rpc_worker *w = value;
    bool own = !strcmp(w->key, room->key), gone = !worker_key_is_in_force(room->rpc, w->key);
    if (!gone && (!own || is_online(room->rpc, w)))
        return true;
    forget(room->rpc, w);
    return false;
}

/* Room for a new name: one key cannot take it all, and what it takes are its own. */
static bool has_room(struct rpc *rpc, const char *key)
{
    struct making_room room = {rpc, key};
    for (int again = 0; again < 2; again++) {
        if (rpc->by_name.count < RPC_PEERS_MAX && worker_names_of(rpc, key) < RPC_WORKERS_PER_KEY)
            return true;
        if (!again)
            map_filter(&rpc->by_name, keeps_its_name, &room);
    }
    return false;
}

static void put_name(struct rpc *rpc, const struct rpc_worker *w)
{
    if (!rpc->config.access)
        return;
    struct worker_name record = {.since_wall_ns = w->since_wall_ns, .measured = w->measured};
    copy_string(record.name, sizeof record.name, w->name);
    copy_string(record.public_key, sizeof record.public_key, w->key);
    cleanup_bytes struct bytes b = {0};
    worker_name_encode(&record, &b);
    store_put(engine_store(rpc->run), STORE_WORKER, record_key(w->name), b.data, b.size);
}

static void bind_name(struct rpc *rpc, struct rpc_worker *w, const char *key)
{
    copy_string(w->key, sizeof w->key, key);
    w->since_wall_ns = engine_wall(rpc->run);
    w->measured = false;
    put_name(rpc, w);
}

void worker_note_measured(struct rpc *rpc, struct rpc_worker *w)
{
    if (w->measured)
        return;
    w->measured = true;
    put_name(rpc, w);
}

static bool is_still_wanted(void *user, void *value)
{
    struct rpc *rpc = user;
    struct rpc_worker *w = value;
    if (w->measured || is_online(rpc, w) || engine_wall(rpc->run) - w->since_wall_ns < SONATA_DAY)
        return true;
    log_info("worker's name forgotten: it never measured", "worker=%s", w->name);
    forget(rpc, w);
    return false;
}

void worker_names_turn(struct rpc *rpc)
{
    int64_t now = clock_monotonic_ns();
    if (!rpc->names_due_ns)
        rpc->names_due_ns = now + START_NS;
    if (now < rpc->names_due_ns || engine_is_blocked(rpc->run, NULL))
        return;
    rpc->names_due_ns = now + LOOK_NS;
    map_filter(&rpc->by_name, is_still_wanted, rpc);
}

static struct rpc_worker *add_name(struct rpc *rpc, const char *name)
{
    struct rpc_worker *w = xcalloc(1, sizeof *w);
    copy_string(w->name, sizeof w->name, name);
    map_set(&rpc->by_name, hash64_text(name), w);
    return w;
}

struct rpc_worker *worker_take_name(struct rpc *rpc, const struct net_peer *peer, const char *name, const char *key)
{
    struct rpc_worker *w = worker_with_name(rpc, name);
    bool is_new = !w;
    if (is_new && !has_room(rpc, key))
        return NULL;
    if (is_new)
        w = add_name(rpc, name);
    else if (map_get(&rpc->by_peer, peer_key(&w->peer)) == w)
        map_remove(&rpc->by_peer, peer_key(&w->peer));
    w->peer = *peer;
    if (is_new || strcmp(w->key, key))
        bind_name(rpc, w, key);
    map_set(&rpc->by_peer, peer_key(peer), w);
    return w;
}

/* Boards go with the worker that brought them last. */
static void disown_boards(struct rpc *rpc, const char *worker)
{
    const struct sched *s = engine_sched(rpc->run);
    for (uint32_t i = 0; i < sched_board_count(s); i++) {
        struct sched_board_view v;
        sched_board_view(s, i, &v);
        if (!strcmp(v.worker, worker))
            engine_board_bind(rpc->run, v.info->id, "");
    }
}

int worker_release_name(struct rpc *rpc, const char *actor, const char *name, struct sonata_error *err)
{
    struct rpc_worker *w = worker_with_name(rpc, name);
    if (!w)
        return sonata_error_set(err, -ENOENT, "no key has the worker name '%.63s'", name);
    if (is_online(rpc, w) && worker_key_is_in_force(rpc, w->key))
        return sonata_error_set(err, -EBUSY, "the worker '%s' is online: stop it first, or revoke its key", w->name);
    char text[AUDIT_TEXT_MAX];
    snprintf(text, sizeof text, "worker name %s released from key %.8s", w->name, w->key);
    access_audit(rpc->config.access, engine_wall(rpc->run), actor, text);
    disown_boards(rpc, w->name);
    map_remove(&rpc->by_name, hash64_text(name));
    forget(rpc, w);
    return 0;
}

struct loading {
    struct rpc *rpc;
    int rc;
};

static bool load_name(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct loading *l = user;
    struct worker_name record;
    (void)key, (void)n_key;
    l->rc = worker_name_decode(value, n_value, &record);
    if (l->rc || map_get(&l->rpc->by_name, hash64_text(record.name)))
        return !l->rc;
    struct rpc_worker *w = add_name(l->rpc, record.name);
    copy_string(w->key, sizeof w->key, record.public_key);
    w->since_wall_ns = record.since_wall_ns;
    w->measured = record.measured;
    return true;
}

int worker_load_names(struct rpc *rpc, struct sonata_error *err)
{
    struct loading l = {.rpc = rpc};
    int rc = store_scan(engine_store(rpc->run), STORE_WORKER, (struct store_key){0}, 0, load_name, &l);
    rc = rc ? rc : l.rc;
    return rc ? sonata_error_set(err, rc, "the names of workers cannot be read: %s", strerror(-rc)) : 0;
}
