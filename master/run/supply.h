/* Whether known boards can supply what a specification asks. */
#ifndef SONATA_RUN_SUPPLY_H
#define SONATA_RUN_SUPPLY_H

#include "run/engine_internal.h"

/* -EINVAL ("config: …", with the boards there are and what they supply) when boards that could serve a metric are known and none supplies it. */
int supply_check(const struct engine *r, const struct search_spec *spec, struct sonata_error *err) SONATA_MUST_CHECK;
/* The part of it that holds for a search whose boards came later: -EINVAL when they supply the metric, but not at the tier of the search. */
int supply_check_tier(const struct engine *r, const struct search_spec *spec, struct sonata_error *err) SONATA_MUST_CHECK;
/* "; no board of that type …, there is type a, b" into text when no board of the type is known; else nothing. */
void supply_describe_unknown(const struct engine *r, const char *type, char *text, size_t size);

#endif
