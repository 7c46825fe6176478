/* The arena: alignment, growth, the seed decides the place; the stack goes deeper by the seed; a network in an arena gives the same logits as one on the heap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runtime/depthwise.h"
#include "runtime/placement.h"

static void takes_and_grows(void **state)
{
    (void)state;
    struct placement *p = placement_new(1000, 7);
    size_t huge, taken, sum = 0;
    for (size_t i = 1; i < 200; i++) {
        size_t size = i * 997, alignment = (size_t)1 << i % 13;
        uint8_t *m = placement_take(p, size, alignment);
        assert_true((uintptr_t)m % 64 == 0 && (uintptr_t)m % alignment == 0);
        for (size_t k = 0; k < size; k += 101)
            assert_int_equal(m[k], 0);
        memset(m, 0xff, size); /* the next must not overlap it */
        sum += size;
        placement_drop(p, m); /* of the arena: stays */
        assert_int_equal(m[0], 0xff);
    }
    placement_drop(p, placement_take(NULL, 100, 0)); /* of the heap */
    placement_drop(NULL, placement_take(NULL, 100, 4096));
    placement_drop(p, NULL);
    placement_huge(p, &huge, &taken);
    assert_true(taken == sum && huge % 4096 == 0);
    placement_free(p);
    placement_free(NULL);
}

static uintptr_t place_of(uint64_t seed)
{
    struct placement *p = placement_new(1 << 20, seed);
    uintptr_t at = (uintptr_t)placement_take(p, 1, 0) % (2 << 20);
    placement_free(p);
    return at;
}

static void seed_decides_the_place(void **state)
{
    (void)state;
    unsigned same = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        uintptr_t at = place_of(seed);
        assert_true(at < 128 << 10 && at % 64 == 0 && at == place_of(seed));
        same += at == place_of(seed + 1000);
    }
    assert_true(same < 5);
}

static int stack_here(void *user)
{
    volatile char here;
    *(uintptr_t *)user = (uintptr_t)&here;
    return 42;
}

static void seed_decides_the_stack(void **state)
{
    (void)state;
    uintptr_t low = UINTPTR_MAX, high = 0, again;
    for (uint64_t seed = 0; seed < 100; seed++) {
        uintptr_t at;
        assert_int_equal(placement_on_stack(seed, stack_here, &at), 42);
        placement_on_stack(seed, stack_here, &again);
        assert_true(at == again);
        low = at < low ? at : low;
        high = at > high ? at : high;
    }
    assert_true(high - low > 32 << 10 && high - low < 256 << 10);
}

static void layers_lie_in_it(void **state)
{
    (void)state;
    float weight[9 * 16], bias[16], x[36 * 16], heap[36 * 16], arena[36 * 16];
    for (size_t i = 0; i < sizeof weight / sizeof *weight; i++)
        weight[i] = (float)i / 100;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = (float)(i % 17) - 8;
    for (size_t i = 0; i < 16; i++)
        bias[i] = (float)i;
    struct network_layer l = {.type = NETWORK_DEPTHWISE, .kernel = 3, .stride = 1, .in_channels = 16, .out_channels = 16, .in_size = 6, .out_size = 6, .weight = weight, .bias = bias};
    struct placement *p = placement_new(1 << 16, 3);
    struct depthwise *d = depthwise_new(&l, true, p), *on_heap = depthwise_new(&l, true, NULL);
    size_t huge, taken;
    placement_huge(p, &huge, &taken);
    assert_int_equal(taken, sizeof weight + sizeof bias);
    depthwise_run(d, 1, x, arena);
    depthwise_run(on_heap, 1, x, heap);
    assert_memory_equal(arena, heap, sizeof heap);
    depthwise_free(d);
    depthwise_free(on_heap);
    placement_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(takes_and_grows), cmocka_unit_test(seed_decides_the_place), cmocka_unit_test(seed_decides_the_stack),
                                       cmocka_unit_test(layers_lie_in_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
