/* What the store knows of an architecture. */
#ifndef SONATA_RUN_KNOWN_H
#define SONATA_RUN_KNOWN_H

#include "run/engine_internal.h"

/* The evaluation that answers the group of the search for that individual (genotype, and its model where one is run): a record without id and state.
 */
struct evaluation_record evaluation_wanted(const struct search *rs, const struct individual_record *ind, uint32_t group);
/* Key of what is evaluated where and how, metrics aside. */
struct store_key evaluation_key(const struct evaluation_record *e);
/* Seed of the simulated noise: the same measurement gives the same noise wherever and whenever it is tried again. */
uint64_t evaluation_seed(const struct evaluation_record *e, const struct store_key *key);
/* The best known evaluation that covers the metrics: an answered one before an open one. false: none. */
bool evaluation_find(struct engine *r, const struct evaluation_record *want, const struct store_key *key, struct evaluation_record *ret_known);
/* Enters an evaluation under its key. A full index (4,096) drops evaluations without a usable answer, else the oldest. */
void evaluation_index(struct engine *r, const struct store_key *key, uint64_t id);
/* Whether the store answers that group for the individual now (done or infeasible). */
bool evaluation_known(const struct search *rs, const struct individual_record *ind, uint32_t group, struct evaluation_record *ret_record);

#endif
