/* The LMDB environment of a store, and the read transactions that keep their places in its table of readers. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store_internal.h"

static int begin_new(struct store *s, MDB_txn **ret_txn)
{
    int dead, rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, ret_txn);
    if (rc != MDB_READERS_FULL || mdb_reader_check(s->env, &dead) || !dead)
        return rc;
    return mdb_txn_begin(s->env, NULL, MDB_RDONLY, ret_txn);
}

int reader_begin(struct store *s, MDB_txn **ret_txn)
{
    if (!s->env)
        return EIO;
    *ret_txn = s->snapshot;
    if (s->snapshot)
        return 0;
    struct readers *r = &s->readers;
    pthread_mutex_lock(&r->lock);
    MDB_txn *txn = r->n_idle ? r->idle[--r->n_idle] : NULL;
    pthread_mutex_unlock(&r->lock);
    if (!txn)
        return begin_new(s, ret_txn);
    int rc = mdb_txn_renew(txn);
    if (rc)
        mdb_txn_abort(txn);
    else
        *ret_txn = txn;
    return rc;
}

void reader_end(struct store *s, MDB_txn *txn)
{
    if (txn == s->snapshot)
        return;
    struct readers *r = &s->readers;
    mdb_txn_reset(txn);
    pthread_mutex_lock(&r->lock);
    bool keep = r->n_idle < READERS_KEPT;
    if (keep)
        r->idle[r->n_idle++] = txn;
    pthread_mutex_unlock(&r->lock);
    if (!keep)
        mdb_txn_abort(txn);
}

static int readers_reserve(struct store *s)
{
    struct readers *r = &s->readers;
    while (r->n_idle < READERS_KEPT) {
        int rc = begin_new(s, &r->idle[r->n_idle]);
        if (rc)
            return rc;
        mdb_txn_reset(r->idle[r->n_idle++]);
    }
    return 0;
}

static void readers_release(struct store *s)
{
    while (s->readers.n_idle)
        mdb_txn_abort(s->readers.idle[--s->readers.n_idle]);
}

/* LMDB found pages that contradict each other; what it would do next is to abort without a word that helps. */
static void on_assertion(MDB_env *env, const char *message)
{
    const char *folder = mdb_env_get_userctx(env);
    fprintf(stderr, "sonata: the store in %s is damaged (%s): stop, and restore a backup (docs/OPERATIONS.md)\n", folder, message);
    _exit(1);
}

static int open_databases(struct store *s)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(s->env, NULL, s->read_only ? MDB_RDONLY : 0, &txn);
    if (rc)
        return rc;
    for (unsigned i = 0; i < STORE_DB_COUNT && !rc; i++) {
        rc = mdb_dbi_open(txn, store_db_name((enum store_db)i), s->read_only ? 0 : MDB_CREATE, &s->dbi[i]);
        if (rc == MDB_NOTFOUND && s->read_only && i != STORE_META)
            s->dbi[i] = NO_DBI, rc = 0; /* of a later schema: empty */
    }
    if (!rc)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

static int start_environment(struct store *s)
{
    int dead, rc = mdb_env_create(&s->env);
    if (rc)
        return rc;
    mdb_env_set_userctx(s->env, s->folder);
    mdb_env_set_assert(s->env, on_assertion);
    mdb_env_set_maxdbs(s->env, STORE_DB_COUNT);
    mdb_env_set_maxreaders(s->env, READERS_MAX);
    rc = mdb_env_set_mapsize(s->env, s->map_size);
    if (!rc)
        rc = mdb_env_open(s->env, s->folder, MDB_NOTLS | (s->read_only ? MDB_RDONLY : 0u), 0600);
    if (rc)
        return rc;
    MDB_envinfo info;
    mdb_env_info(s->env, &info);
    s->map_size = info.me_mapsize; /* an existing file may need more than the start size */
    mdb_reader_check(s->env, &dead);
    s->readers_checked_ns = clock_monotonic_ns();
    rc = open_databases(s);
    return rc || s->read_only ? rc : readers_reserve(s);
}

int store_open_environment(struct store *s)
{
    int rc = start_environment(s);
    if (rc)
        store_close_environment(s);
    return rc;
}

void store_close_environment(struct store *s)
{
    readers_release(s);
    if (s->snapshot)
        mdb_txn_abort(s->snapshot);
    if (s->env)
        mdb_env_close(s->env);
    s->snapshot = NULL;
    s->env = NULL;
}
