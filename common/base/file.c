/* See file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/number.h"

int file_read(const char *path, size_t max, struct bytes *ret_data, struct sonata_error *err)
{
    struct stat st;
    if (stat(path, &st))
        return sonata_error_set(err, -errno, "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return sonata_error_set(err, -EISDIR, "%s: is a folder, a file is needed", path);
    gzFile in = gzopen(path, "rb"); /* reads plain files unchanged */
    if (!in)
        return sonata_error_set(err, -errno, "%s: %s", path, strerror(errno));
    struct bytes data = {0};
    int r = 0;
    for (;;) {
        enum { CHUNK = 1 << 16 };
        uint8_t *at = bytes_append(&data, NULL, CHUNK);
        int n = gzread(in, at, CHUNK);
        data.size -= CHUNK - (size_t)(max_of(n, 0));
        if (n < 0) {
            int code;
            r = sonata_error_set(err, -EBADMSG, "%s: %s", path, gzerror(in, &code));
            break;
        }
        if (data.size > max) {
            r = sonata_error_set(err, -EFBIG, "%s: larger than the limit of %zu bytes", path, max);
            break;
        }
        if (n == 0) {
            int code;
            const char *why = gzerror(in, &code);
            if (code != Z_OK && code != Z_STREAM_END)
                r = sonata_error_set(err, -EBADMSG, "%s: truncated or corrupt: %s", path, why);
            break;
        }
    }
    if (gzclose_r(in) == Z_BUF_ERROR && !r)
        r = sonata_error_set(err, -EBADMSG, "%s: the compressed file ends too early", path);
    if (r) {
        bytes_fini(&data);
        return r;
    }
    *ret_data = data;
    return 0;
}

static int write_all(int fd, const uint8_t *p, size_t n)
{
    while (n) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -errno;
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

static int hash_descriptor(int fd, uint64_t max, uint8_t ret_hash[HASH_SIZE], uint64_t *ret_size)
{
    enum { PIECE = 1 << 16 };
    cleanup_free uint8_t *piece = xmalloc(PIECE);
    struct content_hash h;
    content_hash_begin(&h);
    for (*ret_size = 0;;) {
        ssize_t n = read(fd, piece, PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (!n)
            break;
        *ret_size += (uint64_t)n;
        if (*ret_size > max)
            return -EFBIG;
        content_hash_add(&h, piece, (size_t)n);
    }
    content_hash_end(&h, ret_hash);
    return 0;
}

int file_hash(const char *path, uint64_t max, uint8_t ret_hash[HASH_SIZE], uint64_t *ret_size, struct sonata_error *err)
{
    struct stat st;
    cleanup_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe does not hold it up */
    if (fd < 0 || fstat(fd, &st))
        return sonata_error_set(err, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return sonata_error_set(err, -EINVAL, "%s: a plain file is needed", path);
    int r = hash_descriptor(fd, max, ret_hash, ret_size);
    if (r == -EFBIG)
        return sonata_error_set(err, r, "%s: larger than the limit of %llu bytes", path, (unsigned long long)max);
    return r ? sonata_error_set(err, r, "%s: %s", path, strerror(-r)) : 0;
}

static int copy_descriptor(int in, int out)
{
    enum { PIECE = 1 << 16 };
    cleanup_free uint8_t *piece = xmalloc(PIECE);
    for (int r = 0; !r;) {
        ssize_t n = read(in, piece, PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (!n)
            break;
        r = write_all(out, piece, (size_t)n);
        if (r)
            return r;
    }
    return fsync(out) ? -errno : 0;
}

/* By way of a temporary name, which is gone when it fails. */
static int copy_file(const char *from, const char *tmp, const char *to)
{
    cleanup_fd int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return -errno;
    cleanup_fd int out = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (out < 0)
        return -errno;
    int r = copy_descriptor(in, out);
    if (!r && rename(tmp, to))
        r = -errno;
    if (!r)
        r = file_sync_folder_of(to);
    if (r)
        unlink(tmp);
    return r;
}

int file_link_or_copy(const char *from, const char *to, struct sonata_error *err)
{
    if (!link(from, to) || errno == EEXIST)
        return 0;
    size_t size = strlen(to) + 5;
    cleanup_free char *tmp = xmalloc(size);
    snprintf(tmp, size, "%s.tmp", to);
    unlink(tmp);
    int r = copy_file(from, tmp, to);
    return r ? sonata_error_set(err, r, "%s: cannot be copied to %s: %s", from, to, strerror(-r)) : 0;
}

int file_sync_folder_of(const char *path)
{
    cleanup_free char *copy = xstrdup(path);
    cleanup_fd int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) ? -errno : 0;
}

int file_write_atomic(const char *path, const void *data, size_t n, struct sonata_error *err)
{
    size_t size = strlen(path) + 5;
    cleanup_free char *tmp = xmalloc(size);
    snprintf(tmp, size, "%s.tmp", path);
    unlink(tmp); /* of one that did not come to its end; a link that somebody put there is not followed */
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return sonata_error_set(err, -errno, "%s: cannot create: %s", tmp, strerror(errno));
    int r = write_all(fd, data, n);
    if (!r && fsync(fd))
        r = -errno;
    if (close(fd) && !r)
        r = -errno;
    if (!r && rename(tmp, path))
        r = -errno;
    if (!r)
        r = file_sync_folder_of(path);
    if (r) {
        unlink(tmp);
        return sonata_error_set(err, r, "%s: cannot write: %s", path, strerror(-r));
    }
    return 0;
}

int file_make_dirs(const char *path, bool private_last, struct sonata_error *err)
{
    cleanup_free char *copy = xstrdup(path);
    for (char *p = copy + 1;; p++) {
        if (*p && *p != '/')
            continue;
        bool last = !*p;
        *p = '\0';
        if (mkdir(copy, last && private_last ? 0700 : 0755) && errno != EEXIST)
            return sonata_error_set(err, -errno, "%s: cannot create folder: %s", copy, strerror(errno));
        if (last)
            return 0;
        *p = '/';
    }
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
