/* Numbers of commits, so that clients ask for what changed since one. */
#ifndef SONATA_RUN_COMMITS_H
#define SONATA_RUN_COMMITS_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct commits *commits_new(void);
/* Frees it with all it holds; NULL is allowed. */
void commits_free(struct commits *c);
/* Number of the commit that ends this turn: microseconds of the wall clock, but always more than the one before. */
uint64_t commits_next(struct engine *r);
/* That commit is durable. */
void commits_done(struct engine *r);

#endif
