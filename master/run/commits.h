/* Numbers of commits, so that clients ask for what changed since one. */
#ifndef SONATA_RUN_COMMITS_H
#define SONATA_RUN_COMMITS_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct commits *commits_new(void);
/* Frees it with all it holds; NULL is allowed. */
void commits_free(struct commits *c);
/* The commit that ends this turn changes the search: notes its number there, microseconds of the wall clock, but always more than the one before. */
void commits_change(struct search *rs);
/* That commit is durable. */
void commits_done(struct engine *r);

#endif
