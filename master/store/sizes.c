/* What the records of each search take. A commit counts what its puts and deletes change, against what was there in the same transaction; nothing of
 * it is stored, since a start reads every record anyway: so it cannot be wrong for long, whatever wrote the store before. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/store_internal.h"

enum { NODE_BYTES = 10 }; /* of a record on its page, beside key and value */

/* How often a record of that database counts, 0: it is of no search. The space of a specification is in `blob` too. */
static unsigned weight_of(enum store_db db)
{
    switch (db) {
    case STORE_SPEC:
        return 2;
    case STORE_SEARCH:
    case STORE_INDIVIDUAL:
    case STORE_EVENT:
    case STORE_POPULATION:
    case STORE_FRONT:
    case STORE_SURROGATE:
    case STORE_RETELL:
        return 1;
    default:
        return 0;
    }
}

bool sizes_count(enum store_db db) { return weight_of(db) > 0; }

int64_t sizes_of_record(enum store_db db, size_t n_key, size_t n_value) { return (int64_t)(weight_of(db) * (n_key + n_value + NODE_BYTES)); }

void sizes_begin(struct sizes *s) { s->n = 0; }

/* A commit goes through each database in order of key, so changes of a search mostly follow each other. */
void sizes_change(struct sizes *s, const MDB_val *key, int64_t bytes)
{
    uint64_t search = key_read_u64(key->mv_data, key->mv_size, 0);
    if (!s->n || s->change[s->n - 1].search != search) {
        s->change = xgrow(s->change, &s->capacity, s->n + 1, sizeof *s->change);
        s->change[s->n++] = (struct store_resized){search, 0};
    }
    s->change[s->n - 1].bytes += bytes;
}

int sizes_put(struct store *s, MDB_txn *txn, enum store_db db, MDB_val *key, size_t n_value)
{
    if (!sizes_count(db))
        return 0;
    MDB_val old;
    int rc = mdb_get(txn, s->dbi[db], key, &old);
    if (rc && rc != MDB_NOTFOUND)
        return rc;
    int64_t before = rc ? 0 : sizes_of_record(db, key->mv_size, old.mv_size);
    int64_t after = n_value ? sizes_of_record(db, key->mv_size, n_value) : 0;
    sizes_change(&s->sizes, key, after - before);
    return 0;
}

void sizes_fini(struct sizes *s) { free(s->change); }

const struct store_resized *store_resized(const struct store *s, size_t *ret_n)
{
    *ret_n = s->sizes.n;
    return s->sizes.change;
}

static int measure(struct store *s, MDB_txn *txn, enum store_db db, void (*each)(void *user, uint64_t search, uint64_t bytes), void *user)
{
    MDB_cursor *cursor;
    MDB_val k, v;
    uint64_t search = 0, bytes = 0;
    int rc = mdb_cursor_open(txn, s->dbi[db], &cursor);
    if (rc)
        return rc;
    for (rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST); !rc; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
        uint64_t of = key_read_u64(k.mv_data, k.mv_size, 0);
        if (of != search && bytes) {
            each(user, search, bytes);
            bytes = 0;
        }
        search = of;
        bytes += (uint64_t)sizes_of_record(db, k.mv_size, v.mv_size);
    }
    if (bytes)
        each(user, search, bytes);
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int store_measure_searches(struct store *s, void (*each)(void *user, uint64_t search, uint64_t bytes), void *user)
{
    pthread_rwlock_rdlock(&s->map_lock);
    MDB_txn *txn;
    int rc = reader_begin(s, &txn);
    if (!rc) {
        for (unsigned db = 0; !rc && db < STORE_DB_COUNT; db++)
            rc = sizes_count((enum store_db)db) && s->dbi[db] != NO_DBI ? measure(s, txn, (enum store_db)db, each, user) : 0;
        reader_end(s, txn);
    }
    pthread_rwlock_unlock(&s->map_lock);
    return store_translate(rc);
}
