/* One external program, bounded.
 *
 * Flow: pipes for stdout, stderr and the outcome of exec -> fork -> child: group, leaf, limits, exec -> parent: collect() drains both
 * pipes until end of file, deadline, flood or cancel -> the rest of the group is killed in every case, so nothing outlives the call
 * -> SIGTERM, grace, SIGKILL, then at most dead_ns for the kernel to let go (a process in uninterruptible sleep ends as STUCK).
 * Output: the last output_max bytes are kept, because tools print their results at the end. */
#define _GNU_SOURCE /* pipe2, execvpe, close_range */
#include "process/process_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

enum { FLOOD_FACTOR = 64, POLL_MS = 10 };

static int kill_group(pid_t group, int sig) { return kill(-group, sig); }
int (*process_kill_group)(pid_t group, int sig) = kill_group;

const char *process_end_name(enum process_end end)
{
    static const char *const name[] = {"exited", "signalled", "timeout", "output flood", "out of memory", "canceled", "stuck"};
    return name[end];
}

void process_result_fini(struct process_result *r)
{
    bytes_fini(&r->out);
    bytes_fini(&r->err);
}

bool process_reap(pid_t pid)
{
    pid_t r = waitpid(pid, NULL, WNOHANG);
    return r == pid || (r < 0 && errno == ECHILD);
}

struct stream {
    int fd;
    size_t max;
    uint64_t total;
    struct bytes kept;
    bool cut;
};

/* Takes what is there; closes at end of file. The buffer is trimmed to its last max bytes once it holds twice that. */
static void stream_drain(struct stream *s)
{
    uint8_t chunk[16384];
    while (s->fd >= 0) {
        ssize_t n = read(s->fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            close(s->fd);
            s->fd = -1;
            return;
        }
        s->total += (uint64_t)n;
        bytes_append(&s->kept, chunk, (size_t)n);
        if (s->kept.size > 2 * s->max) {
            memmove(s->kept.data, s->kept.data + s->kept.size - s->max, s->max);
            s->kept.size = s->max;
            s->cut = true;
        }
        if (s->total > FLOOD_FACTOR * (uint64_t)s->max)
            return; // the caller looks at total
    }
}

/* Final form: at most max bytes and a terminating zero. */
static struct bytes stream_finish(struct stream *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    if (s->kept.size > s->max) {
        memmove(s->kept.data, s->kept.data + s->kept.size - s->max, s->max);
        s->kept.size = s->max;
        s->cut = true;
    }
    bytes_put_u8(&s->kept, 0);
    s->kept.size--;
    return s->kept;
}

static void set_limit(int what, uint64_t value)
{
    struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    (void)setrlimit(what, &limit);
}

static char **make_environment(const char *const *extra)
{
    extern char **environ;
    size_t n = 0, k = 0;
    while (environ && environ[n])
        n++;
    while (extra && extra[k])
        k++;
    char **env = xcalloc(n + k + 1, sizeof *env);
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        size_t name = strcspn(environ[i], "=") + 1;
        bool replaced = false;
        for (size_t j = 0; j < k; j++)
            replaced |= !strncmp(environ[i], extra[j], name);
        if (!replaced)
            env[used++] = environ[i];
    }
    for (size_t j = 0; j < k; j++)
        env[used++] = (char *)(uintptr_t)extra[j]; // execve's prototype wants char *, it does not write
    return env;
}

/* In the child, between fork and exec: only calls that are safe there. Returns errno of what failed. */
static int child_setup(const struct process_limits *l, const struct cgroup_leaf *leaf, bool leaf_memory, pid_t parent)
{
    setpgid(0, 0);
    if (leaf->procs_fd >= 0 && write(leaf->procs_fd, "0", 1) < 0)
        return errno;
    set_limit(RLIMIT_CORE, 0);
    if (l->memory_max && !leaf_memory)
        set_limit(RLIMIT_DATA, l->memory_max);
    if (l->file_max)
        set_limit(RLIMIT_FSIZE, l->file_max);
    int pinned = l->pin ? cpu_pin_set(&l->cores) : 0;
    if (pinned)
        return -pinned;
    if (l->work_dir && chdir(l->work_dir))
        return errno;
    if (l->uid && geteuid() == 0 && (setgroups(0, NULL) || setgid(l->gid ? l->gid : l->uid) || setuid(l->uid)))
        return errno;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL))
        return errno;
    if (getppid() != parent) // it died before we could know
        return ESRCH;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    return 0;
}

