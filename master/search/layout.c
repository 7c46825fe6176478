/* See layout.h. */
#include "search/layout.h"

#include <string.h>

void layout_init(struct layout *l, const struct space *space)
{
    *l = (struct layout){.n_genes = space->n_genes, .cell = space->cell_nodes > 0};
    for (uint32_t j = 0; j < l->n_genes; j++) {
        const struct gene *g = &space->gene[j];
        l->condition[j] = (int8_t)g->condition_gene;
        l->mask[j] = (uint16_t)g->condition_mask;
        l->n_choices[j] = (uint8_t)g->n_choices;
        l->conditional |= g->condition_gene >= 0;
    }
}

void layout_active(const struct layout *l, const struct genotype *g, bool ret_active[SPACE_GENES_MAX])
{
    memset(ret_active, 1, l->n_genes * sizeof *ret_active);
    for (uint32_t j = 0; j < l->n_genes && l->conditional; j++) {
        int c = l->condition[j];
        ret_active[j] = c < 0 || (ret_active[c] && (l->mask[j] >> g->allele[c] & 1));
    }
}

void layout_features(const struct layout *l, const struct space *space, const struct genotype *g, uint8_t ret_features[SPACE_GENES_MAX])
{
    bool active[SPACE_GENES_MAX];
    if (l->cell) {
        space_features(space, g, ret_features);
        return;
    }
    layout_active(l, g, active);
    memset(ret_features, 0, SPACE_GENES_MAX);
    for (uint32_t j = 0; j < l->n_genes; j++)
        ret_features[j] = active[j] ? (uint8_t)(g->allele[j] + 1) : 0;
}
