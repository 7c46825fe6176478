/* Searches that need no board: all they ask is counted from the genotype. */
#ifndef SONATA_RUN_SOLO_H
#define SONATA_RUN_SOLO_H

#include "run/engine_internal.h"

void solo_free(struct batch *b); /* of a search; NULL is allowed */
/* Asks, counts and tells on another thread, some milliseconds at a time. False when the search is not such a one, or something else is to be done
 * first. */
bool solo_step(struct search *rs);

#endif
