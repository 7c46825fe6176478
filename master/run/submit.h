/* Checks that submissions share with other requests. */
#ifndef SONATA_RUN_SUBMIT_H
#define SONATA_RUN_SUBMIT_H

#include "run/engine_internal.h"

/* -EINVAL: not within -SPEC_PRIORITY_MAX .. SPEC_PRIORITY_MAX. */
int search_check_priority(int32_t priority, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
