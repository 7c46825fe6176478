/* What a child of the board process does when it is not a candidate: a canary, or a rung of the recovery ladder. Blocking; for a forked child. */
#ifndef SONATA_BOARD_ORDER_H
#define SONATA_BOARD_ORDER_H

#include "backend/backend.h"
#include "board/link.h"

/* A canary of the backend; before one whose latency counts the board cools down as before a candidate. */
void order_canary(const struct backend_ops *ops, void *backend, const struct board_config *config, bool timed, struct board_answer *ret_answer);
/* The command of a rung, for at most that rung's time. SONATA_BOARD in its environment is the board's id. */
void order_rung(const struct board_config *config, enum recovery_rung rung, struct board_answer *ret_answer);
/* How long the board process waits for it before it kills the child. */
int64_t order_limit_ns(const struct board_config *config, const struct health_order *order);

#endif
