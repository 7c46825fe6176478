/* Board time by team and day. */
#ifndef SONATA_RUN_USAGE_H
#define SONATA_RUN_USAGE_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct usage *usage_new(void);
/* Frees it with all it holds; NULL is allowed. */
void usage_free(struct usage *u);
/* Reads what was used today as the engine begins. Errors as store_scan(). */
int usage_load(struct engine *r) SONATA_MUST_CHECK;
/* The team used board time: writes it, and tells the scheduler. */
void usage_add(struct engine *r, const char *team, int64_t board_ns);
/* A new day begins with nothing used. */
void usage_turn(struct engine *r);
/* When the day ends, on the monotonic clock; INT64_MAX when no team waits for it. */
int64_t usage_day_end_ns(const struct engine *r);

#endif
