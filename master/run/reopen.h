/* A search that ended goes on. */
#ifndef SONATA_RUN_REOPEN_H
#define SONATA_RUN_REOPEN_H

#include "run/engine_internal.h"

/* It goes on from where it was; one that is not finished is left alone. -EAGAIN: its core is at work, or its end not committed yet. -ENOENT: its
 * supernet was removed. Else errors of replay_core(). */
int search_reopen(struct search *rs, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
