/* Parameters and options: what is accepted, what is refused and how it is said. */
#include "search/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "support/cmocka.h"

static struct core_params params(const char *algorithm, const char *name, const char *value)
{
    struct core_params p = {.n_objectives = 2, .budget = 400};
    snprintf(p.algorithm, sizeof p.algorithm, "%s", algorithm);
    if (name) {
        p.n_options = 1;
        snprintf(p.option[0].name, sizeof p.option[0].name, "%s", name);
        snprintf(p.option[0].value, sizeof p.option[0].value, "%s", value);
    }
    return p;
}

static void refuse(const char *algorithm, const char *name, const char *value, const char *text)
{
    struct core_params p = params(algorithm, name, value);
    struct sonata_error err = {{0}};
    assert_int_equal(core_params_check(&p, &err), -EINVAL);
    if (!strstr(err.text, text))
        fail_msg("'%s' does not say '%s'", err.text, text);
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    refuse("nsga3", NULL, NULL, "sonata+, sonata, nsga2");
    refuse("sonata+", "agnet", "fixed", "'agnet' is not known");
    refuse("sonata+", "agent", "ppo2", "one of fixed|thompson|linucb|actor-critic|ppo");
    refuse("sonata+", "beta", "x", "a number from 0 to 5");
    refuse("sonata+", "beta", "9", "a number from 0 to 5");
    refuse("sonata+", "trees", "1.5", "a whole number");
    refuse("sonata+", "mask", "maybe", "on or off");
    refuse("nsga2", "agent", "fixed", "means nothing to algorithm 'nsga2'");
    refuse("sonata", "sources", "inner", "means nothing");
}

static void numbers_have_limits(void **state)
{
    struct sonata_error err = {{0}};
    struct core_params p = params("nsga2", NULL, NULL);
    (void)state;
    p.n_objectives = 5;
    assert_int_equal(core_params_check(&p, &err), -EINVAL);
    p = params("nsga2", NULL, NULL);
    p.population = 1;
    assert_int_equal(core_params_check(&p, &err), -EINVAL);
    p = params("nsga2", NULL, NULL);
    p.n_options = 17;
    assert_int_equal(core_params_check(&p, &err), -EINVAL);
    p = params("nsga2", NULL, NULL);
    p.budget = 1;
    assert_int_equal(core_params_check(&p, &err), -EINVAL);
}

static void defaults_are_the_documented_ones(void **state)
{
    struct core_settings s;
    struct core_params p = params("sonata+", NULL, NULL);
    (void)state;
    assert_int_equal(settings_resolve(&p, &s, NULL), 0);
    assert_int_equal(s.population, 50);
    assert_int_equal(s.batch, 10);
    assert_int_equal(s.surrogate, SURROGATE_GP);
    assert_int_equal(s.agent, CHOOSER_THOMPSON);
    assert_int_equal(s.least_used, LEAST_USED_AUTO);
    assert_close(s.beta, 0.3, 0);
    p = params("sonata+", "agent", "ppo");
    assert_int_equal(settings_resolve(&p, &s, NULL), 0);
    assert_int_equal(s.agent, CHOOSER_PPO);
    p = params("sonata", "surrogate", "gp");
    assert_int_equal(settings_resolve(&p, &s, NULL), 0);
    assert_int_equal(s.surrogate, SURROGATE_GP);
    p = params("nsga2", NULL, NULL);
    p.budget = 1000;
    assert_int_equal(settings_resolve(&p, &s, NULL), 0);
    assert_int_equal(s.least_used, LEAST_USED_OFF);
    assert_int_equal(s.population, 50);
}

/* Every switch of the main mode runs. */
static void switches_run(void **state)
{
    static const char *const options[][3] = {
        {"sonata+", "surrogate", "forest"},   {"sonata+", "surrogate", "ridge"}, {"sonata+", "surrogate", "none"},
        {"sonata+", "sources", "inner"},      {"sonata+", "sources", "screen"},  {"sonata+", "importance", "off"},
        {"sonata+", "mask", "off"},           {"sonata+", "agent", "fixed"},     {"sonata+", "agent", "linucb"},
        {"sonata+", "agent", "actor-critic"}, {"sonata+", "agent", "ppo"},       {"sonata+", "reward", "gain"},
        {"sonata+", "design", "stratified"},  {"sonata+", "least-used", "off"},  {"sonata+", "generational", "on"},
        {"sonata", "importance", "off"},      {"sonata", "crossover", "block"},  {"sonata", "screen", "1"},
        {"sonata", "reward", "survival"},     {"sonata", "mutation", "ordinal"}, {"nsga2", "least-used", "on"},
        {"nsga2", "mutation", "resample"}};
    struct space cell, depth;
    (void)state;
    fixture_cell_space(&cell);
    fixture_depth_space(&depth);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        struct core_params p = params(options[i][0], options[i][1], options[i][2]);
        struct core *s;
        const struct space *space = i % 2 ? &cell : &depth;
        p.budget = 80;
        assert_int_equal(core_new(space, &p, &s, NULL), 0);
        while (core_told(s) < 60)
            assert_true(fixture_step(s, space, 2, 8) > 0);
        core_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(numbers_have_limits),
        cmocka_unit_test(defaults_are_the_documented_ones),
        cmocka_unit_test(switches_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
