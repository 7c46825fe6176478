/* Baselines without a surrogate: aging evolution, multi-objective local search, NSGA-II as Optuna ships it. They share identity,
 * duplicate elimination and accounting with every other mode; what differs from their originals is said at each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/core_internal.h"
#include "search/pareto.h"
#include "search/sonata_operators.h"

enum { AGING_SAMPLE = 10, AGING_TRIES = 100, OPTUNA_TRIES = 60 };

static void merge_nothing(struct core *s, const uint32_t *rows, uint32_t n)
{
    (void)s;
    (void)rows;
    (void)n;
}

static void common_defaults(const struct core_params *p, struct core_settings *s)
{
    (void)p;
    (void)s;
}

static bool take_random(struct core *s, struct keyset *among, struct candidate *ret)
{
    struct genotype g;
    if (!design_unseen(s, among, &g))
        return false;
    candidate_init(s, ret, &g, ARM_RANDOM);
    return true;
}

static const char *const mutation_arms[] = {"init", "random", "mutation"}, *const neighbour_arms[] = {"init", "random", "neighbour"},
                         *const offspring_arms[] = {"init", "random", "offspring"};

/* --- aging: regularised evolution (Real, Aggarwal, Huang, Le, AAAI 2019), several objectives by one random Chebyshev weighting per parent --- */

/* The last `population` measured rows. */
static uint32_t living(const struct core *s, uint32_t *ret_rows)
{
    uint32_t n = 0;
    for (uint32_t i = s->archive.n_told; i-- > 0 && n < s->set.population;) {
        if (row_feasible(&s->archive.row[s->archive.told[i]]))
            ret_rows[n++] = s->archive.told[i];
    }
    return n;
}

static bool aging_child(struct core *s, const uint32_t *row, uint32_t n, struct keyset *among, struct candidate *ret)
{
    double weight[CORE_OBJECTIVES_MAX], best = INFINITY;
    uint32_t parent = row[0];
    weights_draw(s, weight);
    for (uint32_t i = 0; i < AGING_SAMPLE; i++) {
        uint32_t other = row[rng_below(&s->rng, n)];
        double score = weights_score(s, weight, s->archive.row[other].y);
        if (score < best) {
            best = score;
            parent = other;
        }
    }
    struct genotype child = s->archive.row[parent].genotype;
    for (uint32_t t = 0; t < AGING_TRIES; t++) { /* a known child is mutated on */
        operator_mutate_one(s, &child);
        if (candidate_accept(s, among, &child)) {
            candidate_init(s, ret, &child, ARM_FIRST_OWN);
            ret->parent[0] = parent;
            return true;
        }
    }
    return false;
}

static uint32_t aging_breed(struct core *s, uint32_t n, struct candidate *ret)
{
    struct keyset among = {0};
    uint32_t *row = xcalloc(s->set.population, sizeof *row), alive = living(s, row), k = 0;
    while (k < n && ((alive && aging_child(s, row, alive, &among, &ret[k])) || take_random(s, &among, &ret[k])))
        k++;
    free(row);
    keyset_fini(&among);
    return k;
}

const struct algorithm algorithm_aging = {.name = "aging",
                                          .quick = true,
                                          .option_groups = GROUP_ALL | GROUP_EVOLUTION,
                                          .n_arms = 3,
                                          .arm = mutation_arms,
                                          .defaults = common_defaults,
                                          .breed = aging_breed,
                                          .told = merge_nothing};

/* --- local: neighbourhoods of front members are measured completely, members in random order (White, Nolen, Savani, UAI 2021) --- */

static uint32_t local_neighbours(struct core *s, uint32_t row, struct keyset *among, uint32_t n, struct candidate *ret)
{
    const struct genotype *g = &s->archive.row[row].genotype;
    bool active[SPACE_GENES_MAX];
    uint32_t move[SPACE_GENES_MAX * SPACE_CHOICES_MAX], moves = 0, k = 0;
    space_active(&s->space, g, active);
    for (uint32_t j = 0; j < s->space.n_genes; j++) {
        for (uint32_t v = 0; active[j] && v < s->space.gene[j].n_choices; v++) {
            if (v != g->allele[j])
                move[moves++] = j * SPACE_CHOICES_MAX + v;
        }
    }
    rng_shuffle(&s->rng, move, moves);
    for (uint32_t i = 0; i < moves && k < n; i++) {
        struct genotype child = *g;
        operator_set(s, &child, move[i] / SPACE_CHOICES_MAX, (uint8_t)(move[i] % SPACE_CHOICES_MAX));
        if (!candidate_accept(s, among, &child))
            continue;
        candidate_init(s, &ret[k], &child, ARM_FIRST_OWN);
        ret[k++].parent[0] = row;
    }
    return k;
}

