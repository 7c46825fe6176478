/* Messages to workers that go after the commit of this turn, in the order in which they were put here. */
#ifndef SONATA_RUN_OUTGOING_H
#define SONATA_RUN_OUTGOING_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct outgoing *outgoing_new(void);
/* Frees it with all it holds; NULL is allowed. */
void outgoing_free(struct outgoing *out);
/* The job to the worker. Copied. */
void outgoing_assign(struct engine *r, const char *worker, const struct evaluation_job *job);
/* The worker need not go on with the attempt; reason is for its log. Nothing happens when worker is "". */
void outgoing_cancel(struct engine *r, const char *worker, uint64_t attempt, const char *reason);
/* Tells a board of the worker something (message BoardCommand). */
void outgoing_command(struct engine *r, const char *worker, const char *board, const char *action);
/* Gives all to the hooks. Only after the commit. */
void outgoing_send(struct engine *r);

#endif
