/* What the searches of each team take of the store, and the quota of it. */
#ifndef SONATA_RUN_DISK_H
#define SONATA_RUN_DISK_H

#include "run/engine_internal.h"

/* Made and freed by the engine. */
struct disk *disk_new(void);
/* Takes NULL. */
void disk_free(struct disk *d);
/* Measures all searches as the engine begins, which are in the table. Errors as store_scan(). */
int disk_load(struct engine *r) SONATA_MUST_CHECK;
/* Counts what the commit that was just done changed. */
void disk_committed(struct engine *r);
/* The team may have so many bytes; 0: no limit. */
void disk_set_quota(struct engine *r, const char *team, uint64_t bytes);
/* The team has all that it may: its searches ask for nothing more. */
bool disk_is_used(const struct engine *r, const char *team);
/* -EDQUOT: it has. */
int disk_check(const struct engine *r, const char *team, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
