/* The durable state of the master: one LMDB environment with named databases (docs/STORAGE.md).
 *
 * Writes collect in memory during a loop turn (store_put, store_erase) and become durable together in store_commit(): all or nothing, synced
 * to disk. Reads see the turn's own writes first. When a commit fails (disk full, read-only) nothing was written and everything stays pending;
 * the same call later tries again. The map grows by itself; what readers of dead processes held is free again within a minute. Only one process opens
 * a folder: the second is refused.
 * A read that fails for another reason than -ENOENT (a damaged record, a disk that does not read) blocks for good: no later commit is done, since
 * what was decided after it may rest on a record that was not seen. A start reads all anew. All calls are for the loop thread, but store_scan() and
 * store_get_committed(), which any thread may use. */
#ifndef SONATA_STORE_STORE_H
#define SONATA_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

enum store_db {
    STORE_META,           /* text key: schema version, id counters */
    STORE_SEARCH,         /* search id: header (struct search_record) */
    STORE_SPEC,           /* search id: codec bytes of the specification */
    STORE_INDIVIDUAL,     /* search id, sequence */
    STORE_EVENT,          /* search id, sequence: what was asked and told, in order */
    STORE_POPULATION,     /* search id: event number and core_save() bytes at that event */
    STORE_FRONT,          /* search id: ids of the front at the last snapshot */
    STORE_EVALUATION,     /* evaluation id */
    STORE_EVALUATION_KEY, /* hash of what is evaluated where: evaluation ids */
    STORE_MEASUREMENT,    /* attempt id: codec bytes of the measurement, append only */
    STORE_ATTEMPT,        /* attempt id */
    STORE_BOARD,          /* board name */
    STORE_BLOB,           /* BLAKE2b of the content */
    STORE_REQUEST,        /* client request id: the reply it got */
    STORE_TEAM,           /* team name */
    STORE_KEY,            /* CURVE public key: role and team */
    STORE_AUDIT,          /* sequence: who changed what */
    STORE_DICTIONARY,     /* id: database, and what its values are packed against (store/pack.h) */
    STORE_USAGE,          /* UTC day, hash of the team's name: struct usage_record */
    STORE_SURROGATE,      /* search id: core_forests_save() bytes of the moment of its snapshot, while it is not finished */
    STORE_RETELL,         /* search id, sequence: told individuals that are measured again */
    STORE_INVALID,        /* board name: struct invalid_record */
    STORE_BLOB_POOL,      /* BLAKE2b of the content, hash of a pool: it was uploaded by that pool */
    STORE_BOARD_EVENT,    /* hash of the board's name, wall-clock time, hash of worker and sequence: struct board_event_record */
    STORE_BOARD_HEALTH,   /* board name: struct board_health_record */
    STORE_SUSPECT,        /* evaluation id: struct suspect_record */
    STORE_WORKER,         /* BLAKE2b of a worker's name: the key it belongs to (struct worker_name) */
    STORE_ARTEFACT,       /* BLAKE2b of a model file's content: struct artefact_record; the file is in the folder STORE_ARTEFACT_FOLDER */
    STORE_TOKEN,          /* id of a token: struct token_record */
    STORE_DB_COUNT
};

/* 1: all values plain. 2: packed ones among them. 3: results that are told anew. 4: a checksum behind every value. A store of an older schema is
 * brought up to date when it is opened for writing. */
enum { STORE_SCHEMA = 4 };

/* Below the folder of the store: one file for each record of STORE_ARTEFACT, named by its hash. */
#define STORE_ARTEFACT_FOLDER "artefacts"

struct store;
struct store_options {
    size_t map_start;         /* bytes of the first map, 0: 64 MiB; rounded to pages */
    int64_t readers_check_ns; /* how often slots of dead readers are freed, 0: every minute */
    bool read_only;           /* beside a running master: no lock, no writes; all reads see the moment of opening; one thread */
};

/* Opens (creating the folder, mode 0700, and the databases) and checks the schema version. -EBUSY: another master has the folder;
 * -EPROTONOSUPPORT: written by another schema; -EBADMSG: not an environment of ours; else what the system said. */
