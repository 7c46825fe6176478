/* See sonata_operators.h. */
#include "search/sonata_operators.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/models.h"

enum { NEIGHBOURS_MAX = SPACE_GENES_MAX * SPACE_CHOICES_MAX, GUIDED_CHILDREN = 8 };

static const double VALUE_TEMPERATURE = 0.2, LOCAL_TEMPERATURE = 0.1, UNIFORM_SHARE = 0.3;

void weights_draw(struct core *s, double ret_weight[CORE_OBJECTIVES_MAX])
{
    double total = 0;
    for (uint32_t o = 0; o < s->params.n_objectives; o++)
        total += ret_weight[o] = -log(1 - rng_uniform(&s->rng));
    for (uint32_t o = 0; o < s->params.n_objectives; o++)
        ret_weight[o] = total > 0 ? ret_weight[o] / total : 1.0 / s->params.n_objectives;
}

double weights_score(const struct core *s, const double *weight, const double *y)
{
    double z[CORE_OBJECTIVES_MAX], worst = 0, sum = 0;
    scale_normalise(s, y, z);
    for (uint32_t o = 0; o < s->params.n_objectives; o++) {
        worst = fmax(worst, weight[o] * z[o]);
        sum += weight[o] * z[o];
    }
    return worst + 0.1 * sum;
}

/* Weighted marginal effect of a feature value of a gene; small is good. */
static double table_value(const struct core *s, const double *weight, uint32_t gene, uint32_t feature)
{
    double sum = 0;
    for (uint32_t o = 0; o < s->params.n_objectives; o++)
        sum += weight[o] * s->models->value[o][gene][feature];
    return sum;
}

static uint32_t feature_of(const struct core *s, uint32_t gene, uint32_t allele)
{
    const struct gene *g = &s->space.gene[gene];
    return s->set.mask && g->edge_from >= 0 && g->none_allele == (int)allele ? 0 : allele + 1;
}

/* Index drawn with probability proportional to p[i]; n >= 1. */
static uint32_t draw(struct core *s, const double *p, uint32_t n)
{
    double total = 0;
    for (uint32_t i = 0; i < n; i++)
        total += p[i];
    double u = rng_uniform(&s->rng) * total;
    uint32_t last = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (p[i] > 0) {
            last = i;
            if ((u -= p[i]) < 0)
                break;
        }
    }
    return last;
}

/* exp(-(score - lowest) / range / temperature) in place. */
static void soften(double *score, uint32_t n, double temperature)
{
    double low = INFINITY, high = -INFINITY;
    for (uint32_t i = 0; i < n; i++) {
        low = fmin(low, score[i]);
        high = fmax(high, score[i]);
    }
    for (uint32_t i = 0; i < n; i++)
        score[i] = exp(-(score[i] - low) / fmax(high - low, 1e-9) / temperature);
}

/* An active gene with a choice, by weighted importance with a uniform share; -1 when there is none. */
static int64_t draw_gene(struct core *s, const double *weight, const struct genotype *g)
{
    bool active[SPACE_GENES_MAX];
    double p[SPACE_GENES_MAX] = {0}, total = 0;
    space_active(&s->space, g, active);
    for (uint32_t j = 0; j < s->space.n_genes; j++) {
        if (!active[j] || s->space.gene[j].n_choices < 2)
            continue;
        double importance = 0;
        for (uint32_t o = 0; o < s->params.n_objectives; o++)
            importance += weight[o] * s->models->importance[o][j];
        total += p[j] = (1 - UNIFORM_SHARE) * importance + UNIFORM_SHARE / s->space.n_genes;
    }
    return total > 0 ? (int64_t)draw(s, p, s->space.n_genes) : -1;
}

/* Another value of the gene, by the value table. */
static uint8_t draw_value(struct core *s, const double *weight, uint32_t gene, uint8_t now)
{
    uint32_t n = s->space.gene[gene].n_choices;
    double p[SPACE_CHOICES_MAX];
    for (uint32_t v = 0; v < n; v++)
        p[v] = table_value(s, weight, gene, feature_of(s, gene, v));
    soften(p, n, VALUE_TEMPERATURE);
    p[now] = 0;
    uint32_t v = draw(s, p, n);
    return v == now ? operator_other_value(s, gene, now) : (uint8_t)v; /* all the others underflowed */
}

