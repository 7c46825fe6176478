/* See notify.h. */
#define _GNU_SOURCE
#include "daemon/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static int describe(char *text, size_t size, const char *worker, const char *client)
{
    return snprintf(text, size, "worker=%s\nclient=%s\npid=%ld\n", worker, client, (long)getpid());
}

static void endpoints_path(char *path, size_t size, const char *folder)
{
    snprintf(path, size, "%s/endpoints", folder);
}

int notify_endpoints(const char *folder, const char *worker, const char *client, struct sonata_error *err)
{
    char path[4096], text[1024];
    endpoints_path(path, sizeof path, folder);
    int n = describe(text, sizeof text, worker, client);
    return file_write_atomic(path, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, err);
}

void notify_remove_endpoints(const char *folder)
{
    char path[4096];
    endpoints_path(path, sizeof path, folder);
    unlink(path);
}

void notify_fd(int fd, const char *worker, const char *client)
{
    char text[1024];
    int n = describe(text, sizeof text, worker, client);
    if (fd < 0)
        return;
    if (write(fd, text, (size_t)n) != n)
        fprintf(stderr, "sonata-master: --ready-fd %d cannot be written\n", fd);
    close(fd);
}
