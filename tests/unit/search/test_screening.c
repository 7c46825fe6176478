/* Screening: cheap objectives first, a few promoted (docs/SEARCH.md, section 7). */
#include "search/core.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "fixture.h"
#include "support/cmocka.h"

enum { CHEAP = 2, COSTLY = 1, BOTH = 3 }; /* masks: objective 0 is the costly group 0, objective 1 the cheap group 1 */

static struct space cell;

static int setup(void **state)
{
    (void)state;
    fixture_cell_space(&cell);
    return 0;
}

static struct core *search_with(uint32_t budget, uint32_t n_groups, const char *screening)
{
    struct core_params p = {.algorithm = "sonata+", .n_objectives = 2, .budget = budget, .seed = 7, .n_groups = n_groups, .group = {0, 1}};
    struct sonata_error err = {{0}};
    struct core *s;
    if (screening) {
        p.n_options = 1;
        snprintf(p.option[0].name, sizeof p.option[0].name, "screening");
        snprintf(p.option[0].value, sizeof p.option[0].value, "%s", screening);
    }
    if (core_new(&cell, &p, &s, &err))
        fail_msg("%s", err.text);
    return s;
}

static struct core_result result_of(const struct genotype *g, uint32_t groups)
{
    struct core_result r = {.status = CORE_OK, .groups = groups};
    fixture_evaluate(&cell, g, 2, r.objective);
    return r;
}

/* Screens what is due for k and promotes k; every result is told. */
static uint32_t step(struct core *s, uint32_t k)
{
    struct core_proposal p[64];
    uint32_t due = core_screening_due(s, k), n = core_ask_screening(s, due, p);
    assert_int_equal(n, due);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(p[i].groups, CHEAP);
        struct core_result r = result_of(&p[i].genotype, CHEAP);
        assert_int_equal(core_tell(s, p[i].id, &r), 0);
    }
    n = core_ask_promotion(s, k, p);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(p[i].groups, COSTLY);
        struct core_result r = result_of(&p[i].genotype, COSTLY);
        assert_int_equal(core_tell(s, p[i].id, &r), 0);
    }
    return n;
}

static void groups_must_fit_objectives(void **state)
{
    struct core_params p = {.algorithm = "sonata+", .n_objectives = 2, .budget = 100, .n_groups = 2, .group = {0, 0}};
    struct sonata_error err = {{0}};
    (void)state;
    assert_int_equal(core_params_check(&p, &err), -EINVAL);
    assert_non_null(strstr(err.text, "group"));
    p.group[1] = 2;
    assert_int_equal(core_params_check(&p, &err), -EINVAL);
    p.group[1] = 1;
    assert_int_equal(core_params_check(&p, &err), 0);
}

static void costs_decide_how_many_are_screened(void **state)
{
    static const struct {
        double costly, cheap;
        uint32_t screened;
    } c[] = {{1, 1, 1}, {1, 0.5, 1}, {1, 0.05, 2}, {1, 0.025, 4}, {1, 0.005, 8}, {3600, 20, 8}, {1, 2, 1}};
    struct core *s = search_with(100, 2, NULL);
    (void)state;
    assert_int_equal(core_screening(s), 1);
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        const double cost[] = {c[i].costly, c[i].cheap};
        assert_int_equal(core_set_costs(s, cost), 0);
        assert_int_equal(core_screening(s), c[i].screened);
    }
    const double bad[] = {1, 0};
    assert_int_equal(core_set_costs(s, bad), -EINVAL);
    core_free(s);
}

static void a_screened_one_waits_and_is_promoted_under_its_id(void **state)
{
    struct core *s = search_with(100, 2, NULL);
    const double cost[] = {1, 0.005};
    struct core_proposal p[8], promoted;
    bool told;
    struct core_result kept;
    (void)state;
    assert_int_equal(core_set_costs(s, cost), 0);
    assert_int_equal(core_screening_due(s, 1), 8);
    assert_int_equal(core_ask_screening(s, 8, p), 8);
    assert_int_equal(core_screening_due(s, 1), 0);
    assert_int_equal(core_pending(s), 8);
    assert_int_equal(core_ask_promotion(s, 1, &promoted), 0); /* nothing is known yet */
    for (int i = 0; i < 8; i++) {
        struct core_result r = result_of(&p[i].genotype, CHEAP);
        assert_int_equal(core_tell(s, p[i].id, &r), 0);
    }
    assert_int_equal(core_pending(s), 0);
    assert_int_equal(core_screened(s), 8);
    assert_int_equal(core_told(s), 0);
    assert_int_equal(core_ask_promotion(s, 1, &promoted), 1);
    assert_true(promoted.id < 8);
    assert_int_equal(core_screened(s), 7);
    assert_int_equal(core_screening_due(s, 1), 8);
    struct core_result whole = result_of(&promoted.genotype, BOTH), r = result_of(&promoted.genotype, COSTLY);
    r.objective[1] = 12345; /* is not what it says */
    assert_int_equal(core_tell(s, promoted.id, &r), 0);
    assert_int_equal(core_get(s, promoted.id, NULL, &told, &kept), 0);
    assert_true(told);
    assert_close(kept.objective[0], whole.objective[0], 0);
    assert_close(kept.objective[1], whole.objective[1], 0);
    assert_int_equal(core_front(s, NULL, 0), 1);
    assert_int_equal(core_tell(s, promoted.id, &r), -EALREADY);
    core_free(s);
}

