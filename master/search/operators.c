/* Variation of genotypes. Parents and children are canonical; a gene that becomes active without a value of either parent is drawn
 * uniformly (the canonical form keeps no value for it). */
#include <string.h>

#include "search/core_internal.h"

enum { MUTATE_TRIES = 32 };

uint8_t operator_other_value(struct core *s, uint32_t j, uint8_t v)
{
    const struct gene *g = &s->space.gene[j];
    uint32_t n = g->n_choices;
    if (s->set.mutation == MUTATION_ORDINAL && g->ordinal && n > 2) {
        double u = rng_uniform(&s->rng);
        int step = 0, sign = rng_below(&s->rng, 2) ? 1 : -1;
        if (u < 0.9)
            step = u < 0.7 ? 1 : 2;
        for (int k = 0; k < 2 && step; k++, sign = -sign) {
            int to = v + sign * step;
            if (to >= 0 && to < (int)n)
                return (uint8_t)to;
        }
    }
    if (s->set.mutation == MUTATION_RESAMPLE)
        return (uint8_t)rng_below(&s->rng, n);
    return (uint8_t)((v + 1 + rng_below(&s->rng, n - 1)) % n);
}

/* Draws the active genes that have no value, clears the inactive ones, and canonicalises. */
static void settle(struct core *s, struct genotype *g, const bool has_value[SPACE_GENES_MAX])
{
    bool active[SPACE_GENES_MAX];
    const struct layout *l = &s->layout;
    for (unsigned j = 0; j < l->n_genes; j++) {
        int c = l->condition[j];
        active[j] = c < 0 || (active[c] && (l->mask[j] >> g->allele[c] & 1));
        if (!active[j])
            g->allele[j] = 0;
        else if (!has_value[j])
            g->allele[j] = (uint8_t)rng_below(&s->rng, l->n_choices[j]);
    }
    if (l->cell)
        *g = space_canonical(&s->space, g);
}

void operator_set(struct core *s, struct genotype *g, uint32_t j, uint8_t v)
{
    bool active[SPACE_GENES_MAX];
    layout_active(&s->layout, g, active);
    g->allele[j] = v;
    settle(s, g, active);
}

/* Active genes with a choice. */
static uint32_t mutable_genes(const struct core *s, const bool active[SPACE_GENES_MAX], uint32_t ret_gene[SPACE_GENES_MAX])
{
    uint32_t n = 0;
    for (unsigned j = 0; j < s->space.n_genes; j++) {
        if (active[j] && s->layout.n_choices[j] > 1)
            ret_gene[n++] = j;
    }
    return n;
}

void operator_mutate(struct core *s, struct genotype *g)
{
    bool active[SPACE_GENES_MAX];
    uint32_t gene[SPACE_GENES_MAX];
    layout_active(&s->layout, g, active);
    uint32_t n = mutable_genes(s, active, gene);
    for (uint32_t t = 0; t < MUTATE_TRIES && n; t++) { /* a change of a dead edge vanishes in the canonical form: again */
        struct genotype child = *g;
        for (uint32_t i = 0; i < n; i++) {
            if (rng_uniform(&s->rng) * n < 1)
                child.allele[gene[i]] = operator_other_value(s, gene[i], child.allele[gene[i]]);
        }
        if (genotype_equal(&s->space, &child, g) && s->set.mutation != MUTATION_RESAMPLE) {
            uint32_t j = gene[rng_below(&s->rng, n)];
            child.allele[j] = operator_other_value(s, j, child.allele[j]);
        }
        settle(s, &child, active);
        if (!genotype_equal(&s->space, &child, g) || s->set.mutation == MUTATION_RESAMPLE) {
            *g = child;
            return;
        }
    }
}

void operator_mutate_one(struct core *s, struct genotype *g)
{
    bool active[SPACE_GENES_MAX];
    uint32_t gene[SPACE_GENES_MAX];
    layout_active(&s->layout, g, active);
    uint32_t n = mutable_genes(s, active, gene);
    for (uint32_t t = 0; t < MUTATE_TRIES && n; t++) {
        struct genotype child = *g;
        uint32_t j = gene[rng_below(&s->rng, n)];
        operator_set(s, &child, j, operator_other_value(s, j, child.allele[j]));
        if (!genotype_equal(&s->space, &child, g)) {
            *g = child;
            return;
        }
    }
}

void operator_mix(struct core *s, const struct genotype *a, const struct genotype *b, const bool from_b[SPACE_GENES_MAX], struct genotype *ret_child)
{
    bool active[2][SPACE_GENES_MAX], has_value[SPACE_GENES_MAX];
    const struct genotype *parent[2] = {a, b};
    struct genotype child = {{0}};
    layout_active(&s->layout, a, active[0]);
    layout_active(&s->layout, b, active[1]);
    for (unsigned j = 0; j < s->space.n_genes; j++) {
        unsigned from = from_b[j];
        if (!active[from][j])
            from ^= 1;
        has_value[j] = active[from][j];
        child.allele[j] = has_value[j] ? parent[from]->allele[j] : 0;
    }
    settle(s, &child, has_value);
    *ret_child = child;
}

void operator_crossover(struct core *s, const struct genotype *a, const struct genotype *b, struct genotype *ret_child)
{
    bool from_b[SPACE_GENES_MAX];
    bool blocks = s->set.crossover == CROSSOVER_BLOCK && rng_below(&s->rng, 2);
    uint64_t coins = rng_u64(&s->rng);
    for (unsigned j = 0; j < s->space.n_genes; j++) {
        int block = blocks ? s->space.gene[j].block : -1;
        from_b[j] = coins >> (block >= 0 ? (unsigned)block % 64 : j) & 1;
    }
    operator_mix(s, a, b, from_b, ret_child);
}
