/* Failures of open evaluations on boards with canaries. */
#ifndef SONATA_RUN_SUSPECT_TABLE_H
#define SONATA_RUN_SUSPECT_TABLE_H

#include "run/engine_internal.h"

/* Writes it under its evaluation. */
void suspect_put(struct engine *r, const struct suspect_record *s);
/* Takes the record of an open evaluation from the store into memory, when there is one. */
void suspect_load(struct engine *r, uint64_t evaluation);
/* The evaluation was closed in another way: nothing to prove any more. */
void suspect_forget(struct engine *r, uint64_t evaluation);
/* Why an evaluation without an accepted attempt is infeasible, from its stored record. */
void suspect_reason(struct engine *r, uint64_t evaluation, char reason[REASON_MAX]);
/* The same from the record at hand: names each board once. */
void suspect_reason_of(const struct suspect_record *s, char reason[REASON_MAX]);
/* Failure i is the first on its board. */
bool suspect_is_first_of_board(const struct suspect_record *s, uint32_t i);
/* All of them, as the engine ends. */
void suspects_free(struct engine *r);

#endif
