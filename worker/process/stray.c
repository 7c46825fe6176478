/* What programs left behind. The calling process takes over orphans below it (a subreaper); whoever it did not start itself is a stray and is killed,
 * and so is what becomes its child by that. */
#define _GNU_SOURCE /* prctl */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/process.h"

enum { CHILDREN_MAX = 256, ROUNDS_MAX = 64 };

static size_t children(pid_t child[CHILDREN_MAX])
{
    char path[64];
    long pid;
    size_t n = 0;
    snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
    FILE *f = fopen(path, "r");
    while (f && n < CHILDREN_MAX && fscanf(f, "%ld", &pid) == 1)
        child[n++] = (pid_t)pid;
    if (f)
        fclose(f);
    return n;
}

static bool is_kept(pid_t pid, const pid_t *keep, size_t n_keep)
{
    for (size_t i = 0; i < n_keep; i++) {
        if (keep[i] == pid)
            return true;
    }
    return false;
}

void process_adopt_orphans(void) { (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

unsigned process_kill_strays(const pid_t *keep, size_t n_keep)
{
    unsigned killed = 0;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        pid_t child[CHILDREN_MAX];
        size_t n = children(child), strays = 0;
        for (size_t i = 0; i < n; i++) {
            if (is_kept(child[i], keep, n_keep))
                continue;
            strays++;
            kill(child[i], SIGKILL);
            killed += waitpid(child[i], NULL, WNOHANG) == child[i];
        }
        if (!strays)
            break;
        usleep(1000); /* until it is gone and its children are ours */
    }
    return killed;
}
