/* The quarantine of boards by the master, and who is to blame for failures. */
#ifndef SONATA_RUN_BOARD_HEALTH_H
#define SONATA_RUN_BOARD_HEALTH_H

#include "run/engine_internal.h"

struct watched;

/* Made and freed by the engine; free takes NULL. */
struct board_health *board_health_new(void);
/* Frees it with all it holds; NULL is allowed. */
void board_health_free(struct board_health *h);
/* Begins a quarantine: no jobs for a while, then one at a time until one is good. The caller writes w and applies the use. */
void board_hold(struct engine *r, struct watched *w, const char *why);
/* How the attempt ended that the board was at. */
void boards_outcome(struct engine *r, const char *board, uint64_t evaluation, enum outcome outcome, const char *reason);
/* The failure of that evaluation was not the fault of the board. */
void boards_forgive(struct engine *r, const char *board, uint64_t evaluation);
/* Reads health, orders and quarantines as the engine begins. Errors as store_scan(). */
int boards_load(struct engine *r) SONATA_MUST_CHECK;
/* Quarantines that are over become probation. */
void boards_turn(struct engine *r);
/* When the next quarantine ends (monotonic; INT64_MAX: none). */
int64_t boards_due_ns(const struct engine *r);

#endif
