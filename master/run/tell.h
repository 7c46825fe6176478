/* Tells the search core of complete individuals. */
#ifndef SONATA_RUN_TELL_H
#define SONATA_RUN_TELL_H

#include "run/engine_internal.h"

struct pending;

/* Whether it counts against the budget: not when an analytic constraint ruled it out, it ended in its screening, or a fork took it over. */
bool individual_is_charged(const struct search_record *s, const struct individual_record *record);
/* Whether it was told, or will be, of its cheap groups alone. */
bool individual_ended_screened(const struct search_record *s, const struct individual_record *record);
/* What the search core is to know of a complete individual. One that lacks a value becomes a failure. Changes p alone. */
struct core_result search_result_of(const struct search *rs, struct pending *p);
/* The core was told that first result (rc: as core_tell()): record, event log, counters. */
void search_settle_told(struct search *rs, struct individual_record *ind, const struct core_result *result, int rc);
/* The first result of a pending individual: core, event log, record, counters; at once, or (rs->busy) when another thread has told it. Frees p. */
void search_tell(struct search *rs, struct pending *p);
/* Another result of one that was told before. The core learns of it only when it differs; the budget was charged before. Frees p. */
void search_retell(struct search *rs, struct pending *p);
/* A result that no board has to make: into the core and the store, told but not charged. Its id is given here. p stays the caller's. */
void search_take_known(struct search *rs, struct pending *p);

#endif
