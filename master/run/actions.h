/* What the scheduler decided becomes records. */
#ifndef SONATA_RUN_ACTIONS_H
#define SONATA_RUN_ACTIONS_H

#include "run/engine_internal.h"

/* Takes every decision there is: attempts are given out, lost, released, canceled; jobs are given up. May close evaluations. */
void actions_apply(struct engine *r);

#endif
