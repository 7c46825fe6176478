/* See candidate.h. The child never returns: it leaves by _exit, so nothing of the board process is torn down twice. */
#define _GNU_SOURCE /* prctl */
#include "board/candidate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "power/fingerprint.h"
#include "board/frame.h"
#include "board/order.h"
#include "board/preflight.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "codec/codec.h"

static int nice_set; /* 0: ours was not changed */

/* Bytes of private data this process has now; the limit counts from there. */
static rlim_t data_in_use(void)
{
    unsigned long kib = 0;
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "VmData: %lu kB", &kib) == 1)
            break;
    }
    if (f)
        fclose(f);
    return (rlim_t)kib * 1024;
}

static void set_limits(const struct board_config *config)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#ifndef SONATA_SANITIZED /* shadow memory does not fit any limit */
    rlim_t most = data_in_use() + board_config_memory(config);
    struct rlimit data = {most, most};
    if (board_config_memory(config))
        setrlimit(RLIMIT_DATA, &data);
#else
    (void)config, (void)data_in_use;
#endif
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void send_phase(void *user, const char *name) { frame_write(*(int *)user, FRAME_PHASE, name, strlen(name)); }

static void send_died(void *user, const char *why) { frame_write(*(int *)user, FRAME_DIED, why, strlen(why)); }

/* Runs the backend between preflight and post-check. What was measured under wrong conditions is invalid: kept, but not for the search. */
static void run_checked(const struct candidate_process *c, struct measurement *m)
{
    static struct cpu_state before, after; /* 6 KiB each; one candidate per process */
    char reason[PREFLIGHT_REASON_MAX];
    c->job.phase(c->job.phase_user, "cool-down");
    if (!preflight(c->config, 120 * SONATA_SECOND, &before, reason)) {
        measurement_fail(m, OUTCOME_INVALID, "%s", reason);
        return;
    }
    c->ops->run(c->backend, &c->job, m);
    cpu_state_read(c->config->sysfs, CPU_STATE_COMMANDS, &after);
    preflight_describe(c->config, &before, &after, m->fingerprint, sizeof m->fingerprint);
    if (m->outcome == OUTCOME_OK && !postcheck(c->config, &before, &after, reason))
        measurement_fail(m, OUTCOME_INVALID, "%s", reason);
}

static void run_backend(const struct candidate_process *c, struct measurement *m)
{
    struct conditions before, after;
    int core = board_config_measures(c->config) ? c->config->core : -1;
    conditions_read(&before, c->config->sysfs, core);
    fingerprint_host(m->fingerprint, sizeof m->fingerprint, &before, core);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "backend=%s", backend_kind_name(c->config->backend));
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "tier=%s", tier_name(c->job.tier));
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "queue_ms=%lld", (long long)(c->queued_ns / SONATA_MS));
    if (nice_set)
        fingerprint_add(m->fingerprint, sizeof m->fingerprint, "nice=%d", nice_set);
    if (board_config_measures(c->config))
        run_checked(c, m);
    else
        c->ops->run(c->backend, &c->job, m);
    conditions_read(&after, c->config->sysfs, core);
    if (!board_config_measures(c->config))
        return;
    m->flags |= fingerprint_changes(m->fingerprint, sizeof m->fingerprint, &before, &after);
    const char *wrong = flags_invalidate(m->flags, c->job.tier);
    if (m->outcome == OUTCOME_OK && wrong)
        measurement_fail(m, OUTCOME_INVALID, "%s", wrong);
}

/* A canary is run as a candidate would be; a command that revives the board has the machine to itself. */
static _Noreturn void carry_out(const struct candidate_process *c, int fd)
{
    struct board_answer a;
    if (c->order.kind == HEALTH_ORDER_RUNG)
        order_rung(c->config, c->order.rung, &a);
    else
        order_canary(c->ops, c->backend, c->config, c->order.timed, &a);
    _exit(frame_write(fd, FRAME_ANSWER, &a, sizeof a) ? 1 : 0);
}

static _Noreturn void child(const struct candidate_process *c, pid_t parent, int fd)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    setpgid(0, 0);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    if (c->order.kind == HEALTH_ORDER_RUNG)
        carry_out(c, fd);
    set_limits(c->config);
    struct core_set cores = {{0}};
    if (c->config->backend == BACKEND_MODEL) /* it runs in as many threads as it was given cores */
        board_config_cores(c->config, &cores);
    if (core_set_count(&cores) > 1)
        (void)cpu_pin_set(&cores);
    else if (board_config_measures(c->config) && c->config->core >= 0)
        (void)cpu_pin(c->config->core); /* where it is refused the fingerprint says which cores were allowed */
    int nice = board_config_nice(c->config);
    if (nice && !setpriority(PRIO_PROCESS, 0, nice))
        nice_set = nice; /* below 0 needs CAP_SYS_NICE; without it others on the core show as contention */
    if (c->order.kind != HEALTH_ORDER_NONE)
        carry_out(c, fd);
    struct measurement m = {.started_wall_ns = clock_wall_ns()};
    struct backend_job job = c->job;
    job.phase = send_phase;
    job.died = send_died;
    job.phase_user = &fd;
    struct candidate_process with_phase = *c;
    with_phase.job = job;
    snprintf(m.board, sizeof m.board, "%s", c->config->id);
    run_backend(&with_phase, &m);
    struct bytes out = {0};
    measurement_encode(&m, &out);
    _exit(frame_write(fd, FRAME_RESULT, out.data, out.size) ? 1 : 0);
}

int candidate_start(const struct candidate_process *c, pid_t *ret_pid, int *ret_fd)
{
    int fd[2];
    if (pipe2(fd, O_CLOEXEC))
        return -errno;
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        int r = -errno;
        close(fd[0]);
        close(fd[1]);
        return r;
    }
    if (pid == 0) {
        close(fd[0]);
        if (c->control_fd >= 0)
            close(c->control_fd);
        child(c, parent, fd[1]);
    }
    setpgid(pid, pid); /* in both, so that a kill of the group cannot come too early */
    close(fd[1]);
    fcntl(fd[0], F_SETFL, O_NONBLOCK);
    *ret_pid = pid;
    *ret_fd = fd[0];
    return 0;
}
