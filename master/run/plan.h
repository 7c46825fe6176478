/* What is measured where: groups of metrics, one for each board type. */
#ifndef SONATA_RUN_PLAN_H
#define SONATA_RUN_PLAN_H

#include "run/engine_internal.h"

/* Settles the groups of the search when boards that can serve every one are known; false, and the reason, when not yet. */
bool plan_search(struct search *rs, char *reason, size_t size);
/* What a board must offer for a group of a search that is planned. */
void group_need(const struct search *rs, uint32_t group, struct sched_need *ret_need);

#endif
