/* Policies on a bandit whose second arm is the better one; operators and mutation on the spaces of the fixture. */
#include "search/chooser.h"

#include <math.h>
#include <string.h>

#include "fixture.h"
#include "search/core_internal.h"
#include "support/cmocka.h"

static struct chooser *new_agent(const struct policy *policy, uint32_t arms)
{
    struct space cell;
    fixture_cell_space(&cell);
    struct core *s = fixture_search(&cell, "sonata", 2, 100, 1);
    struct chooser *a = chooser_new(s);
    a->policy = policy;
    a->n_arms = arms;
    core_free(s);
    return a;
}

static void policies_find_the_better_arm(void **state)
{
    static const struct policy *const learning[] = {&policy_thompson, &policy_linucb, &policy_actor_critic, &policy_ppo};
    (void)state;
    for (int p = 0; p < 4; p++) {
        struct chooser *a = new_agent(learning[p], 3);
        struct rng rng = rng_seeded(5, (uint64_t)p);
        uint32_t uses[3] = {0};
        for (int t = 0; t < 3000; t++) {
            double probability;
            uint32_t k = a->policy->pick(a, &rng, &probability);
            assert_true(k < 3 && probability > 0 && probability <= 1);
            uses[k] += t >= 2000;
            struct chooser_decision *d = &a->memory[a->n_memory++];
            *d = (struct chooser_decision){.arm = k, .probability = probability, .reward = rng_uniform(&rng) < (k == 1 ? 0.8 : 0.2)};
            memcpy(d->context, a->context, sizeof d->context);
            if (a->n_memory == CHOOSER_MEMORY) {
                a->policy->update(a);
                a->n_memory = 0;
            }
        }
        if (uses[1] < 600)
            fail_msg("%s chose the better arm %u times in 1000", a->policy->name, uses[1]);
        double weight[CHOOSER_ARMS_MAX], sum = 0;
        a->policy->weights(a, weight);
        for (int k = 0; k < 3; k++)
            sum += weight[k];
        assert_close(sum, 1, 1e-9);
        assert_true(weight[1] > weight[0] && weight[1] > weight[2]);
        chooser_free(a);
    }
}

static void fixed_is_even(void **state)
{
    struct chooser *a = new_agent(&policy_fixed, 4);
    struct rng rng = rng_seeded(6, 0);
    uint32_t uses[4] = {0};
    double probability;
    (void)state;
    for (int t = 0; t < 4000; t++)
        uses[a->policy->pick(a, &rng, &probability)]++;
    for (int k = 0; k < 4; k++)
        assert_in_range(uses[k], 900, 1100);
    chooser_free(a);
}

static void mutation_always_changes_an_active_gene(void **state)
{
    struct space spaces[2];
    (void)state;
    fixture_cell_space(&spaces[0]);
    spaces[0].identity_graph = true; /* dead edges do not count as a change */
    fixture_depth_space(&spaces[1]);
    for (int i = 0; i < 2; i++) {
        struct core *s = fixture_search(&spaces[i], "nsga2", 2, 100, 1);
        uint32_t changed[SPACE_GENES_MAX] = {0};
        for (int t = 0; t < 3000; t++) {
            struct genotype g = space_random(&spaces[i], &s->rng), child = g;
            operator_mutate(s, &child);
            struct genotype c = space_canonical(&spaces[i], &child);
            assert_true(genotype_equal(&spaces[i], &c, &child));
            assert_false(genotype_equal(&spaces[i], &g, &child));
            for (uint32_t j = 0; j < spaces[i].n_genes; j++)
                changed[j] += g.allele[j] != child.allele[j];
        }
        for (uint32_t j = 0; j < spaces[i].n_genes; j++)
            assert_true(changed[j] > 100);
        core_free(s);
    }
}

static void crossover_takes_from_the_parents(void **state)
{
    struct space depth;
    (void)state;
    fixture_depth_space(&depth);
    struct core *s = fixture_search(&depth, "nsga2", 2, 100, 1);
    for (int t = 0; t < 2000; t++) {
        struct genotype a = space_random(&depth, &s->rng), b = space_random(&depth, &s->rng), child;
        bool active[3][SPACE_GENES_MAX];
        operator_crossover(s, &a, &b, &child);
        space_active(&depth, &a, active[0]);
        space_active(&depth, &b, active[1]);
        space_active(&depth, &child, active[2]);
        for (uint32_t j = 0; j < depth.n_genes; j++) {
            if (!active[2][j])
                assert_int_equal(child.allele[j], 0);
            else if (active[0][j] || active[1][j])
                assert_true((active[0][j] && child.allele[j] == a.allele[j]) || (active[1][j] && child.allele[j] == b.allele[j]));
        }
    }
    core_free(s);
}

static void ordinal_steps_are_small(void **state)
{
    struct space depth;
    struct core_params p = {.algorithm = "nsga2", .n_objectives = 2, .n_options = 1, .option = {{"mutation", "ordinal"}}};
    struct core *s;
    uint32_t near = 0;
    (void)state;
    fixture_depth_space(&depth);
    depth.gene[0].n_choices = 8;
    for (int v = 0; v < 8; v++)
        memcpy(depth.gene[0].label[v], (char[2]){(char)('a' + v), 0}, 2);
    assert_int_equal(core_new(&depth, &p, &s, NULL), 0);
    for (int t = 0; t < 2000; t++) {
        uint8_t v = (uint8_t)(t % 8), w = operator_other_value(s, 0, v);
        assert_true(w < 8 && w != v);
        near += w + 1 == v || v + 1 == w;
    }
    assert_in_range(near, 1300, 1650); /* 0.7 and the share of the uniform tenth */
    core_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_find_the_better_arm),
        cmocka_unit_test(fixed_is_even),
        cmocka_unit_test(mutation_always_changes_an_active_gene),
        cmocka_unit_test(crossover_takes_from_the_parents),
        cmocka_unit_test(ordinal_steps_are_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
