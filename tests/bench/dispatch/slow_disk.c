#define _GNU_SOURCE /* RTLD_NEXT */
/* LD_PRELOAD of a server: a disk whose every sync takes at least $SONATA_SYNC_US microseconds, so that servers compare as on such a disk whatever
 * the one below does. A write to a file opened with O_DSYNC syncs too. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "support/preload.h"

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Waits until a sync that began then has taken its time. */
static void take_time(int64_t began_ns)
{
    const char *us = getenv("SONATA_SYNC_US");
    int before = errno;
    int64_t left = began_ns + (us ? strtoll(us, NULL, 10) * 1000 : 0) - now_ns();
    struct timespec t = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
    if (left > 0)
        nanosleep(&t, NULL);
    errno = before;
}

#define FORWARD(type, name, parameters, arguments, syncs)                                            \
    type name parameters                                                                             \
    {                                                                                                \
        PRELOAD_REAL(type, name, parameters);                                                        \
        int64_t began_ns = now_ns();                                                                 \
        type r = real arguments;                                                                     \
        if (syncs)                                                                                   \
            take_time(began_ns);                                                                     \
        return r;                                                                                    \
    }

FORWARD(int, fsync, (int fd), (fd), 1)
FORWARD(int, fdatasync, (int fd), (fd), 1)
FORWARD(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at), fcntl(fd, F_GETFL) & O_DSYNC)
FORWARD(ssize_t, pwrite64, (int fd, const void *p, size_t n, off64_t at), (fd, p, n, at), fcntl(fd, F_GETFL) & O_DSYNC)
