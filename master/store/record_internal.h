/* Parts of records that several kinds have. */
#ifndef SONATA_STORE_RECORD_INTERNAL_H
#define SONATA_STORE_RECORD_INTERNAL_H

#include "store/fields.h"
#include "store/record_evaluation.h"

/* Name of the board type and of the metrics. */
void walk_need_group(struct fields *f, struct need_group *g);
/* Number of genes and their alleles. */
void walk_genotype(struct fields *f, uint16_t *n_genes, struct genotype *g);

#endif
