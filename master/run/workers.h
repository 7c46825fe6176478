/* Messages of workers: see engine.h. */
#ifndef SONATA_RUN_WORKERS_H
#define SONATA_RUN_WORKERS_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct workers *workers_new(void);
/* Frees it with all it holds; NULL is allowed. */
void workers_free(struct workers *w);

#endif
