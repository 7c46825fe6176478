/* See pool.h. fork() gives each job the loaded problem for free and keeps the search library single-threaded per run; the answer comes
 * back over a pipe: one status byte, then the bytes (or the text of the error). */
#define _GNU_SOURCE // sched_getaffinity
#include "bench/pool.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"

enum { POOL_MAX = 256, CHUNK = 65536 };

struct child {
    pid_t pid; // 0: free place
    int fd;
    unsigned index;
    struct bytes answer;
};

struct pool {
    unsigned n, next, n_children;
    pool_work work;
    pool_done done;
    void *context;
    struct child child[POOL_MAX];
};

unsigned pool_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
    return 1;
}

static bool write_all(int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno != EINTR)
            return false;
        if (k > 0) {
            p += k;
            n -= (size_t)k;
        }
    }
    return true;
}

static void child_main(const struct pool *pool, unsigned index, int fd)
{
    struct bytes out = {0};
    struct sonata_error err = {{0}};
    bytes_put_u8(&out, 0);
    if (pool->work(pool->context, index, &out, &err)) {
        bytes_clear(&out);
        bytes_put_u8(&out, 1);
        bytes_put_string(&out, err.text);
    }
    bool ok = write_all(fd, out.data, out.size);
    _exit(ok ? 0 : 1); // no atexit handlers, no second flush of the parent's buffers
}

static int launch(struct pool *pool, struct child *child, struct sonata_error *err)
{
    int fd[2];
    if (pipe(fd))
        return sonata_error_set(err, -errno, "pipe: %s", strerror(errno));
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) {
        int e = errno;
        close(fd[0]);
        close(fd[1]);
        return sonata_error_set(err, -e, "fork: %s", strerror(e));
    }
    if (pid == 0) {
        close(fd[0]);
        child_main(pool, pool->next, fd[1]);
    }
    close(fd[1]);
    *child = (struct child){.pid = pid, .fd = fd[0], .index = pool->next++};
    pool->n_children++;
    return 0;
}

static int finish_answer(struct pool *pool, unsigned index, const struct bytes *answer, struct sonata_error *err)
{
    struct reader in = reader_of(answer->data, answer->size);
    uint8_t status = reader_u8(&in);
    if (in.bad)
        return sonata_error_set(err, -EPIPE, "job %u ended without an answer", index);
    if (!status)
        return pool->done(pool->context, index, &in, err);
    char text[512];
    reader_string(&in, text, sizeof text);
    return sonata_error_set(err, -ECANCELED, "%s", text);
}

static void reap(struct pool *pool, struct child *child)
{
    close(child->fd);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    bytes_fini(&child->answer);
    *child = (struct child){0};
    pool->n_children--;
}

/* Reads what one child has written; at its end takes the answer. */
static int drain(struct pool *pool, struct child *child, struct sonata_error *err)
{
    uint8_t chunk[CHUNK];
    ssize_t k = read(child->fd, chunk, sizeof chunk);
    if (k > 0) {
        bytes_append(&child->answer, chunk, (size_t)k);
        return 0;
    }
    if (k < 0 && errno == EINTR)
        return 0;
    int r = finish_answer(pool, child->index, &child->answer, err);
    reap(pool, child);
    return r;
}

static int turn(struct pool *pool, unsigned n_processes, struct sonata_error *err)
{
    struct pollfd fds[POOL_MAX];
    unsigned place[POOL_MAX], n = 0;
    for (unsigned i = 0; i < n_processes; i++) {
        if (!pool->child[i].pid && pool->next < pool->n) {
            int r = launch(pool, &pool->child[i], err);
            if (r)
                return r;
        }
        if (pool->child[i].pid) {
            fds[n] = (struct pollfd){.fd = pool->child[i].fd, .events = POLLIN};
            place[n++] = i;
        }
    }
    if (poll(fds, n, -1) < 0)
        return errno == EINTR ? 0 : sonata_error_set(err, -errno, "poll: %s", strerror(errno));
    for (unsigned k = 0; k < n; k++) {
        int r = fds[k].revents ? drain(pool, &pool->child[place[k]], err) : 0;
        if (r)
            return r;
    }
    return 0;
}

static int run_inline(struct pool *pool, struct sonata_error *err)
{
    for (unsigned i = 0; i < pool->n; i++) {
        struct bytes out = {0};
        int r = pool->work(pool->context, i, &out, err);
        struct reader in = reader_of(out.data, out.size);
        if (!r)
            r = pool->done(pool->context, i, &in, err);
        bytes_fini(&out);
        if (r)
            return r;
    }
    return 0;
}

int pool_run_all(unsigned n, unsigned n_processes, pool_work work, pool_done done, void *context, struct sonata_error *err)
{
    struct pool *pool = xcalloc(1, sizeof *pool);
    *pool = (struct pool){.n = n, .work = work, .done = done, .context = context};
    n_processes = min_of(n_processes, POOL_MAX);
    int r = n_processes <= 1 ? run_inline(pool, err) : 0;
    while (!r && n_processes > 1 && (pool->next < n || pool->n_children))
        r = turn(pool, n_processes, err);
    for (unsigned i = 0; i < n_processes && i < POOL_MAX; i++) {
        if (pool->child[i].pid) {
            kill(pool->child[i].pid, SIGKILL);
            reap(pool, &pool->child[i]);
        }
    }
    free(pool);
    return r;
}
