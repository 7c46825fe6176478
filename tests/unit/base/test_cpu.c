/* Pinning: to one CPU, to several, and refused where there is none. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "base/cpu.h"

#include <errno.h>
#include <sched.h>

#include "support/cmocka.h"

static void pins(void **state)
{
    (void)state;
    cpu_set_t allowed, now;
    int last = -1;
    uint64_t mask = 0;
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    for (int i = 0; i < 64; i++) {
        if (CPU_ISSET((size_t)i, &allowed)) {
            last = i;
            mask |= UINT64_C(1) << i;
        }
    }
    assert_true(last >= 0);
    assert_int_equal(cpu_pin(last), 0);
    assert_int_equal(sched_getaffinity(0, sizeof now, &now), 0);
    assert_true(CPU_COUNT(&now) == 1 && CPU_ISSET((size_t)last, &now));
    assert_int_equal(cpu_pin_mask(mask), 0);
    assert_int_equal(sched_getaffinity(0, sizeof now, &now), 0);
    for (int i = 0; i < 64; i++)
        assert_int_equal(CPU_ISSET((size_t)i, &now) != 0, mask >> i & 1);
}

static void refuses(void **state)
{
    (void)state;
    assert_int_equal(cpu_pin(-1), -EINVAL);
    assert_int_equal(cpu_pin(1 << 20), -EINVAL);
    assert_int_equal(cpu_pin(CPU_SETSIZE - 1), -EINVAL);
    assert_int_equal(cpu_pin_mask(0), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pins), cmocka_unit_test(refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
