/* Individuals without a result that was told, and the order in which complete ones are told. */
#ifndef SONATA_RUN_PENDING_H
#define SONATA_RUN_PENDING_H

#include "run/engine_internal.h"

/* An individual that is not told yet, or told and measured again (record.told_order). Of the latter the store keeps what was told until there is an
 * answer: values that come in are here alone and found again in the evaluations after a restart. */
struct pending {
    struct individual_record record;
    uint32_t n_open; /* evaluations without an answer */
    bool complete;   /* nothing to wait for: may be told */
    bool again;      /* it was told before */
    enum core_status status;
};

/* Made and freed by the engine; free takes NULL. */
struct pending_list *pending_new(void);
/* Frees it with all it holds; NULL is allowed. */
void pending_free(struct pending_list *l);
/* Individual `id` of the search, or NULL. Owned by the list. */
struct pending *pending_find(const struct search *rs, uint64_t id);
/* The next one from place *at on (0 at first), NULL at the end. The list must not change meanwhile. */
struct pending *pending_next(const struct search *rs, uint32_t *at);
/* Enters p under the id of its record and owns it from now on; its record says whether it was told before. */
void pending_add(struct search *rs, struct pending *p);
/* Forgets all. */
void pending_clear(struct search *rs);
/* How many were told before, and whether one of those is complete. */
uint32_t pending_again(const struct search *rs);
/* Whether one of those that were told before is complete: it is told first. */
bool pending_again_is_complete(const struct search *rs);
/* How many are measured in their cheap groups alone (screening.h). */
uint32_t pending_screening(const struct search *rs);
/* p, which is in the list, is measured in those groups from now on (mask). */
void pending_ask(struct search *rs, struct pending *p, uint32_t groups);
/* Order of proposals: the id that is told next. */
void pending_tell_from(struct search *rs, uint64_t id);
/* What rests on exact values alone rests on one measurement: they need no more. */
void pending_settle_measured(struct pending *p);
/* It waits for nothing any more: in its turn the core is told. */
void pending_complete(struct search *rs, struct pending *p);
/* The next complete individual that was told before, or NULL. It is the caller's. */
struct pending *pending_take_again(struct search *rs);
/* The next complete individual in the order of the search (advance.c), or NULL. It is the caller's. */
struct pending *pending_take_complete(struct search *rs);

#endif