static void a_failed_screening_is_final(void **state)
{
    struct core *s = search_with(100, 2, NULL);
    const double cost[] = {1, 0.005};
    struct core_proposal p;
    bool told;
    (void)state;
    assert_int_equal(core_set_costs(s, cost), 0);
    assert_int_equal(core_ask_screening(s, 1, &p), 1);
    assert_int_equal(core_tell(s, p.id, &(struct core_result){.status = CORE_INFEASIBLE}), 0);
    assert_int_equal(core_get(s, p.id, NULL, &told, NULL), 0);
    assert_true(told);
    assert_int_equal(core_screened(s), 0);
    core_free(s);
}

static void without_screening_groups_change_nothing(void **state)
{
    struct core *plain = search_with(100, 0, NULL), *grouped = search_with(100, 2, "1");
    const double cost[] = {1, 0.005};
    (void)state;
    assert_int_equal(core_set_costs(grouped, cost), 0);
    assert_int_equal(core_screening(grouped), 1);
    for (int round = 0; round < 8; round++) {
        struct core_proposal a[10], b[10];
        assert_int_equal(core_ask(plain, 10, a), 10);
        assert_int_equal(core_ask(grouped, 10, b), 10);
        for (int i = 0; i < 10; i++) {
            assert_true(genotype_equal(&cell, &a[i].genotype, &b[i].genotype));
            struct core_result r = result_of(&a[i].genotype, 0);
            assert_int_equal(core_tell(plain, a[i].id, &r), 0);
            assert_int_equal(core_tell(grouped, b[i].id, &r), 0);
        }
    }
    core_free(plain);
    core_free(grouped);
}

/* Save and load at any moment; both go on with the same proposals and end in the same bytes. */
static void resumes_to_the_bit(void **state)
{
    const double cost[] = {1, 0.01};
    (void)state;
    for (uint32_t stop = 3; stop <= 39; stop += 12) {
        struct core *s = search_with(100, 2, NULL), *again;
        struct bytes saved = {0}, a = {0}, b = {0};
        struct sonata_error err = {{0}};
        struct core_proposal open[4];
        assert_int_equal(core_set_costs(s, cost), 0);
        for (uint32_t n = 0; n < stop;)
            n += step(s, 3);
        assert_int_equal(core_ask_screening(s, 4, open), 4); /* some are known, some under way */
        struct core_result r = result_of(&open[0].genotype, CHEAP);
        assert_int_equal(core_tell(s, open[0].id, &r), 0);
        core_save(s, &saved);
        if (core_load(&cell, saved.data, saved.size, &again, &err))
            fail_msg("%s", err.text);
        assert_int_equal(core_screening(again), core_screening(s));
        assert_int_equal(core_screened(again), core_screened(s));
        for (int round = 0; round < 4; round++) {
            (void)step(s, 2);
            (void)step(again, 2);
        }
        core_save(s, &a);
        core_save(again, &b);
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.data, b.data, a.size);
        bytes_fini(&saved);
        bytes_fini(&a);
        bytes_fini(&b);
        core_free(s);
        core_free(again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_must_fit_objectives),
        cmocka_unit_test(costs_decide_how_many_are_screened),
        cmocka_unit_test(a_screened_one_waits_and_is_promoted_under_its_id),
        cmocka_unit_test(a_failed_screening_is_final),
        cmocka_unit_test(without_screening_groups_change_nothing),
        cmocka_unit_test(resumes_to_the_bit),
    };
    return cmocka_run_group_tests_name("screening", tests, setup, NULL);
}
