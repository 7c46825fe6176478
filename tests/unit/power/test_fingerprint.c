/* Conditions from a made-up /sys and /proc: what is there is reported, what is absent left out, throttling flagged, text never overruns. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "power/fingerprint.h"
#include "base/clock.h"
#include "base/file.h"
#include "domain/metric.h"

static char root[64];

static void put(const char *path, const char *text)
{
    char full[256], folder[256];
    struct sonata_error err = {0};
    snprintf(full, sizeof full, "%s%s", root, path);
    snprintf(folder, sizeof folder, "%s", full);
    *strrchr(folder, '/') = '\0';
    if (file_make_dirs(folder, false, &err) || file_write_atomic(full, text, strlen(text), &err))
        fail_msg("%s", err.text);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/sonata-sysfs-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

#define CPU1 "/sys/devices/system/cpu/cpu1"

static void a_board_that_tells_everything(void **state)
{
    (void)state;
    put(CPU1 "/cpufreq/scaling_cur_freq", "1500000\n");
    put(CPU1 "/cpufreq/scaling_governor", "performance\n");
    put(CPU1 "/thermal_throttle/core_throttle_count", "7\n");
    put("/sys/class/thermal/thermal_zone0/temp", "41000\n");
    put("/sys/class/thermal/thermal_zone2/temp", "52500\n");
    put("/proc/loadavg", "0.25 0.1 0.0 1/100 5\n");
    struct conditions before, after;
    char text[FINGERPRINT_MAX] = "";
    conditions_read(&before, root, 1);
    assert_int_equal(before.clock_khz, 1500000);
    assert_int_equal(before.temperature_mc, 52500);
    fingerprint_host(text, sizeof text, &before, 1);
    assert_non_null(strstr(text, "governor=performance\n"));
    assert_non_null(strstr(text, "load1=0.25\n"));
    assert_non_null(strstr(text, "core=1\n"));
    assert_non_null(strstr(text, "kernel="));
    conditions_read(&after, root, 1);
    assert_int_equal(fingerprint_changes(text, sizeof text, &before, &after), 0);
    put(CPU1 "/thermal_throttle/core_throttle_count", "9\n");
    conditions_read(&after, root, 1);
    assert_int_equal(fingerprint_changes(text, sizeof text, &before, &after), FLAG_THROTTLED);
    assert_non_null(strstr(text, "throttle_events=2\n"));
}

static void a_board_that_tells_nothing(void **state)
{
    (void)state;
    struct conditions c;
    char text[FINGERPRINT_MAX] = "";
    conditions_read(&c, root, 0);
    assert_int_equal(c.clock_khz, -1);
    assert_int_equal(c.temperature_mc, -1);
    fingerprint_host(text, sizeof text, &c, -1);
    assert_null(strstr(text, "clock"));
    assert_null(strstr(text, "governor"));
    assert_null(strstr(text, "core="));
    assert_int_equal(fingerprint_changes(text, sizeof text, &c, &c), 0);
}

static void lines_are_whole_or_absent(void **state)
{
    (void)state;
    char text[20] = "";
    fingerprint_add(text, sizeof text, "a=%d", 12345);
    fingerprint_add(text, sizeof text, "b=%s", "a value that does not fit");
    fingerprint_add(text, sizeof text, "c=x\ny");
    assert_string_equal(text, "a=12345\nc=x y\n");
}

static void sleeping_looks_like_a_stolen_core(void **state)
{
    (void)state;
    struct contention c;
    char text[200] = "";
    contention_begin(&c);
    clock_sleep_ns(50 * SONATA_MS);
    assert_int_equal(contention_end(&c, text, sizeof text), FLAG_CONTENDED);
    assert_non_null(strstr(text, "foreign_share="));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_board_that_tells_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_board_that_tells_nothing, set_up, tear_down),
        cmocka_unit_test(lines_are_whole_or_absent),
        cmocka_unit_test(sleeping_looks_like_a_stolen_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
