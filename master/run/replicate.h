/* Several measurements of one architecture. */
#ifndef SONATA_RUN_REPLICATE_H
#define SONATA_RUN_REPLICATE_H

#include "run/engine_internal.h"

/* Measures again what the front of the search lacks. false: nothing, the front may be told. */
bool replicate_front(struct search *rs);

#endif
