/* The rule that every kind of window follows: when to stop, when to go on, when to call it noisy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "measure/windows.h"

#define SECOND INT64_C(1000000000)

static const double steady[] = {100, 100.2, 99.9, 100.1, 100, 99.8}, wild[] = {100, 120, 90, 104, 131, 99, 100, 118, 92, 101, 130, 97};

static void summary_of_six(void **state)
{
    (void)state;
    struct windows_summary s;
    windows_summarise(steady, 6, &s);
    assert_true(s.median_us == 100 && s.low_us == 99.8 && s.high_us == 100.2);
    assert_true(s.coverage > 0.968 && s.coverage < 0.969);
    assert_true(s.cv > 0.001 && s.cv < 0.002);
    windows_summarise(steady, 1, &s); /* an emulated board has one exact window */
    assert_true(s.median_us == 100 && s.low_us == 100 && s.high_us == 100 && s.cv == 0);
    assert_true(steady[1] == 100.2); /* not sorted in place */
}

static void steady_windows_end_at_the_tiers_number(void **state)
{
    (void)state;
    struct latency_protocol p = *latency_protocol_of(TIER_REPORT);
    struct windows_summary s;
    for (unsigned n = 1; n <= 3; n++) {
        windows_summarise(steady, n, &s);
        assert_int_equal(windows_want_more(&p, &s, n, (int64_t)n * 10 * SECOND), n < 3);
    }
    assert_true(windows_accepted(&p, &s));
}

static void wild_windows_go_on_to_the_cap(void **state)
{
    (void)state;
    struct latency_protocol p = *latency_protocol_of(TIER_REPORT);
    struct windows_summary s;
    for (unsigned n = 3; n <= 6; n++) {
        windows_summarise(wild, n, &s);
        assert_false(windows_accepted(&p, &s));
        assert_int_equal(windows_want_more(&p, &s, n, (int64_t)n * 10 * SECOND), n < p.windows_max);
    }
    windows_summarise(wild, 5, &s);
    assert_false(windows_want_more(&p, &s, 5, p.cap_ns)); /* or to the time */
    p = *latency_protocol_of(TIER_SCREEN);
    windows_summarise(wild, 3, &s);
    assert_false(windows_want_more(&p, &s, 3, 0)); /* screen adds none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(summary_of_six), cmocka_unit_test(steady_windows_end_at_the_tiers_number), cmocka_unit_test(wild_windows_go_on_to_the_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
