/* How far a search has come, for people: the volume that its front dominates. It can cost more than all the rest of a search; so the front can be
 * taken along and measured elsewhere, while the search goes on. */
#ifndef SONATA_SEARCH_PROGRESS_H
#define SONATA_SEARCH_PROGRESS_H

#include <stdbool.h>

#include "search/core.h"

struct core_progress;
/* Whether core_hypervolume() is a matter of microseconds. */
bool core_progress_is_cheap(const struct core *s);
/* The front as it is now, normalised; free it. */
struct core_progress *core_progress_take(const struct core *s);
/* Its hypervolume, 0 .. 1; of a very large front that of a part of its points, which is less. On any thread. */
double core_progress_volume(const struct core_progress *p);
/* Frees it with all it holds; NULL is allowed. */
void core_progress_free(struct core_progress *p);

#endif
