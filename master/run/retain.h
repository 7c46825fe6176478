/* Retention: what is not needed any more is removed from the store, by age or by size. */
#ifndef SONATA_RUN_RETAIN_H
#define SONATA_RUN_RETAIN_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct retention *retention_new(void);
/* Frees it with all it holds; NULL is allowed. */
void retention_free(struct retention *t);
/* What is kept was configured anew: the next step is due now. */
void retention_restart(struct engine *r);
/* One bounded step; returns when the next is due (monotonic; INT64_MAX: never). */
int64_t retain_step(struct engine *r);

#endif
