/* See part.h. */
#include "base/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"

enum { READ_AGAIN = 1 << 16 };

struct part {
    char path[PART_PATH_MAX], final[PART_PATH_MAX];
    uint8_t hash[HASH_SIZE];
    uint64_t total, size;
    struct content_hash so_far;
    int fd;
};

_Bool part_final_path(const char *folder, const uint8_t hash[HASH_SIZE], char *path, size_t size)
{
    char hex[HASH_HEX];
    hash_to_hex(hash, HASH_SIZE, hex);
    return (size_t)snprintf(path, size, "%s/%s", folder, hex) < size;
}

static int restart(struct part *p)
{
    p->size = 0;
    content_hash_begin(&p->so_far);
    return ftruncate(p->fd, 0) ? -errno : 0;
}

/* What is there already, up to the whole. */
static int read_again(struct part *p)
{
    cleanup_free uint8_t *piece = xmalloc(READ_AGAIN);
    content_hash_begin(&p->so_far);
    for (p->size = 0;;) {
        ssize_t n = pread(p->fd, piece, READ_AGAIN, (off_t)p->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (!n)
            return 0;
        if ((uint64_t)n > p->total - p->size)
            return restart(p);
        content_hash_add(&p->so_far, piece, (size_t)n);
        p->size += (uint64_t)n;
    }
}

int part_open(const char *folder, const uint8_t hash[HASH_SIZE], uint64_t total, const char *who, struct part **ret_part, struct sonata_error *err)
{
    struct part *p = xcalloc(1, sizeof *p);
    p->fd = -1;
    p->total = total;
    memcpy(p->hash, hash, HASH_SIZE);
    bool fits = part_final_path(folder, hash, p->final, sizeof p->final) &&
                (size_t)snprintf(p->path, sizeof p->path, "%s%s%s.part", p->final, who[0] ? "-" : "", who) < sizeof p->path;
    errno = ENAMETOOLONG;
    p->fd = fits ? open(p->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644) : -1;
    int r = p->fd < 0 ? -errno : read_again(p);
    if (r) {
        sonata_error_set(err, r, "%s: cannot be written: %s", p->path, strerror(-r));
        part_close(p);
        return r;
    }
    *ret_part = p;
    return 0;
}

uint64_t part_size(const struct part *p) { return p->size; }

uint64_t part_total(const struct part *p) { return p->total; }

void part_path(const struct part *p, char *path, size_t size) { copy_string(path, size, p->final); }

int part_append(struct part *p, const void *data, size_t n, struct sonata_error *err)
{
    if (n > p->total - p->size)
        return sonata_error_set(err, -EMSGSIZE, "%s: more than the %llu bytes announced", p->path, (unsigned long long)p->total);
    for (size_t done = 0; done < n;) {
        ssize_t k = pwrite(p->fd, (const uint8_t *)data + done, n - done, (off_t)(p->size + done));
        if (k < 0 && errno != EINTR)
            return sonata_error_set(err, -errno, "%s: cannot be written: %s", p->path, strerror(errno));
        done += k > 0 ? (size_t)k : 0;
    }
    content_hash_add(&p->so_far, data, n);
    p->size += n;
    return 0;
}

int part_finish(struct part *p, struct sonata_error *err)
{
    uint8_t seen[HASH_SIZE];
    struct content_hash whole = p->so_far;
    content_hash_end(&whole, seen);
    if (p->size != p->total || memcmp(seen, p->hash, HASH_SIZE)) {
        int r = restart(p);
        return sonata_error_set(err, r ? r : -EBADMSG, "%s: its content does not have the announced hash", p->path);
    }
    int r = fsync(p->fd) || rename(p->path, p->final) ? -errno : file_sync_folder_of(p->final);
    return r ? sonata_error_set(err, r, "%s: cannot be made durable: %s", p->final, strerror(-r)) : 0;
}

void part_close(struct part *p)
{
    if (!p)
        return;
    if (p->fd >= 0)
        close(p->fd);
    free(p);
}

void part_drop(struct part *p)
{
    if (p)
        unlink(p->path);
    part_close(p);
}
