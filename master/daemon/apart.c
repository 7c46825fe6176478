/* See apart.h. */
#define _GNU_SOURCE
#include "daemon/apart.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/verify.h"

enum { STATUS_FAILED = 1, STATUS_SIGNAL = 128 };

/* The signals that end us, and the end of the child. */
static sigset_t awaited(void)
{
    static const int end[] = {SIGINT, SIGTERM, SIGHUP};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (size_t i = 0; i < sizeof end / sizeof *end; i++) {
        struct sigaction now;
        if (!sigaction(end[i], NULL, &now) && now.sa_handler != SIG_IGN)
            sigaddset(&set, end[i]);
    }
    return set;
}

_Noreturn static void be_child(const sigset_t *before, pid_t parent, int (*job)(void *), void *arg)
{
    sigprocmask(SIG_SETMASK, before, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
        _exit(STATUS_FAILED);
    int status = job(arg);
    fflush(NULL);
    _exit(status);
}

/* Waits for the child to end by itself or by ours. Returns the signal that ended it from outside, 0: none. */
static int wait_for(pid_t child, const sigset_t *set, int *ret_status)
{
    for (;;) {
        int got = sigwaitinfo(set, NULL);
        if (got == SIGCHLD && waitpid(child, ret_status, WNOHANG) == child)
            return 0;
        if (got <= 0 || got == SIGCHLD)
            continue;
        kill(child, SIGKILL);
        waitpid(child, ret_status, 0);
        return got;
    }
}

int apart_run(const char *folder, int (*job)(void *arg), void *arg, int *ret_crashed)
{
    sigset_t set = awaited(), before;
    int status = 0;
    *ret_crashed = 0;
    fflush(NULL);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &set, &before);
    pid_t parent = getpid(), child = fork();
    if (child < 0) {
        perror("sonata-master: no process can be started");
        return STATUS_FAILED;
    }
    if (!child)
        be_child(&before, parent, job, arg);
    int ended_by = wait_for(child, &set, &status);
    store_clear_readers(folder);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (ended_by)
        return STATUS_SIGNAL + ended_by;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    *ret_crashed = WTERMSIG(status);
    return STATUS_FAILED;
}
