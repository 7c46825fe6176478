/* See store.h.
 *
 * Flow of a commit: begin → every pending put and delete → mdb_txn_commit (writes, fsync, meta page). MDB_MAP_FULL: abort, double the map,
 * again from the start, which is safe because the batch still holds everything. MDB_PANIC (a failed write of the meta page): the environment
 * is closed and opened again; LMDB then continues from the last intact meta page. Readers of other threads hold map_lock for reading, since
 * the map may only be resized while no transaction is open. */
#define _GNU_SOURCE
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "store/batch.h"
#include "store/pack.h"

enum { MAP_START = 64 << 20, NO_DBI = 0, GROWTH_MEMORY = 64 };
#define GROWTH_ROOM 1.05
#define MAP_LIMIT ((size_t)1 << 42)

struct store {
    char *folder;
    bool read_only;
    int lock_fd;
    size_t map_size;
    MDB_env *env;
    MDB_txn *snapshot; /* read-only stores: the one moment that all reads see, while a master writes on */
    MDB_dbi dbi[STORE_DB_COUNT];
    pthread_rwlock_t map_lock;
    struct batch batch;
    struct packer *packer[STORE_DB_COUNT]; /* of the packed databases */
    double grown[STORE_DB_COUNT];          /* mean size of values that replace a first one, see put_first() */
    uint64_t next_dictionary;
};

static const char *const db_name[STORE_DB_COUNT] = {"meta",       "search",         "spec",        "individual", "event", "population", "front",
                                                    "evaluation", "evaluation_key", "measurement", "attempt",    "board", "blob",       "request",
                                                    "team",       "key",            "audit",       "dictionary", "usage",
                                                    "surrogate",  "retell",         "invalid",     "blob_pool",  "board_event", "board_health", "suspect",
                                                    "worker"};

const char *store_db_name(enum store_db db)
{
    return (unsigned)db < STORE_DB_COUNT ? db_name[db] : NULL;
}

/* Databases that grow with the work done. Their keys count up, so a new record mostly belongs behind the last one. */
static bool is_log(enum store_db db)
{
    return db == STORE_INDIVIDUAL || db == STORE_EVENT || db == STORE_POPULATION || db == STORE_EVALUATION || db == STORE_MEASUREMENT ||
           db == STORE_ATTEMPT;
}

/* Of them, those whose values repeat enough to be worth the time. */
static bool is_packed(enum store_db db)
{
    return is_log(db) && db != STORE_EVENT && db != STORE_ATTEMPT;
}

/* LMDB code to negative errno. */
static int translate(int rc)
{
    switch (rc) {
    case 0:
        return 0;
    case MDB_NOTFOUND:
        return -ENOENT;
    case MDB_MAP_FULL:
    case EFBIG:
    case EDQUOT:
        return -ENOSPC;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_PANIC:
        return -EBADMSG;
    case MDB_READERS_FULL:
        return -EAGAIN;
    default:
        return rc > 0 ? -rc : -EIO;
    }
}

static int take_lock(struct store *s, struct sonata_error *err)
{
    cleanup_bytes struct bytes path = {0};
    bytes_append(&path, s->folder, strlen(s->folder));
    bytes_append(&path, "/master.lock", sizeof "/master.lock");
    s->lock_fd = open((char *)path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return sonata_error_set(err, -errno, "%s: %s", (char *)path.data, strerror(errno));
    char text[32] = {0};
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB)) {
        ssize_t n = pread(s->lock_fd, text, sizeof text - 1, 0);
        text[n > 0 ? strcspn(text, "\n") : 0] = '\0';
        return sonata_error_set(err, -EBUSY, "state folder %s is in use by another master (process %s): stop it, or give another --state", s->folder,
                                text[0] ? text : "unknown");
    }
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(s->lock_fd, 0) || pwrite(s->lock_fd, text, (size_t)n, 0) != n)
        return 0; /* a full disk loses only the number in the message above */
    return 0;
}

/* Read transaction of one call: the snapshot, or a new one. */
static int begin_read(struct store *s, MDB_txn **ret_txn)
{
    if (!s->env)
        return EIO;
    *ret_txn = s->snapshot;
    return s->snapshot ? 0 : mdb_txn_begin(s->env, NULL, MDB_RDONLY, ret_txn);
}

static void end_read(const struct store *s, MDB_txn *txn)
{
    if (txn != s->snapshot)
        mdb_txn_abort(txn);
}

