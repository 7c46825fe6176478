/* The judge: hypervolume against hand-computed and brute-force values, fronts, coverage, IGD+. */
#include "bench/judge.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "close.h"
#include "support/cmocka.h"

static void test_two_objectives_by_hand(void **state)
{
    (void)state;
    const double z[] = {0.25, 0.5, 0.5, 0.25, 0.5, 0.5, 0.1, 1.0, 2.0, 0.0};
    // (0.25, 0.5) gives 0.75 * 0.5, (0.5, 0.25) adds 0.5 * 0.25; the rest is dominated or outside
    assert_close(judge_hypervolume(2, z, 5), 0.375 + 0.125, 1e-15);
    assert_close(judge_hypervolume(2, z, 0), 0, 0);
    assert_close(judge_hypervolume(1, z, 3), 0.75, 1e-15);
}

static void test_three_objectives_by_hand(void **state)
{
    (void)state;
    const double z[] = {0.0, 0.5, 0.5, 0.5, 0.0, 0.5, 0.5, 0.5, 0.0};
    // each box is 1/4; pairs share 1/8, all three share 1/8
    assert_close(judge_hypervolume(3, z, 3), 3 * 0.25 - 3 * 0.125 + 0.125, 1e-15);
}

/* Volume by inclusion and exclusion over all subsets. */
static double brute(unsigned m, const double *z, unsigned n)
{
    double sum = 0;
    for (unsigned set = 1; set < 1u << n; set++) {
        double box = 1;
        unsigned size = 0;
        for (unsigned j = 0; j < m; j++) {
            double worst = 0;
            for (unsigned i = 0; i < n; i++)
                worst = set >> i & 1 ? fmax(worst, z[i * m + j]) : worst;
            box *= fmax(0, 1 - worst);
        }
        for (unsigned i = 0; i < n; i++)
            size += set >> i & 1;
        sum += size % 2 ? box : -box;
    }
    return sum;
}

static void test_random_sets_match_inclusion_exclusion(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(7, 0);
    for (unsigned round = 0; round < 60; round++) {
        unsigned m = 2 + round % 3, n = 1 + rng_below(&rng, 9);
        double z[9 * 4];
        for (unsigned i = 0; i < n * m; i++)
            z[i] = floor(rng_uniform(&rng) * 6) / 5; // ties and points outside happen
        assert_close(judge_hypervolume(m, z, n), brute(m, z, n), 1e-12);
    }
}

static void test_gain_is_the_difference(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(8, 0);
    for (unsigned round = 0; round < 40; round++) {
        unsigned m = 2 + round % 3;
        struct judge_front front = {.m = m};
        double sum = 0, z[4];
        for (unsigned i = 0; i < 12; i++) {
            for (unsigned j = 0; j < m; j++)
                z[j] = rng_uniform(&rng) * 1.2;
            sum += judge_gain(&front, z);
            judge_front_add(&front, z);
        }
        assert_close(sum, judge_hypervolume(m, front.f, front.n), 1e-12);
        judge_front_fini(&front);
    }
}

static void test_front_keeps_distinct_non_dominated(void **state)
{
    (void)state;
    struct judge_front front = {.m = 2};
    assert_true(judge_front_add(&front, (double[]){2, 2}));
    assert_false(judge_front_add(&front, (double[]){2, 2}));
    assert_false(judge_front_add(&front, (double[]){2, 3}));
    assert_true(judge_front_add(&front, (double[]){1, 3}));
    assert_true(judge_front_add(&front, (double[]){1, 1}));
    assert_int_equal(front.n, 1);
    judge_front_fini(&front);
}

static void test_coverage_and_igd(void **state)
{
    (void)state;
    struct judge_front a = {.m = 2}, b = {.m = 2}, none = {.m = 2};
    judge_front_add(&a, (double[]){1, 3});
    judge_front_add(&a, (double[]){3, 1});
    judge_front_add(&b, (double[]){1, 3}); // equalled
    judge_front_add(&b, (double[]){2, 2}); // not covered
    judge_front_add(&b, (double[]){4, 1}); // dominated
    assert_close(judge_coverage(&a, &b), 2.0 / 3, 1e-15);
    assert_close(judge_coverage(&b, &a), 0.5, 1e-15);
    assert_close(judge_coverage(&a, &none), 0, 0);

    struct judge judge = {.m = 2, .ideal = {0, 0}, .reference = {10, 10}, .igd = {.m = 2}};
    judge_set_front(&judge, &a);
    assert_close(judge.best, 0.7 * 0.9 + 0.2 * 0.7, 1e-15); // z (0.1, 0.3): 0.9 x 0.7; (0.3, 0.1) adds 0.7 x 0.2
    // b reaches (0.1, 0.3) exactly; nearest to (0.3, 0.1) is (0.4, 0.1) at 0.1 or (0.2, 0.2) at 0.1
    assert_close(judge_igd_plus(&judge, &b), 0.05, 1e-12);
    assert_true(isinf(judge_igd_plus(&judge, &none)));
    judge_fini(&judge);
    judge_front_fini(&a);
    judge_front_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_objectives_by_hand),
        cmocka_unit_test(test_three_objectives_by_hand),
        cmocka_unit_test(test_random_sets_match_inclusion_exclusion),
        cmocka_unit_test(test_gain_is_the_difference),
        cmocka_unit_test(test_front_keeps_distinct_non_dominated),
        cmocka_unit_test(test_coverage_and_igd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
