/* Results of a board that measured wrong are taken back. */
#ifndef SONATA_RUN_INVALIDATE_H
#define SONATA_RUN_INVALIDATE_H

#include "run/engine_internal.h"

/* One bounded step; true: more could be done at once. */
bool invalidate_step(struct engine *r);

#endif
