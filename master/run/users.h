/* Who was told a result: individuals of finished searches by evaluation, while results are taken back (invalidate.c). */
#ifndef SONATA_RUN_USERS_H
#define SONATA_RUN_USERS_H

#include "run/engine_internal.h"

struct user {
    uint64_t evaluation, search, individual;
};

/* Made and freed by the engine; free takes NULL. */
struct user_index *users_new(void);
/* Frees it with all it holds; NULL is allowed. */
void users_free(struct user_index *x);
/* One bounded step of reading searches that ended at `since` or later into the index; true: it holds every search it must. */
bool users_fill(struct engine *r, int64_t since);
/* Those that were told the answer of the evaluation; borrowed until the index changes. NULL: none. */
const struct user *users_of(const struct engine *r, uint64_t evaluation, size_t *ret_n);
/* Forgets the index, when there is one. */
void users_forget(struct engine *r);

#endif
