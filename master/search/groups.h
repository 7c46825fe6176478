/* Groups: objectives that are measured together; what of an architecture is known when only some groups are. */
#ifndef SONATA_SEARCH_GROUPS_H
#define SONATA_SEARCH_GROUPS_H

#include "search/core_internal.h"

/* Groups of a search as a mask. */
uint32_t groups_all(const struct core *s);
/* Whether objective o of the row is known: measured, or told in part. */
bool groups_know(const struct core *s, const struct row *r, uint32_t o);
/* Whether the row is under way for what its screening measures alone, so that nobody knows whether it will be measured whole. */
bool groups_screened_now(const struct core *s, const struct row *r);
/* Puts what is known of the row into the candidate, which models_predict() then leaves as it is. */
void groups_fill(const struct core *s, const struct row *r, struct candidate *c);
/* Works out the number screened for each promoted one from the costs. */
void groups_derive(struct core *s);

#endif
