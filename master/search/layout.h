/* What variation needs to know of a space, close together: a gene of struct space is most of a kilobyte of labels and values. */
#ifndef SONATA_SEARCH_LAYOUT_H
#define SONATA_SEARCH_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/space.h"

struct layout {
    uint32_t n_genes;
    bool conditional, cell; // some gene depends on another; some gene is an edge of a cell
    int8_t condition[SPACE_GENES_MAX];
    uint16_t mask[SPACE_GENES_MAX];
    uint8_t n_choices[SPACE_GENES_MAX];
};

/* Takes over what the space says; the space may go unless it is of cells (layout_features()). */
void layout_init(struct layout *l, const struct space *space);
/* space_active() and space_features() of the same space. */
void layout_active(const struct layout *l, const struct genotype *g, bool ret_active[SPACE_GENES_MAX]);
/* space_features() of the same space, faster. */
void layout_features(const struct layout *l, const struct space *space, const struct genotype *g, uint8_t ret_features[SPACE_GENES_MAX]);

#endif
