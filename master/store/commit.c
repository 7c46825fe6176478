/* Writes: they collect in the batch and go to LMDB in one transaction.
 *
 * Flow of a commit: begin → every pending put and delete → mdb_txn_commit (writes, fsync, meta page). MDB_MAP_FULL: abort, clear what dead readers
 * hold, double the map, again from the start, which is safe because the batch still holds everything. MDB_PANIC (a failed write of the meta page):
 * the environment is closed and opened again; LMDB then continues from the last intact meta page. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "store/seal.h"
#include "store/store_internal.h"

enum { GROWTH_MEMORY = 64 };
#define GROWTH_ROOM 1.05
#define MAP_LIMIT ((size_t)1 << 42)

void store_put(struct store *s, enum store_db db, struct store_key key, const void *value, size_t n)
{
    assert(!s->read_only);
    batch_put(&s->batch, (uint8_t)db, key.bytes, key.n, value, n);
}

void store_erase(struct store *s, enum store_db db, struct store_key key)
{
    assert(!s->read_only);
    batch_erase(&s->batch, (uint8_t)db, key.bytes, key.n);
}

size_t store_pending(const struct store *s) { return s->batch.log.size; }

int store_put_sealed(struct store *s, MDB_txn *txn, struct sealed_put *p)
{
    size_t n = p->value.mv_size + p->pad;
    MDB_val place = {n + SEAL_SIZE, NULL};
    int rc = mdb_put(txn, s->dbi[p->db], &p->key, &place, p->flags | MDB_RESERVE);
    if (rc)
        return rc;
    uint8_t *to = place.mv_data;
    if (p->value.mv_size)
        memcpy(to, p->value.mv_data, p->value.mv_size);
    memset(to + p->value.mv_size, 0, p->pad);
    seal_write((uint8_t)p->db, p->key.mv_data, p->key.mv_size, to, n);
    return 0;
}

/* A key behind all others. MDB_APPEND leaves full pages behind where an ordinary put of ascending keys splits them in halves. A record that is to
 * grow gets the room at once that such records come to need, else its full page would be split later. MDB_KEYEXIST: the key is no such. */
static int put_first(struct store *s, MDB_txn *txn, struct sealed_put p, bool packed)
{
    size_t room = (size_t)(GROWTH_ROOM * s->grown[p.db]);
    p.pad = packed && p.value.mv_size < room ? room - p.value.mv_size : 0;
    p.flags = MDB_APPEND;
    int rc = store_put_sealed(s, txn, &p);
    if (!rc && sizes_count(p.db))
        sizes_change(&s->sizes, &p.key, sizes_of_record(p.db, p.key.mv_size, p.value.mv_size + p.pad + SEAL_SIZE));
    return rc;
}

static int put(struct store *s, MDB_txn *txn, const struct batch_op *op, struct bytes *buffer)
{
    struct sealed_put p = {.db = (enum store_db)op->db, .key = {op->n_key, (void *)op->key}, .value = {op->n_value, (void *)op->value}};
    if (store_is_plain(p.db, op->key, op->n_key))
        return mdb_put(txn, s->dbi[p.db], &p.key, &p.value, 0);
    bool packed = s->packer[p.db] && packer_pack(s->packer[p.db], op->value, op->n_value, buffer);
    if (packed)
        p.value = (MDB_val){buffer->size, buffer->data};
    int rc = store_is_log(p.db) ? put_first(s, txn, p, packed) : MDB_KEYEXIST;
    if (rc != MDB_KEYEXIST)
        return rc;
    if (p.db == STORE_INDIVIDUAL || p.db == STORE_EVALUATION)
        s->grown[p.db] += ((double)p.value.mv_size - s->grown[p.db]) / GROWTH_MEMORY;
    rc = sizes_put(s, txn, p.db, &p.key, p.value.mv_size + SEAL_SIZE);
    return rc ? rc : store_put_sealed(s, txn, &p);
}

