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
    enum core_status status;
};

/* What rests on exact values alone rests on one measurement: they need no more. */
void pending_settle_measured(struct pending *p);
/* It waits for nothing any more: in its turn the core is told. */
void pending_complete(struct search *rs, struct pending *p);
/* The next complete individual that was told before, or NULL. It stays among the pending. */
struct pending *pending_next_again(struct search *rs);
/* The next complete individual in the order of the search (advance.c), or NULL. It stays among the pending. */
struct pending *pending_next_complete(struct search *rs);

#endif