struct run {
    const struct process_limits *limits;
    struct stream out, err;
    struct cgroup_leaf leaf;
    pid_t pid;
    bool reaped;
    int status;
    struct rusage usage;
    int64_t start_ns;
};

static void child_main(const char *const *argv, char **env, const struct run *r, bool leaf_memory, pid_t parent, const int fd[3])
{
    int in = open("/dev/null", O_RDONLY), out = fd[0], err = fd[1], report = fd[2];
    int e = child_setup(r->limits, &r->leaf, leaf_memory, parent);
    if (!e && (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0))
        e = errno;
    if (!e) {
        close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
        fcntl(report, F_SETFD, FD_CLOEXEC);
        execvpe(argv[0], (char *const *)(uintptr_t)argv, env);
        e = errno;
    }
    (void)!write(report, &e, sizeof e);
    _exit(127);
}

static bool try_reap(struct run *r)
{
    if (!r->reaped && wait4(r->pid, &r->status, WNOHANG, &r->usage) == r->pid)
        r->reaped = true;
    return r->reaped;
}

/* One poll step of at most ms. True when the cancel descriptor is readable. */
static bool step(struct run *r, int ms)
{
    struct pollfd fd[3] = {{.fd = r->out.fd, .events = POLLIN},
                           {.fd = r->err.fd, .events = POLLIN},
                           {.fd = r->limits->cancel_fd > 0 ? r->limits->cancel_fd : -1, .events = POLLIN}};
    poll(fd, 3, ms);
    stream_drain(&r->out);
    stream_drain(&r->err);
    return fd[2].revents & POLLIN;
}

static bool flooded(const struct run *r)
{
    return r->out.total > FLOOD_FACTOR * (uint64_t)r->out.max || r->err.total > FLOOD_FACTOR * (uint64_t)r->err.max;
}

/* Until the leader ends or a bound is hit. EXITED stands for "ended by itself". */
static enum process_end collect(struct run *r, int64_t deadline_ns)
{
    while (!try_reap(r)) {
        int64_t left = deadline_ns - clock_monotonic_ns();
        if (left <= 0)
            return PROCESS_TIMEOUT;
        if (flooded(r))
            return PROCESS_OUTPUT;
        bool open = r->out.fd >= 0 || r->err.fd >= 0;
        int ms = open ? 50 : POLL_MS;
        if (step(r, left < ms * SONATA_MS ? (int)(left / SONATA_MS) + 1 : ms))
            return PROCESS_CANCELED;
    }
    return PROCESS_EXITED;
}

static bool wait_gone(struct run *r, int64_t limit_ns)
{
    int64_t end = clock_monotonic_ns() + limit_ns;
    while (!try_reap(r) && clock_monotonic_ns() < end)
        step(r, POLL_MS);
    return r->reaped;
}

/* SIGTERM, grace, SIGKILL, dead_ns. False when it is still there. */
static bool put_down(struct run *r)
{
    const struct process_limits *l = r->limits;
    process_kill_group(r->pid, SIGTERM);
    bool gone = wait_gone(r, l->grace_ns > 0 ? l->grace_ns : 2 * SONATA_SECOND);
    process_kill_group(r->pid, SIGKILL); // also what the leader left behind
    cgroup_leaf_kill(&r->leaf);
    return gone || wait_gone(r, l->dead_ns > 0 ? l->dead_ns : 5 * SONATA_SECOND);
}

/* A leader that ended may have left children that hold the pipes: take what is there, then end them. */
static void sweep(struct run *r)
{
    stream_drain(&r->out);
    stream_drain(&r->err);
    if (r->out.fd >= 0 || r->err.fd >= 0)
        step(r, 0);
    process_kill_group(r->pid, SIGKILL);
    cgroup_leaf_kill(&r->leaf);
    for (int i = 0; i < 20 && (r->out.fd >= 0 || r->err.fd >= 0); i++)
        step(r, POLL_MS);
}

