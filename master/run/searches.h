/* The table of searches: every one there is, finished or not, in order of id. */
#ifndef SONATA_RUN_SEARCHES_H
#define SONATA_RUN_SEARCHES_H

#include "run/engine_internal.h"

/* The search of that id, or NULL. Owned by the table. */
struct search *searches_get(const struct engine *r, uint64_t id);
/* A new entry with that id and an otherwise empty record, which must be larger than every id there is. Owned by the table. */
struct search *searches_add(struct engine *r, uint64_t id);
/* Frees a search with all that belongs to it; it must be in no table that is used any more. */
void search_free(struct search *rs);
/* Done, canceled, or stopped as failed: it takes no results and asks for nothing (it may be opened again: reopen.h). */
bool search_is_finished(const struct search *rs);
/* Tells the scheduler the team of the search with weight and quota, as the hook `team` says them now, and the priority of the search. */
void search_join_team(struct search *rs);

#endif
