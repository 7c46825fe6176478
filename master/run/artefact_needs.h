/* Which model files must stay. */
#ifndef SONATA_RUN_ARTEFACT_NEEDS_H
#define SONATA_RUN_ARTEFACT_NEEDS_H

#include "run/engine_internal.h"

/* What searches that are not finished need and, when `finished`, the models of all fronts, under artefact_key(); release with map_fini(). */
void artefacts_needed(struct engine *r, bool finished, struct map *ret_needed);
/* A search that has models built is at work on another thread: its front may be newer than what is known here. */
bool artefacts_front_is_moving(const struct engine *r);

#endif
