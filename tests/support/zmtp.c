/* See zmtp.h. */
#include "support/zmtp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { GREETING = 64, COMMAND = 4, FRAME_SHORT = 255 };

static int connect_ipc(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof a.sun_path)
        return -ENAMETOOLONG;
    memcpy(a.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a)) {
        int code = -errno;
        close(fd);
        return code;
    }
    return fd;
}

static int connect_tcp(const char *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a)) {
        int code = -errno;
        close(fd);
        return code;
    }
    return fd;
}

int zmtp_send(int fd, const struct bytes *b)
{
    for (size_t at = 0; at < b->size;) {
        ssize_t n = send(fd, b->data + at, b->size - at, MSG_NOSIGNAL);
        if (n < 0)
            return -errno;
        at += (size_t)n;
    }
    return 0;
}

static int receive(int fd, uint8_t *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t k = recv(fd, p + at, n - at, 0);
        if (k <= 0)
            return k ? -errno : -ECONNRESET;
        at += (size_t)k;
    }
    return 0;
}

static void put_ready(struct bytes *out)
{
    static const uint8_t ready[] = "\4\x1c\5READY\x0bSocket-Type\0\0\0\6DEALER";
    bytes_append(out, ready, sizeof ready - 1);
}

/* Greeting and READY of both sides. */
static int shake_hands(int fd)
{
    cleanup_bytes struct bytes hello = {0};
    uint8_t greeting[GREETING] = {0xff}, answer[FRAME_SHORT + 2];
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[11] = 1;
    memcpy(greeting + 12, "NULL", 4);
    bytes_append(&hello, greeting, sizeof greeting);
    put_ready(&hello);
    int rc = zmtp_send(fd, &hello);
    if (!rc)
        rc = receive(fd, greeting, sizeof greeting);
    if (!rc)
        rc = receive(fd, answer, 2);
    return rc ? rc : receive(fd, answer + 2, answer[1]);
}

int zmtp_connect(const char *endpoint)
{
    return strncmp(endpoint, "ipc://", 6) ? connect_tcp(strrchr(endpoint, ':') + 1) : connect_ipc(endpoint + 6);
}

int zmtp_open(const char *endpoint)
{
    int fd = zmtp_connect(endpoint);
    int rc = fd < 0 ? fd : shake_hands(fd);
    if (rc < 0 && fd >= 0)
        close(fd);
    return rc < 0 ? rc : fd;
}

void zmtp_put_message(struct bytes *out, const void *p, size_t n)
{
    bytes_put_u8(out, 0);
    bytes_put_u8(out, (uint8_t)n);
    bytes_append(out, p, n);
}

void zmtp_put_ping(struct bytes *out)
{
    static const uint8_t ping[] = {COMMAND, 7, 4, 'P', 'I', 'N', 'G', 0, 100};
    bytes_append(out, ping, sizeof ping);
}

void zmtp_reset(int fd)
{
    struct linger none = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(fd);
}
