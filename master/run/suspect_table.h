/* Failures of open evaluations on boards with canaries. */
#ifndef SONATA_RUN_SUSPECT_TABLE_H
#define SONATA_RUN_SUSPECT_TABLE_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct suspects *suspects_new(void);
/* Frees it with all it holds; NULL is allowed. */
void suspects_free(struct suspects *t);
/* Writes it under its evaluation. */
void suspect_put(struct engine *r, const struct suspect_record *s);
/* The record of that evaluation, or NULL; suspect_get() makes one when there is none. Owned by the table. */
struct suspect_record *suspect_find(const struct engine *r, uint64_t evaluation);
/* As suspect_find(), but an empty record is entered when there is none. */
struct suspect_record *suspect_get(struct engine *r, uint64_t evaluation);
/* The next one from place *at on (0 at first), NULL at the end. The table must not change meanwhile. */
struct suspect_record *suspect_next(const struct engine *r, uint32_t *at);
/* The evaluation was condemned: it leaves memory, the record stays in the store, for the verdict rests on it. */
void suspect_keep_record(struct engine *r, uint64_t evaluation);
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

#endif
