/* The databases of a store: names and what is special about each; LMDB's codes in ours. */
#include <errno.h>
#include <string.h>

#include "store/store_internal.h"

static const char *const db_name[STORE_DB_COUNT] = {
    "meta",    "search",  "spec",      "individual",  "event",        "population", "front",  "evaluation", "evaluation_key", "measurement",
    "attempt", "board",   "blob",      "request",     "team",         "key",        "audit",  "dictionary", "usage",          "surrogate",
    "retell",  "invalid", "blob_pool", "board_event", "board_health", "suspect",    "worker", "artefact",   "token"};

const char *store_db_name(enum store_db db) { return (unsigned)db < STORE_DB_COUNT ? db_name[db] : NULL; }

bool store_is_log(enum store_db db)
{
    return db == STORE_INDIVIDUAL || db == STORE_EVENT || db == STORE_POPULATION || db == STORE_EVALUATION || db == STORE_MEASUREMENT ||
           db == STORE_ATTEMPT;
}

bool store_is_packed(enum store_db db) { return store_is_log(db) && db != STORE_EVENT && db != STORE_ATTEMPT; }

int store_translate(int rc)
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
        return -EBADMSG;
    case MDB_READERS_FULL:
        return -EAGAIN;
    default:
        return rc > 0 ? -rc : -EIO;
    }
}

bool store_is_plain(enum store_db db, const void *key, size_t n_key) { return db == STORE_META && n_key == 6 && !memcmp(key, "schema", n_key); }
