/* Screening in a search: where groups of metrics are measured on boards of their own and cost very differently, the cheap ones are measured for more
 * architectures than the costly one, and the search core says which of them are promoted (docs/SEARCH.md, section 7). */
#ifndef SONATA_RUN_SCREENING_H
#define SONATA_RUN_SCREENING_H

#include "run/engine_internal.h"

enum ask_kind { ASK_WHOLE, ASK_SCREENING, ASK_PROMOTION, ASK_KIND_COUNT };

/* A good measurement of that group took so long. */
void screening_count_time(struct search *rs, uint32_t group, int64_t duration_ns);
/* Tells the core what the groups cost, when all are known by several measurements of this search and the number screened for each promoted one would
 * become another. The core must be here. */
void screening_learn_costs(struct search *rs);
/* Whether the search screens now. The core must be here. */
bool screening_is_on(const struct search *rs);
/* What to ask for now, and how much of it, when `left` more evaluations may be begun and `flying` are under way that are measured whole; 0: nothing.
 */
uint32_t screening_wanted(const struct search *rs, uint32_t left, uint32_t flying, enum ask_kind *ret_kind);
#endif
