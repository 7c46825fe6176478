/* See evaluator_process.h. */
#define _GNU_SOURCE /* pipe2, nftw */
#include "backend/evaluator_process.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "process/process.h"

enum { GOODBYE_MS = 1000, LOG_END_MS = 100 };

struct start {
    const struct board_config *config;
    const struct evaluator_options *options;
    const char *folder;
    struct command_line command;
    int to[2], from[2], err[2];
};

static _Noreturn void program(const struct start *s, pid_t parent)
{
    struct core_set cores = {{0}};
    struct rlimit none = {0, 0}, file = {s->options->file_max, s->options->file_max};
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(s->to[0], 0) < 0 || dup2(s->from[1], 1) < 0)
        _exit(127);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &file);
    if (board_config_nice(s->config))
        (void)setpriority(PRIO_PROCESS, 0, board_config_nice(s->config));
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    board_config_cores(s->config, &cores);
    if (core_set_count(&cores))
        (void)cpu_pin_set(&cores);
    setenv("TMPDIR", s->folder, 1);
    if (dup2(s->err[1], 2) < 0)
        _exit(127);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    execvp(s->command.argv[0], (char *const *)(uintptr_t)s->command.argv);
    fprintf(stderr, "%s: %s\n", s->command.argv[0], strerror(errno));
    _exit(127);
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static void remove_folder(char *folder)
{
    if (folder[0])
        nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    folder[0] = '\0';
}

static int make_folder(char *folder, size_t size, struct sonata_error *err)
{
    const char *base = getenv("TMPDIR");
    if ((size_t)snprintf(folder, size, "%s/sonata-evaluator-XXXXXX", base && base[0] == '/' ? base : "/tmp") >= size)
        snprintf(folder, size, "/tmp/sonata-evaluator-XXXXXX");
    if (mkdtemp(folder))
        return 0;
    int r = sonata_error_set(err, -errno, "no folder for the evaluator in %.40s: %s", folder, strerror(errno));
    folder[0] = '\0';
    return r;
}

static void close_pair(int fd[2])
{
    for (int i = 0; i < 2; i++) {
        if (fd[i] >= 0)
            close(fd[i]);
        fd[i] = -1;
    }
}

static int open_pipes(struct start *s, struct sonata_error *err)
{
    for (int i = 0; i < 2; i++)
        s->to[i] = s->from[i] = s->err[i] = -1;
    if (!pipe2(s->to, O_CLOEXEC) && !pipe2(s->from, O_CLOEXEC) && !pipe2(s->err, O_CLOEXEC))
        return 0;
    return sonata_error_set(err, -errno, "no pipe for the evaluator: %s", strerror(errno));
}

static int launch(struct evaluator_process *p, struct start *s, struct evaluator_log *log, struct sonata_error *err)
{
    pid_t parent = getpid();
    p->log_pid = evaluator_log_start(log, s->err[0]);
    p->pid = p->log_pid > 0 ? fork() : p->log_pid;
    if (!p->pid)
        program(s, parent);
    if (p->pid < 0)
        return sonata_error_set(err, -EAGAIN, "no process for the evaluator");
    p->in = s->to[1];
    p->out = s->from[0];
    s->to[1] = s->from[0] = -1;
    return 0;
}

int evaluator_process_start(struct evaluator_process *p, const struct board_config *config, const struct evaluator_options *options,
                            struct evaluator_log *log, struct sonata_error *err)
{
    struct start s = {.config = config, .options = options};
    int r = command_parse(config->adapter.command, &s.command, err);
    if (r)
        return r;
    r = open_pipes(&s, err);
    r = r ? r : make_folder(p->folder, sizeof p->folder, err);
    s.folder = p->folder;
    r = r ? r : launch(p, &s, log, err);
    close_pair(s.to);
    close_pair(s.from);
    close_pair(s.err);
    command_fini(&s.command);
    if (r) {
        if (p->log_pid > 0)
            waitpid(p->log_pid, NULL, 0); /* its pipe has no writer any more */
        p->pid = p->log_pid = 0;
        remove_folder(p->folder);
    }
    return r;
}

