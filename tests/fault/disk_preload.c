#define _GNU_SOURCE /* RTLD_NEXT, program_invocation_short_name */
/* LD_PRELOAD of a real daemon: a disk that fails by order. While the file $SONATA_DISK_FAULT names exists, every write, truncate and sync of a file called
 * data.mdb fails with the errno written there (a number); with the file gone the disk is as it was. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "support/preload.h"

static bool is_store(int fd)
{
    static const char name[] = "/data.mdb";
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path);
    return n >= (ssize_t)sizeof name - 1 && !memcmp(path + n - (sizeof name - 1), name, sizeof name - 1);
}

/* True with errno set when this call is to fail. */
static bool fails(int fd)
{
    const char *order = getenv("SONATA_DISK_FAULT");
    int error = 0, before = errno;
    FILE *f = order && is_store(fd) ? fopen(order, "re") : NULL;
    if (f && fscanf(f, "%d", &error) != 1)
        error = 0;
    if (f)
        fclose(f);
    errno = error ? error : before;
    return error != 0;
}

#define FORWARD(type, name, parameters, arguments)                                                   \
    type name parameters                                                                             \
    {                                                                                                \
        PRELOAD_REAL(type, name, parameters);                                                        \
        return fails(fd) ? -1 : real arguments;                                                      \
    }

FORWARD(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at))
FORWARD(ssize_t, pwrite64, (int fd, const void *p, size_t n, off64_t at), (fd, p, n, at))
FORWARD(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
FORWARD(ssize_t, writev, (int fd, const struct iovec *io, int n), (fd, io, n))
FORWARD(ssize_t, pwritev, (int fd, const struct iovec *io, int n, off_t at), (fd, io, n, at))
FORWARD(int, ftruncate, (int fd, off_t size), (fd, size))
FORWARD(int, ftruncate64, (int fd, off64_t size), (fd, size))
FORWARD(int, fsync, (int fd), (fd))
FORWARD(int, fdatasync, (int fd), (fd))
