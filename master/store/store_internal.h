/* Layout shared by the files of the store. */
#ifndef SONATA_STORE_INTERNAL_H
#define SONATA_STORE_INTERNAL_H

#include <lmdb.h>
#include <pthread.h>

#include "store/batch.h"
#include "store/pack.h"
#include "store/store.h"

#define STORE_OWNER "owner" /* counter in STORE_META */

enum { NO_DBI = 0, READERS_KEPT = 12, READERS_MAX = 64 };

/* Read transactions that keep their slot in the table of readers while they are idle: whoever else takes the others, this store can read. */
struct readers {
    pthread_mutex_t lock;
    MDB_txn *idle[READERS_KEPT];
    unsigned n_idle;
};

/* What a commit changes of the size of searches. */
struct sizes {
    struct store_resized *change;
    size_t n, capacity;
};

struct store {
    char *folder;
    bool read_only;
    int lock_fd;
    bool had_store; /* the folder has held one, by its lock file */
    size_t map_size;
    MDB_env *env;      /* NULL: it could not be opened again after a failed write; the next commit tries */
    bool sealed;       /* every value has its seal: all but a store of before schema 4 that is only read */
    MDB_txn *snapshot; /* read-only stores: the one moment that all reads see, while a master writes on */
    MDB_dbi dbi[STORE_DB_COUNT];
    pthread_rwlock_t map_lock; /* readers of all threads hold it for reading: the map may be resized only while no transaction is open */
    struct readers readers;
    int64_t readers_check_ns, readers_checked_ns; /* how often dead ones are cleared, and when they were */
    struct batch batch;
    struct sizes sizes; /* of the last commit */
    struct packer *packer[STORE_DB_COUNT]; /* of the packed databases */
    double grown[STORE_DB_COUNT];          /* mean size of values that replace a first one, see put_first() */
    uint64_t next_dictionary;
    uint64_t owner; /* this opening, as in STORE_META: every commit sees that it still is; 0: not written yet */
    pthread_mutex_t failure_lock;
    int failure; /* 0, or why nothing more is written: the first read that failed, or another master */
    char failure_text[240];
    uint64_t failed_reads;
};

/* databases.c */
/* LMDB code to negative errno. */
int store_translate(int rc);
/* Databases that grow with the work done. Their keys count up, so a new record mostly belongs behind the last one. */
bool store_is_log(enum store_db db);
/* Of them, those whose values repeat enough to be worth the time of packing. */
bool store_is_packed(enum store_db db);
/* The one value without a seal: programs of all schemas read the version. */
bool store_is_plain(enum store_db db, const void *key, size_t n_key);

/* environment.c */
/* Opens the environment and its databases. An LMDB code; s->env is NULL then. */
int store_open_environment(struct store *s) SONATA_MUST_CHECK;
/* Closes it with every transaction of ours; nobody may be reading. */
void store_close_environment(struct store *s);
/* A read transaction: the snapshot, or one of the readers that are kept. An LMDB code or errno. End it with reader_end(). */
int reader_begin(struct store *s, MDB_txn **ret_txn) SONATA_MUST_CHECK;
/* Gives the transaction back: what was read from it is gone. */
void reader_end(struct store *s, MDB_txn *txn);

/* read.c */
/* Nothing more is committed from now on, and why. The first one stands. Any thread. */
void store_refuse(struct store *s, int rc, const char *why);
/* Takes the seal off the value. MDB_CORRUPTED: it does not hold. */
int store_unseal(const struct store *s, enum store_db db, const MDB_val *key, MDB_val *value) SONATA_MUST_CHECK;

/* commit.c */
struct sealed_put {
    enum store_db db;
    MDB_val key, value;
    size_t pad;     /* zero bytes behind the value, for what it will grow by */
    unsigned flags; /* MDB_APPEND, or 0 */
};
/* Puts value, pad and the seal. An LMDB code; MDB_KEYEXIST: appended, the key is not behind all others. */
int store_put_sealed(struct store *s, MDB_txn *txn, struct sealed_put *p) SONATA_MUST_CHECK;
/* Twice the map. An LMDB code. */
int store_grow_map(struct store *s) SONATA_MUST_CHECK;

/* sizes.c */
/* Whether records of that database count for a search, whose id begins their key. */
bool sizes_count(enum store_db db);
/* What a record with such a key and stored value counts, in bytes. */
int64_t sizes_of_record(enum store_db db, size_t n_key, size_t n_value);
/* A transaction begins, perhaps again: nothing is changed yet. */
void sizes_begin(struct sizes *s);
/* A record of that key changed what its search takes by so many bytes. */
void sizes_change(struct sizes *s, const MDB_val *key, int64_t bytes);
/* Before a put of a value of n bytes as stored (0: a delete), in the transaction. An LMDB code. */
int sizes_put(struct store *s, MDB_txn *txn, enum store_db db, MDB_val *key, size_t n_value) SONATA_MUST_CHECK;
/* Frees the list. */
void sizes_fini(struct sizes *s);

/* upgrade.c */
/* Key in STORE_META while it is under way. */
#define STORE_SEALING "sealing"
/* From schema 1 to 3. Interrupted, it goes on at the next start. */
int store_upgrade(struct store *s, struct sonata_error *err) SONATA_MUST_CHECK;
/* Whether it began and did not end. */
bool store_upgrade_began(struct store *s);

#endif
