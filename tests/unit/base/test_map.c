/* The map against a plain array, with many removals (the part that open addressing gets wrong). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/map.h"
#include "base/rng.h"

enum { KEYS = 500 };

static void test_random_operations(void **state)
{
    (void)state;
    struct map m = {0};
    bool there[KEYS] = {false};
    static int value[KEYS];
    struct rng rng = rng_seeded(42, 0);
    for (int step = 0; step < 200000; step++) {
        uint32_t k = rng_below(&rng, KEYS);
        uint64_t key = (uint64_t)k << (k % 3 * 20);
        if (rng_below(&rng, 2)) {
            map_set(&m, key, &value[k]);
            there[k] = true;
        } else {
            assert_ptr_equal(map_remove(&m, key), there[k] ? &value[k] : NULL);
            there[k] = false;
        }
        uint32_t other = rng_below(&rng, KEYS);
        assert_ptr_equal(map_get(&m, (uint64_t)other << (other % 3 * 20)), there[other] ? &value[other] : NULL);
    }
    uint32_t n = 0, at = 0, expected = 0;
    while (map_next(&m, &at))
        n++;
    for (int k = 0; k < KEYS; k++)
        expected += there[k];
    assert_int_equal(n, expected);
    assert_int_equal(m.count, expected);
    map_fini(&m);
}

static bool keep_even(void *user, void *value)
{
    int *v = value;
    ++*(uint32_t *)user;
    return *v % 2 == 0;
}

static void test_filter(void **state)
{
    (void)state;
    struct map m = {0};
    static int value[KEYS];
    uint32_t seen = 0;
    for (int k = 0; k < KEYS; k++) {
        value[k] = k;
        map_set(&m, (uint64_t)k * 1000003, &value[k]);
    }
    map_filter(&m, keep_even, &seen);
    assert_int_equal(seen, KEYS);
    assert_int_equal(m.count, (KEYS + 1) / 2);
    for (int k = 0; k < KEYS; k++)
        assert_ptr_equal(map_get(&m, (uint64_t)k * 1000003), k % 2 ? NULL : &value[k]);
    map_fini(&m);
}

static void test_owned_values_go_with_it(void **state) /* that they do is seen by the address sanitizer */
{
    (void)state;
    struct map m = {0};
    map_fini_free(&m);
    for (uint64_t k = 0; k < KEYS; k++)
        map_set(&m, k, malloc(8));
    map_fini_free(&m);
    assert_int_equal(m.count, 0);
    assert_null(map_get(&m, 1));
}

static void test_empty(void **state)
{
    (void)state;
    struct map m = {0};
    uint32_t at = 0;
    assert_null(map_get(&m, 0));
    assert_null(map_remove(&m, 7));
    assert_null(map_next(&m, &at));
    map_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_operations), cmocka_unit_test(test_filter),
                                       cmocka_unit_test(test_owned_values_go_with_it), cmocka_unit_test(test_empty)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
