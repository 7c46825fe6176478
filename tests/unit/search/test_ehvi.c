/* Expected hypervolume improvement against draws, and against the improvement itself where nothing is uncertain. */
#include "search/ehvi.h"

#include <math.h>

#include "base/rng.h"
#include "fixture.h"
#include "support/cmocka.h"

enum { POINTS = 12, DRAWS = 40000 };

static const double reference[3] = {1.1, 1.1, 1.1};

static void random_front(struct front *f, uint32_t m, struct rng *rng)
{
    *f = (struct front){.m = m};
    for (int i = 0; i < POINTS; i++) {
        double p[3];
        for (uint32_t j = 0; j < m; j++)
            p[j] = 1.3 * rng_uniform(rng); /* some are beyond the reference */
        (void)front_add(f, p);
    }
}

static void what_is_known_gives_the_improvement(void **state)
{
    struct rng rng = rng_seeded(5, 0);
    (void)state;
    for (uint32_t m = 1; m <= 3; m++) {
        for (int t = 0; t < 30; t++) {
            struct front f;
            struct ehvi_region r;
            random_front(&f, m, &rng);
            ehvi_region_init(&r, &f, reference);
            const double q[3] = {rng_uniform(&rng) - 0.2, rng_uniform(&rng), rng_uniform(&rng)}, sure[3] = {0, 0, 0};
            assert_close(ehvi_value(&r, q, sure), hypervolume_gain(f.point, f.n, m, q, reference), 1e-12);
            ehvi_region_fini(&r);
            front_fini(&f);
        }
    }
}

static void agrees_with_draws(void **state)
{
    struct rng rng = rng_seeded(6, 0);
    (void)state;
    for (uint32_t m = 1; m <= 3; m++) {
        for (int t = 0; t < 6; t++) {
            struct front f;
            struct ehvi_region r;
            double mean[3], sd[3], sum = 0, square = 0;
            random_front(&f, m, &rng);
            ehvi_region_init(&r, &f, reference);
            for (uint32_t j = 0; j < 3; j++) {
                mean[j] = rng_uniform(&rng);
                sd[j] = j == 1 && t % 2 ? 0 : 0.02 + 0.3 * rng_uniform(&rng);
            }
            for (int k = 0; k < DRAWS; k++) {
                double y[3];
                for (uint32_t j = 0; j < 3; j++)
                    y[j] = mean[j] + sd[j] * rng_normal(&rng);
                double gain = hypervolume_gain(f.point, f.n, m, y, reference);
                sum += gain;
                square += gain * gain;
            }
            double expected = sum / DRAWS, error = sqrt(fmax(0, square / DRAWS - expected * expected) / DRAWS);
            assert_close(ehvi_value(&r, mean, sd), expected, 5 * error + 1e-5 /* what no draw may meet */);
            ehvi_region_fini(&r);
            front_fini(&f);
        }
    }
}

static void an_empty_front_leaves_all_below_the_reference(void **state)
{
    struct front f = {.m = 2};
    struct ehvi_region r;
    const double q[2] = {0.1, 0.6}, sure[2] = {0, 0};
    (void)state;
    ehvi_region_init(&r, &f, reference);
    assert_close(ehvi_value(&r, q, sure), 1.0 * 0.5, 1e-12);
    ehvi_region_fini(&r);
    front_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_known_gives_the_improvement), cmocka_unit_test(agrees_with_draws),
                                       cmocka_unit_test(an_empty_front_leaves_all_below_the_reference)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
