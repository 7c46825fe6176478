/* The turn of the engine: engine_turn() of engine.h. */
#ifndef SONATA_RUN_TURN_H
#define SONATA_RUN_TURN_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. Active time of searches counts from now on (monotonic). */
struct turn *turn_new(int64_t now);
/* Frees it with all it holds; NULL is allowed. */
void turn_free(struct turn *t);

#endif
