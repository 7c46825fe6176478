/* The life of a search in memory. */
#ifndef SONATA_RUN_SEARCH_H
#define SONATA_RUN_SEARCH_H

#include "run/engine_internal.h"

/* A search with that id and an otherwise empty record, in the table (searches.h). */
struct search *search_new(struct engine *r, uint64_t id);
/* Frees it with all that belongs to it; the table must not be used any more. */
void search_free(struct search *rs);
/* Tells the scheduler the team of the search with weight and quota, as the hook `team` says them now, and the priority of the search. */
void search_join_team(struct search *rs);

#endif
