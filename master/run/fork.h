/* Forks: searches that start with what another one knows. */
#ifndef SONATA_RUN_FORK_H
#define SONATA_RUN_FORK_H

#include "run/engine_internal.h"

/* Individuals of the parent are still to be looked at. */
bool fork_is_under_way(const struct search *rs);
/* Takes over a bounded number of the individuals of the parent. The core must be here and the plan settled. */
void fork_step(struct search *rs);

#endif
