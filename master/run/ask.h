/* Asks the search core for proposals. */
#ifndef SONATA_RUN_ASK_H
#define SONATA_RUN_ASK_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct asks *asks_new(void);
void asks_free(struct asks *a);
struct ask *ask_new(void); /* of one search */
void ask_free(struct ask *a);
/* Whether search cores must stay here, because something waits until all are. */
void asks_hold(struct engine *r, bool hold);
/* Search cores that compute proposals on another thread. */
uint32_t asks_under_way(const struct engine *r);
/* Proposals without a result. */
uint32_t search_in_flight(const struct search *rs);
/* The wall-clock budget of the search is used up. */
bool search_wall_is_used(const struct search *rs);
/* Nearly every proposal is over an analytic constraint: there is no use in asking for more. */
bool search_is_vetoed_out(const struct search *rs);
/* Proposals that may be in flight: with one of two board types down the other goes on, but not without end. */
uint32_t search_flight_limit(struct search *rs);
/* How many proposals to ask for now; 0: none. */
uint32_t search_wanted(struct search *rs);
/* Asks for n proposals, which become individuals: at once, or (rs->busy) when another thread has computed them. */
void search_ask(struct search *rs, uint32_t n);

#endif
