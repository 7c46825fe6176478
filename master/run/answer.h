/* The answer of an evaluation from its measurements. */
#ifndef SONATA_RUN_ANSWER_H
#define SONATA_RUN_ANSWER_H

#include "run/engine_internal.h"

/* None rests on samples: a further measurement would give the same. */
bool metrics_are_exact(const struct metric_value *metric, uint32_t n);
/* The measurement that answers it; where it rests on several, the first with the means of all. Release it with measurement_fini(). Errors as
 * measurement_load(). */
int evaluation_answer(struct engine *r, const struct evaluation_record *record, struct measurement *ret_measurement) SONATA_MUST_CHECK;
/* The state it has, or would have if nobody waited for more: of an open one done or infeasible by its accepted attempt, else canceled. */
enum evaluation_state evaluation_standing(struct engine *r, const struct evaluation_record *record);

#endif
