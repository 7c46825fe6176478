/* What makes a measurement wait, invalid, or fine, on fake boards. */
#include "board/preflight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "domain/metric.h"
#include "support/cmocka.h"
#include "support/fake_tree.h"

static struct fake_tree tree;
static struct board_config config;
static struct cpu_state before, after;
static char reason[PREFLIGHT_REASON_MAX];

static bool post(void)
{
    cpu_state_read(config.sysfs, CPU_STATE_COMMANDS, &after);
    return postcheck(&config, &before, &after, reason);
}

static int setup(void **state)
{
    (void)state;
    setenv("PATH", "/usr/bin:/bin", 1);
    fake_tree_open(&tree);
    config = (struct board_config){.core = 1};
    snprintf(config.sysfs, sizeof config.sysfs, "%s", tree.root);
    reason[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_tree_close(&tree);
    return 0;
}

static void well(void **state)
{
    (void)state;
    fake_tree_pi5(&tree);
    assert_true(preflight(&config, 50 * SONATA_MS, &before, reason));
    assert_true(post());
    assert_true(preflight_limit_celsius(&config, &before) == 60);
}

static void hot(void **state)
{
    (void)state;
    fake_tree_pi5(&tree);
    fake_tree_put(&tree, "/sys/class/thermal/thermal_zone0/temp", "61000");
    assert_false(preflight(&config, 50 * SONATA_MS, &before, reason));
    assert_non_null(strstr(reason, "too_hot: 61.0 C"));
    config.max_celsius = 65;
    assert_true(preflight(&config, 50 * SONATA_MS, &before, reason));
    fake_tree_remove(&tree, "/proc/device-tree/model"); // a PC
    config.max_celsius = 0;
    assert_true(preflight(&config, 50 * SONATA_MS, &before, reason));
}

static void throttled(void **state)
{
    (void)state;
    fake_tree_pi5(&tree);
    assert_true(preflight(&config, 0, &before, reason));
    fake_tree_tool(&tree, "vcgencmd", "#!/bin/sh\necho throttled=0x40000\n"); // throttled meanwhile, not any more
    assert_false(post());
    assert_non_null(strstr(reason, "throttled"));
    fake_tree_tool(&tree, "vcgencmd", "#!/bin/sh\necho throttled=0x50005\n");
    assert_false(preflight(&config, 0, &before, reason));
    assert_non_null(strstr(reason, "0x50005"));
    fake_tree_tool(&tree, "vcgencmd", "#!/bin/sh\necho throttled=0x50000\n"); // of yesterday: only a baseline
    assert_true(preflight(&config, 0, &before, reason));
    assert_true(post());
}

static void under_voltage(void **state)
{
    (void)state;
    fake_tree_pi5(&tree);
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon0/in0_lcrit_alarm", "1");
    assert_false(preflight(&config, 0, &before, reason));
    assert_non_null(strstr(reason, "under_voltage"));
}

static void clock_and_current(void **state)
{
    (void)state;
    fake_tree_orin_nano(&tree);
    assert_true(preflight(&config, 0, &before, reason));
    fake_tree_put(&tree, "/sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "1420800");
    assert_false(post());
    assert_non_null(strstr(reason, "frequency"));
    fake_tree_put(&tree, "/sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "1510400");
    assert_true(post());
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon9/oc2_event_cnt", "2");
    assert_false(post());
    assert_non_null(strstr(reason, "over_current"));
}

static void flags_by_tier(void **state)
{
    (void)state;
    for (enum tier t = TIER_SCREEN; t < TIER_COUNT; t++) {
        assert_int_equal(flags_invalidate(FLAG_CONTENDED | FLAG_NOISY, t) != NULL, t != TIER_SCREEN); /* screen records it only */
        assert_non_null(strstr(flags_invalidate(FLAG_THROTTLED, t), "throttled:"));
        assert_null(flags_invalidate(FLAG_NOISY | FLAG_BIMODAL | FLAG_OUTLIERS | FLAG_WARMUP_NOT_STABLE, t));
    }
    assert_non_null(strstr(flags_invalidate(FLAG_CONTENDED, TIER_SEARCH), "contended:"));
}

static void the_record_says_what_held(void **state)
{
    (void)state;
    char text[1024] = "";
    fake_tree_orin_nano(&tree);
    assert_true(preflight(&config, 0, &before, reason));
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon9/oc2_event_cnt", "5");
    cpu_state_read(config.sysfs, CPU_STATE_COMMANDS, &after);
    preflight_describe(&config, &before, &after, text, sizeof text);
    assert_non_null(strstr(text, "clock_set_khz=1510400\n"));
    assert_non_null(strstr(text, "clock_fixed=yes\n"));
    assert_non_null(strstr(text, "over_current_events="));
    assert_null(strstr(text, "throttle_bits")); /* no vcgencmd on a Jetson */
    text[0] = '\0';
    preflight_describe(&config, &(struct cpu_state){.n_cpus = 0}, &(struct cpu_state){.n_cpus = 0}, text, sizeof text); /* a machine that says nothing */
    assert_string_equal(text, "");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(well), T(hot), T(throttled), T(under_voltage), T(clock_and_current), T(flags_by_tier), T(the_record_says_what_held)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
