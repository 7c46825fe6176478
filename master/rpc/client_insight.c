/* What the models of a search learned, for clients. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "rpc/verbs.h"

static Sonata__Insight__PerObjective *objective_message(const struct core_insight *in, uint32_t o, const struct search_spec *spec)
{
    Sonata__Insight__PerObjective *m = xmalloc(sizeof *m);
    sonata__insight__per_objective__init(m);
    m->n_importance = m->n_values = in->n_genes;
    m->importance = xmemdup(in->importance[o], (in->n_genes ? in->n_genes : 1) * sizeof(double));
    m->values = xcalloc(in->n_genes ? in->n_genes : 1, sizeof *m->values);
    for (uint32_t g = 0; g < in->n_genes; g++) {
        Sonata__Insight__PerObjective__Values *v = xmalloc(sizeof *v);
        sonata__insight__per_objective__values__init(v);
        v->n_value = spec->space.gene[g].n_choices;
        v->value = xmemdup(in->value[o][g], v->n_value * sizeof(double));
        m->values[g] = v;
    }
    m->rank_correlation = in->rank_correlation[o];
    m->coverage = in->coverage[o];
    return m;
}

static Sonata__Insight *insight_message(const struct core_insight *in, const char *const arms[16], const struct search_spec *spec)
{
    Sonata__Insight *m = xmalloc(sizeof *m);
    sonata__insight__init(m);
    m->n_genes = in->n_genes;
    m->genes = xcalloc(in->n_genes ? in->n_genes : 1, sizeof *m->genes);
    for (uint32_t g = 0; g < in->n_genes; g++)
        m->genes[g] = xstrdup(spec->space.gene[g].name);
    m->n_objectives = in->n_objectives;
    m->objectives = xcalloc(in->n_objectives ? in->n_objectives : 1, sizeof *m->objectives);
    for (uint32_t o = 0; o < in->n_objectives; o++)
        m->objectives[o] = objective_message(in, o, spec);
    m->trusted = in->surrogate_trusted;
    m->generation = in->generation;
    m->n_arms = m->n_arm_weight = m->n_arm_uses = in->n_arms;
    m->arms = xcalloc(in->n_arms ? in->n_arms : 1, sizeof *m->arms);
    for (uint32_t i = 0; i < in->n_arms; i++)
        m->arms[i] = xstrdup(arms[i] ? arms[i] : "");
    m->arm_weight = xmemdup(in->arm_weight, sizeof in->arm_weight);
    m->arm_uses = xmemdup(in->arm_uses, sizeof in->arm_uses);
    return m;
}

int client_insight(struct rpc_call *call)
{
    struct rpc *rpc = call->rpc;
    struct rpc_reply *reply = call->reply;
    const Sonata__GetInsight *verb = call->request->insight;
    cleanup_free struct core_insight *in = xcalloc(1, sizeof *in);
    cleanup_free struct search_spec *spec = xcalloc(1, sizeof *spec);
    const char *arms[16];
    int rc = engine_spec(rpc->run, verb->search, spec, &reply->err);
    if (!rc)
        rc = engine_insight(rpc->run, verb->search, in, arms, &reply->err);
    if (rc)
        return rc;
    reply->message.search = verb->search;
    reply->message.insight = insight_message(in, arms, spec);
    return 0;
}
