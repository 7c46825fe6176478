/* Quantiles of Student's t against published figures, the interval against its formula, and how often it covers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "base/rng.h"
#include "domain/interval.h"

static void quantiles(void **state)
{
    (void)state;
    const struct {
        double freedom, t;
    } known[] = {{1, 12.7062047},  {2, 4.30265273},  {3, 3.18244631},   {4, 2.77644511}, {5, 2.57058184},
                 {10, 2.22813885}, {30, 2.04227246}, {120, 1.97993041}, {1e6, 1.9599664}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_true(fabs(student_quantile(known[i].freedom) / known[i].t - 1) < 1e-7);
    for (double f = 0.1; f < 100; f *= 1.07)
        assert_true(student_quantile(f) > student_quantile(f * 1.07) && isfinite(student_quantile(f)));
}

static void formula(void **state)
{
    (void)state;
    const double value[] = {100, 102};
    struct process_prior prior = {.variance = 0.01 * 0.01, .freedom = 4};
    struct process_interval i;
    process_interval(value, 2, &prior, &i);
    double d = log(1.02), s2 = d * d / 2, v = (4 * 1e-4 + s2) / 5, half = 2.57058184 * sqrt(v / 2);
    assert_true(fabs(i.value / sqrt(100 * 102.) - 1) < 1e-12);
    assert_true(fabs(i.deviation / sqrt(v) - 1) < 1e-12 && i.freedom == 5);
    assert_true(fabs(log(i.high / i.value) / half - 1) < 1e-7 && fabs(log(i.value / i.low) / half - 1) < 1e-7);

    prior.moment = 0.003 * 0.003;
    process_interval(value, 2, &prior, &i);
    assert_true(fabs(log(i.high / i.value) / hypot(half, 1.96 * 0.003) - 1) < 1e-4);
    prior.moment = 0;

    process_interval(value, 2, NULL, &i); /* one degree of freedom alone */
    assert_true(fabs(log(i.high / i.value) / (12.7062047 * sqrt(s2 / 2)) - 1) < 1e-7);
    process_interval(value, 1, &prior, &i); /* one process: what the board knows */
    assert_true(i.value == 100 || fabs(i.value / 100 - 1) < 1e-12);
    assert_true(fabs(log(i.high / i.value) / (2.77644511 * 0.01) - 1) < 1e-7);
    process_interval(value, 1, NULL, &i);
    assert_true(i.low == 0 && isinf(i.high));
}

/* v0 / v ~ chi-square(f0) / f0, as the model says: the coverage is exact for any number of processes. */
static void coverage_under_the_model(void **state)
{
    (void)state;
    enum { TRIALS = 10000, SEED = 16 };
    struct rng rng = rng_seeded(SEED, 0);
    print_message("seed %d\n", SEED);
    const double f0[] = {2, 4, 20};
    for (size_t f = 0; f < 3; f++) {
        for (unsigned n = 1; n <= 6; n++) {
            unsigned hits = 0;
            struct process_prior prior = {.variance = 0.01 * 0.01, .freedom = f0[f]};
            for (int trial = 0; trial < TRIALS; trial++) {
                double variance = prior.variance * f0[f] / (2 * rng_gamma(&rng, f0[f] / 2)), value[6];
                struct process_interval i;
                for (unsigned p = 0; p < n; p++)
                    value[p] = exp(sqrt(variance) * rng_normal(&rng));
                process_interval(value, n, &prior, &i);
                hits += i.low <= 1 && 1 <= i.high;
            }
            assert_true(fabs(hits / (double)TRIALS - 0.95) < 0.008);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(quantiles), cmocka_unit_test(formula), cmocka_unit_test(coverage_under_the_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
