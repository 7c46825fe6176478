/* A whole energy measurement, shortened, against the simulated sensor whose load the test sets. */
#include "power/session.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "support/cmocka.h"
#include "support/fake_tree.h"

static struct fake_tree tree;
static unsigned runs;
static const char *after_load; /* load file's text when the active window ends */

static int setup(void **state)
{
    (void)state;
    fake_tree_open(&tree);
    fake_tree_put(&tree, "/load", "0");
    runs = 0;
    after_load = "0";
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_tree_close(&tree);
    return 0;
}

/* "Inferences" of 10 ms. */
static int work(void *user, int64_t until_ns, uint64_t *ret_inferences)
{
    uint64_t n = 0;
    runs++;
    if (user)
        return -EIO;
    fake_tree_put(&tree, "/load", "1");
    while (clock_monotonic_ns() < until_ns) {
        clock_sleep_ns(10 * SONATA_MS);
        n++;
    }
    fake_tree_put(&tree, "/load", "%s", after_load);
    *ret_inferences = n;
    return 0;
}

static struct power_config sensor(const char *more)
{
    struct power_config c = {.driver = "sim"};
    snprintf(c.options, sizeof c.options, "idle=1000 active=3000 noise=5 load=%s/load %s", tree.root, more);
    return c;
}

static struct energy_protocol shortened(unsigned repeats)
{
    struct energy_protocol p;
    assert_int_equal(energy_protocol_of(TIER_SEARCH, &p), 0);
    p.idle_s = 0.4;
    p.active_s = 0.6;
    p.trailing_s = 0.3;
    p.repeats = repeats;
    p.limits.active_ns = 500 * SONATA_MS;
    p.limits.idle_ns = 300 * SONATA_MS;
    p.limits.trailing_ns = 200 * SONATA_MS;
    p.limits.samples = 20;
    p.limits.gap_periods = 25; /* a loaded test machine */
    p.limits.missing_share = 0.5;
    return p;
}

static void whole_session(void **state)
{
    (void)state;
    struct power_config c = sensor("");
    struct energy_protocol p = shortened(2);
    struct energy_record r;
    struct sonata_error err = {0};
    if (energy_session(&c, &p, (struct energy_poller){-1, 1}, &(struct energy_load){work, NULL}, &r, &err))
        fail_msg("%s", err.text);
    assert_int_equal(r.verdict, ENERGY_OK);
    assert_int_equal(r.repeats, 2);
    assert_true(fabs(r.idle_mw / 1000 - 1) < 0.1);
    assert_true(fabs(r.active_mw / 3000 - 1) < 0.1);
    double per_inference = r.total_uj.median / r.active_mw; /* ms: at least the 10 slept */
    assert_true(per_inference >= 9.9 && per_inference < 40);
    assert_true(fabs(r.dynamic_uj.median / r.total_uj.median - 2.0 / 3) < 0.08);
    assert_int_equal(r.sensor.scope, POWER_SCOPE_BOARD_INPUT);
    assert_true(r.samples > 40);
}

static void drift_is_tried_again(void **state)
{
    (void)state;
    struct power_config c = sensor("");
    struct energy_protocol p = shortened(1);
    struct energy_record r;
    after_load = "0.2"; /* stays warm: idle before 1000, after 1400; in the second try before 1400 as well */
    assert_int_equal(energy_session(&c, &p, (struct energy_poller){-1, 1}, &(struct energy_load){work, NULL}, &r, NULL), 0);
    assert_int_equal(runs, 2);
    assert_false(r.idle_drift);
    assert_true(fabs(r.idle_mw / 1400 - 1) < 0.1);
}

static void bad_sensor(void **state)
{
    (void)state;
    struct power_config c = sensor("fail=2");
    struct energy_protocol p = shortened(3);
    struct energy_record r;
    p.limits.missing_share = 0.05;
    assert_int_equal(energy_session(&c, &p, (struct energy_poller){-1, 1}, &(struct energy_load){work, NULL}, &r, NULL), 0);
    assert_int_equal(r.verdict, ENERGY_SENSOR_GAP);
    assert_int_equal(r.repeats, 1); /* no point in going on */
    fake_tree_put(&tree, "/load", "0");
    c = sensor("stuck=10");
    p.limits.missing_share = 0.5;
    assert_int_equal(energy_session(&c, &p, (struct energy_poller){-1, 1}, &(struct energy_load){work, NULL}, &r, NULL), 0);
    assert_int_equal(r.verdict, ENERGY_SENSOR_STUCK);
}

static void failures(void **state)
{
    (void)state;
    struct power_config c = sensor(""), none = {.driver = "hwmon", .root = "/nowhere"};
    struct energy_protocol p = shortened(1);
    struct energy_record r;
    struct sonata_error err = {0};
    assert_int_equal(energy_session(&c, &p, (struct energy_poller){-1, 1}, &(struct energy_load){work, &runs}, &r, &err), -EIO);
    assert_int_equal(energy_session(&none, &p, (struct energy_poller){-1, 1}, &(struct energy_load){work, NULL}, &r, &err), -ENODEV);
    p.repeats = 0;
    assert_int_equal(energy_session(&c, &p, (struct energy_poller){-1, 1}, &(struct energy_load){work, NULL}, &r, &err), -EINVAL);
    assert_int_equal(energy_protocol_of(TIER_SCREEN, &p), -ENOENT);
    assert_int_equal(energy_protocol_of(TIER_REPORT, &p), 0);
    assert_int_equal(p.repeats, 5);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(whole_session), T(drift_is_tried_again), T(bad_sensor), T(failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
