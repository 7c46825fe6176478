/* The pages of a store in a folder: LMDB serves only to hold the moment that is looked at, beside a running master. */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/pages.h"
#include "store/verify.h"

enum { MOMENTS_MAX = 100 };

struct first {
    char *text;
    size_t size;
};

static void keep_first(void *user, const char *line)
{
    struct first *f = user;
    if (!f->text[0])
        snprintf(f->text, f->size, "%s", line);
}

static int open_file(const char *folder, struct sonata_error *err)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/data.mdb", folder) >= sizeof path)
        return sonata_error_set(err, -ENAMETOOLONG, "%s: too long", folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return sonata_error_set(err, -errno, "%s: %s", path, strerror(errno));
    struct stat st;
    if (!fstat(fd, &st) && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    return sonata_error_set(err, -EBADMSG, "%s is not a file", path);
}

static int check_meta(const char *folder, int fd, struct sonata_error *err)
{
    char why[160] = "";
    struct first first = {why, sizeof why};
    struct stat st;
    if (!fstat(fd, &st) && !st.st_size)
        return sonata_error_set(err, -EBADMSG, "%s/data.mdb is empty: no store, or what was left of one", folder);
    int rc = pages_check_meta(fd, keep_first, &first);
    return rc ? sonata_error_set(err, rc, "%s/data.mdb: %s", folder, why) : 0;
}

int store_check_meta(const char *folder, struct sonata_error *err)
{
    cleanup_fd int fd = open_file(folder, err);
    return fd < 0 ? fd : check_meta(folder, fd, err);
}

/* At a moment that a reader holds. A busy master may write over its meta page before we read it: then at another one. */
static int verify_moment(MDB_env *env, int fd, pages_say say, void *user, struct pages_counts *ret_counts)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
    if (rc)
        return rc > 0 ? -rc : -EIO;
    rc = -EAGAIN;
    for (int i = 0; rc == -EAGAIN && i < MOMENTS_MAX; i++) {
        size_t id = mdb_txn_id(txn);
        rc = pages_verify(fd, id, say, user, ret_counts); /* 0 of a store that nothing was committed to: the newest */
        mdb_txn_reset(txn);
        if (rc == -EAGAIN && mdb_txn_renew(txn))
            break;
    }
    mdb_txn_abort(txn);
    return rc;
}

int store_verify(const char *folder, pages_say say, void *user, struct pages_counts *ret_counts, struct sonata_error *err)
{
    cleanup_fd int fd = open_file(folder, err);
    if (fd < 0)
        return fd;
    MDB_env *env;
    int rc = check_meta(folder, fd, err);
    if (rc)
        return rc;
    rc = mdb_env_create(&env);
    if (rc)
        return sonata_error_set(err, -ENOMEM, "%s", mdb_strerror(rc));
    rc = mdb_env_open(env, folder, MDB_RDONLY | MDB_NOTLS, 0600);
    if (rc)
        sonata_error_set(err, rc > 0 ? -rc : -EBADMSG, "cannot open the store in %s: %s", folder, mdb_strerror(rc));
    else if ((rc = verify_moment(env, fd, say, user, ret_counts)))
        sonata_error_set(err, rc, "the store in %s cannot be looked at: %s", folder, strerror(-rc));
    mdb_env_close(env);
    return rc > 0 ? -rc : rc;
}

int store_verify_alone(const char *folder, struct pages_counts *ret_counts, struct sonata_error *err)
{
    cleanup_fd int fd = open_file(folder, err);
    if (fd < 0)
        return fd;
    char why[200] = "";
    struct first first = {why, sizeof why};
    int rc = pages_verify(fd, 0, keep_first, &first, ret_counts);
    if (rc)
        return sonata_error_set(err, rc, "the store in %s cannot be read: %s", folder, strerror(-rc));
    if (!ret_counts->findings)
        return 0;
    return sonata_error_set(err, -EBADMSG, "the store in %s is damaged (%s; %llu findings): restore a backup (docs/OPERATIONS.md)", folder, why,
                            (unsigned long long)ret_counts->findings);
}

void store_clear_readers(const char *folder)
{
    MDB_env *env;
    int dead;
    if (store_check_meta(folder, NULL) || mdb_env_create(&env))
        return;
    if (!mdb_env_open(env, folder, MDB_RDONLY | MDB_NOTLS, 0600))
        mdb_reader_check(env, &dead);
    mdb_env_close(env);
}
