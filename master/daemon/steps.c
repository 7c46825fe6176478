/* See steps.h. The file is memory shared with the next process: a few stores per step, nothing is synced. What a power loss leaves of it does not
 * matter: it holds no crash then. */
#include "daemon/steps.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { MAGIC = 0x53504553 };

struct steps {
    uint32_t magic;
    _Atomic uint32_t crashed;
    _Atomic uint64_t search[STEPS_AT_ONCE]; /* 0: none */
};

static struct steps *steps; /* of the process, as its signal handlers are */

static void on_crash(int number)
{
    if (steps)
        atomic_store(&steps->crashed, 1);
    signal(number, SIG_DFL);
    raise(number);
}

static void catch_crashes(void)
{
    static const int number[] = {
        SIGABRT, /* the service manager's watchdog too */
#ifndef SONATA_SANITIZED
        SIGSEGV, SIGBUS, SIGFPE, SIGILL,
#endif
    };
    struct sigaction act = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        sigaction(number[i], &act, NULL);
}

/* Reads what the process before left, and begins anew. */
static size_t begin(struct steps *s, uint64_t ret_died[STEPS_AT_ONCE])
{
    size_t n = 0;
    bool crashed = s->magic == MAGIC && atomic_load(&s->crashed);
    for (size_t i = 0; i < STEPS_AT_ONCE; i++) {
        uint64_t id = atomic_exchange(&s->search[i], 0);
        if (crashed && id)
            ret_died[n++] = id;
    }
    s->magic = MAGIC;
    atomic_store(&s->crashed, 0);
    return n;
}

size_t steps_open(const char *folder, uint64_t ret_died[STEPS_AT_ONCE])
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/steps", folder) >= sizeof path)
        return 0;
    cleanup_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *steps) || posix_fallocate(fd, 0, sizeof *steps))
        return 0;
    struct steps *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (s == MAP_FAILED)
        return 0;
    size_t n = begin(s, ret_died);
    steps = s;
    catch_crashes();
    return n;
}

void steps_mark(uint64_t search, bool begins)
{
    uint64_t from = begins ? 0 : search;
    uint64_t to = begins ? search : 0;
    for (size_t i = 0; steps && i < STEPS_AT_ONCE; i++) {
        uint64_t expected = from;
        if (atomic_compare_exchange_strong(&steps->search[i], &expected, to))
            return;
    }
}

void steps_close(void)
{
    if (steps)
        munmap(steps, sizeof *steps);
    steps = NULL;
}
