/* Runs an event log through a search core again. */
#ifndef SONATA_RUN_REPLAY_H
#define SONATA_RUN_REPLAY_H

#include "run/snapshot.h"

/* A search core as it was after event number `until` (exclusive). It begins with the snapshot, unless that is later, damaged, or from_start is asked
 * for; the events in between are run again and every proposal is compared with the recorded one: -EBADMSG says at which event they differ. Errors of
 * the specification as plan_params(). */
int replay_core(const struct core_origin *of, struct restored_core *ret_restored, struct sonata_error *err) SONATA_MUST_CHECK;
/* The core of a search as it was when its last event was written; spec is that of the search. */
int search_restore(const struct search *rs, const struct search_spec *spec, struct restored_core *ret_restored,
                   struct sonata_error *err) SONATA_MUST_CHECK;

#endif
