/* Model files of architectures: how they come and how they go. */
#ifndef SONATA_RUN_ARTEFACTS_H
#define SONATA_RUN_ARTEFACTS_H

#include "run/engine_internal.h"

struct evaluation;

/* Records and files as the engine begins: a record whose file is missing or of another size is dropped and noted, files that no record names go when
 * they are a day old. Errors as store_scan(). */
int artefacts_load(struct engine *r) SONATA_MUST_CHECK;
/* A good measurement of an evaluation that builds: its file becomes part of this turn. The measurement fails (config) when the file did not arrive,
 * and loses an artefact that nobody asked for. */
void artefact_take(struct engine *r, const struct evaluation *e, struct measurement *m);

#endif
