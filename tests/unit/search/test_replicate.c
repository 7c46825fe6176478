/* Which members of a front are measured again, and what several measurements say together. */
#include <math.h>

#include "base/rng.h"
#include "fixture.h"
#include "search/replicate.h"
#include "support/cmocka.h"

static void rounds_fill_up_and_end(void **state)
{
    struct replicate_member front[4] = {{7, 1}, {3, 4}, {9, 2}, {5, 1}}, due[4];
    (void)state;
    assert_int_equal(replicate_round(front, 4, 4, UINT64_MAX, due), 3);
    assert_true(due[0].id == 7 && due[0].measured == 3 && due[1].id == 9 && due[1].measured == 2 && due[2].id == 5 && due[2].measured == 3);
    assert_int_equal(replicate_round(front, 4, 4, 4, due), 3); /* too little for all: the least measured first */
    assert_true(due[0].id == 7 && due[0].measured == 2 && due[1].id == 9 && due[1].measured == 1 && due[2].id == 5 && due[2].measured == 1);
    assert_int_equal(replicate_round(front, 4, 4, 1, due), 1);
    assert_true(due[0].id == 7 && due[0].measured == 1);
    assert_int_equal(replicate_round(front, 4, 4, 0, due), 0);
    assert_int_equal(replicate_round(front, 4, 1, UINT64_MAX, due), 0);
    assert_int_equal(replicate_round(front, 0, 4, UINT64_MAX, due), 0);
}

static void means_and_intervals(void **state)
{
    double half = -1;
    (void)state;
    assert_close(replicate_mean((double[]){3}, 1, &half), 3, 0);
    assert_close(half, 0, 0);
    assert_close(replicate_mean((double[]){1, 3}, 2, &half), 2, 0);
    assert_close(half, 12.706, 1e-12); /* s = sqrt 2, over sqrt 2 */
    assert_close(replicate_mean((double[]){1, 2, 3, 4, 5}, 5, &half), 3, 0);
    assert_close(half, 2.776 * sqrt(2.5 / 5), 1e-12);
    assert_close(replicate_mean((double[]){4, 4, 4}, 3, NULL), 4, 0);
}

/* 95 % of the intervals hold the true mean, for few and many values. */
static void intervals_cover(void **state)
{
    struct rng rng = rng_seeded(1, 0);
    (void)state;
    for (uint32_t n = 2; n <= REPLICATES_MAX; n = n * 2 + 1) {
        uint32_t inside = 0;
        for (int k = 0; k < 20000; k++) {
            double value[REPLICATES_MAX], half;
            for (uint32_t i = 0; i < n; i++)
                value[i] = 10 + rng_normal(&rng);
            double mean = replicate_mean(value, n, &half);
            inside += fabs(mean - 10) <= half;
        }
        assert_close(inside / 20000.0, 0.95, 0.006);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rounds_fill_up_and_end), cmocka_unit_test(means_and_intervals), cmocka_unit_test(intervals_cover)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
