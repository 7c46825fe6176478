/* See backup.h. LMDB copies from a read transaction, so writers go on; pages freed meanwhile wait for its end. The copy gets its name when it is
 * whole: one whose process was killed is not taken for a backup. */
#define _GNU_SOURCE
#include "store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "store/store.h"
#include "store/verify.h"

static int open_source(const char *folder, MDB_env **ret_env, struct sonata_error *err)
{
    MDB_env *env;
    int rc = store_check_meta(folder, err);
    if (rc)
        return rc;
    rc = mdb_env_create(&env);
    if (rc)
        return sonata_error_set(err, -ENOMEM, "%s", mdb_strerror(rc));
    rc = mdb_env_open(env, folder, MDB_RDONLY, 0600);
    if (rc) {
        mdb_env_close(env);
        return sonata_error_set(err, rc > 0 ? -rc : -EBADMSG, "cannot open the store in %s: %s", folder, mdb_strerror(rc));
    }
    *ret_env = env;
    return 0;
}

/* rc of LMDB or 0; the file is whole and on disk then. */
static int copy_to(MDB_env *env, const char *path)
{
    cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    int rc = mdb_env_copyfd2(env, fd, MDB_CP_COMPACT);
    if (!rc && fsync(fd))
        rc = errno;
    return rc;
}

/* The model files, after the records that name them: one that went meanwhile is missing in the copy and built again where it is needed. */
static int copy_artefacts(const char *folder, const char *dest, struct sonata_error *err)
{
    char from[4096], to[4096];
    snprintf(from, sizeof from, "%s/" STORE_ARTEFACT_FOLDER, folder);
    if (snprintf(to, sizeof to, "%s/" STORE_ARTEFACT_FOLDER, dest) >= (int)sizeof to)
        return sonata_error_set(err, -ENAMETOOLONG, "%s: too long", dest);
    DIR *d = opendir(from);
    struct dirent *e;
    int r = d ? file_make_dirs(to, true, err) : 0;
    while (!r && d && (e = readdir(d))) {
        char a[4400], b[4400];
        uint8_t hash[HASH_SIZE];
        if (hash_from_hex(e->d_name, hash))
            continue;
        snprintf(a, sizeof a, "%s/%s", from, e->d_name);
        snprintf(b, sizeof b, "%s/%s", to, e->d_name);
        r = file_link_or_copy(a, b, err);
        r = r == -ENOENT ? 0 : r;
    }
    if (d)
        closedir(d);
    return r;
}

int store_backup(const char *folder, const char *dest, struct sonata_error *err)
{
    char file[4096], part[4096];
    MDB_env *env = NULL;
    snprintf(file, sizeof file, "%s/data.mdb", dest);
    if (snprintf(part, sizeof part, "%s/data.mdb.part", dest) >= (int)sizeof part)
        return sonata_error_set(err, -ENAMETOOLONG, "%s: too long", dest);
    int r = open_source(folder, &env, err);
    if (r)
        return r;
    r = file_make_dirs(dest, true, err);
    if (!r && file_exists(file))
        r = sonata_error_set(err, -EEXIST, "%s exists: give a folder without a store", file);
    if (r) {
        mdb_env_close(env);
        return r;
    }
    int rc = copy_to(env, part);
    mdb_env_close(env);
    if (rc)
        r = rc > 0 ? -rc : -EIO;
    else
        r = rename(part, file) ? -errno : file_sync_folder_of(file);
    if (r) {
        unlink(part);
        return sonata_error_set(err, r, "cannot write %s: %s", file, strerror(-r));
    }
    return copy_artefacts(folder, dest, err);
}
