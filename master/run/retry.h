/* Individuals that failed for a cause are measured again. */
#ifndef SONATA_RUN_RETRY_H
#define SONATA_RUN_RETRY_H

#include "run/engine_internal.h"

/* Individuals are still to be looked at. */
bool retry_is_under_way(const struct search *rs);
/* The search ends: what was not looked at is left. */
void retry_drop(struct search *rs);
/* One bounded step of one search; true: more could be done at once. */
bool retry_step(struct engine *r);

#endif
