/* Canary bands, calibration, intervals, comparison between boards. */
#include "health/canary.h"

#include <math.h>

#include "support/cmocka.h"

#define MINUTE INT64_C(60000000000)

static void bands(void **state)
{
    (void)state;
    assert_int_equal(canary_judge(1000, 1000), CANARY_GOOD);
    assert_int_equal(canary_judge(1030, 1000), CANARY_GOOD);
    assert_int_equal(canary_judge(970, 1000), CANARY_GOOD);
    assert_int_equal(canary_judge(1030.1, 1000), CANARY_WARN);
    assert_int_equal(canary_judge(1050, 1000), CANARY_WARN);
    assert_int_equal(canary_judge(1050.1, 1000), CANARY_BAD);
    assert_int_equal(canary_judge(949, 1000), CANARY_BAD); // faster is as suspicious
    assert_int_equal(canary_judge(NAN, 1000), CANARY_BAD);
    assert_int_equal(canary_judge(INFINITY, 1000), CANARY_BAD);
    assert_int_equal(canary_judge(1000, 0), CANARY_BAD);
}

static void calibration(void **state)
{
    (void)state;
    uint8_t fp[CANARY_FINGERPRINT] = {1}, other[CANARY_FINGERPRINT] = {2};
    struct canary_reference ref = {0};
    assert_int_equal(canary_needed(&ref, fp, 0), 20);
    struct canary_series s;
    canary_series_begin(&s, 20);
    for (int i = 0; i < 20; i++) // 990 .. 1009, two outliers far off
        assert_int_equal(canary_series_add(&s, i < 2 ? 3000 : 990 + i), i == 19);
    assert_true(canary_series_finish(&s, fp, 5, &ref));
    assert_true(fabs(ref.median_us - 1001.5) < 1e-9); // sorted: 992 .. 1009, 3000, 3000
    assert_int_equal(ref.taken_ns, 5);
    assert_int_equal(canary_needed(&ref, fp, 6), 3);
    assert_int_equal(canary_needed(&ref, other, 6), 20);
    assert_int_equal(canary_needed(&ref, fp, 5 + 24 * 60 * MINUTE), 20);
    /* Recheck: the reference stays. */
    canary_series_begin(&s, 3);
    canary_series_add(&s, 1000);
    canary_series_add(&s, 1040);
    assert_false(canary_series_finish(&s, fp, 7, &ref)); // not complete
    assert_true(canary_series_add(&s, 1010));
    assert_true(canary_series_finish(&s, fp, 7, &ref));
    assert_int_equal(ref.taken_ns, 5);
    s.latency_us[1] = 1100;
    assert_false(canary_series_finish(&s, fp, 7, &ref));
    /* A board that cannot hold still gets no reference. */
    struct canary_reference none = {0};
    canary_series_begin(&s, 20);
    for (int i = 0; i < 20; i++)
        canary_series_add(&s, 1000 + 100 * (i % 3));
    assert_false(canary_series_finish(&s, fp, 7, &none));
    assert_true(none.median_us == 0);
    canary_series_begin(&s, 20);
    for (int i = 0; i < 20; i++)
        canary_series_add(&s, i == 4 ? 0 : 1000);
    assert_false(canary_series_finish(&s, fp, 7, &none));
}

static void intervals(void **state)
{
    (void)state;
    struct canary_schedule s = {.last_ns = 0, .jobs_since = 3};
    assert_false(canary_due(&s, TIER_SEARCH, 9 * MINUTE));
    assert_true(canary_due(&s, TIER_SEARCH, 10 * MINUTE));
    assert_false(canary_due(&s, TIER_SCREEN, 59 * MINUTE));
    assert_true(canary_due(&s, TIER_SCREEN, 60 * MINUTE));
    assert_true(canary_due(&s, TIER_REPORT, 1)); // after each candidate
    s.jobs_since = 20;
    assert_true(canary_due(&s, TIER_SEARCH, 1));
    assert_false(canary_due(&s, TIER_SCREEN, 1));
    s.jobs_since = 3;
    s.shortened = true;
    assert_true(canary_due(&s, TIER_SEARCH, 5 * MINUTE));
    s.jobs_since = 10;
    assert_true(canary_due(&s, TIER_SEARCH, 1));
}

static void between_boards(void **state)
{
    (void)state;
    size_t low, high;
    const double ref[] = {1000, 0, 1035, 1010};
    assert_true(fabs(canary_spread(ref, 4, &low, &high) - 0.035) < 1e-12);
    assert_int_equal(low, 0);
    assert_int_equal(high, 2);
    assert_true(canary_spread(ref, 2, &low, &high) == 0);
    assert_int_equal(low, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bands), cmocka_unit_test(calibration), cmocka_unit_test(intervals), cmocka_unit_test(between_boards)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