static int open_environment(struct store *s)
{
    int rc = mdb_env_create(&s->env);
    if (rc)
        return rc;
    mdb_env_set_maxdbs(s->env, STORE_DB_COUNT);
    mdb_env_set_maxreaders(s->env, 64);
    if ((rc = mdb_env_set_mapsize(s->env, s->map_size)) || (rc = mdb_env_open(s->env, s->folder, MDB_NOTLS | (s->read_only ? MDB_RDONLY : 0u), 0600)))
        return rc;
    MDB_envinfo info;
    if ((rc = mdb_env_info(s->env, &info)))
        return rc;
    s->map_size = info.me_mapsize; /* an existing file may need more than the start size */
    int dead;
    mdb_reader_check(s->env, &dead);
    MDB_txn *txn;
    if ((rc = mdb_txn_begin(s->env, NULL, s->read_only ? MDB_RDONLY : 0, &txn)))
        return rc;
    for (unsigned i = 0; i < STORE_DB_COUNT && !rc; i++) {
        rc = mdb_dbi_open(txn, db_name[i], s->read_only ? 0 : MDB_CREATE, &s->dbi[i]);
        if (rc == MDB_NOTFOUND && s->read_only && i != STORE_META)
            s->dbi[i] = NO_DBI, rc = 0; /* of a later schema: empty */
    }
    if (rc) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

/* The last dictionary of each database goes on serving. */
static bool use_dictionary(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct store *s = user;
    s->next_dictionary = key_read_u64(key, n_key, 0) + 1;
    if (n_value > 1 && value[0] < STORE_DB_COUNT && s->packer[value[0]])
        packer_use(s->packer[value[0]], s->next_dictionary - 1, value + 1, n_value - 1);
    return true;
}

static int open_packers(struct store *s, struct sonata_error *err)
{
    for (unsigned db = 0; db < STORE_DB_COUNT; db++)
        s->packer[db] = is_packed((enum store_db)db) ? packer_new() : NULL;
    s->next_dictionary = 1;
    int r = store_scan(s, STORE_DICTIONARY, (struct store_key){0}, 0, use_dictionary, s);
    return r ? sonata_error_set(err, r, "the store in %s cannot be read: %s", s->folder, strerror(-r)) : 0;
}

static int check_schema(struct store *s, struct sonata_error *err)
{
    uint64_t schema = store_counter(s, "schema");
    if (schema == STORE_SCHEMA || (schema && schema < STORE_SCHEMA && s->read_only))
        return 0;
    if (schema > STORE_SCHEMA)
        return sonata_error_set(err, -EPROTONOSUPPORT, "%s was written with schema %llu, this program reads up to %d: use the program that wrote it", s->folder,
                                (unsigned long long)schema, STORE_SCHEMA);
    if (!schema && (s->read_only || store_count(s, STORE_SEARCH)))
        return sonata_error_set(err, -EBADMSG, "%s has no schema version: not a state folder of this program, or damaged", s->folder);
    /* from 1: plain values stay as they are until they are written again */
    store_set_counter(s, "schema", STORE_SCHEMA);
    return store_commit(s, err);
}

int store_open(const char *folder, const struct store_options *options, struct store **ret_store, struct sonata_error *err)
{
    struct store *s = xcalloc(1, sizeof *s);
    s->folder = xstrdup(folder);
    s->lock_fd = -1;
    s->read_only = options && options->read_only;
    long page = sysconf(_SC_PAGESIZE);
    size_t start = options && options->map_start ? options->map_start : MAP_START;
    s->map_size = (start + (size_t)page - 1) / (size_t)page * (size_t)page;
    pthread_rwlock_init(&s->map_lock, NULL);
    int r = s->read_only ? 0 : file_make_dirs(folder, true, err);
    if (!r && !s->read_only)
        r = take_lock(s, err);
    if (!r) {
        int rc = open_environment(s);
        if (rc)
            r = sonata_error_set(err, translate(rc), "cannot open the store in %s: %s", folder, mdb_strerror(rc));
    }
    if (!r && s->read_only) {
        int rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->snapshot);
        if (rc)
            r = sonata_error_set(err, translate(rc), "cannot read the store in %s: %s", folder, mdb_strerror(rc));
    }
    if (!r)
        r = check_schema(s, err);
    if (!r && !s->read_only)
        r = open_packers(s, err);
    if (r) {
        store_close(s);
        return r;
    }
    *ret_store = s;
    return 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    batch_fini(&s->batch);
    for (unsigned db = 0; db < STORE_DB_COUNT; db++)
        packer_free(s->packer[db]);
    if (s->snapshot)
        mdb_txn_abort(s->snapshot);
    if (s->env)
        mdb_env_close(s->env);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    pthread_rwlock_destroy(&s->map_lock);
    free(s->folder);
    free(s);
}

static void put_be64(uint8_t *p, uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8)
        p[i] = (uint8_t)v;
}

struct store_key key_u64(uint64_t a)
{
    struct store_key k = {.n = 8};
    put_be64(k.bytes, a);
    return k;
}

