/* Reads: of one record, of records in order, of counts. A read that fails for another reason than that there is no such record is remembered: the
 * store takes no more writes then, since what was decided on it may be wrong. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/memory.h"
#include "store/seal.h"
#include "store/store_internal.h"

void store_refuse(struct store *s, int rc, const char *why)
{
    pthread_mutex_lock(&s->failure_lock);
    if (!s->failure) {
        s->failure = rc;
        copy_string(s->failure_text, sizeof s->failure_text, why);
    }
    pthread_mutex_unlock(&s->failure_lock);
}

void store_report_damage(struct store *s, enum store_db db, struct store_key key, int rc)
{
    char hex[2 * sizeof key.bytes + 1], why[sizeof s->failure_text];
    if (s->read_only || !s->env)
        return; /* a look at it, or a failed write that is tried again: nothing is decided on what was read */
    pthread_mutex_lock(&s->failure_lock);
    s->failed_reads++;
    pthread_mutex_unlock(&s->failure_lock);
    hash_to_hex(key.bytes, key.n, hex);
    snprintf(why, sizeof why, "cannot be read (database %s, record %s: %s): nothing more is written; restore a backup, or restart", store_db_name(db),
             hex, rc == -EBADMSG ? "damaged" : strerror(-rc));
    store_refuse(s, rc, why);
}

uint64_t store_failed_reads(struct store *s)
{
    pthread_mutex_lock(&s->failure_lock);
    uint64_t n = s->failed_reads;
    pthread_mutex_unlock(&s->failure_lock);
    return n;
}

int store_failure(struct store *s, struct sonata_error *err)
{
    pthread_mutex_lock(&s->failure_lock);
    int rc = s->failure;
    if (rc)
        sonata_error_set(err, rc, "the store in %s %s", s->folder, s->failure_text);
    pthread_mutex_unlock(&s->failure_lock);
    return rc;
}

/* LMDB code of a read to negative errno; only absence is absence. */
static int end_read(struct store *s, enum store_db db, struct store_key key, int rc)
{
    bool again = rc == MDB_PANIC || rc == MDB_MAP_RESIZED; /* after a failed write: the next commit opens the environment again */
    rc = store_translate(rc);
    if (rc && rc != -ENOENT && !again)
        store_report_damage(s, db, key, rc);
    return rc;
}

int store_unseal(const struct store *s, enum store_db db, const MDB_val *key, MDB_val *value)
{
    if (!s->sealed || store_is_plain(db, key->mv_data, key->mv_size))
        return 0;
    if (!seal_holds((uint8_t)db, key->mv_data, key->mv_size, value->mv_data, value->mv_size))
        return MDB_CORRUPTED;
    value->mv_size -= SEAL_SIZE;
    return 0;
}

/* An LMDB code; MDB_CORRUPTED also when there is no such dictionary. */
static int get_dictionary(struct store *s, MDB_txn *txn, uint64_t id, MDB_val *ret_content)
{
    struct store_key key = key_u64(id);
    MDB_val k = {key.n, key.bytes}, v;
    int rc = s->dbi[STORE_DICTIONARY] == NO_DBI ? MDB_NOTFOUND : mdb_get(txn, s->dbi[STORE_DICTIONARY], &k, &v);
    if (!rc)
        rc = store_unseal(s, STORE_DICTIONARY, &k, &v);
    if (rc || !v.mv_size)
        return MDB_CORRUPTED;
    *ret_content = (MDB_val){v.mv_size - 1, (uint8_t *)v.mv_data + 1};
    return 0;
}

/* Appends the value as it was put. */
static int unpack(struct store *s, MDB_txn *txn, enum store_db db, const MDB_val *key, MDB_val value, struct bytes *out)
{
    uint64_t id;
    MDB_val dictionary = {0, NULL};
    int rc = store_unseal(s, db, key, &value);
    if (rc)
        return rc;
    if (!store_is_packed(db) || !pack_is_packed(value.mv_data, value.mv_size, &id)) {
        bytes_append(out, value.mv_data, value.mv_size);
        return 0;
    }
    if (id && get_dictionary(s, txn, id, &dictionary))
        return MDB_CORRUPTED;
    return pack_unpack(value.mv_data, value.mv_size, dictionary.mv_data, dictionary.mv_size, out) ? MDB_CORRUPTED : 0;
}

int store_get_committed(struct store *s, enum store_db db, struct store_key key, struct bytes *ret_value)
{
    pthread_rwlock_rdlock(&s->map_lock);
    MDB_txn *txn;
    int rc = reader_begin(s, &txn);
    if (!rc) {
        MDB_val k = {key.n, key.bytes}, v;
        rc = s->dbi[db] == NO_DBI ? MDB_NOTFOUND : mdb_get(txn, s->dbi[db], &k, &v);
        if (!rc) {
            bytes_clear(ret_value);
            rc = unpack(s, txn, db, &k, v, ret_value);
        }
        reader_end(s, txn);
    }
    pthread_rwlock_unlock(&s->map_lock);
    return end_read(s, db, key, rc);
}

