/* The table of searches. */
#ifndef SONATA_RUN_SEARCHES_H
#define SONATA_RUN_SEARCHES_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL and leaves the searches, which are freed before (search.h). */
struct searches *searches_new(void);
/* Frees it with all it holds; NULL is allowed. */
void searches_free(struct searches *t);
/* Reads where the ids go on, as the engine begins. */
void searches_load(struct engine *r);
/* The next id; that it is given out joins the transaction of the turn. */
uint64_t searches_new_id(struct engine *r);
/* Enters it; its id is larger than every one there is. */
void searches_add(struct engine *r, struct search *rs);
/* The search of that id, or NULL. */
struct search *searches_get(const struct engine *r, uint64_t id);
/* How many there are, and the one at index < that, in order of id. */
uint32_t searches_count(const struct engine *r);
/* The search at an index below searches_count(); owned by the table. */
struct search *searches_at(const struct engine *r, uint32_t index);

#endif
