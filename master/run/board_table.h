/* Boards of which there is something to remember. */
#ifndef SONATA_RUN_BOARD_TABLE_H
#define SONATA_RUN_BOARD_TABLE_H

#include "run/engine_internal.h"

struct watched {
    struct board_health_record record;
    int64_t hold_until_ns; /* of the master's own quarantine; 0: none */
};

/* Made and freed by the engine; free takes NULL. */
struct boards *boards_new(void);
/* Frees it with all it holds; NULL is allowed. */
void boards_free(struct boards *b);
/* The entry of that board, or NULL. Owned by the table. */
struct watched *watched_find(const struct engine *r, const char *board);
/* The same, made when there is none. */
struct watched *watched_get(struct engine *r, const char *board);
/* The next one from place *at on (0 at first), NULL at the end. The table must not grow meanwhile. */
struct watched *watched_next(const struct engine *r, uint32_t *at);
/* Takes it out of the table and the store. */
void watched_forget(struct engine *r, struct watched *w);
/* Writes its record. */
void watched_put(struct engine *r, const struct watched *w);
/* Whether the board judges itself by canaries; w may be NULL. */
bool watched_has_canary(const struct watched *w);
/* Tells the scheduler what the board may be used for, after order, quarantine or probation changed. */
void watched_apply_use(struct engine *r, const struct watched *w);
/* The order holds until another is given, shown or not. */
bool board_order_stands(enum board_order o);

#endif
