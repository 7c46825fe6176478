/* A board's own process: loads what its jobs share, then forks one candidate per job under limits, and always answers.
 *
 * Started by exec of the daemon's executable (so it has no threads or sockets of the daemon), talks frames over descriptor 3, and dies with the
 * daemon. A candidate runs in its own process group with memory and time limits, pinned to the board's core. */
#ifndef SONATA_BOARD_BOARD_PROCESS_H
#define SONATA_BOARD_BOARD_PROCESS_H

/* Runs until the descriptor closes. parent_pid: the daemon's; a mismatch means that it died already. Returns the exit status. */
int board_process_main(int fd, long parent_pid);

#endif
