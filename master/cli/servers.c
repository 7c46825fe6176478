/* See servers.h.
 *
 * Children are in process groups of their own, so that Ctrl-C reaches only us and the end is orderly; PR_SET_PDEATHSIG ends them when we are
 * killed. A child that dies is started again after 0.2, 0.4, … 5 s; one that lived for 30 s starts with a clean slate. Eight quick deaths in a row
 * are given up. */
#define _GNU_SOURCE
#include "cli/servers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"

enum { ARGUMENTS_MAX = 128, PATH_TEXT = 1200, IPC_PATH_MAX = 100, QUICK_DEATHS_MAX = 8, LOG_MAX = 16 << 20, STOP_SECONDS = 15 };

struct child {
    const char *program;            /* "sonata-master" */
    char *argument[ARGUMENTS_MAX];  /* argv, owned */
    int n_arguments;
    char log[PATH_TEXT];
    pid_t pid;                      /* 0: not running */
    int64_t started, next_start;    /* monotonic ns */
    unsigned quick_deaths;
};

struct servers {
    char state[PATH_TEXT - 64];
    char clients[160], workers[160]; /* endpoints */
    char event[200];
    int lock;
    struct child master, worker;     /* program NULL: not ours */
};

static void add_argument(struct child *c, const char *text)
{
    if (c->n_arguments < ARGUMENTS_MAX - 1)
        c->argument[c->n_arguments++] = xstrdup(text);
}

/* The program beside this executable when it is there, else its bare name for $PATH. */
static void locate(const char *program, char path[PATH_TEXT])
{
    char exe[PATH_TEXT - 64];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n > 0) {
        exe[n] = 0;
        char *slash = strrchr(exe, '/');
        if (slash) {
            *slash = 0;
            snprintf(path, PATH_TEXT, "%s/%s", exe, program);
            if (!access(path, X_OK))
                return;
        }
    }
    copy_string(path, PATH_TEXT, program);
}

/* In the child between fork and exec: only async-signal-safe calls. */
static void become(const struct child *c, const char *path, int log, pid_t parent)
{
    setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != parent)
        _exit(126);
    int null = open("/dev/null", O_RDONLY);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(126);
    execvp(path, c->argument);
    _exit(127);
}

static int start_child(struct child *c, struct sonata_error *err)
{
    char path[PATH_TEXT];
    locate(c->program, path);
    struct stat st;
    int mode = stat(c->log, &st) == 0 && st.st_size > LOG_MAX ? O_TRUNC : 0;
    cleanup_fd int log = open(c->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | mode, 0644);
    if (log < 0)
        return sonata_error_set(err, -errno, "%s: %s", c->log, strerror(errno));
    pid_t parent = getpid();
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return sonata_error_set(err, -errno, "cannot start %s: %s", c->program, strerror(errno));
    if (!pid)
        become(c, path, log, parent);
    setpgid(pid, pid); /* also here: whoever comes first */
    c->pid = pid;
    c->started = clock_monotonic_ns();
    return 0;
}

/* The last complete lines of the log, on one line, for the message about a child that does not live. */
static void log_tail(const struct child *c, char *text, size_t size)
{
    text[0] = 0;
    cleanup_bytes struct bytes data = {0};
    if (file_read(c->log, LOG_MAX * 2, &data, NULL) || !data.size)
        return;
    size_t from = data.size > size - 1 ? data.size - (size - 1) : 0, n = data.size - from;
    memcpy(text, data.data + from, n);
    text[n] = 0;
    while (n && text[n - 1] == '\n')
        text[--n] = 0;
    char *line = strrchr(text, '\n'); /* keep the last line only */
    if (line)
        memmove(text, line + 1, strlen(line + 1) + 1);
}

static int give_up(const struct child *c, int status, struct sonata_error *err)
{
    char tail[320];
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return sonata_error_set(err, -ECHILD, "%s was not found beside `sonata` nor in $PATH; is the installation complete?", c->program);
    log_tail(c, tail, sizeof tail);
    return sonata_error_set(err, -ECHILD, "%s ends again and again (%s %d); its log %s ends with: %s", c->program,
                            WIFSIGNALED(status) ? "signal" : "exit code", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), c->log, tail);
}

static int poll_child(struct servers *s, struct child *c, const char **ret_event, struct sonata_error *err)
{
    int status;
    int64_t now = clock_monotonic_ns();
    if (!c->program)
        return 0;
    if (c->pid && waitpid(c->pid, &status, WNOHANG) == c->pid) {
        if (now - c->started > 30 * SONATA_SECOND)
            c->quick_deaths = 0;
        int64_t pause = INT64_C(200) * SONATA_MS << (min_of(c->quick_deaths, 5));
        c->pid = 0;
        c->quick_deaths++;
        if (c->quick_deaths > QUICK_DEATHS_MAX || (WIFEXITED(status) && WEXITSTATUS(status) == 127))
            return give_up(c, status, err);
        c->next_start = now + (min_of(pause, 5 * SONATA_SECOND));
        snprintf(s->event, sizeof s->event, "%s ended (%s %d); starting it again in %.1f s", c->program, WIFSIGNALED(status) ? "signal" : "exit code",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), (double)(c->next_start - now) * 1e-9);
        *ret_event = s->event;
        return 0;
    }
    if (!c->pid && now >= c->next_start)
        return start_child(c, err);
    return 0;
}

