/* Work on other threads, shared between teams. */
#ifndef SONATA_RUN_POOL_H
#define SONATA_RUN_POOL_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct pool *pool_new(void);
/* Frees it with all it holds; NULL is allowed. */
void pool_free(struct pool *p);
/* Whether search cores must stay here, because something waits until all are. */
void pool_hold(struct engine *r, bool hold);
/* What pool_hold() said last. */
bool pool_is_held(const struct engine *r);
/* Search cores that are on another thread, or wait for one; and whether anything is. */
uint32_t pool_under_way(const struct engine *r);
/* Whether any work is on another thread or waits for one. */
bool pool_is_at_work(const struct engine *r);
/* Whether proposals of its algorithm cost microseconds: they are then computed in place and run again at leisure. */
bool search_is_quick(const struct search_spec *spec);
/* Frees the core, which must be here, and when the search is finished its specification. */
void search_drop_core(struct search *rs);
/* Whether steps of the search core are to be made on another thread: those of algorithms that compute for long, of searches whose steps proved slow,
 * and of those that need no board. False without the hook. */
bool pool_is_for(const struct search *rs);
/* The core of the search belongs to fn(arg) until done(arg) is called on the loop thread (rs->busy). Of several teams the one goes first that was
 * served longest ago, and none has all threads. */
void pool_run(struct search *rs, void (*fn)(void *arg), void (*done)(void *arg), void *arg);
/* The same beside the search, which is not busy by it: arg is not freed. */
void pool_run_beside(struct search *rs, void (*fn)(void *arg), void (*done)(void *arg), void *arg);
/* The search ends: a step that has not begun is not made (rs->busy is false then), one that is under way ends soon. */
void pool_withdraw(struct search *rs);
/* Steps that are under way end soon, what they found is dropped. */
void pool_stop(struct engine *r);

#endif
