/* The worker's life: boards up -> Hello -> Welcome -> jobs, results, heartbeats, for ever; a dead master or link costs nothing but time.
 *
 * Results go to the spool before they are sent and stay there until acknowledged; jobs go on while the link is down. One loop, one thread. */
#ifndef SONATA_AGENT_AGENT_H
#define SONATA_AGENT_AGENT_H

#include "agent/worker_config.h"
#include "base/error.h"
#include "loop/loop.h"

struct agent;

/* Opens state folder (locked: one worker each), spool, cache and socket, and starts the boards. `executable` is this program: boards run as
 * `executable --board-process PID`, or `launcher executable --board-process PID` where the configuration names a launcher. config is borrowed until
 * agent_free(). */
int agent_new(struct loop *loop, const struct worker_config *config, const char *executable, struct agent **ret_agent,
              struct sonata_error *err) SONATA_MUST_CHECK;
/* Says goodbye, ends the boards, closes everything and then finishes the loop. Running attempts are given up (the master hears of it). */
void agent_stop(struct agent *a);
/* 0, or 1 when a board could not start at all or the master refused us for good. After loop_run(). */
int agent_exit_status(const struct agent *a);
/* Frees it with all it holds; NULL is allowed. */
void agent_free(struct agent *a);

#endif
