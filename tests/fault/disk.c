#define _GNU_SOURCE /* RTLD_NEXT */
/* See disk.h. Symbols of the executable come before those of shared libraries, so LMDB's calls land here. */
#include "fault/disk.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/rng.h"

enum { FDS_MAX = 4096, SECTOR = 512, FILE_MAX = 256 << 20 };

static struct {
    bool recording;
    struct disk_event *event;
    size_t n, capacity;
    bool watched[FDS_MAX], synchronous[FDS_MAX];
    uint64_t fail_at, calls, failures;
    int error, open_error;
} disk;

static void *real(const char *name)
{
    void *f = dlsym(RTLD_NEXT, name);
    if (!f) {
        fprintf(stderr, "disk: no %s\n", name);
        abort();
    }
    return f;
}
#define REAL(type, name) ((type)(uintptr_t)real(name))
typedef int (*open_fn)(const char *, int, ...);
typedef int (*close_fn)(int);
typedef ssize_t (*pwrite_fn)(int, const void *, size_t, off_t);
typedef ssize_t (*write_fn)(int, const void *, size_t);
typedef ssize_t (*writev_fn)(int, const struct iovec *, int);
typedef int (*truncate_fn)(int, off_t);
typedef int (*sync_fn)(int);

static bool watched(int fd)
{
    return fd >= 0 && fd < FDS_MAX && disk.watched[fd];
}

/* True when this call is to fail. */
static bool fails(int fd)
{
    if (!watched(fd) || !disk.fail_at || ++disk.calls < disk.fail_at)
        return false;
    disk.failures++;
    errno = disk.error;
    return true;
}

static void note(int fd, enum disk_event_type type, const void *data, uint64_t size, uint64_t offset)
{
    if (!disk.recording || !watched(fd))
        return;
    disk.event = xgrow(disk.event, &disk.capacity, disk.n + 1, sizeof *disk.event);
    disk.event[disk.n++] = (struct disk_event){type, disk.synchronous[fd], offset, size, data ? xmemdup(data, size) : NULL};
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    const char *slash = strrchr(path, '/');
    bool is_store = !strcmp(slash ? slash + 1 : path, "data.mdb");
    if (is_store && disk.open_error) {
        errno = disk.open_error;
        return -1;
    }
    int fd = REAL(open_fn, "open")(path, flags, mode);
    if (fd >= 0 && fd < FDS_MAX) {
        disk.watched[fd] = is_store;
        disk.synchronous[fd] = flags & O_DSYNC;
    }
    return fd;
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS_MAX)
        disk.watched[fd] = false;
    return REAL(close_fn, "close")(fd);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t offset)
{
    if (fails(fd))
        return -1;
    ssize_t done = REAL(pwrite_fn, "pwrite")(fd, p, n, offset);
    if (done > 0)
        note(fd, DISK_WRITE, p, (uint64_t)done, (uint64_t)offset);
    return done;
}

ssize_t write(int fd, const void *p, size_t n)
{
    if (fails(fd))
        return -1;
    off_t at = watched(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t done = REAL(write_fn, "write")(fd, p, n);
    if (done > 0)
        note(fd, DISK_WRITE, p, (uint64_t)done, (uint64_t)at);
    return done;
}

ssize_t writev(int fd, const struct iovec *io, int n)
{
    if (fails(fd))
        return -1;
    off_t at = watched(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t done = REAL(writev_fn, "writev")(fd, io, n), left = done;
    for (int i = 0; i < n && left > 0; i++) {
        size_t size = io[i].iov_len < (size_t)left ? io[i].iov_len : (size_t)left;
        note(fd, DISK_WRITE, io[i].iov_base, size, (uint64_t)at);
        at += (off_t)size;
        left -= (ssize_t)size;
    }
    return done;
}

int ftruncate(int fd, off_t size)
{
    if (fails(fd))
        return -1;
    int r = REAL(truncate_fn, "ftruncate")(fd, size);
    if (!r)
        note(fd, DISK_TRUNCATE, NULL, (uint64_t)size, 0);
    return r;
}

static int sync_by(const char *name, int fd)
{
    if (fails(fd))
        return -1;
    int r = REAL(sync_fn, name)(fd);
    if (!r)
        note(fd, DISK_SYNC, NULL, 0, 0);
    return r;
}

int fdatasync(int fd) { return sync_by("fdatasync", fd); }
int fsync(int fd) { return sync_by("fsync", fd); }

void disk_stop(void)
{
    disk.recording = false;
}

void disk_record(void)
{
    for (size_t i = 0; i < disk.n; i++)
        free(disk.event[i].data);
    disk.n = 0;
    disk.recording = true;
}

size_t disk_events(void) { return disk.n; }
const struct disk_event *disk_event(size_t i) { return &disk.event[i]; }

void disk_fail_after(uint64_t nth, int error)
{
    disk.fail_at = nth;
    disk.error = error;
    disk.calls = disk.failures = 0;
}

void disk_fail_open(int error) { disk.open_error = error; }

uint64_t disk_failures(void) { return disk.failures; }

static void apply(uint8_t *file, uint64_t *size, const struct disk_event *e, struct rng *rng)
{
    if (e->type == DISK_TRUNCATE) {
        *size = e->size;
        return;
    }
    if (e->offset + e->size > FILE_MAX) {
        fprintf(stderr, "disk: the file grew past %d bytes\n", FILE_MAX);
        abort();
    }
    for (uint64_t at = 0; at < e->size; at += SECTOR) { /* a sector is written whole or not at all */
        uint64_t n = e->size - at < SECTOR ? e->size - at : SECTOR;
        if (!rng || rng_below(rng, 2))
            memcpy(file + e->offset + at, e->data + at, n);
    }
    if (e->offset + e->size > *size)
        *size = e->offset + e->size;
}

void disk_replay(size_t n, enum disk_cut cut, struct rng *rng, const char *path)
{
    uint8_t *file = xcalloc(FILE_MAX, 1);
    uint64_t size = 0;
    size_t synced = n;
    if (cut != DISK_ALL) {
        while (synced && disk.event[synced - 1].type != DISK_SYNC)
            synced--;
    }
    for (size_t i = 0; i < n; i++) {
        const struct disk_event *e = &disk.event[i];
        if (e->type == DISK_SYNC)
            continue;
        if (i < synced || e->synchronous)
            apply(file, &size, e, NULL);
        else if (cut == DISK_TORN)
            apply(file, &size, e, rng);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (uint64_t at = 0; at < size;) {
        ssize_t done = REAL(write_fn, "write")(fd, file + at, size - at);
        if (done <= 0)
            abort();
        at += (uint64_t)done;
    }
    close(fd);
    free(file);
}
