/* The sampling process.
 *
 * Flow: one shared anonymous mapping with a ring of samples and an atomic count; fork; the child opens the sensor, says RUNNING (or FAILED with the
 * text), then reads at absolute times t_k = t_0 + k period + jitter, so that a slow reading does not stretch the schedule. The child dies with its
 * parent (PR_SET_PDEATHSIG). The reader copies the ring and throws away what was overwritten meanwhile. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "power/poller.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/rng.h"

enum { RING = 1 << 16 };
enum state { STARTING, RUNNING, FAILED };

struct shared {
    atomic_int state;
    int error;
    char text[512];
    struct power_description description;
    int64_t period_ns;
    atomic_ullong count; /* samples written; sample i is at ring[i % RING] */
    atomic_llong cpu_ns; /* CPU time of the child so far */
    struct energy_sample ring[RING];
};

struct poller {
    struct shared *shared;
    pid_t pid;
    bool reaped;
};

static volatile sig_atomic_t stopping; // in the child

static void on_term(int sig)
{
    (void)sig;
    stopping = 1;
}

static void sleep_until(int64_t t_ns)
{
    struct timespec t = {.tv_sec = (time_t)(t_ns / SONATA_SECOND), .tv_nsec = (long)(t_ns % SONATA_SECOND)};
    while (!stopping && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

static _Noreturn void fail(struct shared *m, int code, const struct sonata_error *err)
{
    m->error = code;
    copy_string(m->text, sizeof m->text, err->text);
    atomic_store(&m->state, FAILED);
    _exit(1);
}

static void put(struct shared *m, int64_t t_ns, double value)
{
    unsigned long long i = atomic_load(&m->count);
    if (i && t_ns <= m->ring[(i - 1) % RING].t_ns)
        t_ns = m->ring[(i - 1) % RING].t_ns + 1;
    m->ring[i % RING] = (struct energy_sample){t_ns, value};
    atomic_store(&m->count, i + 1);
}

static void sample_until_stopped(struct power_sensor *s, struct shared *m, const struct poller_options *o)
{
    struct rng rng = rng_seeded(o->seed, 0x706f6c6c);
    double jitter = max_of(0, o->jitter);
    int64_t start = clock_monotonic_ns();
    for (int64_t k = 1; !stopping; k++) {
        struct sonata_error err;
        int64_t t = clock_monotonic_ns();
        double value;
        if (power_read(s, &t, &value, &err))
            value = NAN;
        put(m, t, value);
        atomic_store(&m->cpu_ns, clock_cpu_ns());
        int64_t behind = (clock_monotonic_ns() - start) / m->period_ns;
        if (behind > k)
            k = behind;                                          // missed turns are gaps, not bursts
        double shift = jitter * (2 * rng_uniform(&rng) - 1) / 2; // +-j/2 of position is +-j of the period
        sleep_until(start + k * m->period_ns + (int64_t)(shift * (double)m->period_ns));
    }
}

static _Noreturn void child_main(const struct power_config *config, const struct poller_options *o, struct shared *m, pid_t parent)
{
    struct sonata_error err = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    setpgid(0, 0);
    struct sigaction term = {.sa_handler = on_term};
    sigaction(SIGTERM, &term, NULL);
    signal(SIGINT, SIG_IGN); // the terminal's interrupt is for the one that stops us
    prctl(PR_SET_NAME, "sonata-poller");
    (void)setpriority(PRIO_PROCESS, 0, -10); // where it is allowed: a reading that waits behind others is a gap
    int pinned = o->core >= 0 ? cpu_pin(o->core) : 0;
    if (pinned) {
        sonata_error_set(&err, pinned, "the poller cannot run on CPU %d: %s", o->core, strerror(-pinned));
        fail(m, pinned, &err);
    }
    struct power_sensor *s;
    int r = power_open(config, &s, &err);
    if (!r)
        r = power_self_test(s, &err);
    if (r)
        fail(m, r, &err);
    power_describe(s, &m->description);
    double hz = o->hz > 0 && o->hz < m->description.max_hz ? o->hz : m->description.max_hz;
    m->period_ns = (int64_t)(1e9 / (hz > 0 ? hz : 1));
    atomic_store(&m->state, RUNNING);
    sample_until_stopped(s, m, o);
    power_close(s); // ends a streaming meter
    _exit(0);
}

bool poller_alive(struct poller *p)
{
    if (!p->reaped && waitpid(p->pid, NULL, WNOHANG) != 0)
        p->reaped = true;
    return !p->reaped;
}

int poller_start(const struct power_config *config, const struct poller_options *options, struct poller **ret_poller, struct sonata_error *err)
{
    struct shared *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED)
        return sonata_error_set(err, -errno, "no shared memory for the power poller: %s", strerror(errno));
    struct poller *p = xcalloc(1, sizeof *p);
    p->shared = m;
    pid_t parent = getpid();
    p->pid = fork();
    if (p->pid == 0)
        child_main(config, options, m, parent);
    if (p->pid < 0) {
        int r = sonata_error_set(err, -errno, "cannot start the power poller: %s", strerror(errno));
        p->reaped = true;
        poller_stop(p);
        return r;
    }
    int64_t end = clock_monotonic_ns() + 10 * SONATA_SECOND;
    while (clock_monotonic_ns() < end && poller_alive(p) && atomic_load(&m->state) != FAILED && !atomic_load(&m->count))
        clock_sleep_ns(SONATA_MS);
    if (atomic_load(&m->count)) {
        *ret_poller = p;
        return 0;
    }
    int r = atomic_load(&m->state) == FAILED ? sonata_error_set(err, m->error, "%s", m->text)
                                             : sonata_error_set(err, -ETIMEDOUT, "the power sensor %s gave no reading", config->driver);
    poller_stop(p);
    return r;
}

void poller_description(const struct poller *p, struct power_description *ret_description) { *ret_description = p->shared->description; }

int64_t poller_period_ns(const struct poller *p) { return p->shared->period_ns; }

size_t poller_samples(const struct poller *p, struct energy_sample **ret_samples)
{
    const struct shared *m = p->shared;
    unsigned long long end = atomic_load(&m->count), begin = end > RING ? end - RING : 0;
    struct energy_sample *copy = xcalloc((size_t)(end - begin) + 1, sizeof *copy);
    for (unsigned long long i = begin; i < end; i++)
        copy[i - begin] = m->ring[i % RING];
    unsigned long long now = atomic_load(&m->count);
    unsigned long long lost = now + 1 > begin + RING ? now + 1 - begin - RING : 0; // overwritten while we copied, and the one being written
    lost = min_of(end - begin, lost);
    memmove(copy, copy + lost, (size_t)(end - begin - lost) * sizeof *copy);
    *ret_samples = copy;
    return (size_t)(end - begin - lost);
}

bool poller_wait_until(const struct poller *p, int64_t t_ns, int64_t limit_ns)
{
    int64_t end = clock_monotonic_ns() + limit_ns;
    for (;;) {
        unsigned long long n = atomic_load(&p->shared->count);
        if (n && p->shared->ring[(n - 1) % RING].t_ns >= t_ns)
            return true;
        if (clock_monotonic_ns() >= end)
            return false;
        clock_sleep_ns(SONATA_MS);
    }
}

int64_t poller_cost_ns(const struct poller *p)
{
    unsigned long long n = atomic_load(&p->shared->count);
    return n ? (int64_t)(atomic_load(&p->shared->cpu_ns) / (long long)n) : 0;
}

void poller_stop(struct poller *p)
{
    if (!p)
        return;
    if (!p->reaped) {
        kill(p->pid, SIGTERM);
        for (int i = 0; i < 200 && poller_alive(p); i++) {
            if (i == 100)
                kill(p->pid, SIGKILL);
            clock_sleep_ns(5 * SONATA_MS);
        }
    }
    munmap(p->shared, sizeof *p->shared);
    free(p);
}