int servers_poll(struct servers *s, const char **ret_event, struct sonata_error *err)
{
    *ret_event = NULL;
    int r = poll_child(s, &s->master, ret_event, err);
    return r || *ret_event ? r : poll_child(s, &s->worker, ret_event, err); /* one event a call: the next tells of the worker */
}

/* A folder of our own for sockets: the state folder when its path is short enough for sockaddr_un, else one in the runtime folder or /tmp named
 * after the state folder. */
static int socket_folder(const char *state, char folder[IPC_PATH_MAX], struct sonata_error *err)
{
    if (strlen(state) + sizeof "/workers.sock" < IPC_PATH_MAX) {
        copy_string(folder, IPC_PATH_MAX, state);
        return 0;
    }
    const char *base = getenv("XDG_RUNTIME_DIR");
    struct stat st;
    if (!base || !base[0] || strlen(base) > 50 || stat(base, &st))
        base = "/tmp";
    snprintf(folder, IPC_PATH_MAX, "%.50s/sonata-%u-%016llx", base, (unsigned)getuid(), (unsigned long long)hash64_text(state));
    if (mkdir(folder, 0700) && errno != EEXIST)
        return sonata_error_set(err, -errno, "%s: %s", folder, strerror(errno));
    if (lstat(folder, &st) || !S_ISDIR(st.st_mode) || st.st_uid != getuid() || (st.st_mode & 077))
        return sonata_error_set(err, -EPERM, "%s is not a folder of yours alone; remove it, or choose a shorter --state", folder);
    return 0;
}

static int take_lock(struct servers *s, struct sonata_error *err)
{
    char path[PATH_TEXT];
    snprintf(path, sizeof path, "%s/lock", s->state);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (s->lock < 0)
        return sonata_error_set(err, -errno, "%s: %s", path, strerror(errno));
    if (flock(s->lock, LOCK_EX | LOCK_NB))
        return sonata_error_set(err, errno == EWOULDBLOCK ? -EBUSY : -errno, "%s is in use by another `sonata run`; watch it with `sonata watch --state %s`",
                                s->state, s->state);
    return 0;
}

static void prepare_master(struct servers *s)
{
    char path[PATH_TEXT];
    struct child *c = &s->master;
    c->program = "sonata-master";
    snprintf(c->log, sizeof c->log, "%s/master.log", s->state);
    add_argument(c, "sonata-master");
    add_argument(c, "--state");
    snprintf(path, sizeof path, "%s/master", s->state);
    add_argument(c, path);
    add_argument(c, "--client-endpoint");
    add_argument(c, s->clients);
    add_argument(c, "--worker-endpoint");
    add_argument(c, s->workers);
}

static void prepare_worker(struct servers *s, const struct servers_config *config)
{
    char path[PATH_TEXT];
    struct child *c = &s->worker;
    c->program = "sonata-worker";
    snprintf(c->log, sizeof c->log, "%s/worker.log", s->state);
    add_argument(c, "sonata-worker");
    add_argument(c, "--state");
    snprintf(path, sizeof path, "%s/worker", s->state);
    add_argument(c, path);
    add_argument(c, "--master");
    add_argument(c, s->workers[0] ? s->workers : "ipc:///unused");
    add_argument(c, "--canary"); /* a search of one person on one machine does not begin with a calibration; boards that want one say so */
    add_argument(c, "functional");
    for (unsigned i = 0; i < config->n_boards; i++) {
        add_argument(c, "--board");
        add_argument(c, config->board[i]);
    }
}

static int start_all(struct servers *s, const struct servers_config *config, struct sonata_error *err)
{
    char folder[IPC_PATH_MAX], path[PATH_TEXT];
    int r = socket_folder(s->state, folder, err);
    if (r)
        return r;
    snprintf(s->clients, sizeof s->clients, "ipc://%s/clients.sock", folder);
    snprintf(s->workers, sizeof s->workers, "ipc://%s/workers.sock", folder);
    snprintf(path, sizeof path, "%s/endpoint", s->state);
    r = file_write_atomic(path, s->clients, strlen(s->clients), err);
    if (r)
        return r;
    prepare_master(s);
    r = start_child(&s->master, err);
    if (!r && config->worker) {
        prepare_worker(s, config);
        r = start_child(&s->worker, err);
    }
    return r;
}

static struct servers *servers_new(const char *state)
{
    struct servers *s = xcalloc(1, sizeof *s);
    s->lock = -1;
    char real[4096];
    copy_string(s->state, sizeof s->state, realpath(state, real) ? real : state);
    return s;
}

