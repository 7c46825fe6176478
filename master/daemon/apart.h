/* A look at a store in a process of its own: whatever happens there, this one lives to say so and to tidy up. */
#ifndef SONATA_DAEMON_APART_H
#define SONATA_DAEMON_APART_H

/* Runs job(arg) in a child and returns its exit status (0 to 125 come from the job). SIGINT, SIGTERM and SIGHUP, unless ignored, end the child: 128
 * and the signal's number. A child that died by another signal: 1, and *ret_crashed is that signal (0 otherwise). Then the readers that dead
 * processes left in the store of `folder` are cleared. The child dies with this process. */
int apart_run(const char *folder, int (*job)(void *arg), void *arg, int *ret_crashed);

#endif
