/* What watch.c keeps of each board, and watch_state.c reads. */
#ifndef SONATA_AGENT_WATCH_INTERNAL_H
#define SONATA_AGENT_WATCH_INTERNAL_H

#include "agent/agent_internal.h"
#include "measure/spread.h"

enum { FINGERPRINT_TEXT = 1024 };

struct board_watch {
    struct agent *agent;
    struct board *board;
    struct health_driver driver;
    char fingerprint[FINGERPRINT_TEXT];
    char path[WORKER_PATH_MAX + BOARD_NAME_MAX + 48];
    struct spread spread[TIER_COUNT]; /* what was learned of its processes, by tier */
    bool changed;                     /* of state: the master has to hear of it */
};

/* Of a board of this agent. */
static inline struct board_watch *watch_of(const struct agent *a, const struct board *b) { return &a->watch[b - a->board]; }

#endif
