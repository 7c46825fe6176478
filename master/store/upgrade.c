/* A store of an older schema becomes one of this: every value gets its seal, a few thousand in each transaction, so that neither memory nor the file
 * grow with the store. `meta/sealing` says how far it came; the transaction with the last values writes the new schema. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "store/store_internal.h"

enum { CHUNK_RECORDS = 4096, CHUNK_BYTES = 8 << 20 };

struct place {
    uint8_t db;
    struct store_key key; /* the last that is sealed; n = 0: none of that database */
};

static int read_place(struct store *s, MDB_txn *txn, struct place *ret_place)
{
    MDB_val k = {sizeof STORE_SEALING - 1, (void *)STORE_SEALING}, v;
    *ret_place = (struct place){0};
    int rc = mdb_get(txn, s->dbi[STORE_META], &k, &v);
    if (rc)
        return rc == MDB_NOTFOUND ? 0 : rc;
    const uint8_t *p = v.mv_data;
    if (!v.mv_size || p[0] >= STORE_DB_COUNT)
        return MDB_CORRUPTED;
    ret_place->db = p[0];
    ret_place->key = key_bytes(p + 1, v.mv_size - 1);
    return 0;
}

static int write_place(struct store *s, MDB_txn *txn, const struct place *p)
{
    uint8_t value[1 + sizeof p->key.bytes] = {p->db};
    MDB_val k = {sizeof STORE_SEALING - 1, (void *)STORE_SEALING}, v = {1 + p->key.n, value};
    memcpy(value + 1, p->key.bytes, p->key.n);
    return mdb_put(txn, s->dbi[STORE_META], &k, &v, 0);
}

/* The first record behind the place, copied. MDB_NOTFOUND: the database ends. */
static int next_record(MDB_cursor *cursor, const struct place *p, struct store_key *ret_key, struct bytes *ret_value)
{
    MDB_val k = {p->key.n, (void *)p->key.bytes}, v;
    int rc = mdb_cursor_get(cursor, &k, &v, p->key.n ? MDB_SET_RANGE : MDB_FIRST);
    if (!rc && k.mv_size == p->key.n && !memcmp(k.mv_data, p->key.bytes, k.mv_size))
        rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
    if (rc)
        return rc;
    *ret_key = key_bytes(k.mv_data, k.mv_size);
    bytes_clear(ret_value);
    bytes_append(ret_value, v.mv_data, v.mv_size);
    return 0;
}

static bool is_left_plain(uint8_t db, const struct store_key *key)
{
    bool sealing = key->n == sizeof STORE_SEALING - 1 && !memcmp(key->bytes, STORE_SEALING, key->n);
    return store_is_plain((enum store_db)db, key->bytes, key->n) || (db == STORE_META && sealing);
}

/* Some records of one database. *ret_end: that was its last. */
static int seal_some(struct store *s, MDB_txn *txn, struct place *p, bool *ret_end)
{
    MDB_cursor *cursor;
    cleanup_bytes struct bytes value = {0};
    size_t bytes = 0;
    int rc = mdb_cursor_open(txn, s->dbi[p->db], &cursor);
    for (int n = 0; !rc && n < CHUNK_RECORDS && bytes < CHUNK_BYTES; n++) {
        struct store_key key;
        rc = next_record(cursor, p, &key, &value);
        if (rc)
            break;
        bytes += value.size;
        struct sealed_put put = {.db = (enum store_db)p->db, .key = {key.n, key.bytes}, .value = {value.size, value.data}};
        if (!is_left_plain(p->db, &key))
            rc = store_put_sealed(s, txn, &put);
        p->key = key;
    }
    mdb_cursor_close(cursor);
    *ret_end = rc == MDB_NOTFOUND;
    return *ret_end ? 0 : rc;
}

static int finish(struct store *s, MDB_txn *txn)
{
    uint8_t value[9] = {1, STORE_SCHEMA}; /* as store_set_counter() writes it */
    MDB_val k = {sizeof STORE_SEALING - 1, (void *)STORE_SEALING}, schema = {6, (void *)"schema"}, v = {sizeof value, value};
    int rc = mdb_del(txn, s->dbi[STORE_META], &k, NULL);
    return rc && rc != MDB_NOTFOUND ? rc : mdb_put(txn, s->dbi[STORE_META], &schema, &v, 0);
}

static int step(struct store *s, bool *ret_done)
{
    MDB_txn *txn;
    struct place p;
    bool end = false;
    int rc = mdb_txn_begin(s->env, NULL, 0, &txn);
    if (rc)
        return rc;
    rc = read_place(s, txn, &p);
    if (!rc)
        rc = seal_some(s, txn, &p, &end);
    if (end)
        p = (struct place){.db = (uint8_t)(p.db + 1)};
    *ret_done = p.db == STORE_DB_COUNT;
    if (!rc)
        rc = *ret_done ? finish(s, txn) : write_place(s, txn, &p);
    if (!rc)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

int store_upgrade(struct store *s, struct sonata_error *err)
{
    int rc = 0;
    for (bool done = false; !done && !rc;) {
        rc = step(s, &done);
        if (rc == MDB_MAP_FULL) {
            done = false;
            rc = store_grow_map(s);
        }
    }
    return rc ? sonata_error_set(err, store_translate(rc), "the store in %s cannot be brought up to date: %s", s->folder, mdb_strerror(rc)) : 0;
}

bool store_upgrade_began(struct store *s)
{
    MDB_txn *txn;
    MDB_val k = {sizeof STORE_SEALING - 1, (void *)STORE_SEALING}, v;
    if (reader_begin(s, &txn))
        return false;
    int rc = mdb_get(txn, s->dbi[STORE_META], &k, &v);
    reader_end(s, txn);
    return !rc;
}
