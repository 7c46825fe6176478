/* Uploaded content. */
#ifndef SONATA_RUN_UPLOADS_H
#define SONATA_RUN_UPLOADS_H

#include "base/hash.h"
#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct uploads *uploads_new(void);
/* Frees it with all it holds; NULL is allowed. */
void uploads_free(struct uploads *u);
/* Counts the uploads of pools and teams as the engine begins. Errors as store_scan(). */
int uploads_load(struct engine *r) SONATA_MUST_CHECK;
/* The pool has that content (a blob or a model file), which counts for the quota of the team. Nothing happens when it did so before. */
void uploads_add(struct engine *r, const uint8_t hash[HASH_SIZE], const char *pool, const char *team, uint64_t bytes);
/* Takes back all uploads of a model file, whoever made them; the file goes with them. */
void uploads_drop(struct engine *r, const uint8_t hash[HASH_SIZE]);
/* It is an upload of that team. */
bool uploads_is_of(struct engine *r, const uint8_t hash[HASH_SIZE], const char *team);
/* -ENOENT: the search needs a supernet that was removed. */
int uploads_check_supernet(struct engine *r, const struct search_spec *spec, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
