/* Arena plans: no overlap, never under the bound, exact where the optimum is known. */
#include "domain/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "support/cmocka.h"

#include "base/rng.h"

static void assert_sound(const struct arena_tensor *t, size_t n, uint32_t arena)
{
    for (size_t i = 0; i < n; i++) {
        assert_true(t[i].offset + t[i].size <= arena);
        assert_int_equal(t[i].offset % ARENA_ALIGN, 0);
        for (size_t j = 0; j < i; j++)
            if (t[i].first <= t[j].last && t[j].first <= t[i].last)
                assert_true(t[i].offset + t[i].size <= t[j].offset || t[j].offset + t[j].size <= t[i].offset);
    }
}

static void test_chain_takes_the_two_largest_neighbours(void **state)
{
    struct arena_tensor t[] = {{100, 0, 0, 0}, {400, 0, 1, 0}, {200, 1, 2, 0}, {48, 2, 3, 0}};
    uint32_t arena = arena_plan(t, 4);

    (void)state;
    assert_sound(t, 4, arena);
    assert_int_equal(arena, 600);
    assert_int_equal(arena_lower_bound(t, 4), 600);
}

static void test_residual_keeps_its_source(void **state)
{
    /* block input 64 lives over the expanded 256 + 256 */
    struct arena_tensor t[] = {{64, 0, 3, 0}, {256, 0, 1, 0}, {256, 1, 2, 0}, {64, 2, 3, 0}, {64, 3, 4, 0}};
    uint32_t arena = arena_plan(t, 5);

    (void)state;
    assert_sound(t, 5, arena);
    assert_int_equal(arena, 576);
}

static void test_random_plans_are_sound(void **state)
{
    struct rng rng = rng_seeded(42, 0);

    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        struct arena_tensor t[24];
        size_t n = 1 + rng_below(&rng, 24);
        uint32_t arena;

        for (size_t i = 0; i < n; i++)
            t[i] = (struct arena_tensor){1 + rng_below(&rng, 500), (unsigned)i, (unsigned)i + rng_below(&rng, 5), 0};
        arena = arena_plan(t, n);
        assert_sound(t, n, arena);
        assert_true(arena >= arena_lower_bound(t, n));
        assert_true(arena <= 2 * arena_lower_bound(t, n) + 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain_takes_the_two_largest_neighbours),
        cmocka_unit_test(test_residual_keeps_its_source),
        cmocka_unit_test(test_random_plans_are_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
