/* The stored history of boards. */
#ifndef SONATA_RUN_BOARD_HISTORY_H
#define SONATA_RUN_BOARD_HISTORY_H

#include "run/engine_internal.h"

struct watched;

/* Whether that event of the worker is stored already. */
bool board_history_has(struct engine *r, const char *worker, const struct board_event *e);
/* Stores an event of a worker and drops the oldest of its board when there are too many. The caller writes w. */
void board_history_put(struct engine *r, struct watched *w, const char *worker, const struct board_event *event);
/* Erases all of it; false: not now, some is not committed. */
bool board_history_forget(struct engine *r, const struct watched *w);
/* Stores something the master itself did. The caller writes w. */
void board_history_add(struct engine *r, struct watched *w, const char *kind, const char *text);

#endif
