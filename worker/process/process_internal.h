/* Seams of process.c for its tests, and what its two halves share. */
#ifndef SONATA_PROCESS_INTERNAL_H
#define SONATA_PROCESS_INTERNAL_H

#include "process/process.h"

/* Sends a signal to a group; the tests put a deaf one here to stand in for a process in uninterruptible sleep. */
extern int (*process_kill_group)(pid_t group, int sig);

/* One leaf of cgroup v2; path[0] == 0: none. */
struct cgroup_leaf {
    char path[512];
    int procs_fd;
};
/* Makes a leaf with the limits; on failure leaves none (callers go on without). */
void cgroup_leaf_open(struct cgroup_leaf *leaf, const struct process_limits *limits);
/* Whether memory.max could be set. */
bool cgroup_leaf_limits_memory(const struct cgroup_leaf *leaf);
/* Kills all that is in it, where the kernel can (5.14 and later); nothing for a leaf that is none. */
void cgroup_leaf_kill(const struct cgroup_leaf *leaf);
/* Whether the kernel killed something in it for want of memory. */
bool cgroup_leaf_oom(const struct cgroup_leaf *leaf);
/* Removes the folder; tries for a short while since the kernel empties it asynchronously. */
void cgroup_leaf_close(struct cgroup_leaf *leaf);

#endif
