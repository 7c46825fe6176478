/* Orders of people to boards. */
#ifndef SONATA_RUN_BOARD_ORDERS_H
#define SONATA_RUN_BOARD_ORDERS_H

#include "domain/board_event.h"
#include "health/health.h"
#include "run/engine_internal.h"

struct watched;

/* Only a person or time ends that state. */
bool board_is_resting(enum health_state s);
/* The board has that state, or told that event: its order is over, or given, when that shows it. */
void board_order_see(struct engine *r, struct watched *w, enum board_event_kind kind, enum health_state state);
/* The board opens its program or table anew: its worker is told now, else when it comes. */
void board_order_reload(struct engine *r, const char *board);
/* The worker says hello: what its boards were to be told meanwhile. */
void boards_hello(struct engine *r, const char *worker, const struct sched_board_info *boards, uint32_t n);

#endif
