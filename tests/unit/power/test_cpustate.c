/* Clocks, heat and throttling read from fake boards, and what counts as a change during a measurement. */
#include "power/cpustate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cmocka.h"
#include "support/fake_tree.h"

static struct fake_tree tree;

static int setup(void **state)
{
    (void)state;
    setenv("PATH", "/usr/bin:/bin", 1);
    fake_tree_open(&tree);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_tree_close(&tree);
    return 0;
}

static void pi5(void **state)
{
    (void)state;
    fake_tree_pi5(&tree);
    struct cpu_state *s = calloc(1, sizeof *s);
    cpu_state_read(tree.root, CPU_STATE_COMMANDS, s);
    assert_string_equal(s->board, "Raspberry Pi 5 Model B Rev 1.0");
    assert_string_equal(s->cpu, "ARM part 0xd0b");
    assert_int_equal(s->n_cpus, 4);
    assert_string_equal(s->clock[3].governor, "performance");
    assert_int_equal(s->clock[3].max_khz, 2400000);
    assert_true(cpu_state_clock_fixed(s, 3));
    assert_false(cpu_state_clock_fixed(s, 4));
    assert_true(fabs(cpu_state_hottest(s) - 51.2) < 1e-9);
    assert_true(s->throttle_known);
    assert_int_equal(s->throttle, 0);
    assert_int_equal(s->under_voltage_alarm, 0);
    assert_int_equal(s->supply_ma, 3000);
    assert_int_equal(s->runnable, 1);
    free(s);
}

static void jetson(void **state)
{
    (void)state;
    fake_tree_orin_nano(&tree);
    struct cpu_state *s = calloc(1, sizeof *s);
    cpu_state_read(tree.root, CPU_STATE_COMMANDS, s);
    assert_string_equal(s->power_mode, "15W");
    assert_int_equal(s->n_zones, 1);
    assert_int_equal(s->n_zones_failed, 1); // skipped, not an error
    assert_int_equal(s->n_oc, 3);
    assert_int_equal(s->oc[2].count, 2);
    assert_true(cpu_state_clock_fixed(s, 0)); // min = max though the governor is schedutil
    assert_false(s->throttle_known);
    free(s);
}

static void nothing_there(void **state)
{
    (void)state;
    struct cpu_state *s = calloc(1, sizeof *s);
    cpu_state_read(tree.root, CPU_STATE_FILES, s);
    assert_int_equal(s->n_cpus, 0);
    assert_true(isinf(cpu_state_hottest(s)));
    assert_int_equal(s->under_voltage_alarm, -1);
    assert_true(s->load1 < 0);
    assert_false(cpu_state_clock_fixed(s, 0));
    assert_null(cpu_state_changed(s, s, 0));
    free(s);
}

static void changes(void **state)
{
    (void)state;
    struct cpu_state *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    fake_tree_pi5(&tree);
    cpu_state_read(tree.root, CPU_STATE_COMMANDS, a);
    *b = *a;
    assert_null(cpu_state_changed(a, b, 0));
    b->throttle = THROTTLE_NOW;
    assert_string_equal(cpu_state_changed(a, b, 0), "throttled");
    b->throttle = (uint32_t)THROTTLE_UNDER_VOLTAGE << 16; // happened meanwhile, over now
    assert_string_equal(cpu_state_changed(a, b, 0), "under_voltage");
    a->throttle = b->throttle; // was in the baseline already
    assert_null(cpu_state_changed(a, b, 0));
    a->throttle = b->throttle = 0;
    b->throttle = THROTTLE_SOFT_TEMP;
    assert_string_equal(cpu_state_changed(a, b, 0), "freq_capped");
    b->throttle = 0;
    b->under_voltage_alarm = 1;
    assert_string_equal(cpu_state_changed(a, b, 0), "under_voltage");
    b->under_voltage_alarm = 0;
    b->clock[1].cur_khz = 2300000;
    assert_null(cpu_state_changed(a, b, 0)); // another core
    assert_string_equal(cpu_state_changed(a, b, 1), "frequency");
    a->device_tree = false; // a PC with turbo
    assert_null(cpu_state_changed(a, b, 1));
    a->device_tree = true;
    b->clock[1].cur_khz = 2390000; // within 1 %
    assert_null(cpu_state_changed(a, b, 1));
    snprintf(b->clock[1].governor, sizeof b->clock[1].governor, "powersave");
    assert_string_equal(cpu_state_changed(a, b, 1), "frequency");
    *b = *a;
    a->n_oc = b->n_oc = 1;
    snprintf(a->oc[0].name, sizeof a->oc[0].name, "oc2_event_cnt");
    b->oc[0] = a->oc[0];
    b->oc[0].count = 4;
    assert_string_equal(cpu_state_changed(a, b, 0), "over_current");
    free(a);
    free(b);
}

static void parsers(void **state)
{
    (void)state;
    uint32_t bits = 0;
    assert_int_equal(throttle_parse("throttled=0x50005\n", &bits), 0);
    assert_int_equal(bits, 0x50005);
    assert_int_equal(throttle_parse("throttled=0x", &bits), -EBADMSG);
    assert_int_equal(throttle_parse("VCHI initialization failed", &bits), -EBADMSG);
    assert_int_equal(throttle_parse("throttled=0xzz", &bits), -EBADMSG);
    char name[16];
    assert_int_equal(nvpmodel_parse("NVPM WARN: fan mode is not set!\nNV Power Mode: MODE_30W_ALL\n2\n", name, sizeof name), 0);
    assert_string_equal(name, "MODE_30W_ALL");
    assert_int_equal(nvpmodel_parse("NV Power Mode: \n", name, sizeof name), -EBADMSG);
    assert_int_equal(nvpmodel_parse("NV Power Mode: A_NAME_THAT_IS_TOO_LONG\n", name, sizeof name), -EBADMSG);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(pi5), T(jetson), T(nothing_there), T(changes), T(parsers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
