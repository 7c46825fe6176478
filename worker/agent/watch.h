/* Watches over the boards of this worker: joins each board (board.h) with its health (health_driver.h), tells the master through a journal that loses
 * nothing, obeys its orders, and remembers over restarts.
 *
 * STATE/journal holds the BoardEvents the master has not acknowledged (spool.h), STATE/health/ID.health the health of a board (health/record.h,
 * wall-clock times). Of an event that was told, the journal is on disk before the health file, and both before it is sent. */
#ifndef SONATA_AGENT_WATCH_H
#define SONATA_AGENT_WATCH_H

#include "agent/board.h"
#include "base/error.h"
#include "codec/codec.h"

struct agent;
struct board_watch;

/* Opens journal and health files of all boards of the configuration. */
int watch_open(struct agent *a, struct sonata_error *err) SONATA_MUST_CHECK;
/* Closes what watch_open() opened. */
void watch_close(struct agent *a);

/* What happens to a board: called from its hooks. */
void watch_started(struct agent *a, struct board *b);
/* The board's process ended, or could not be started, for this reason. */
void watch_failed(struct agent *a, struct board *b, const char *reason);
/* A job ended with this measurement: counted, learned from, judged. */
void watch_job_ended(struct agent *a, struct board *b, const struct measurement *m);
/* The board answered an order: a canary or a rung. */
void watch_answer(struct agent *a, struct board *b, const struct board_answer *answer);

/* Whether a job for this board may wait in its queue. */
bool watch_keeps_jobs(const struct agent *a, const struct board *b);
/* Queues a job and runs it as soon as the board may. -ENOBUFS when the queue is full. */
int watch_enqueue(struct agent *a, struct board *b, const struct job_frame *frame, bool have_blobs);
/* Lets a board that is idle do what comes next: an order of its health, else its first job. After whatever may have changed that. */
void watch_run_next(struct agent *a, struct board *b);
/* BoardInfo.state and .detail; valid until the board's next event. */
const char *watch_state(const struct agent *a, const struct board *b);
const char *watch_detail(const struct agent *a, const struct board *b);

/* An action that a person or the master gave for a board. */
void watch_command(struct agent *a, const Sonata__BoardCommand *m);
/* The master has that event: the journal may forget it. */
void watch_acknowledged(struct agent *a, const Sonata__BoardEventAck *m);
/* Sends pending events: all, or those not sent within 5 s. */
void watch_send_events(struct agent *a, bool all);
/* Once a second, link or not. */
void watch_tick(struct agent *a);

#endif
