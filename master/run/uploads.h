/* Uploaded content. */
#ifndef SONATA_RUN_UPLOADS_H
#define SONATA_RUN_UPLOADS_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct uploads *uploads_new(void);
/* Frees it with all it holds; NULL is allowed. */
void uploads_free(struct uploads *u);
/* Counts the uploads of pools and teams as the engine begins. Errors as store_scan(). */
int uploads_load(struct engine *r) SONATA_MUST_CHECK;
/* -ENOENT: the search needs a supernet that was removed. */
int uploads_check_supernet(struct engine *r, const struct search_spec *spec, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
