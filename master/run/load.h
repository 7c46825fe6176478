/* The state in memory from the store, as the master starts. */
#ifndef SONATA_RUN_LOAD_H
#define SONATA_RUN_LOAD_H

#include "run/engine_internal.h"

/* Boards, searches, pending individuals, open evaluations as jobs, leases. A search that cannot be loaded is ended as failed, the others go on.
 * Error: the store cannot be read. */
int engine_load(struct engine *r, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