struct store_key key_u64_pair(uint64_t a, uint64_t b)
{
    struct store_key k = {.n = 16};
    put_be64(k.bytes, a);
    put_be64(k.bytes + 8, b);
    return k;
}

struct store_key key_u64_triple(uint64_t a, uint64_t b, uint64_t c)
{
    struct store_key k = {.n = 24};
    put_be64(k.bytes, a);
    put_be64(k.bytes + 8, b);
    put_be64(k.bytes + 16, c);
    return k;
}

struct store_key key_bytes(const void *p, size_t n)
{
    struct store_key k = {.n = n < sizeof k.bytes ? n : sizeof k.bytes};
    if (k.n)
        memcpy(k.bytes, p, k.n);
    return k;
}

struct store_key key_text(const char *text)
{
    return key_bytes(text, strlen(text));
}

uint64_t key_read_u64(const void *key, size_t n, unsigned i)
{
    uint64_t v = 0;
    const uint8_t *p = key;
    for (size_t at = 8u * i; at < 8u * i + 8 && at < n; at++)
        v = v << 8 | p[at];
    return v;
}

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

size_t store_pending(const struct store *s)
{
    return s->batch.log.size;
}

/* A key behind all others. MDB_APPEND leaves full pages behind where an ordinary put of ascending keys splits them in halves. A record that is to
 * grow gets the room at once that such records come to need, else its full page would be split later. MDB_KEYEXIST: the key is no such. */
static int put_first(struct store *s, MDB_txn *txn, enum store_db db, MDB_val *key, MDB_val value, struct bytes *packed)
{
    size_t room = (size_t)(GROWTH_ROOM * s->grown[db]);
    if (value.mv_data == packed->data && value.mv_size < room) {
        bytes_append(packed, NULL, room - packed->size);
        value = (MDB_val){packed->size, packed->data};
    }
    return mdb_put(txn, s->dbi[db], key, &value, MDB_APPEND);
}

static int put(struct store *s, MDB_txn *txn, const struct batch_op *op, struct bytes *packed)
{
    enum store_db db = (enum store_db)op->db;
    MDB_val key = {op->n_key, (void *)op->key}, value = {op->n_value, (void *)op->value};
    if (s->packer[db] && packer_pack(s->packer[db], op->value, op->n_value, packed))
        value = (MDB_val){packed->size, packed->data};
    size_t size = value.mv_size;
    int rc = is_log(db) ? put_first(s, txn, db, &key, value, packed) : MDB_KEYEXIST;
    if (rc != MDB_KEYEXIST)
        return rc;
    if (db == STORE_INDIVIDUAL || db == STORE_EVALUATION)
        s->grown[db] += ((double)size - s->grown[db]) / GROWTH_MEMORY;
    value.mv_data = value.mv_data == op->value ? value.mv_data : packed->data; /* put_first() may have moved it */
    return mdb_put(txn, s->dbi[db], &key, &value, 0);
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
        MDB_val key = {op[i].n_key, (void *)op[i].key};
        int rc = op[i].erase ? mdb_del(txn, s->dbi[op[i].db], &key, NULL) : put(s, txn, &op[i], &packed);
        if (rc && !(op[i].erase && rc == MDB_NOTFOUND))
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

static int commit_once(struct store *s)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(s->env, NULL, 0, &txn);
    if (rc)
        return rc;
    rc = write_batch(s, txn);
    if (rc) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn); /* frees txn also when it fails */
}

static int grow_map(struct store *s)
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

static int reopen(struct store *s)
{
    pthread_rwlock_wrlock(&s->map_lock);
    mdb_env_close(s->env);
    s->env = NULL;
    int rc = open_environment(s);
    pthread_rwlock_unlock(&s->map_lock);
    return rc;
}

int store_commit(struct store *s, struct sonata_error *err)
{
    if (!s->batch.n_keys) {
        batch_clear(&s->batch);
        return 0;
    }
    renew_dictionaries(s);
    int rc = s->env ? 0 : reopen(s);
    for (bool reopened = false; !rc;) {
        rc = commit_once(s);
        if (rc == MDB_MAP_FULL || rc == MDB_MAP_RESIZED) {
            rc = grow_map(s);
        } else if (rc == MDB_PANIC && !reopened) {
            reopened = true;
            rc = reopen(s);
        } else {
            break;
        }
    }
    if (rc)
        return sonata_error_set(err, translate(rc), "store in %s cannot be written: %s%s", s->folder, mdb_strerror(rc),
                                rc == EIO ? " (a short write: is the disk full?)" : "");
    batch_clear(&s->batch);
    return 0;
}

