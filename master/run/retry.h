/* Individuals that failed for a cause are measured again. */
#ifndef SONATA_RUN_RETRY_H
#define SONATA_RUN_RETRY_H

#include "run/engine_internal.h"

/* What failed in the row that paused the search: failed, or infeasible because the candidate died. */
#define RETRY_CAUSE_STOPPED "stopped"

/* Begins one, as engine_retry() does, at that individual; with another under way that one goes on from there too. */
void retry_begin(struct search *rs, const char *cause, uint32_t from);
/* The individual is measured again; false: there is nothing to measure. */
bool retry_individual(struct search *rs, const struct individual_record *ind);
/* Individuals are still to be looked at. */
bool retry_is_under_way(const struct search *rs);
/* The search ends: what was not looked at is left. */
void retry_drop(struct search *rs);
/* One bounded step of one search; true: more could be done at once. */
bool retry_step(struct engine *r);

#endif
