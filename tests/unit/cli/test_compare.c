/* Comparing searches: the rank-sum test against published and counted values, boxes, C metric, attainment by hand. */
#include "cli/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "support/cmocka.h"

static void the_rank_sum_test_is_exact(void **state)
{
    (void)state;
    const double low[] = {1, 2, 3}, high[] = {4, 5, 6}, five[] = {1, 2, 3, 4, 5}, more[] = {6, 7, 8, 9, 10}, same[] = {7, 7, 7};
    assert_true(fabs(compare_rank_sum(low, 3, high, 3) - 2.0 / 20) < 1e-12); /* 1 of C(6,3) = 20 in each tail */
    assert_true(fabs(compare_rank_sum(high, 3, low, 3) - 2.0 / 20) < 1e-12);
    assert_true(fabs(compare_rank_sum(five, 5, more, 5) - 2.0 / 252) < 1e-12);
    assert_true(compare_rank_sum(same, 3, same, 3) == 1);
    /* U = 2 of 4 x 4: sums of 4 of 1..8 at most 12 are {1,2,3,4}, {1,2,3,5}, {1,2,3,6}, {1,2,4,5}: 4 of 70 in each tail */
    const double a[] = {1, 2, 3, 6}, b[] = {4, 5, 7, 8};
    assert_true(fabs(compare_rank_sum(a, 4, b, 4) - 8.0 / 70) < 1e-12);
    assert_true(isnan(compare_rank_sum(a, 0, b, 4)));
}

/* A finished search with accuracy to be maximised, latency to be minimised, and these points as its front. */
static struct results *search_of(const char *name, const char *algorithm, uint64_t seed, const double (*point)[2], size_t n)
{
    struct results *r = xcalloc(1, sizeof *r);
    copy_string(r->spec.name, sizeof r->spec.name, name);
    copy_string(r->spec.algorithm, sizeof r->spec.algorithm, algorithm);
    r->spec.seed = seed;
    r->spec.n_objectives = 2;
    r->spec.objective[0] = (struct objective){.metric = "accuracy", .goal = GOAL_MAX};
    r->spec.objective[1] = (struct objective){.metric = "latency", .goal = GOAL_MIN};
    r->individual = xcalloc(n, sizeof *r->individual);
    r->n_individuals = n;
    for (size_t i = 0; i < n; i++) {
        struct results_individual *x = &r->individual[i];
        x->id = i;
        x->on_front = true;
        x->n_metrics = 2;
        copy_string(x->metric[0].name, sizeof x->metric[0].name, "accuracy");
        copy_string(x->metric[1].name, sizeof x->metric[1].name, "latency");
        x->metric[0].value = point[i][0];
        x->metric[1].value = point[i][1];
    }
    results_index(r);
    return r;
}

static void boxes_groups_and_coverage(void **state)
{
    (void)state;
    const double good[][2] = {{90, 10}, {80, 5}}, worse[][2] = {{80, 10}, {70, 5}}, one[][2] = {{90, 5}};
    struct results *list[] = {search_of("a1", "sonata+", 1, good, 2), search_of("a2", "sonata+", 2, worse, 2), search_of("b", "random", 1, one, 1)};
    struct comparison c;
    struct sonata_error err = {{0}};
    assert_int_equal(compare_new(list, 3, &c, &err), 0);
    assert_int_equal(c.n_groups, 2); /* seed and name do not make a setting */
    assert_int_equal(c.group[0].n, 2);
    assert_true(c.ideal[0] == -90 && c.ideal[1] == 5);
    assert_true(fabs(c.worst[0] + 68) < 1e-12 && fabs(c.worst[1] - 10.5) < 1e-12); /* a tenth of 20 and of 5 beyond */
    assert_true(fabs(c.run[2].hypervolume - 1) < 1e-12);                           /* the ideal point itself */
    double expected = ((90 - 68) * (10.5 - 10) + (80 - 68) * (10 - 5)) / (22 * 5.5);
    assert_true(fabs(c.run[0].hypervolume - expected) < 1e-12);
    assert_true(compare_coverage(&c, 0, 1) == 1 && compare_coverage(&c, 1, 0) == 0);
    assert_true(compare_coverage(&c, 2, 0) == 1 && compare_coverage(&c, 0, 2) == 0);
    assert_true(isnan(c.pair[0].p)); /* too few runs to say */
    assert_true(c.pair[0].superiority == 0);
    compare_fini(&c);
    list[1]->spec.objective[1].goal = GOAL_MAX;
    assert_int_equal(compare_new(list, 3, &c, &err), -EINVAL);
    assert_int_equal(compare_new(list, 1, &c, &err), -EINVAL);
    for (size_t i = 0; i < 3; i++)
        results_free(list[i]);
}

static void half_of_the_runs_attain(void **state)
{
    (void)state;
    const double p1[][2] = {{90, 10}, {80, 5}}, p2[][2] = {{90, 12}, {80, 6}}, p3[][2] = {{85, 9}, {70, 4}};
    struct results *list[] = {search_of("1", "x", 1, p1, 2), search_of("2", "x", 2, p2, 2), search_of("3", "x", 3, p3, 2)};
    struct comparison c;
    struct sonata_error err = {{0}};
    size_t n;
    assert_int_equal(compare_new(list, 3, &c, &err), 0);
    double *at = compare_attained(&c, 0, 0.5, &n);
    /* At accuracy 90 two runs reach 12; at 85 still {10, 12, 9} → 10; at 80 {5, 6, 9} → 6; at 70 {5, 6, 4} → 5. */
    const double expected[][2] = {{-90, 12}, {-85, 10}, {-80, 6}, {-70, 5}};
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++)
        assert_true(at[2 * i] == expected[i][0] && at[2 * i + 1] == expected[i][1]);
    free(at);
    compare_fini(&c);
    for (size_t i = 0; i < 3; i++)
        results_free(list[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rank_sum_test_is_exact),
        cmocka_unit_test(boxes_groups_and_coverage),
        cmocka_unit_test(half_of_the_runs_attain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
