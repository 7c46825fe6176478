/* See servers.h.
 *
 * The programs are children (child.h), started again when they die. */
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
#include "cli/child.h"

enum { PATH_TEXT = CHILD_PATH_MAX, IPC_PATH_MAX = 100, STOP_SECONDS = 15 };

struct servers {
    char state[PATH_TEXT - 64];
    char clients[160], workers[160]; /* endpoints */
    int lock;
    struct child master, worker;     /* program NULL: not ours */
};

int servers_poll(struct servers *s, const char **ret_event, struct sonata_error *err)
{
    *ret_event = NULL;
    int r = child_poll(&s->master, ret_event, err);
    return r || *ret_event ? r : child_poll(&s->worker, ret_event, err); /* one event a call: the next tells of the worker */
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
        return sonata_error_set(err, errno == EWOULDBLOCK ? -EBUSY : -errno,
                                "%s is in use by another `sonata run`; watch it with `sonata watch --state %s`", s->state, s->state);
    return 0;
}

static void prepare_master(struct servers *s)
{
    char path[PATH_TEXT];
    struct child *c = &s->master;
    c->program = "sonata-master";
    snprintf(c->log, sizeof c->log, "%s/master.log", s->state);
    child_add(c, "sonata-master");
    child_add(c, "--state");
    snprintf(path, sizeof path, "%s/master", s->state);
    child_add(c, path);
    child_add(c, "--client-endpoint");
    child_add(c, s->clients);
    child_add(c, "--worker-endpoint");
    child_add(c, s->workers);
}

static void prepare_worker(struct servers *s, const struct servers_config *config)
{
    char path[PATH_TEXT];
    struct child *c = &s->worker;
    c->program = "sonata-worker";
    snprintf(c->log, sizeof c->log, "%s/worker.log", s->state);
    child_add(c, "sonata-worker");
    child_add(c, "--state");
    snprintf(path, sizeof path, "%s/worker", s->state);
    child_add(c, path);
    child_add(c, "--master");
    child_add(c, s->workers[0] ? s->workers : "ipc:///unused");
    child_add(c, "--canary"); /* a search of one person on one machine does not begin with a calibration; boards that want one say so */
    child_add(c, "functional");
    for (unsigned i = 0; i < config->n_boards; i++) {
        child_add(c, "--board");
        child_add(c, config->board[i]);
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
    r = child_start(&s->master, err);
    if (!r && config->worker) {
        prepare_worker(s, config);
        r = child_start(&s->worker, err);
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
    for (ssize_t k; (k = n + 1 < size ? read(fd, text + n, size - 1 - n) : read(fd, drop, sizeof drop)) != 0;) {
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
    child_add(&s->worker, "--check-config");
    child_locate(s->worker.program, path);
    if (pipe(fd)) {
        servers_stop(s);
        return sonata_error_set(err, -errno, "no pipe: %s", strerror(errno));
    }
    pid_t parent = getpid();
    fflush(NULL);
    pid_t pid = fork();
    if (!pid)
        child_become(&s->worker, path, fd[1], parent);
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

void servers_stop(struct servers *s)
{
    if (!s)
        return;
    struct child *const children[] = {&s->worker, &s->master}; /* the worker says goodbye first */
    for (size_t i = 0; i < 2; i++) {
        if (children[i]->pid)
            kill(children[i]->pid, SIGTERM);
        child_finish(children[i], clock_monotonic_ns() + STOP_SECONDS * SONATA_SECOND);
        child_fini(children[i]);
    }
    if (s->lock >= 0)
        close(s->lock);
    free(s);
}
