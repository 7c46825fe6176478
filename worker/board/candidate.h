/* The forked child of one attempt, canary or rung of recovery: limits, pinning, the backend's run, the result over a pipe. */
#ifndef SONATA_BOARD_CANDIDATE_H
#define SONATA_BOARD_CANDIDATE_H

#include <sys/types.h>

#include "backend/backend.h"
#include "board/link.h"

struct candidate_process {
    const struct backend_ops *ops;
    void *backend;
    const struct board_config *config;
    struct backend_job job;
    int64_t queued_ns;         /* the job waited that long in the worker */
    struct health_order order; /* HEALTH_ORDER_NONE: run the job; else this, and answer with FRAME_ANSWER */
    int control_fd;            /* of the board process: closed in the child; -1 none */
};

/* Forks. The read end of the child's pipe goes to *ret_fd (close-on-exec, non-blocking). -errno when there is no process to be had. */
int candidate_start(const struct candidate_process *c, pid_t *ret_pid, int *ret_fd);

#endif
