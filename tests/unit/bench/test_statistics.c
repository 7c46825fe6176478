/* Statistics against values worked out by hand or taken from the published tables. */
#include "bench/statistics.h"

#include <math.h>

#include "base/rng.h"
#include "close.h"
#include "support/cmocka.h"

static void test_quantiles(void **state)
{
    (void)state;
    double a[] = {4, 1, 3, 2};
    assert_close(bench_quantile(a, 4, 0.5), 2.5, 1e-15);
    assert_close(bench_quantile(a, 4, 0.25), 1.75, 1e-15);
    double half[] = {5, INFINITY, INFINITY, 3};
    assert_true(isinf(bench_quantile(half, 4, 0.5))); // half of the runs is not more than half
    double most[] = {5, INFINITY, 3};
    assert_close(bench_quantile(most, 3, 0.5), 5, 0);
    assert_true(isnan(bench_quantile(a, 0, 0.5)));
}

static void test_wilcoxon_exact(void **state)
{
    (void)state;
    // all five positive: 2 / 2^5
    assert_close(bench_wilcoxon((double[]){1, 2, 3, 4, 5}, 5), 0.0625, 1e-12);
    // signed ranks 1 -2 3 4 5: W- = 2, subsets of {1..5} with sum <= 2: {}, {1}, {2} -> 2 * 3 / 32
    assert_close(bench_wilcoxon((double[]){1, -2, 3, 4, 5}, 5), 0.1875, 1e-12);
    // zeros are dropped
    assert_close(bench_wilcoxon((double[]){0, 1, -2, 3, 0, 4, 5}, 7), 0.1875, 1e-12);
    // ties: mid-ranks 1.5 1.5 3; W- = 1.5; sign patterns with W- <= 1.5: none, either of the two -> 2 * 3 / 8
    assert_close(bench_wilcoxon((double[]){1, -1, 2}, 3), 0.75, 1e-12);
    assert_close(bench_wilcoxon((double[]){0, 0}, 2), 1, 0);
}

static void test_wilcoxon_table(void **state)
{
    (void)state;
    // critical value of the two-sided 5 % test at n = 10 is 8: rank sum 8 is significant, 9 is not
    double at8[] = {1, 2, 3, 4, 5, 6, 7, -8, 9, 10}, at9[] = {1, 2, 3, 4, 5, 6, 7, 8, -9, 10};
    assert_true(bench_wilcoxon(at8, 10) <= 0.05);
    assert_true(bench_wilcoxon(at9, 10) > 0.05);
}

static void test_wilcoxon_normal_agrees_with_exact(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(3, 0);
    double d[201];
    for (unsigned i = 0; i < 201; i++)
        d[i] = rng_normal(&rng) + 0.15;
    double normal = bench_wilcoxon(d, 201), exact = bench_wilcoxon(d, 200); // one row apart, two methods
    assert_true(fabs(normal - exact) < 0.02);
}

static void test_holm(void **state)
{
    (void)state;
    double p[] = {0.01, 0.04, 0.03, 0.005};
    bench_holm(p, 4); // 4 x 0.005, 3 x 0.01, 2 x 0.03, max(0.06, 1 x 0.04)
    assert_close(p[3], 0.02, 1e-15);
    assert_close(p[0], 0.03, 1e-15);
    assert_close(p[2], 0.06, 1e-15);
    assert_close(p[1], 0.06, 1e-15);
    double big[] = {0.9, 0.8};
    bench_holm(big, 2);
    assert_close(big[0], 1, 0);
}

static void test_rank_order(void **state)
{
    (void)state;
    const double f[] = {5, 5, 0, 4, 4, 0, 1, 3, 2, 2.9, 6, 6};
    uint32_t order[6];
    bench_rank_order(2, f, 6, order);
    // first front: rows 1, 2 (extremes, by index), then 4 (more room) before 3; then 0, then 5
    const uint32_t expected[] = {1, 2, 4, 3, 0, 5};
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(order[i], expected[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles),      cmocka_unit_test(test_wilcoxon_exact),
        cmocka_unit_test(test_wilcoxon_table), cmocka_unit_test(test_wilcoxon_normal_agrees_with_exact),
        cmocka_unit_test(test_holm),           cmocka_unit_test(test_rank_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
