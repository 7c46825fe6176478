/* The measurement of an attempt, and who is charged with its time. */
#ifndef SONATA_RUN_ATTEMPTS_H
#define SONATA_RUN_ATTEMPTS_H

#include "run/engine_internal.h"

struct evaluation;

/* Writes the measurement and its attempt in that state, and charges the board with the time. The team is charged that has the first of the searches
 * that wait for e: several may, it is charged once; e NULL: none is. */
void attempt_record(struct engine *r, struct attempt_record *a, const struct measurement *m, enum attempt_state state, const struct evaluation *e);

#endif
