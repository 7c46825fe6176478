/* A search whose evaluations fail one after the other is paused, before its budget is burnt. */
#ifndef SONATA_RUN_FAILING_H
#define SONATA_RUN_FAILING_H

#include "run/engine_internal.h"

struct evaluation;

/* A board's result for an evaluation that searches wait for: counted in each of them, in the transaction that records it. One that fails too often is
 * paused and says why. first: the evaluation failed for the first time since it was opened. */
void failing_count(const struct evaluation *e, const struct measurement *m, bool first);
/* The search would end without one good evaluation, because of failures: it is paused instead. false: it is not so. */
bool failing_instead_of_done(struct search *rs);
/* A person mended what failed: what failed since is tried again, and boards open their programs and tables anew. */
void failing_resume(struct search *rs);
/* Boards that the search may use open their programs and tables anew, once they are idle. */
void failing_reload_boards(struct search *rs);

#endif
