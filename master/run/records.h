/* Records of the store, one pair of functions for each kind. Reading sees what this turn wrote; writing joins the transaction of the turn. Only
 * -ENOENT says that there is no such record: after any other code the store commits nothing more (store.h), so what is decided on it never becomes
 * true. */
#ifndef SONATA_RUN_RECORDS_H
#define SONATA_RUN_RECORDS_H

#include "run/engine_internal.h"

/* 0, -ENOENT, or -EBADMSG of a damaged one; *ret_record is then not to be used. */
int attempt_load(struct engine *r, uint64_t id, struct attempt_record *ret_record) SONATA_MUST_CHECK;
/* Writes it under its id. */
void attempt_put(struct engine *r, const struct attempt_record *record);
/* The measurement of that attempt; release it with measurement_fini(). 0, -ENOENT, -EBADMSG. */
int measurement_load(struct engine *r, uint64_t attempt, struct measurement *ret_measurement) SONATA_MUST_CHECK;
/* Writes it under its attempt. */
void measurement_put(struct engine *r, const struct measurement *m);
/* The record of the board of that name; a new one, first seen now, when there is none. */
void board_load(struct engine *r, const char *name, struct board_record *ret_board);
/* Writes it under its name. */
void board_put(struct engine *r, const struct board_record *board);
/* 0, -ENOENT, -EBADMSG. Of an open evaluation the one in memory (evaluation_table.h) is newer. */
int evaluation_load(struct engine *r, uint64_t id, struct evaluation_record *ret_record) SONATA_MUST_CHECK;
/* Writes it under its id. */
void evaluation_put(struct engine *r, const struct evaluation_record *record);
/* The state it has, or would have if nobody waited for more: of an open one done or infeasible by its accepted attempt, else canceled. */
enum evaluation_state evaluation_standing(struct engine *r, const struct evaluation_record *record);
/* Individual `id` of that search: 0, -ENOENT, -EBADMSG. Of one that is measured again the store has what was told. */
int individual_load(struct engine *r, uint64_t search, uint64_t id, struct individual_record *ret_record) SONATA_MUST_CHECK;
/* Writes it under the search and its id. */
void individual_put(struct search *rs, const struct individual_record *record);
/* The specification of search `id` as it was submitted. 0, -ENOENT, -EBADMSG. */
int spec_load(struct store *store, uint64_t id, struct search_spec *ret_spec, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
