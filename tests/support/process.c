/* See process.h. */
#define _GNU_SOURCE
#include "support/process.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

unsigned process_descriptors;

static void limit_descriptors(void)
{
    struct rlimit most = {process_descriptors, process_descriptors};
    if (process_descriptors && setrlimit(RLIMIT_NOFILE, &most))
        perror("setrlimit");
}

pid_t process_start(const char *const argv[], const char *log)
{
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        perror("fork");
        abort();
    }
    if (pid)
        return pid;
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd >= 0) {
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        close(fd);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    limit_descriptors();
    if (getppid() == parent)
        execv(argv[0], (char *const *)argv);
    fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static int status_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void process_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

int process_wait(pid_t pid, int timeout_ms)
{
    for (int64_t end = clock_monotonic_ns() + timeout_ms * TEST_PATIENCE * SONATA_MS;;) {
        int status;
        pid_t r = waitpid(pid, &status, WNOHANG);
        if (r == pid)
            return status_of(status);
        if (r < 0 && errno != EINTR)
            return 127;
        if (clock_monotonic_ns() > end)
            return -1;
        clock_sleep_ns(5 * SONATA_MS);
    }
}

int process_stop(pid_t pid, int timeout_ms)
{
    kill(pid, SIGTERM);
    int status = process_wait(pid, timeout_ms);
    if (status >= 0)
        return status;
    process_kill(pid);
    return 128 + SIGKILL;
}

int process_run(const char *const argv[], const char *log, int timeout_ms)
{
    pid_t pid = process_start(argv, log);
    int status = process_wait(pid, timeout_ms);
    if (status < 0)
        process_kill(pid);
    return status;
}

pid_t process_child_of(pid_t pid)
{
    char path[64];
    long child = 0;
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)pid, (long)pid);
    FILE *in = fopen(path, "r");
    if (in && fscanf(in, "%ld", &child) != 1)
        child = 0;
    if (in)
        fclose(in);
    return (pid_t)child;
}

static bool runs(pid_t pid)
{
    char path[64], text[256] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    FILE *in = fopen(path, "r");
    bool there = in && fgets(text, sizeof text, in) && !strstr(text, ") Z ");
    if (in)
        fclose(in);
    return there;
}

bool process_is_gone(pid_t pid, int timeout_ms)
{
    for (int64_t end = clock_monotonic_ns() + timeout_ms * TEST_PATIENCE * SONATA_MS; runs(pid); clock_sleep_ns(20 * SONATA_MS)) {
        if (clock_monotonic_ns() > end)
            return false;
    }
    return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path) && errno != ENOENT ? -1 : 0;
}

void remove_folder(const char *folder)
{
    if (!strncmp(folder, "/tmp/sonata-", 12) || !strncmp(folder, "/dev/shm/sonata-", 16))
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