static uint32_t local_breed(struct core *s, uint32_t n, struct candidate *ret)
{
    struct keyset among = {0};
    uint32_t members = s->archive.n_front, *row = xcalloc(members + 1, sizeof *row), k = 0;
    if (members)
        memcpy(row, s->archive.front, members * sizeof *row);
    rng_shuffle(&s->rng, row, members);
    for (uint32_t i = 0; i < members && k < n; i++)
        k += local_neighbours(s, row[i], &among, n - k, ret + k);
    while (k < n && take_random(s, &among, &ret[k])) /* every member is a local optimum: restart */
        k++;
    free(row);
    keyset_fini(&among);
    return k;
}

static void local_defaults(const struct core_params *p, struct core_settings *s)
{
    (void)p;
    s->init = 10;
}

const struct algorithm algorithm_local = {.name = "local",
                                          .quick = true,
                                          .option_groups = GROUP_ALL,
                                          .n_arms = 3,
                                          .arm = neighbour_arms,
                                          .defaults = local_defaults,
                                          .breed = local_breed,
                                          .told = merge_nothing};

/* --- optuna-nsga2: NSGAIISampler's defaults: population 50, generations, tournament by dominance alone, uniform crossover 0.9, each gene
 * redrawn with 1/n (perhaps to the value it had). Its repeats are skipped here at no charge, which flatters it. --- */

static void optuna_defaults(const struct core_params *p, struct core_settings *s)
{
    (void)p;
    s->population = 50;
    s->generational = true;
    s->mutation = MUTATION_RESAMPLE;
}

static uint32_t optuna_parent(struct core *s)
{
    const struct population *p = &s->population;
    uint32_t a = p->row[rng_below(&s->rng, p->n)], b = p->row[rng_below(&s->rng, p->n)];
    const struct row *ra = &s->archive.row[a], *rb = &s->archive.row[b];
    if (row_feasible(ra) != row_feasible(rb))
        return row_feasible(ra) ? a : b;
    if (pareto_dominates(ra->y, rb->y, s->params.n_objectives))
        return a;
    if (pareto_dominates(rb->y, ra->y, s->params.n_objectives))
        return b;
    return rng_below(&s->rng, 2) ? a : b;
}

static bool optuna_child(struct core *s, struct keyset *among, struct candidate *ret)
{
    for (uint32_t t = 0; t < OPTUNA_TRIES && s->population.n >= 2; t++) {
        uint32_t a = optuna_parent(s), b = optuna_parent(s);
        struct genotype child = s->archive.row[a].genotype;
        if (rng_uniform(&s->rng) < s->set.crossover_rate)
            operator_crossover(s, &s->archive.row[a].genotype, &s->archive.row[b].genotype, &child);
        operator_mutate(s, &child);
        if (!candidate_accept(s, among, &child))
            continue;
        candidate_init(s, ret, &child, ARM_FIRST_OWN);
        ret->parent[0] = a;
        ret->parent[1] = b != a ? (int64_t)b : -1;
        return true;
    }
    return false;
}

static uint32_t optuna_breed(struct core *s, uint32_t n, struct candidate *ret)
{
    struct keyset among = {0};
    uint32_t k = 0;
    while (k < n && (optuna_child(s, &among, &ret[k]) || take_random(s, &among, &ret[k])))
        k++;
    keyset_fini(&among);
    return k;
}

const struct algorithm algorithm_optuna_nsga2 = {.name = "optuna-nsga2",
                                                 .quick = true,
                                                 .option_groups = GROUP_ALL | GROUP_EVOLUTION,
                                                 .n_arms = 3,
                                                 .arm = offspring_arms,
                                                 .defaults = optuna_defaults,
                                                 .breed = optuna_breed,
                                                 .told = population_merge};