/* What taking the mate's genes would gain, per gene; genes of one block share their sum when blocks are kept together. */
static double mate_gains(const struct core *s, const double *weight, const uint8_t *mine, const uint8_t *mate, double ret_gain[SPACE_GENES_MAX])
{
    double block[SPACE_GENES_MAX] = {0}, largest = 0;
    for (uint32_t j = 0; j < s->space.n_genes; j++) {
        ret_gain[j] = table_value(s, weight, j, mine[j]) - table_value(s, weight, j, mate[j]);
        if (s->space.gene[j].block >= 0)
            block[s->space.gene[j].block % SPACE_GENES_MAX] += ret_gain[j];
    }
    for (uint32_t j = 0; j < s->space.n_genes; j++) {
        if (s->set.crossover == CROSSOVER_BLOCK && s->space.gene[j].block >= 0)
            ret_gain[j] = block[s->space.gene[j].block % SPACE_GENES_MAX];
        largest = fmax(largest, fabs(ret_gain[j]));
    }
    return largest;
}

void operator_importance(struct core *s, const struct genotype *a, const struct genotype *b, struct genotype *ret_child)
{
    uint8_t mine[SPACE_GENES_MAX], mate[SPACE_GENES_MAX];
    double weight[CORE_OBJECTIVES_MAX], gain[SPACE_GENES_MAX];
    bool from_mate[SPACE_GENES_MAX];
    weights_draw(s, weight);
    core_features(s, a, mine);
    core_features(s, b, mate);
    double largest = mate_gains(s, weight, mine, mate, gain), block_coin[SPACE_GENES_MAX];
    for (uint32_t j = 0; j < s->space.n_genes; j++)
        block_coin[j] = rng_uniform(&s->rng);
    for (uint32_t j = 0; j < s->space.n_genes; j++) {
        int block = s->set.crossover == CROSSOVER_BLOCK ? s->space.gene[j].block : -1;
        double coin = block_coin[block >= 0 ? (uint32_t)block % SPACE_GENES_MAX : j];
        from_mate[j] = coin < 1 / (1 + exp(-2 * gain[j] / (largest + 1e-12)));
    }
    operator_mix(s, a, b, from_mate, ret_child);
    if (rng_below(&s->rng, 2)) {
        int64_t j = draw_gene(s, weight, ret_child);
        if (j >= 0)
            operator_set(s, ret_child, (uint32_t)j, draw_value(s, weight, (uint32_t)j, ret_child->allele[j]));
    }
}

/* All one-gene neighbours of g; returns how many. */
static uint32_t neighbours(struct core *s, const struct genotype *g, struct candidate *ret)
{
    bool active[SPACE_GENES_MAX];
    uint32_t n = 0;
    space_active(&s->space, g, active);
    for (uint32_t j = 0; j < s->space.n_genes; j++) {
        for (uint32_t v = 0; active[j] && v < s->space.gene[j].n_choices; v++) {
            if (v == g->allele[j])
                continue;
            struct genotype child = *g;
            operator_set(s, &child, j, (uint8_t)v);
            candidate_init(s, &ret[n++], &child, 0);
        }
    }
    return n;
}

void operator_local(struct core *s, const struct genotype *a, const struct genotype *b, struct genotype *ret_child)
{
    double weight[CORE_OBJECTIVES_MAX], score[NEIGHBOURS_MAX];
    struct candidate *c = xcalloc(NEIGHBOURS_MAX, sizeof *c);
    struct genotype child = *a;
    weights_draw(s, weight);
    if (rng_below(&s->rng, 2))
        operator_crossover(s, a, b, &child);
    for (uint32_t steps = rng_uniform(&s->rng) < 0.4 ? 2 : 1; steps; steps--) {
        uint32_t n = neighbours(s, &child, c);
        if (!n)
            break;
        models_predict(s, c, n, 0, false);
        for (uint32_t i = 0; i < n; i++)
            score[i] = weights_score(s, weight, c[i].q);
        soften(score, n, LOCAL_TEMPERATURE);
        child = c[draw(s, score, n)].genotype;
    }
    free(c);
    *ret_child = child;
}

void operator_guided_crossover(struct core *s, const struct genotype *a, const struct genotype *b, struct genotype *ret_child)
{
    double weight[CORE_OBJECTIVES_MAX], best = INFINITY;
    struct candidate c[GUIDED_CHILDREN];
    weights_draw(s, weight);
    for (uint32_t i = 0; i < GUIDED_CHILDREN; i++) {
        struct genotype child;
        operator_crossover(s, a, b, &child);
        if (rng_uniform(&s->rng) < 0.7)
            operator_mutate_one(s, &child);
        candidate_init(s, &c[i], &child, 0);
    }
    models_predict(s, c, GUIDED_CHILDREN, 0, false);
    for (uint32_t i = 0; i < GUIDED_CHILDREN; i++) {
        double score = weights_score(s, weight, c[i].q);
        if (score < best) {
            best = score;
            *ret_child = c[i].genotype;
        }
    }
}
