/* See child.h.
 *
 * Children are in process groups of their own, so that Ctrl-C reaches only us and the end is orderly; PR_SET_PDEATHSIG ends them when we are
 * killed. A child that dies is started again after 0.2, 0.4, … 5 s; one that lived for 30 s starts with a clean slate. Eight quick deaths in a row
 * are given up. */
#define _GNU_SOURCE
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"

enum { QUICK_DEATHS_MAX = 8, LOG_MAX = 16 << 20 };

void child_add(struct child *c, const char *text)
{
    if (c->n_arguments < CHILD_ARGUMENTS_MAX - 1)
        c->argument[c->n_arguments++] = xstrdup(text);
}

void child_locate(const char *program, char path[CHILD_PATH_MAX])
{
    char exe[CHILD_PATH_MAX - 64];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n > 0) {
        exe[n] = 0;
        char *slash = strrchr(exe, '/');
        if (slash) {
            *slash = 0;
            snprintf(path, CHILD_PATH_MAX, "%s/%s", exe, program);
            if (!access(path, X_OK))
                return;
        }
    }
    copy_string(path, CHILD_PATH_MAX, program);
}

void child_become(const struct child *c, const char *path, int log, pid_t parent)
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

int child_start(struct child *c, struct sonata_error *err)
{
    char path[CHILD_PATH_MAX];
    child_locate(c->program, path);
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
        child_become(c, path, log, parent);
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
    bool killed = WIFSIGNALED(status);
    int number = killed ? WTERMSIG(status) : WEXITSTATUS(status);
    return sonata_error_set(err, -ECHILD, "%s ends again and again (%s %d); its log %s ends with: %s", c->program, killed ? "signal" : "exit code",
                            number, c->log, tail);
}

int child_poll(struct child *c, const char **ret_event, struct sonata_error *err)
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
        snprintf(c->event, sizeof c->event, "%s ended (%s %d); starting it again in %.1f s", c->program, WIFSIGNALED(status) ? "signal" : "exit code",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), (double)(c->next_start - now) * 1e-9);
        *ret_event = c->event;
        return 0;
    }
    if (!c->pid && now >= c->next_start)
        return child_start(c, err);
    return 0;
}

void child_finish(struct child *c, int64_t deadline)
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

void child_fini(struct child *c)
{
    for (int k = 0; k < c->n_arguments; k++)
        free(c->argument[k]);
    c->n_arguments = 0;
}
