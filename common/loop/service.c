/* See service.h. */
#define _GNU_SOURCE
#include "loop/service.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/parse.h"

void service_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || (path[0] != '/' && path[0] != '@') || !copy_string(address.sun_path, sizeof address.sun_path, path))
        return;
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* abstract name */
    cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (fd >= 0 && sendto(fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address, n) < 0)
        return;
}

uint64_t service_watchdog_ms(void)
{
    const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t us, owner;
    if (!text || parse_u64(text, 3000, UINT64_C(86400000000), &us))
        return 0;
    if (pid && (parse_u64(pid, 1, UINT32_MAX, &owner) || owner != (uint64_t)getpid()))
        return 0; /* meant for the process that started this one */
    return us / 1000;
}
