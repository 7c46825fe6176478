/* Candidates that bring boards down. */
#ifndef SONATA_RUN_SUSPECT_H
#define SONATA_RUN_SUSPECT_H

#include "run/engine_internal.h"

/* The attempt ended as infra or lost while its board was at it. own_clock: wall_ns is of the clock of the worker. It may close the evaluation. */
void suspect_add(struct engine *r, const struct attempt_record *a, int64_t wall_ns, bool own_clock);
/* It did not fail after all. */
void suspect_clear(struct engine *r, const struct attempt_record *a);
/* The board passed a canary at that time. It may close evaluations. */
void suspects_well(struct engine *r, const char *board, int64_t wall_ns);

#endif
