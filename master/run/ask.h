/* Asks the search core for proposals. */
#ifndef SONATA_RUN_ASK_H
#define SONATA_RUN_ASK_H

#include "run/engine_internal.h"

/* Made and freed with a search; free takes NULL. */
struct ask *ask_new(void);
/* Frees it with all it holds; NULL is allowed. */
void ask_free(struct ask *a);
/* Proposals without a result. */
uint32_t search_in_flight(const struct search *rs);
/* The wall-clock budget of the search is used up. */
bool search_wall_is_used(const struct search *rs);
/* What counts against the budget: results, and a twentieth of each proposal that an analytic constraint ruled out beyond the first thousand. */
uint32_t search_charged(const struct search *rs);
/* Proposals that may be in flight: with one of two board types down the other goes on, but not without end. */
uint32_t search_flight_limit(struct search *rs);
/* How many proposals to ask for now; 0: none. */
uint32_t search_wanted(struct search *rs);
/* Asks for n proposals, which become individuals: at once, or (rs->busy) when another thread has computed them. */
void search_ask(struct search *rs, uint32_t n);

#endif
