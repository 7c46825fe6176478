/* Sets of CPUs, and pinning: to one CPU, to several, and refused where there is none. */
#include "base/cpu.h"

#include <errno.h>

#include "support/cmocka.h"

static void sets(void **state)
{
    (void)state;
    struct core_set s = {{0}};
    const int core[] = {0, 63, 64, CPU_CORES_MAX - 1};
    for (unsigned i = 0; i < 4; i++) {
        assert_false(core_set_has(&s, core[i]));
        core_set_add(&s, core[i]);
        assert_true(core_set_has(&s, core[i]));
        assert_int_equal(core_set_count(&s), i + 1);
    }
    core_set_add(&s, -1);
    core_set_add(&s, CPU_CORES_MAX);
    assert_int_equal(core_set_count(&s), 4);
    assert_false(core_set_has(&s, -1) || core_set_has(&s, CPU_CORES_MAX) || core_set_has(&s, 65));
    core_set_remove(&s, 64);
    assert_false(core_set_has(&s, 64));
    assert_true(core_set_has(&s, 63));
}

static void pins(void **state)
{
    (void)state;
    struct core_set allowed, now;
    int last = -1;
    assert_int_equal(cpu_allowed(&allowed), 0);
    for (int i = 0; i < CPU_CORES_MAX; i++)
        last = core_set_has(&allowed, i) ? i : last;
    assert_true(last >= 0);
    assert_int_equal(cpu_pin(last), 0);
    assert_int_equal(cpu_allowed(&now), 0);
    assert_true(core_set_count(&now) == 1 && core_set_has(&now, last));
    assert_int_equal(cpu_pin_set(&allowed), 0);
    assert_int_equal(cpu_allowed(&now), 0);
    assert_memory_equal(&now, &allowed, sizeof now);
}

static void refuses(void **state)
{
    (void)state;
    struct core_set none = {{0}};
    assert_int_equal(cpu_pin(-1), -EINVAL);
    assert_int_equal(cpu_pin(1 << 20), -EINVAL);
    assert_int_equal(cpu_pin(CPU_CORES_MAX - 1), -EINVAL);
    assert_int_equal(cpu_pin_set(&none), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sets), cmocka_unit_test(pins), cmocka_unit_test(refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
