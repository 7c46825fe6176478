/* What people are told about the search's own learning (contract: core.h). */
#include <math.h>
#include <string.h>

#include "search/chooser.h"
#include "search/core_internal.h"
#include "search/models.h"

static void describe_arms(const struct core *s, struct core_insight *out)
{
    uint32_t n = out->n_arms = s->algorithm->n_arms;
    double weight[CHOOSER_ARMS_MAX] = {0};
    for (uint32_t i = 0; i < s->archive.n; i++)
        out->arm_uses[s->archive.row[i].arm] += !s->archive.row[i].injected;
    if (s->chooser && s->chooser->n_arms > 1) {
        s->chooser->policy->weights(s->chooser, weight);
        for (uint32_t k = 0; k < s->chooser->n_arms; k++)
            out->arm_weight[s->chooser->arm[k]] = weight[k];
    } else if (s->chooser)
        out->arm_weight[s->chooser->arm[0]] = 1;
    else {
        for (uint32_t a = ARM_FIRST_OWN; a < n; a++)
            out->arm_weight[a] = 1.0 / (n - ARM_FIRST_OWN);
        out->arm_weight[ARM_RANDOM] = n == ARM_FIRST_OWN;
    }
}

/* Features to alleles: a `none` edge is what the models see as silent. */
static void describe_importance(const struct core *s, struct core_insight *out)
{
    const struct models *m = s->models;
    out->n_genes = s->space.n_genes;
    for (uint32_t o = 0; o < s->params.n_objectives; o++) {
        for (uint32_t j = 0; j < s->space.n_genes; j++) {
            const struct gene *g = &s->space.gene[j];
            out->importance[o][j] = m->importance[o][j];
            for (uint32_t v = 0; v < g->n_choices; v++) {
                bool silent = s->set.mask && g->edge_from >= 0 && g->none_allele == (int)v;
                out->value[o][j][v] = m->value[o][j][silent ? 0 : v + 1];
            }
        }
    }
}

void core_insight(struct core *s, struct core_insight *ret_insight)
{
    *ret_insight = (struct core_insight){.n_objectives = s->params.n_objectives, .generation = s->generation};
    for (uint32_t o = 0; o < CORE_OBJECTIVES_MAX; o++)
        ret_insight->rank_correlation[o] = ret_insight->coverage[o] = NAN;
    describe_arms(s, ret_insight);
    if (!s->models)
        return;
    models_ready(s);
    models_quality(s, ret_insight->rank_correlation, ret_insight->coverage);
    ret_insight->surrogate_trusted = s->models->fitted && models_trusted(s);
    if (s->models->grown && s->models->forest_train.n)
        describe_importance(s, ret_insight);
}