int servers_lock(const char *state, struct servers **ret_servers, struct sonata_error *err)
{
    int r = file_make_dirs(state, false, err);
    if (r)
        return r;
    struct servers *s = servers_new(state);
    r = take_lock(s, err);
    if (r) {
        servers_stop(s);
        return r;
    }
    *ret_servers = s;
    return 0;
}

int servers_run(struct servers *s, const struct servers_config *config, struct sonata_error *err)
{
    return start_all(s, config, err);
}

/* Reads what a short-lived child says, up to size - 1 bytes. */
static void read_all(int fd, char *text, size_t size)
{
    size_t n = 0;
    char drop[256];
    for (ssize_t k; (k = read(fd, n + 1 < size ? text + n : drop, n + 1 < size ? size - 1 - n : sizeof drop)) != 0;) {
        if (k < 0 && errno != EINTR)
            break;
        if (k > 0 && n + 1 < size)
            n += (size_t)k;
    }
    while (n && text[n - 1] == '\n')
        n--;
    text[n] = 0;
}

int servers_check_worker(const struct servers_config *config, struct sonata_error *err)
{
    struct servers *s = servers_new(config->state);
    char path[PATH_TEXT], said[400];
    int fd[2], status = 0;
    prepare_worker(s, config);
    add_argument(&s->worker, "--check-config");
    locate(s->worker.program, path);
    if (pipe(fd)) {
        servers_stop(s);
        return sonata_error_set(err, -errno, "no pipe: %s", strerror(errno));
    }
    pid_t parent = getpid();
    fflush(NULL);
    pid_t pid = fork();
    if (!pid)
        become(&s->worker, path, fd[1], parent);
    close(fd[1]);
    if (pid > 0)
        read_all(fd[0], said, sizeof said);
    close(fd[0]);
    if (pid > 0)
        waitpid(pid, &status, 0);
    servers_stop(s);
    if (pid < 0)
        return sonata_error_set(err, -EAGAIN, "cannot start sonata-worker");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return sonata_error_set(err, -ECHILD, "sonata-worker was not found beside `sonata` nor in $PATH; is the installation complete?");
    if (status)
        return sonata_error_set(err, -EINVAL, "%s", said[0] ? said : "sonata-worker refuses its boards");
    return 0;
}

/* The endpoint that a running `sonata run` wrote. */
static int read_endpoint(struct servers *s, struct sonata_error *err)
{
    char path[PATH_TEXT];
    cleanup_bytes struct bytes data = {0};
    snprintf(path, sizeof path, "%s/endpoint", s->state);
    int r = file_read(path, sizeof s->clients - 1, &data, err);
    if (r)
        return r;
    memcpy(s->clients, data.data, data.size);
    s->clients[data.size] = 0;
    return 0;
}

int servers_attach(const char *state, struct servers **ret_servers, struct sonata_error *err)
{
    char path[PATH_TEXT];
    struct servers *s = servers_new(state);
    snprintf(path, sizeof path, "%s/endpoint", s->state);
    int r = 0;
    if (!file_exists(path))
        r = sonata_error_set(err, -ENOENT, "%s is not a state folder of `sonata run`", state);
    if (!r)
        r = take_lock(s, err);
    if (r == -EBUSY) {
        close(s->lock);
        s->lock = -1;
        r = read_endpoint(s, err);
    } else if (!r) {
        r = start_all(s, &(struct servers_config){.state = state}, err);
    }
    if (r) {
        servers_stop(s);
        return r;
    }
    *ret_servers = s;
    return 0;
}

const char *servers_endpoint(const struct servers *s)
{
    return s->clients;
}

int servers_master_pid(const struct servers *s)
{
    return (int)s->master.pid;
}

int servers_worker_pid(const struct servers *s)
{
    return (int)s->worker.pid;
}

/* Waits for an end until the deadline, then kills the group. */
static void finish_child(struct child *c, int64_t deadline)
{
    while (c->pid && waitpid(c->pid, NULL, WNOHANG) == 0) {
        if (clock_monotonic_ns() > deadline) {
            kill(-c->pid, SIGKILL);
            waitpid(c->pid, NULL, 0);
            break;
        }
        clock_sleep_ns(20 * SONATA_MS);
    }
    c->pid = 0;
}

void servers_stop(struct servers *s)
{
    if (!s)
        return;
    struct child *const children[] = {&s->worker, &s->master}; /* the worker says goodbye first */
    for (size_t i = 0; i < 2; i++) {
        if (children[i]->pid)
            kill(children[i]->pid, SIGTERM);
        finish_child(children[i], clock_monotonic_ns() + STOP_SECONDS * SONATA_SECOND);
        for (int k = 0; k < children[i]->n_arguments; k++)
            free(children[i]->argument[k]);
    }
    if (s->lock >= 0)
        close(s->lock);
    free(s);
}
