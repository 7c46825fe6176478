/* The answer of an evaluation from its measurements. */
#ifndef SONATA_RUN_ANSWER_H
#define SONATA_RUN_ANSWER_H

#include "run/engine_internal.h"

/* The measurement that answers it; where it rests on several, the first with what all say together. Release it with measurement_fini(). Errors as
 * measurement_load(). */
int evaluation_answer(struct engine *r, const struct evaluation_record *record, struct measurement *ret_measurement) SONATA_MUST_CHECK;

#endif
