/* Search spaces made to cost. */
#ifndef SONATA_TESTS_SUPPORT_HOSTILE_SPACE_H
#define SONATA_TESTS_SUPPORT_HOSTILE_SPACE_H

#include "support/mbconv_space.h"

static inline struct gene *hostile_gene(struct space *s, unsigned n_choices)
{
    struct gene *g = &s->gene[s->n_genes];
    *g = (struct gene){.n_choices = (uint8_t)n_choices, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = 0};
    snprintf(g->name, sizeof g->name, "g%u", (unsigned)s->n_genes++);
    for (unsigned v = 0; v < n_choices; v++) {
        snprintf(g->label[v], sizeof g->label[v], "%u", v);
        g->value[v] = v;
    }
    return g;
}

/* Every gene depends on the one before, and nothing it says makes a difference: 2^64 combinations of one form. */
static inline void chain_space(struct space *s)
{
    *s = (struct space){.name = "chain", .cell_nodes = 3, .identity_graph = true};
    for (unsigned j = 0; j < SPACE_GENES_MAX; j++) {
        struct gene *g = hostile_gene(s, 2);
        g->edge_from = 0;
        g->edge_to = 1;
        g->condition_gene = (int16_t)(j ? (int)j - 1 : -1);
        g->condition_mask = j ? 3 : 0;
    }
}

/* 2^22 combinations of few forms on sixteen nodes, which cost the most to tell apart. */
static inline void dead_space(struct space *s)
{
    *s = (struct space){.name = "dead", .cell_nodes = 16, .identity_graph = true};
    for (unsigned j = 0; j < SPACE_GENES_MAX; j++) {
        struct gene *g = hostile_gene(s, j < 22 ? 2 : 1);
        g->edge_from = (int16_t)(j % 14);
        g->edge_to = (int16_t)(g->edge_from + 1);
    }
}

/* A network of many layers and about 10^20 forms: every proposal is new. */
static inline struct space wide_mbconv_space(void)
{
    static const unsigned kernel[] = {3, 5, 7}, expansion[] = {1, 2, 3, 4}, depth[] = {1, 2, 3, 4};
    struct space s = {.name = "wide",
                      .network = {.family = "mbconv",
                                  .input_size = 32,
                                  .input_channels = 3,
                                  .classes = 10,
                                  .stem = 16,
                                  .head = 64,
                                  .n_stages = 5,
                                  .stage = {{1, 64, 4}, {2, 64, 4}, {1, 64, 4}, {2, 64, 4}, {1, 64, 4}}}};
    for (unsigned stage = 1; stage <= 5; stage++) {
        char name[16];
        snprintf(name, sizeof name, "d%u", stage);
        int d = mbconv_space_gene(&s, name, 4, depth);
        snprintf(name, sizeof name, "w%u", stage);
        mbconv_space_gene(&s, name, 3, (unsigned[]){16, 32, 64});
        for (unsigned block = 1; block <= 4; block++) {
            snprintf(name, sizeof name, "k%u%u", stage, block);
            int k = mbconv_space_gene(&s, name, 3, kernel);
            snprintf(name, sizeof name, "e%u%u", stage, block);
            int e = mbconv_space_gene(&s, name, 4, expansion);
            if (block == 1)
                continue;
            s.gene[k].condition_gene = s.gene[e].condition_gene = (int16_t)d;
            s.gene[k].condition_mask = s.gene[e].condition_mask = (uint16_t)(0xf << (block - 1) & 0xf);
        }
    }
    return s;
}

#endif
