/* The lesser and the greater of two, over types and where they do not compare. */
#include <math.h>

#include "base/number.h"
#include "support/cmocka.h"

static void test_integers(void **state)
{
    (void)state;
    assert_int_equal(min_of(-1, 2), -1);
    assert_int_equal(max_of(-1, 2), 2);
    uint32_t most = UINT32_MAX;
    assert_int_equal(min_of(most, 7u), 7);
    assert_true(max_of(most, 7u) == UINT32_MAX);
    int64_t far = INT64_MIN;
    assert_true(min_of(far, (int64_t)0) == INT64_MIN);
    size_t big = SIZE_MAX;
    assert_true(max_of(big, (size_t)1) == SIZE_MAX);
    uint8_t a = 250, b = 251;
    assert_int_equal(max_of(a, b), 251);
}

static void test_arguments_are_evaluated_once(void **state)
{
    (void)state;
    int calls = 0;
    assert_int_equal(max_of(++calls, 0), 1);
    assert_int_equal(calls, 1);
    assert_int_equal(clamp_of(++calls, 0, 10), 2);
    assert_int_equal(calls, 2);
}

static void test_limits(void **state)
{
    (void)state;
    assert_int_equal(clamp_of(5, 1, 10), 5);
    assert_int_equal(clamp_of(-5, 1, 10), 1);
    assert_int_equal(clamp_of(50, 1, 10), 10);
    assert_int_equal(clamp_of(5, 10, 1), 10); /* they contradict each other */
}

static void test_not_a_number(void **state)
{
    (void)state;
    assert_true(min_of((double)NAN, 1.0) == 1.0);
    assert_true(isnan(min_of(1.0, (double)NAN)));
    assert_true(max_of(1.0f, 2.0f) == 2.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_integers), cmocka_unit_test(test_arguments_are_evaluated_once),
                                       cmocka_unit_test(test_limits), cmocka_unit_test(test_not_a_number)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
