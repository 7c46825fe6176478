/* The event log of a search. Each call appends one event to the transaction of the turn and counts it in the header. */
#ifndef SONATA_RUN_EVENT_LOG_H
#define SONATA_RUN_EVENT_LOG_H

#include "run/engine_internal.h"

/* Hash of proposals (ids and genotypes), by which a replay recognises them; 0 of none. */
uint64_t event_log_digest(const struct space *space, const struct core_proposal *proposal, uint32_t n);
/* The core was asked for `wanted` proposals and gave `got`. */
void event_log_ask(struct search *rs, uint32_t wanted, const struct core_proposal *proposal, uint32_t got);
/* The same of the cheap groups (core_ask_screening()), or of screened ones (core_ask_promotion()). */
void event_log_screen(struct search *rs, uint32_t wanted, const struct core_proposal *proposal, uint32_t got);
void event_log_promote(struct search *rs, uint32_t wanted, const struct core_proposal *proposal, uint32_t got);
/* The core was told what its n groups cost, and, the first time, which they are: each objective's (group; NULL: as before). */
void event_log_costs(struct search *rs, uint32_t n, const uint8_t *group, const double *cost);
/* The core was told the first result of that proposal. */
void event_log_tell(struct search *rs, uint64_t id, const struct core_result *result);
/* The core was told another result of a proposal that it was told before. */
void event_log_retell(struct search *rs, uint64_t id, const struct core_result *result);
/* The core took a result that it did not propose; the individual has its id. */
void event_log_inject(struct search *rs, const struct individual_record *ind, const struct core_result *result);
/* The value of one objective (minimised) went into the models of the core, without a result. */
void event_log_hint(struct search *rs, const struct individual_record *ind, uint32_t objective, double value);
/* Something that the core does not learn of: an action of people, the end of the search. For the history alone. */
void event_log_control(struct search *rs, const char *text);

#endif
