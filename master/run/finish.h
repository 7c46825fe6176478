/* The end of a search. */
#ifndef SONATA_RUN_FINISH_H
#define SONATA_RUN_FINISH_H

#include "run/engine_internal.h"

/* Ends it in that state: what is pending is canceled, what was told stays, the core is stored and freed. reason is for people. */
void search_finish(struct search *rs, enum search_state state, const char *reason);
/* Ends a running search that has nothing left to do: budget or wall clock used, vetoed out, or no proposals left, and its front measured as often as
 * wanted. */
void search_finish_if_over(struct search *rs);

#endif
