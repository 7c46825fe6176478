/* Exact functional ANOVA of a forest: one walk over all leaves. A leaf is a box of allowed values per gene, with the share of the space
 * it covers as volume; conditioned on x_j = u its volume grows by card_j / |allowed_j| when u is allowed and vanishes otherwise. */
#include <math.h>
#include <string.h>

#include "search/forest.h"

struct walk {
    const struct forest *forest;
    uint32_t domain[FOREST_GENES_MAX], allowed[FOREST_GENES_MAX];
    uint32_t touched[FOREST_GENES_MAX], n_touched; // genes split on the way to here
    double (*value)[FOREST_VALUES];
};

static uint32_t bits(uint32_t x) { return (uint32_t)__builtin_popcount(x); }

static void leaf(struct walk *w, double volume, double mean)
{
    for (uint32_t i = 0; i < w->n_touched; i++) {
        uint32_t j = w->touched[i], domain = w->domain[j], allowed = w->allowed[j];
        double inside = volume * mean * bits(domain) / bits(allowed), outside = volume * mean;
        for (uint32_t v = 0; domain >> v; v++) {
            if (domain >> v & 1)
                w->value[j][v] += (allowed >> v & 1 ? inside : 0) - outside;
        }
    }
}

static void visit(struct walk *w, uint32_t at, double volume)
{
    const struct forest_node *d = &w->forest->node[at];
    if (d->left == at) {
        leaf(w, volume, (double)d->mean);
        return;
    }
    uint32_t g = d->split >> FOREST_GENE_SHIFT, old = w->allowed[g], side[2] = {old & d->split, old & ~d->split};
    bool first = old == w->domain[g];
    for (uint32_t i = 0; i < 2; i++) {
        if (!side[i])
            continue;
        w->allowed[g] = side[i];
        if (first && side[i] != old)
            w->touched[w->n_touched++] = g;
        visit(w, d->left + i, volume * bits(side[i]) / bits(old));
        if (first && side[i] != old)
            w->n_touched--;
    }
    w->allowed[g] = old;
}

static double variance(const double *value, uint32_t domain)
{
    double sum = 0, square = 0, n = bits(domain);
    for (uint32_t v = 0; domain >> v; v++) {
        if (domain >> v & 1) {
            sum += value[v];
            square += value[v] * value[v];
        }
    }
    return n > 0 ? fmax(0, square / n - sum * sum / (n * n)) : 0;
}

void forest_anova(const struct forest *f, const struct forest_gene *gene, double ret_importance[FOREST_GENES_MAX],
                  double ret_value[FOREST_GENES_MAX][FOREST_VALUES])
{
    struct walk w = {.forest = f, .value = ret_value};
    double total = 0;
    memset(ret_value, 0, sizeof(double[FOREST_GENES_MAX][FOREST_VALUES]));
    memset(ret_importance, 0, sizeof(double[FOREST_GENES_MAX]));
    for (uint32_t j = 0; j < f->n_genes; j++)
        w.domain[j] = w.allowed[j] = gene[j].domain;
    for (uint32_t t = 0; t < f->n_trees; t++)
        visit(&w, f->root[t], 1.0 / f->n_trees);
    for (uint32_t j = 0; j < f->n_genes; j++) {
        ret_importance[j] = variance(ret_value[j], gene[j].absent ? gene[j].domain & ~1u : gene[j].domain);
        total += ret_importance[j];
    }
    for (uint32_t j = 0; j < f->n_genes && total > 0; j++)
        ret_importance[j] /= total;
}
