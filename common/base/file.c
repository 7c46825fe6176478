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