static void finish(struct run *r, enum process_end end, struct process_result *ret)
{
    *ret = (struct process_result){.end = end, .pid = r->pid, .in_cgroup = r->leaf.path[0] != '\0'};
    if (r->reaped) {
        if (WIFEXITED(r->status))
            ret->exit_code = WEXITSTATUS(r->status);
        else if (WIFSIGNALED(r->status))
            ret->signal = WTERMSIG(r->status);
        if (end == PROCESS_EXITED && cgroup_leaf_oom(&r->leaf))
            ret->end = PROCESS_OOM;
        else if (end == PROCESS_EXITED && ret->signal)
            ret->end = PROCESS_SIGNALLED;
        ret->max_rss_kib = r->usage.ru_maxrss;
    }
    ret->duration_ns = clock_monotonic_ns() - r->start_ns;
    stream_drain(&r->out); // last words
    stream_drain(&r->err);
    ret->out = stream_finish(&r->out);
    ret->err = stream_finish(&r->err);
    ret->out_cut = r->out.cut;
    ret->err_cut = r->err.cut;
    cgroup_leaf_close(&r->leaf);
}

static void close_pair(int fd[2])
{
    for (int i = 0; i < 2; i++) {
        if (fd[i] >= 0)
            close(fd[i]);
        fd[i] = -1;
    }
}

static void close_end(int *fd)
{
    close(*fd);
    *fd = -1;
}

/* errno of exec, or 0 once exec has closed its end. */
static int exec_outcome(int fd)
{
    int e = 0;
    ssize_t n;
    do
        n = read(fd, &e, sizeof e);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof e ? e : 0;
}

/* What the new process reported: 0 when the program runs, else why it does not; then nothing is left of it. */
static int started(struct run *r, int fork_error, int report)
{
    if (r->pid > 0)
        setpgid(r->pid, r->pid); // both sides do it: whoever comes first
    int e = fork_error ? fork_error : exec_outcome(report);
    if (e && r->pid > 0)
        waitpid(r->pid, NULL, 0);
    if (e)
        cgroup_leaf_close(&r->leaf);
    return e;
}

int process_run(const char *const *argv, const struct process_limits *limits, struct process_result *ret_result, struct sonata_error *err)
{
    int out[2] = {-1, -1}, errs[2] = {-1, -1}, report[2] = {-1, -1};
    if (pipe2(out, O_CLOEXEC) || pipe2(errs, O_CLOEXEC) || pipe2(report, O_CLOEXEC)) {
        int e = -errno;
        close_pair(out);
        close_pair(errs);
        return sonata_error_set(err, e, "%s: no pipe: %s", argv[0], strerror(-e));
    }
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(errs[0], F_SETFL, O_NONBLOCK);
    size_t max = limits->output_max ? limits->output_max : PROCESS_OUTPUT_DEFAULT;
    struct run r = {.limits = limits, .out = {.fd = out[0], .max = max}, .err = {.fd = errs[0], .max = max}};
    cgroup_leaf_open(&r.leaf, limits);
    bool leaf_memory = cgroup_leaf_limits_memory(&r.leaf);
    char **env = make_environment(limits->env);
    r.start_ns = clock_monotonic_ns();
    pid_t self = getpid();
    r.pid = fork();
    if (r.pid == 0)
        child_main(argv, env, &r, leaf_memory, self, (const int[]){out[1], errs[1], report[1]});
    int fork_error = r.pid < 0 ? errno : 0;
    free(env);
    close_end(&out[1]);
    close_end(&errs[1]);
    close_end(&report[1]);
    int e = started(&r, fork_error, report[0]);
    close_end(&report[0]);
    if (e) {
        close_pair(out);
        close_pair(errs);
        return sonata_error_set(err, -e, "cannot start %s: %s", argv[0], strerror(e));
    }
    enum process_end end = collect(&r, r.start_ns + (limits->time_ns > 0 ? limits->time_ns : 60 * SONATA_SECOND));
    if (end == PROCESS_EXITED)
        sweep(&r);
    else if (!put_down(&r))
        end = PROCESS_STUCK;
    finish(&r, end, ret_result);
    return 0;
}
