/* Orders of people to boards. */
#ifndef SONATA_RUN_BOARD_ORDERS_H
#define SONATA_RUN_BOARD_ORDERS_H

#include "run/engine_internal.h"

struct watched;

/* Only a person or time ends that state. */
bool board_is_resting(const char *state);
/* The board has that state, or told that event: its order is over, or given, when that shows it. */
void board_order_see(struct engine *r, struct watched *w, const char *kind, const char *state);
/* The worker says hello: what its boards were to be told meanwhile. */
void boards_hello(struct engine *r, const char *worker, const struct sched_board_info *boards, uint32_t n);

#endif
