/* Individuals from proposal to completion. */
#ifndef SONATA_RUN_INDIVIDUAL_H
#define SONATA_RUN_INDIVIDUAL_H

#include "run/engine_internal.h"

struct pending;

/* The record of a proposal: what is counted from its genotype, and whether that rules it out. Changes nothing else: on the thread that has the core.
 */
void individual_describe(const struct search *rs, const struct core_proposal *proposal, struct pending *p);
/* A proposal of the core becomes an individual: counted, vetoed, or asked for in those groups (mask, 0: all). */
void individual_create(struct search *rs, const struct core_proposal *proposal, uint32_t groups);
/* A screened individual is measured in the other groups, too; the proposal has its prediction. */
void individual_promote(struct search *rs, const struct core_proposal *proposal);
/* Groups that it is measured in. */
uint32_t individual_open_groups(const struct individual_record *ind);
/* The search ends without it: canceled, or it waits as it did before it was screened again. */
void individual_cancel(struct search *rs, struct pending *p);
/* One answer: of that group of the individual. record says in which state and, done or infeasible, m with which values (NULL: they cannot be read);
 * reason is that of a failure. Nothing happens when the individual is complete already. */
void individual_answer(struct search *rs, uint64_t id, uint32_t group, const struct evaluation_record *record, const struct measurement *m,
                       const char *reason);
/* Reads the answer of an evaluation that is not open and gives it. */
void individual_answer_from_store(struct search *rs, uint64_t id, uint32_t group, const struct evaluation_record *record);
/* The values of the answer of a group, and on how many measurements they rest, into the record. */
void individual_take(const struct search *rs, struct individual_record *ind, uint32_t group, const struct evaluation_record *record,
                     const struct measurement *m);
/* Measures it again as far as its evaluations are open, failed, canceled or missing; it is told anew if it was told. -ENOENT: no such individual, or
 * one that no board measured. */
int individual_reopen(struct search *rs, uint64_t id) SONATA_MUST_CHECK;
/* Forgets one that is measured again, as the search ends: what was told stands, unless its measurement was taken back. */
void individual_put_back(struct search *rs, struct pending *p);

#endif