int store_get(struct store *s, enum store_db db, struct store_key key, struct bytes *ret_value)
{
    struct batch_op op;
    if (!batch_find(&s->batch, (uint8_t)db, key.bytes, key.n, &op))
        return store_get_committed(s, db, key, ret_value);
    if (op.erase)
        return -ENOENT;
    bytes_clear(ret_value);
    bytes_append(ret_value, op.value, op.n_value);
    return 0;
}

/* Stands on the first record from `from` on, or (back) on the last before it. */
static int scan_start(MDB_cursor *cursor, const struct store_key *from, bool back, MDB_val *k, MDB_val *v)
{
    *k = (MDB_val){from->n, (void *)from->bytes};
    int rc = mdb_cursor_get(cursor, k, v, from->n ? MDB_SET_RANGE : MDB_FIRST);
    if (!back)
        return rc;
    return mdb_cursor_get(cursor, k, v, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
}

/* What is scanned: keys that begin with n_prefix bytes of `from`. */
struct scan {
    enum store_db db;
    struct store_key from;
    size_t n_prefix;
    bool back;
    bool (*each)(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value);
    void *user;
};

static int scan(struct store *s, MDB_txn *txn, const struct scan *what)
{
    enum store_db db = what->db;
    MDB_cursor *cursor;
    cleanup_bytes struct bytes plain = {0};
    int rc = s->dbi[db] == NO_DBI ? MDB_NOTFOUND : mdb_cursor_open(txn, s->dbi[db], &cursor);
    if (rc)
        return rc == MDB_NOTFOUND ? 0 : rc;
    MDB_val k, v;
    for (rc = scan_start(cursor, &what->from, what->back, &k, &v); !rc; rc = mdb_cursor_get(cursor, &k, &v, what->back ? MDB_PREV : MDB_NEXT)) {
        if (k.mv_size < what->n_prefix || memcmp(k.mv_data, what->from.bytes, what->n_prefix))
            break;
        bytes_clear(&plain);
        rc = unpack(s, txn, db, &k, v, &plain);
        if (rc && !s->read_only)
            break;
        v = rc ? (MDB_val){0, (void *)""} : (MDB_val){plain.size, plain.data}; /* nothing, for a check: no decoder takes it for a record */
        if (!what->each(what->user, k.mv_data, k.mv_size, v.mv_data, v.mv_size))
            break;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int scan_locked(struct store *s, const struct scan *what)
{
    pthread_rwlock_rdlock(&s->map_lock);
    MDB_txn *txn;
    int rc = reader_begin(s, &txn);
    if (!rc) {
        rc = scan(s, txn, what);
        reader_end(s, txn);
    }
    pthread_rwlock_unlock(&s->map_lock);
    return end_read(s, what->db, what->from, rc);
}

int store_scan(struct store *s, enum store_db db, struct store_key from, size_t n_prefix,
               bool (*each)(void *, const uint8_t *, size_t, const uint8_t *, size_t), void *user)
{
    return scan_locked(s, &(struct scan){db, from, n_prefix, false, each, user});
}

int store_scan_back(struct store *s, enum store_db db, struct store_key before, size_t n_prefix,
                    bool (*each)(void *, const uint8_t *, size_t, const uint8_t *, size_t), void *user)
{
    return scan_locked(s, &(struct scan){db, before, n_prefix, true, each, user});
}

static MDB_stat statistics(struct store *s, enum store_db db)
{
    MDB_stat stat = {0};
    pthread_rwlock_rdlock(&s->map_lock);
    MDB_txn *txn;
    if (!reader_begin(s, &txn)) {
        if (s->dbi[db] == NO_DBI || mdb_stat(txn, s->dbi[db], &stat))
            stat = (MDB_stat){0};
        reader_end(s, txn);
    }
    pthread_rwlock_unlock(&s->map_lock);
    return stat;
}

uint64_t store_count(struct store *s, enum store_db db) { return statistics(s, db).ms_entries; }

uint64_t store_size(struct store *s, enum store_db db)
{
    MDB_stat stat = statistics(s, db);
    return (uint64_t)stat.ms_psize * (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages);
}

uint64_t store_counter(struct store *s, const char *name)
{
    cleanup_bytes struct bytes value = {0};
    if (store_get(s, STORE_META, key_text(name), &value))
        return 0;
    struct reader r = reader_of(value.data, value.size);
    reader_u8(&r);
    uint64_t v = reader_u64(&r);
    return reader_done(&r) ? v : 0;
}
