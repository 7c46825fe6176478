/* Whatever finite numbers were measured, what is saved loads, says the same again and goes on as the one that was not saved. */
#include "search/core.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "fixture.h"
#include "support/cmocka.h"

enum { BUDGET = 100, BATCH = 5, SAVE_EVERY = 25 };

struct mode {
    const char *algorithm, *name, *value;
};

static const struct mode modes[] = {
    {"random", "", ""},
    {"nsga2", "", ""},
    {"aging", "", ""},
    {"local", "", ""},
    {"optuna-nsga2", "", ""},
    {"linas", "", ""},
    {"nsganetv2", "", ""},
    {"sonata", "", ""},
    {"sonata+", "", ""},
    {"sonata", "agent", "linucb"},
    {"sonata", "agent", "ppo"},
    {"sonata", "agent", "thompson"},
    {"sonata", "agent", "actor-critic"},
    {"sonata+", "surrogate", "gp"},
    {"sonata", "reward", "survival"},
};

static double extreme(struct rng *rng, int kind)
{
    static const double scale[] = {0, DBL_MIN, 1e-300, 1e-12, 1, 1e12, 1e13, 1e20, 1e150, 1e300, DBL_MAX};
    double sign = rng_below(rng, 2) ? 1 : -1, u = rng_uniform(rng);
    if (kind == 0) /* ordinary ones, and now and then one of them */
        return rng_below(rng, 10) ? u : sign * scale[rng_below(rng, 11)] * u;
    if (kind == 1)
        return sign * scale[rng_below(rng, 11)] * (u > 0.5 ? u : 1);
    return rng_below(rng, 20) ? 1e20 * u : u;
}

static struct core *reloaded(const struct core *s, const struct space *space, const struct mode *m, int kind)
{
    cleanup_bytes struct bytes b = {0}, again = {0};
    struct sonata_error err = {{0}};
    struct core *copy;
    core_save(s, &b);
    if (core_load(space, b.data, b.size, &copy, &err))
        fail_msg("%s %s=%s, values of kind %d, after %u: %s", m->algorithm, m->name, m->value, kind, core_told(s), err.text);
    core_save(copy, &again);
    assert_int_equal(b.size, again.size);
    assert_memory_equal(b.data, again.data, b.size);
    return copy;
}

static void tell(struct core *s, struct core *other, uint64_t id, struct rng *rng, uint32_t m, int kind)
{
    struct core_result r = {.status = rng_below(rng, 12) ? CORE_OK : CORE_INFEASIBLE};
    for (uint32_t o = 0; o < m; o++)
        r.objective[o] = extreme(rng, kind);
    r.violation = rng_below(rng, 6) ? 0 : fabs(extreme(rng, kind));
    assert_int_equal(core_tell(s, id, &r), 0);
    if (other)
        assert_int_equal(core_tell(other, id, &r), 0);
}

/* One search, and beside it always one that was just loaded. */
static void run(const struct space *space, const struct mode *mode, uint32_t m, int kind)
{
    struct core_params p = {.n_objectives = m, .budget = BUDGET, .seed = 5, .init = 20, .population = 20};
    struct sonata_error err = {{0}};
    struct core *s, *twin = NULL;
    struct rng rng = rng_seeded(m * 10 + (uint32_t)kind, 3);
    copy_string(p.algorithm, sizeof p.algorithm, mode->algorithm);
    if (mode->name[0]) {
        p.n_options = 1;
        copy_string(p.option[0].name, sizeof p.option[0].name, mode->name);
        copy_string(p.option[0].value, sizeof p.option[0].value, mode->value);
    }
    if (core_new(space, &p, &s, &err))
        fail_msg("%s", err.text);
    while (core_told(s) < BUDGET) {
        struct core_proposal a[BATCH], b[BATCH];
        uint32_t n = core_ask(s, BATCH, a);
        if (twin) {
            assert_int_equal(core_ask(twin, BATCH, b), n);
            for (uint32_t i = 0; i < n; i++)
                assert_true(genotype_equal(space, &a[i].genotype, &b[i].genotype));
        }
        if (!n)
            break;
        for (uint32_t i = 0; i < n; i++)
            tell(s, twin, a[i].id, &rng, m, kind);
        if (core_told(s) % SAVE_EVERY < BATCH) {
            core_free(twin);
            twin = reloaded(s, space, mode, kind);
        }
    }
    core_free(twin);
    core_free(reloaded(s, space, mode, kind));
    core_free(s);
}

static void what_is_saved_loads(void **state)
{
    (void)state;
    struct space depth;
    fixture_depth_space(&depth);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        for (uint32_t m = 1; m <= 3; m += 2) {
            for (int kind = 0; kind < 3; kind++)
                run(&depth, &modes[i], m, kind);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_saved_loads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
