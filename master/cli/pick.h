/* Which points of a front are wanted: conditions on metrics and genes, and the knee. */
#ifndef SONATA_CLI_PICK_H
#define SONATA_CLI_PICK_H

#include "cli/results.h"
#include "conf/options.h"

/* Leaves the points of r->front that fulfil every condition: "latency@host<0.01", "accuracy>=90", "kernel=3", "d!=red"; < <= > >= = !=. A name is a
 * metric as the tables head it, or a gene; a point that lacks it is left out. -EINVAL says what cannot be read, and which names there are. */
int pick_where(struct results *r, const struct option_list *condition, struct sonata_error *err) SONATA_MUST_CHECK;

/* Leaves the knee alone: the point nearest to the ideal one when each objective is scaled to what the front spans (Branke et al., PPSN 2004, name the
 * idea; the Euclidean distance is the simplest of its measures). Nothing changes when the front has fewer than two points. */
void pick_knee(struct results *r);

#endif
