/* Attempts: measurement, tries, and who is charged. */
#ifndef SONATA_RUN_ATTEMPTS_H
#define SONATA_RUN_ATTEMPTS_H

#include "run/engine_internal.h"

struct evaluation;

/* Writes the measurement and its attempt in that state, and charges the board with the time. */
void attempt_record_measurement(struct engine *r, struct attempt_record *a, const struct measurement *m, enum attempt_state state);
/* The tries of the job as the scheduler counts them now, into the record. */
void attempt_take_tries(const struct engine *r, struct evaluation_record *e);
/* The same, and writes the record: no attempt is live. */
void attempt_save_tries(struct engine *r, struct evaluation *e);
/* Charges the time of the measurement to the team of the first search that waits: several may, it is charged once. */
void attempt_charge_team(struct engine *r, const struct evaluation *e, const struct measurement *m);

#endif
