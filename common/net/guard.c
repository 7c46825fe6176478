/* What libzmq ends the process for, kept from it.
 *
 * libzmq (4.3.4 and later) asserts that it never writes to a connection after it has seen the end of it. But when a connection's queue is full it
 * stops reading, and poll reports the end of the peer all the same; it takes that down, and the next thing it wants to write ends the process: its
 * own heartbeat, or the answer to a PING that was read before. Any peer can bring that about with one packet of some hundred bytes
 * (tests/integration/attack). So its threads do not learn of the end of a connection they do not read: when the queue has room again they read on,
 * find the end by reading, and close it as any other. (Upstream: libzmq issues 4364 and 4841.)
 *
 * It also takes for a bug of its own that accept() of a local socket finds no free descriptor. ENFILE, which means the same and to which it waits, is
 * told instead.
 *
 * These functions stand in front of those of the C library, for libzmq as for everybody; only libzmq's threads are treated differently. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "net/net_internal.h"

enum { PAUSE_NS = 2000000, ZMQ_THREADS = 2 /* one for I/O, one that takes down */ };

/* libzmq names its threads ZMQbg/… before they begin. */
static bool is_libzmq(void)
{
    static _Thread_local enum { UNKNOWN, YES, NO } known;
    char name[16] = "";
    if (known == UNKNOWN)
        known = !pthread_getname_np(pthread_self(), name, sizeof name) && !strncmp(name, "ZMQbg", 5) ? YES : NO;
    return known == YES;
}

static void pause_a_little(void) { nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL); }

/* Drops the news that a connection has ended. Who reads it is told by EPOLLIN, who waits for it to be made by EPOLLOUT. */
static int drop_ends(struct epoll_event *events, int n)
{
    int kept = 0;
    for (int i = 0; i < n; i++) {
        events[i].events &= ~(uint32_t)(EPOLLERR | EPOLLHUP);
        if (events[i].events)
            events[kept++] = events[i];
    }
    return kept;
}

static int wait_for_events(int poll, struct epoll_event *events, int max, int timeout)
{
    return (int)syscall(SYS_epoll_pwait, poll, events, max, timeout, NULL, 0);
}

/* The end stays reported while it is not taken: a pause keeps the thread from turning round and round over it, until another thread has made room. */
int epoll_wait(int poll, struct epoll_event *events, int max, int timeout)
{
    int n = wait_for_events(poll, events, max, timeout);
    if (n <= 0 || !is_libzmq())
        return n;
    int kept = drop_ends(events, n);
    if (kept)
        return kept;
    pause_a_little();
    errno = EINTR; /* a wait without events is asked for again, its timers looked at first */
    return -1;
}

int accept4(int listener, __SOCKADDR_ARG address, socklen_t *restrict size, int flags)
{
    int fd = (int)syscall(SYS_accept4, listener, address.__sockaddr__, size, flags);
    if (fd < 0 && errno == EMFILE && is_libzmq()) {
        pause_a_little(); /* it asks again at once */
        errno = ENFILE;
    }
    return fd;
}

static void *wait_for_lock(void *lock)
{
    pthread_mutex_lock(lock);
    pthread_mutex_unlock(lock);
    return NULL;
}

bool net_guard_threads(void)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_t thread[ZMQ_THREADS];
    int n = 0;
    pthread_mutex_lock(&lock); /* so that all are there at a time */
    while (n < ZMQ_THREADS && !pthread_create(&thread[n], NULL, wait_for_lock, &lock))
        n++;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < n; i++)
        pthread_join(thread[i], NULL);
    return n == ZMQ_THREADS;
}

bool net_guard_is_in_force(void) { return dlsym(RTLD_DEFAULT, "epoll_wait") == (void *)(uintptr_t)epoll_wait; }