static int erase(struct store *s, MDB_txn *txn, const struct batch_op *op)
{
    MDB_val key = {op->n_key, (void *)op->key};
    int rc = sizes_put(s, txn, (enum store_db)op->db, &key, 0);
    if (!rc)
        rc = mdb_del(txn, s->dbi[op->db], &key, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int by_key(const void *a, const void *b)
{
    const struct batch_op *x = a, *y = b;
    if (x->db != y->db)
        return x->db < y->db ? -1 : 1;
    int order = memcmp(x->key, y->key, x->n_key < y->n_key ? x->n_key : y->n_key);
    return order ? order : (x->n_key > y->n_key) - (x->n_key < y->n_key);
}

static int write_batch(struct store *s, MDB_txn *txn)
{
    cleanup_bytes struct bytes packed = {0};
    cleanup_free struct batch_op *op = xcalloc(s->batch.n_keys, sizeof *op);
    size_t n = 0;
    for (size_t at = 0; n < s->batch.n_keys && batch_next(&s->batch, &at, &op[n]);)
        n++;
    qsort(op, n, sizeof *op, by_key);
    for (size_t i = 0; i < n; i++) {
        int rc = op[i].erase ? erase(s, txn, &op[i]) : put(s, txn, &op[i], &packed);
        if (rc)
            return rc;
    }
    return 0;
}

/* A new dictionary is one more write of the turn that first uses it. */
static void renew_dictionaries(struct store *s)
{
    for (unsigned db = 0; db < STORE_DB_COUNT; db++) {
        const uint8_t *content;
        size_t n;
        if (!s->packer[db] || !packer_wants(s->packer[db], &content, &n))
            continue;
        cleanup_bytes struct bytes value = {0};
        bytes_put_u8(&value, (uint8_t)db);
        bytes_append(&value, content, n);
        store_put(s, STORE_DICTIONARY, key_u64(s->next_dictionary), value.data, value.size);
        packer_use(s->packer[db], s->next_dictionary++, value.data + 1, n);
    }
}

/* Whether the store is still ours. ESTALE: another master opened it, although this one lives (its lock file was removed). */
static int check_owner(struct store *s, MDB_txn *txn)
{
    MDB_val k = {sizeof STORE_OWNER - 1, (void *)STORE_OWNER}, v;
    uint64_t owner = 0;
    struct batch_op op;
    if (!s->owner || batch_find(&s->batch, STORE_META, k.mv_data, k.mv_size, &op)) /* it is about to become ours */
        return 0;
    int rc = mdb_get(txn, s->dbi[STORE_META], &k, &v);
    if (!rc)
        rc = store_unseal(s, STORE_META, &k, &v);
    if (!rc) {
        struct reader in = reader_of(v.mv_data, v.mv_size);
        reader_u8(&in);
        owner = reader_u64(&in);
    }
    if (rc && rc != MDB_NOTFOUND)
        return rc;
    return owner == s->owner ? 0 : ESTALE;
}

static int commit_once(struct store *s)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(s->env, NULL, 0, &txn);
    if (rc)
        return rc;
    sizes_begin(&s->sizes);
    rc = check_owner(s, txn);
    if (!rc)
        rc = write_batch(s, txn);
    if (rc) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn); /* frees txn also when it fails */
}

/* Readers of processes that died hold every page that is freed after them. */
static void clear_dead_readers(struct store *s)
{
    int dead;
    s->readers_checked_ns = clock_monotonic_ns();
    mdb_reader_check(s->env, &dead);
}

int store_grow_map(struct store *s)
{
    if (s->map_size >= MAP_LIMIT)
        return MDB_MAP_FULL;
    pthread_rwlock_wrlock(&s->map_lock);
    int rc = mdb_env_set_mapsize(s->env, 2 * s->map_size);
    if (!rc)
        s->map_size *= 2;
    pthread_rwlock_unlock(&s->map_lock);
    return rc;
}

/* A map that is full may be so for the pages that dead readers held: once they are cleared it is tried as it is. */
static int make_room(struct store *s, bool *cleared)
{
    if (*cleared)
        return store_grow_map(s);
    *cleared = true;
    clear_dead_readers(s);
    return 0;
}

static int reopen(struct store *s)
{
    pthread_rwlock_wrlock(&s->map_lock);
    store_close_environment(s);
    int rc = store_open_environment(s);
    pthread_rwlock_unlock(&s->map_lock);
    return rc;
}

static int write_pending(struct store *s)
{
    bool reopened = false, cleared = false;
    int rc = s->env ? 0 : reopen(s);
    while (!rc) {
        rc = commit_once(s);
        if (rc == MDB_MAP_FULL || rc == MDB_MAP_RESIZED) {
            rc = rc == MDB_MAP_FULL ? make_room(s, &cleared) : store_grow_map(s);
        } else if (rc == MDB_PANIC && !reopened) {
            reopened = true;
            rc = reopen(s);
        } else {
            break;
        }
    }
    return rc;
}

int store_commit(struct store *s, struct sonata_error *err)
{
    int rc = store_failure(s, err);
    if (rc)
        return rc;
    if (!s->batch.n_keys) {
        sizes_begin(&s->sizes);
        batch_clear(&s->batch);
        return 0;
    }
    if (s->env && clock_monotonic_ns() - s->readers_checked_ns >= s->readers_check_ns)
        clear_dead_readers(s);
    renew_dictionaries(s);
    rc = write_pending(s);
    if (rc == ESTALE) {
        store_refuse(s, -ESTALE, "was taken over by another master (was master.lock removed?): this one writes nothing more; stop it");
        return store_failure(s, err);
    }
    if (rc)
        return sonata_error_set(err, store_translate(rc), "store in %s cannot be written: %s%s", s->folder, mdb_strerror(rc),
                                rc == EIO ? " (a short write: is the disk full?)" : "");
    batch_clear(&s->batch);
    return 0;
}

void store_set_counter(struct store *s, const char *name, uint64_t value)
{
    cleanup_bytes struct bytes b = {0};
    bytes_put_u8(&b, 1);
    bytes_put_u64(&b, value);
    store_put(s, STORE_META, key_text(name), b.data, b.size);
}
