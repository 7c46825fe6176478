/* Runs an event log through a search core again. */
#ifndef SONATA_RUN_REPLAY_H
#define SONATA_RUN_REPLAY_H

#include "run/engine_internal.h"

/* A search core as it was after event number `until` (exclusive); release it with core_free(). It begins with the snapshot, unless that is later or
 * from_start is asked for; the events in between are run again and every proposal is compared with the recorded one: -EBADMSG says at which event
 * they differ. A damaged snapshot is passed over for the whole log; then *err says why although 0 is returned. Errors of the spec as
 * plan_params(). */
int replay_core(struct store *store, const struct search_spec *spec, uint64_t id, uint32_t threads, uint64_t until, bool from_start,
                struct core **ret_core, uint64_t *ret_snapshot_event, size_t *ret_snapshot_size, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
