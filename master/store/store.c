/* Life of a store: the lock of its folder, the LMDB environment, the schema. See store.h; writes are in commit.c, reads in read.c. */
#define _GNU_SOURCE
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/time.h"
#include "store/store_internal.h"
#include "store/verify.h"

enum { MAP_START = 64 << 20 };

#define LOCK_STORE "store\n" /* second line of the lock file: this folder has held a store */

/* Our process number, for the message below, and whether there is a store. A full disk loses no more than that. */
static void write_lock_file(const struct store *s, bool has_store)
{
    char text[48];
    int n = snprintf(text, sizeof text, "%ld\n%s", (long)getpid(), has_store ? LOCK_STORE : "");
    if (ftruncate(s->lock_fd, 0) || pwrite(s->lock_fd, text, (size_t)n, 0) != n)
        return;
}

static int take_lock(struct store *s, struct sonata_error *err)
{
    char path[4096], text[48] = {0};
    snprintf(path, sizeof path, "%s/master.lock", s->folder);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return sonata_error_set(err, -errno, "%s: %s", path, strerror(errno));
    bool taken = flock(s->lock_fd, LOCK_EX | LOCK_NB);
    ssize_t n = pread(s->lock_fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    s->had_store = strstr(text, "\n" LOCK_STORE);
    text[strcspn(text, "\n")] = '\0';
    if (taken)
        return sonata_error_set(err, -EBUSY, "state folder %s is in use by another master (process %s): stop it, or give another --state", s->folder,
                                text[0] ? text : "unknown");
    write_lock_file(s, s->had_store);
    return 0;
}

/* A new store is begun only where there was none: a lost one is never replaced by an empty one in silence. */
static int refuse_lost(const struct store *s, bool is_empty, struct sonata_error *err)
{
    static const char *const other[] = {"server.key", "admin.key", "endpoints"};
    char path[4096];
    bool lost = s->had_store;
    for (size_t i = 0; i < sizeof other / sizeof *other && is_empty && !lost; i++) {
        snprintf(path, sizeof path, "%s/%s", s->folder, other[i]);
        lost = file_exists(path);
    }
    if (!lost)
        return 0;
    return sonata_error_set(err, -ENODATA,
                            "%s/data.mdb is %s, and this folder held a store: restore a backup (docs/OPERATIONS.md); to begin an empty "
                            "store take another folder",
                            s->folder, is_empty ? "empty" : "missing");
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
        s->packer[db] = store_is_packed((enum store_db)db) ? packer_new() : NULL;
    s->next_dictionary = 1;
    int r = store_scan(s, STORE_DICTIONARY, (struct store_key){0}, 0, use_dictionary, s);
    return r ? sonata_error_set(err, r, "the store in %s cannot be read: %s", s->folder, strerror(-r)) : 0;
}

static int check_schema(struct store *s, struct sonata_error *err)
{
    uint64_t schema = store_counter(s, "schema");
    s->sealed = schema == STORE_SCHEMA || !schema;
    if (schema == STORE_SCHEMA)
        return 0;
    if (schema > STORE_SCHEMA)
        return sonata_error_set(err, -EPROTONOSUPPORT, "%s was written with schema %llu, this program reads up to %d: use the program that wrote it",
                                s->folder, (unsigned long long)schema, STORE_SCHEMA);
    if (!schema && (s->read_only || store_count(s, STORE_SEARCH)))
        return sonata_error_set(err, -EBADMSG, "%s has no schema version: not a state folder of this program, or damaged", s->folder);
    if (schema && s->read_only)
        return !store_upgrade_began(s)
                   ? 0
                   : sonata_error_set(err, -EBUSY, "%s is half brought up to schema %d: start the master on it first", s->folder, STORE_SCHEMA);
    if (schema) {
        s->sealed = true;
        return store_upgrade(s, err);
    }
    store_set_counter(s, "schema", STORE_SCHEMA);
    return store_commit(s, err);
}

/* From here on a master that has the same folder open notices at its next commit; and the lock file tells that there is a store. */
static void take_ownership(struct store *s)
{
    uint64_t owner = 0;
    while (!owner) {
        if (getrandom(&owner, sizeof owner, 0) != sizeof owner)
            owner = (uint64_t)clock_wall_ns();
    }
    store_set_counter(s, STORE_OWNER, owner);
    s->owner = owner;
    (void)!store_commit(s, NULL); /* a full disk does not keep a master from starting: it is written with the first turn that is */
    write_lock_file(s, true);
}

/* LMDB follows what is written on pages; so they are looked at before it does. */
static int check_file(const struct store *s, struct sonata_error *err)
{
    char path[4096];
    struct stat st;
    struct pages_counts pages;
    snprintf(path, sizeof path, "%s/data.mdb", s->folder);
    bool exists = !stat(path, &st);
    if (!exists && errno != ENOENT)
        return sonata_error_set(err, -errno, "%s: %s", path, strerror(errno));
    if (!exists || !st.st_size)
        return refuse_lost(s, exists, err);
    return store_verify_alone(s->folder, &pages, err);
}

int store_open(const char *folder, const struct store_options *options, struct store **ret_store, struct sonata_error *err)
{
    struct store *s = xcalloc(1, sizeof *s);
    s->folder = xstrdup(folder);
    s->lock_fd = -1;
    s->read_only = options && options->read_only;
    s->readers_check_ns = options && options->readers_check_ns ? options->readers_check_ns : 60 * SONATA_SECOND;
    long page = sysconf(_SC_PAGESIZE);
    size_t start = options && options->map_start ? options->map_start : MAP_START;
    s->map_size = (start + (size_t)page - 1) / (size_t)page * (size_t)page;
    pthread_rwlock_init(&s->map_lock, NULL);
    pthread_mutex_init(&s->readers.lock, NULL);
    pthread_mutex_init(&s->failure_lock, NULL);
    int r = s->read_only ? store_check_meta(folder, err) : file_make_dirs(folder, true, err);
    if (!r && !s->read_only)
        r = take_lock(s, err);
    if (!r && !s->read_only)
        r = check_file(s, err);
    if (!r) {
        int rc = store_open_environment(s);
        if (rc)
            r = sonata_error_set(err, store_translate(rc), "cannot open the store in %s: %s", folder, mdb_strerror(rc));
    }
    if (!r && s->read_only) {
        int rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->snapshot);
        if (rc)
            r = sonata_error_set(err, store_translate(rc), "cannot read the store in %s: %s", folder, mdb_strerror(rc));
    }
    if (!r)
        r = check_schema(s, err);
    if (!r && !s->read_only)
        r = open_packers(s, err);
    if (!r && !s->read_only)
        take_ownership(s);
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
    sizes_fini(&s->sizes);
    for (unsigned db = 0; db < STORE_DB_COUNT; db++)
        packer_free(s->packer[db]);
    store_close_environment(s);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    pthread_mutex_destroy(&s->readers.lock);
    pthread_mutex_destroy(&s->failure_lock);
    pthread_rwlock_destroy(&s->map_lock);
    free(s->folder);
    free(s);
}

const char *store_folder(const struct store *s) { return s->folder; }

uint64_t store_room(const struct store *s)
{
    struct statvfs v;
    return statvfs(s->folder, &v) ? UINT64_MAX : (uint64_t)v.f_bavail * v.f_frsize;
}