/* Appends the value as it was put. */
static int unpack(struct store *s, MDB_txn *txn, enum store_db db, const MDB_val *value, struct bytes *out)
{
    uint64_t id;
    if (!is_packed(db) || !pack_is_packed(value->mv_data, value->mv_size, &id)) {
        bytes_append(out, value->mv_data, value->mv_size);
        return 0;
    }
    struct store_key key = key_u64(id);
    MDB_val k = {key.n, key.bytes}, dictionary = {1, NULL};
    if (id && (s->dbi[STORE_DICTIONARY] == NO_DBI || mdb_get(txn, s->dbi[STORE_DICTIONARY], &k, &dictionary) || !dictionary.mv_size))
        return MDB_CORRUPTED;
    const uint8_t *content = id ? (uint8_t *)dictionary.mv_data + 1 : NULL;
    return pack_unpack(value->mv_data, value->mv_size, content, dictionary.mv_size - 1, out) ? MDB_CORRUPTED : 0;
}

int store_get_committed(struct store *s, enum store_db db, struct store_key key, struct bytes *ret_value)
{
    pthread_rwlock_rdlock(&s->map_lock);
    MDB_txn *txn;
    int rc = begin_read(s, &txn);
    if (!rc) {
        MDB_val k = {key.n, key.bytes}, v;
        rc = s->dbi[db] == NO_DBI ? MDB_NOTFOUND : mdb_get(txn, s->dbi[db], &k, &v);
        if (!rc) {
            bytes_clear(ret_value);
            rc = unpack(s, txn, db, &v, ret_value);
        }
        end_read(s, txn);
    }
    pthread_rwlock_unlock(&s->map_lock);
    return translate(rc);
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

static int scan(struct store *s, MDB_txn *txn, enum store_db db, const struct store_key *from, size_t n_prefix, bool back,
                bool (*each)(void *, const uint8_t *, size_t, const uint8_t *, size_t), void *user)
{
    MDB_cursor *cursor;
    cleanup_bytes struct bytes plain = {0};
    int rc = s->dbi[db] == NO_DBI ? MDB_NOTFOUND : mdb_cursor_open(txn, s->dbi[db], &cursor);
    if (rc)
        return rc == MDB_NOTFOUND ? 0 : rc;
    MDB_val k, v;
    for (rc = scan_start(cursor, from, back, &k, &v); !rc; rc = mdb_cursor_get(cursor, &k, &v, back ? MDB_PREV : MDB_NEXT)) {
        if (k.mv_size < n_prefix || memcmp(k.mv_data, from->bytes, n_prefix))
            break;
        bytes_clear(&plain);
        if (!unpack(s, txn, db, &v, &plain))
            v = (MDB_val){plain.size, plain.data}; /* else as it is: no decoder takes it for a record */
        if (!each(user, k.mv_data, k.mv_size, v.mv_data, v.mv_size))
            break;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int scan_locked(struct store *s, enum store_db db, const struct store_key *from, size_t n_prefix, bool back,
                       bool (*each)(void *, const uint8_t *, size_t, const uint8_t *, size_t), void *user)
{
    pthread_rwlock_rdlock(&s->map_lock);
    MDB_txn *txn;
    int rc = begin_read(s, &txn);
    if (!rc) {
        rc = scan(s, txn, db, from, n_prefix, back, each, user);
        end_read(s, txn);
    }
    pthread_rwlock_unlock(&s->map_lock);
    return translate(rc);
}

int store_scan(struct store *s, enum store_db db, struct store_key from, size_t n_prefix,
               bool (*each)(void *, const uint8_t *, size_t, const uint8_t *, size_t), void *user)
{
    return scan_locked(s, db, &from, n_prefix, false, each, user);
}

int store_scan_back(struct store *s, enum store_db db, struct store_key before, size_t n_prefix,
                    bool (*each)(void *, const uint8_t *, size_t, const uint8_t *, size_t), void *user)
{
    return scan_locked(s, db, &before, n_prefix, true, each, user);
}

static MDB_stat statistics(struct store *s, enum store_db db)
{
    MDB_stat stat = {0};
    pthread_rwlock_rdlock(&s->map_lock);
    MDB_txn *txn;
    if (!begin_read(s, &txn)) {
        if (s->dbi[db] == NO_DBI || mdb_stat(txn, s->dbi[db], &stat))
            stat = (MDB_stat){0};
        end_read(s, txn);
    }
    pthread_rwlock_unlock(&s->map_lock);
    return stat;
}

uint64_t store_count(struct store *s, enum store_db db)
{
    return statistics(s, db).ms_entries;
}

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

void store_set_counter(struct store *s, const char *name, uint64_t value)
{
    cleanup_bytes struct bytes b = {0};
    bytes_put_u8(&b, 1);
    bytes_put_u64(&b, value);
    store_put(s, STORE_META, key_text(name), b.data, b.size);
}

uint64_t store_room(const struct store *s)
{
    struct statvfs v;
    return statvfs(s->folder, &v) ? UINT64_MAX : (uint64_t)v.f_bavail * v.f_frsize;
}
