/* A board's own process: loads what its jobs share, then forks one candidate per job under limits, and always answers.
 *
 * Started by exec of the daemon's executable (so it has no threads or sockets of the daemon), talks frames over descriptor 3, and dies with the
 * daemon. A candidate runs in its own process group with memory and time limits, pinned to the board's core. */
#ifndef SONATA_AGENT_BOARD_PROCESS_H
#define SONATA_AGENT_BOARD_PROCESS_H

#include "agent/backend.h"
#include "agent/frame.h"

enum { BOARD_PROCESS_FD = 3, JOB_PATH_MAX = 1024 };
#define BOARD_PROCESS_FLAG "--board-process"

/* What FRAME_JOB carries: the assignment and where its blobs lie. */
struct job_frame {
    struct evaluation_job job;
    char space_path[JOB_PATH_MAX];
    char supernet_path[JOB_PATH_MAX]; /* "" none */
    int64_t queued_ns;                /* it waited that long for the board and its blobs */
};

/* How an order (a canary, a rung of recovery) ended. */
struct board_answer {
    bool ok;
    double latency_us;  /* of a canary that is ok: > 0, measured or else the time the check took */
    char text[200];     /* what was wrong */
};

/* Runs until the descriptor closes. parent_pid: the daemon's; a mismatch means that it died already. Returns the exit status. */
int board_process_main(int fd, long parent_pid);

#endif
