/* Which key a board belongs to, and boards that never did anything. */
#ifndef SONATA_RUN_BOARD_OWNERS_H
#define SONATA_RUN_BOARD_OWNERS_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct board_owners *board_owners_new(void);
/* Frees it with all it holds; NULL is allowed. */
void board_owners_free(struct board_owners *o);
/* A board read from the store as the engine begins. */
void board_owners_load(struct engine *r, const struct board_record *board);
/* Forgets boards that nobody brings and that never had a job, a day after they were seen first. When the next look is due. */
int64_t board_owners_step(struct engine *r);

#endif
