/* Boards of one type that measure differently. */
#ifndef SONATA_RUN_SPREAD_H
#define SONATA_RUN_SPREAD_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct spreads *spreads_new(void);
/* Frees it with all it holds; NULL is allowed. */
void spreads_free(struct spreads *s);
/* The canary reference of a board of the type changed, or one was retired: compares them all anew. */
void spread_update(struct engine *r, const char *type);

#endif
