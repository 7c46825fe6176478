/* Evaluations from request to answer.
 *
 * The one call circle of this module: an answer may complete an individual, end another of its evaluations, or begin its second stage, and what it
 * asks for then may be answered from the store at once (individual.h). It ends because every step settles one group of one individual, and a group is
 * settled once. */
#ifndef SONATA_RUN_EVALUATION_H
#define SONATA_RUN_EVALUATION_H

#include "run/engine_internal.h"

struct evaluation;
struct pending;

/* Asks for the evaluation of that group of the individual: it joins an open one, is answered from the store at once when that knows (so p may be
 * complete afterwards), else one is opened: the same again when the individual had one. */
void evaluation_request(struct search *rs, struct pending *p, uint32_t group);
/* Lets the group of the individual wait for it, and makes it a job when it is none. */
void evaluation_join(struct evaluation *e, struct search *rs, uint64_t individual, uint32_t group);
/* Makes it a job of the scheduler, for the first search that waits. -EINVAL: nobody waits. Errors as sched_add(). */
int evaluation_schedule(struct engine *r, struct evaluation *e) SONATA_MUST_CHECK;
/* Opens it again with fresh tries until it rests on `wanted` measurements (how: ignored when it has no answer); one that is open wants more. The
 * caller joins it. NULL: no such evaluation. */
struct evaluation *evaluation_reopen(struct engine *r, uint64_t id, enum reopened how, uint32_t wanted);
/* The tries of its job as the scheduler counts them now, into the record. */
void evaluation_take_tries(const struct engine *r, struct evaluation_record *e);
/* Its attempt ended without an answer and the job waits again: writes the tries; no attempt is live. */
void evaluation_requeued(struct engine *r, struct evaluation *e);
/* A good measurement of it: answers it, or lets it wait for a further one. */
void evaluation_take(struct engine *r, struct evaluation *e, const struct measurement *m);
/* All waiters get the answer; the evaluation leaves memory (e is freed). The reason (and, from the record, the cause) is that of a failure. */
void evaluation_close(struct engine *r, struct evaluation *e, enum evaluation_state state, const char *reason);
/* Nobody waits: its answer stands again, or it is canceled. Frees it. */
void evaluation_abandon(struct engine *r, struct evaluation *e);
/* The individual waits for nothing any more; evaluations that nobody waits for are abandoned, with that reason for the worker. */
void evaluation_drop_waiters(struct search *rs, struct pending *p, const char *reason);

#endif
