/* Retention: what has served goes. */
#ifndef SONATA_RUN_RETAIN_H
#define SONATA_RUN_RETAIN_H

#include "run/engine_internal.h"

/* One bounded step; returns when the next is due (monotonic; INT64_MAX: never). */
int64_t retain_step(struct engine *r);

#endif