/* Waits up to so long for a child; true when it is reaped. */
static bool reaped_within(pid_t pid, int ms, int *status)
{
    for (int i = 0; i <= ms; i++) {
        if (waitpid(pid, status, WNOHANG) == pid)
            return true;
        if (i < ms)
            clock_sleep_ns(SONATA_MS);
    }
    return false;
}

static void end_log(struct evaluator_process *p)
{
    if (!reaped_within(p->log_pid, LOG_END_MS, NULL)) {
        kill(p->log_pid, SIGKILL);
        waitpid(p->log_pid, NULL, 0);
    }
    p->log_pid = 0;
}

void evaluator_process_stop(struct evaluator_process *p, bool politely)
{
    int status = 0;
    if (!p->pid)
        return;
    cJSON *bye = cJSON_CreateObject();
    cJSON_AddBoolToObject(bye, "bye", true);
    bool told = politely && !evaluator_say(p->in, bye);
    if (!politely)
        cJSON_Delete(bye);
    close(p->in);
    bool gone = reaped_within(p->pid, told ? GOODBYE_MS : 0, &status);
    kill(-p->pid, SIGKILL);
    if (!gone)
        waitpid(p->pid, &status, 0);
    else if (WIFSIGNALED(status))
        log_warn("the evaluator had died", "signal=%d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    close(p->out);
    p->pid = 0;
    process_kill_strays(&p->log_pid, 1); /* what left its group */
    end_log(p);
    remove_folder(p->folder);
}

static short look(const struct evaluator_process *p)
{
    struct pollfd fd = {.fd = p->out, .events = POLLIN};
    return p->pid && poll(&fd, 1, 0) > 0 ? fd.revents : 0;
}

bool evaluator_process_alive(const struct evaluator_process *p) { return p->pid && !(look(p) & (POLLHUP | POLLERR)); }

bool evaluator_process_spoke(const struct evaluator_process *p) { return look(p) & POLLIN; }

int evaluator_say(int fd, cJSON *message)
{
    char *text = cJSON_PrintUnformatted(message);
    cJSON_Delete(message);
    size_t n = strlen(text), done = 0;
    int r = 0;
    text[n++] = '\n'; /* in place of the terminating zero */
    while (!r && done < n) {
        ssize_t k = write(fd, text + done, n - done);
        if (k >= 0)
            done += (size_t)k;
        else if (errno != EINTR)
            r = -errno;
    }
    free(text);
    return r;
}

/* The first line that is in already. -EAGAIN: there is no whole one. */
static int take_line(struct evaluator_lines *l, cJSON **ret_message)
{
    char *text = (char *)l->in.data, *end = l->in.size > l->looked ? memchr(text + l->looked, '\n', l->in.size - l->looked) : NULL;
    l->looked = l->in.size;
    if (!end)
        return l->in.size > EVALUATOR_LINE_MAX ? -EMSGSIZE : -EAGAIN;
    size_t used = (size_t)(end - text) + 1;
    cJSON *m = cJSON_ParseWithLength(text, used - 1);
    memmove(l->in.data, l->in.data + used, l->in.size - used);
    l->in.size -= used;
    l->looked = 0;
    if (!cJSON_IsObject(m)) {
        cJSON_Delete(m);
        return -EBADMSG;
    }
    *ret_message = m;
    return 0;
}

int evaluator_hear(int fd, struct evaluator_lines *lines, int timeout_ms, cJSON **ret_message)
{
    int64_t end_ns = clock_monotonic_ns() + timeout_ms * SONATA_MS;
    for (;;) {
        static uint8_t chunk[1 << 16];
        int r = take_line(lines, ret_message);
        if (r != -EAGAIN)
            return r;
        int64_t left = (end_ns - clock_monotonic_ns() + SONATA_MS - 1) / SONATA_MS;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int k = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (k <= 0)
            return -EAGAIN;
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n > 0)
            bytes_append(&lines->in, chunk, (size_t)n);
        else if (!n || errno != EINTR)
            return -EPIPE;
    }
}
