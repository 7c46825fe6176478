/* One search in one turn. */
#ifndef SONATA_RUN_ADVANCE_H
#define SONATA_RUN_ADVANCE_H

#include "run/engine_internal.h"

/* Plans, tells and asks as far as this turn goes; true when more could be done at once. */
bool search_advance(struct search *rs);

#endif
