/* Who was told a result: finished searches by evaluation. */
#ifndef SONATA_RUN_USERS_H
#define SONATA_RUN_USERS_H

#include "run/engine_internal.h"

/* One bounded step of reading searches that ended at `since` or later into the index; true: it holds every search it must. */
bool users_fill(struct engine *r, int64_t since);
/* Place of the first entry of the evaluation, x->n when there is none. */
size_t users_first(const struct user_index *x, uint64_t evaluation);
/* Forgets the index. */
void users_free(struct engine *r);

#endif
