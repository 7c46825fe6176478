/* Which model files must stay. */
#ifndef SONATA_RUN_ARTEFACT_NEEDS_H
#define SONATA_RUN_ARTEFACT_NEEDS_H

#include "run/engine_internal.h"

enum {
    NEEDED_UNDER_WAY = 1, /* by individuals without a result */
    NEEDED_OPEN = 2,      /* by fronts of searches that are not finished */
    NEEDED_FINISHED = 4,  /* by fronts of those that are */
};
/* What is needed by any of those (a sum), under artefact_key(); release with map_fini(). */
void artefacts_needed(struct engine *r, unsigned by, struct map *ret_needed);
/* A search that has models built is at work on another thread: its front may be newer than what is known here. */
bool artefacts_front_is_moving(const struct engine *r);

#endif