int store_open(const char *folder, const struct store_options *options, struct store **ret_store, struct sonata_error *err) SONATA_MUST_CHECK;
/* Pending writes are dropped. */
void store_close(struct store *s);

/* Big-endian keys: numeric order is key order. */
struct store_key {
    size_t n;
    uint8_t bytes[48];
};
/* One number. */
struct store_key key_u64(uint64_t a);
/* Two numbers, the first of more weight. */
struct store_key key_u64_pair(uint64_t a, uint64_t b);
/* Three numbers, the first of most weight. */
struct store_key key_u64_triple(uint64_t a, uint64_t b, uint64_t c);
/* Text or a hash; at most 48 bytes are kept, so longer text must differ before that. */
struct store_key key_bytes(const void *p, size_t n);
/* As key_bytes() of the text without its zero. */
struct store_key key_text(const char *text);
/* Number at byte 8*i of a stored key. */
uint64_t key_read_u64(const void *key, size_t n, unsigned i);

/* Joins the transaction of the turn: the record is there, also for reads, and durable after the commit. The value is copied. */
void store_put(struct store *s, enum store_db db, struct store_key key, const void *value, size_t n);
/* Joins the transaction of the turn; a key that is not there is no error. */
void store_erase(struct store *s, enum store_db db, struct store_key key);
/* Bytes waiting for the next commit; 0: nothing to do. */
size_t store_pending(const struct store *s);
/* One synchronous transaction. 0, or the code of the read that blocked, or -ENOSPC (also -EFBIG, -EDQUOT), -EROFS, -EIO …: nothing written, all still
 * pending. */
int store_commit(struct store *s, struct sonata_error *err) SONATA_MUST_CHECK;

/* Bytes that the records of a search take: header, specification with its space, individuals, event log, snapshot. */
struct store_resized {
    uint64_t search;
    int64_t bytes;
};
/* What the last commit changed of them, *ret_n entries, which may name a search more than once; borrowed until the next one. */
const struct store_resized *store_resized(const struct store *s, size_t *ret_n);
/* What they take now, in several calls for each search. Errors as store_scan(). */
int store_measure_searches(struct store *s, void (*each)(void *user, uint64_t search, uint64_t bytes), void *user) SONATA_MUST_CHECK;

/* Copies the value (pending first, then committed) to the end of the cleared *ret_value. -ENOENT: there is none; any other code blocks. */
int store_get(struct store *s, enum store_db db, struct store_key key, struct bytes *ret_value) SONATA_MUST_CHECK;
int store_get_committed(struct store *s, enum store_db db, struct store_key key, struct bytes *ret_value) SONATA_MUST_CHECK;
/* A record that was read makes no sense to its decoder: the same as if it could not be read. */
void store_report_damage(struct store *s, enum store_db db, struct store_key key, int rc);
/* How many reads have failed so far. */
uint64_t store_failed_reads(struct store *s);
/* 0, or the code of the first read that failed, with its place and the remedy in err. */
int store_failure(struct store *s, struct sonata_error *err);
/* Committed records from key `from` on (n = 0: the first) whose key starts with the first `n_prefix` bytes of `from`, in key order. The
 * callback borrows key and value until it returns; it returns true to go on. It must not commit. */
int store_scan(struct store *s, enum store_db db, struct store_key from, size_t n_prefix,
               bool (*each)(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value), void *user) SONATA_MUST_CHECK;
/* The same, from the last key below `before` (n > 0) down. */
int store_scan_back(struct store *s, enum store_db db, struct store_key before, size_t n_prefix,
                    bool (*each)(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value), void *user) SONATA_MUST_CHECK;
/* Committed records of a database, and the bytes of the pages they are on. */
uint64_t store_count(struct store *s, enum store_db db);
uint64_t store_size(struct store *s, enum store_db db);
/* The name of the database in the file; NULL when there is none. */
const char *store_db_name(enum store_db db);
/* Its folder; borrowed. */
const char *store_folder(const struct store *s);
/* Bytes free on the file system of the store; UINT64_MAX when the system does not say. */
uint64_t store_room(const struct store *s);

/* Counters in STORE_META, 0 when absent. */
uint64_t store_counter(struct store *s, const char *name);
/* Joins the transaction of the turn. */
void store_set_counter(struct store *s, const char *name, uint64_t value);

#endif
