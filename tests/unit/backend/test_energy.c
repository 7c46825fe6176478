/* Energy metrics of an engine board with the simulated sensor; windows shortened as a pretended farm does. Skips without the data set. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "backend/energy.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/rng.h"
#include "conf/space_file.h"
#include "support/cmocka.h"
#include "supernet/safetensors.h"

static struct latency_protocol protocol;
static struct evaluation_job job;

static void phase(void *user, const char *name)
{
    (void)user;
    (void)name;
}

static struct board_config engine_board(const char *options)
{
    struct board_config c;
    struct sonata_error err = {0};
    if (board_config_parse("host:engine,executor=ref,power=sim", &c, &err))
        fail_msg("%s", err.text);
    if (board_config_set(&c, "power.options", options, &err))
        fail_msg("%s", err.text);
    return c;
}

static int nap(void *user)
{
    (void)user;
    clock_sleep_ns(SONATA_MS);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    job = (struct evaluation_job){.attempt = 3, .tier = "search", .n_metrics = 1, .metric = {"energy"}};
    protocol = *latency_protocol_of(TIER_SEARCH);
    protocol.window_ns = 150 * SONATA_MS; // 0.75 s active
    return 0;
}

static struct measurement measure(const struct board_config *c)
{
    struct backend_job j = {.job = &job, .tier = TIER_SEARCH, .protocol = &protocol, .phase = phase};
    struct measurement m = {0};
    struct sonata_error err = {0};
    if (energy_measure(c, &j, nap, NULL, &m, &err))
        fail_msg("%s", err.text);
    return m;
}

static void metrics(void **state)
{
    (void)state;
    struct board_config c = engine_board("idle=2000 active=2000 noise=20");
    struct measurement m = measure(&c);
    if (m.outcome == OUTCOME_INVALID) { /* a loaded machine may leave gaps; that is then said */
        assert_string_equal(m.reason, "invalid: sensor_gap");
        return;
    }
    assert_int_equal(m.outcome, OUTCOME_OK);
    const struct metric_value *energy = measurement_metric(&m, "energy"), *dynamic = measurement_metric(&m, "energy_dynamic"), *active = measurement_metric(&m, "power_active");
    assert_true(energy && dynamic && active && measurement_metric(&m, "power_idle"));
    assert_true(fabs(active->value / 2000 - 1) < 0.05);
    assert_true(energy->value > 2 && energy->value < 20); // 2 W for at least the 1 ms slept, in mJ
    assert_true(fabs(dynamic->value) < 0.1 * energy->value);
    assert_non_null(strstr(m.fingerprint, "energy_sensor=driver=sim sensor=simulated scope=board_input"));
    measurement_fini(&m);
}

static void bad_sensors(void **state)
{
    (void)state;
    struct board_config c = engine_board("fail=2");
    struct measurement m = measure(&c);
    assert_int_equal(m.outcome, OUTCOME_INVALID);
    assert_string_equal(m.reason, "invalid: sensor_gap");
    assert_int_equal(m.n_metrics, 0);
    measurement_fini(&m);
    snprintf(c.power.driver, sizeof c.power.driver, "hwmon");
    snprintf(c.sysfs, sizeof c.sysfs, "/nowhere");
    m = measure(&c);
    assert_int_equal(m.outcome, OUTCOME_INFRA);
    assert_non_null(strstr(m.reason, "/nowhere/sys/class/hwmon")); // the board's sysfs root reaches the sensor
    measurement_fini(&m);
}

static void asked_where_there_is_none(void **state)
{
    (void)state;
    struct board_config with = engine_board("noise=1"), without = with;
    struct sonata_error err = {0};
    without.power.driver[0] = '\0';
    assert_int_equal(energy_possible(&with, TIER_SEARCH, &err), 0);
    assert_int_equal(energy_possible(&with, TIER_REPORT, &err), 0);
    assert_true(energy_possible(&with, TIER_SCREEN, &err) < 0);
    assert_true(energy_possible(&without, TIER_SEARCH, &err) < 0);
    assert_non_null(strstr(err.text, "no power sensor"));
    struct board_config c;
    assert_true(board_config_parse("t:table:x.csv,latency=l,power=sim", &c, &err) < 0);
    assert_true(board_config_parse("h:engine,power=nvml", &c, &err) < 0);
    assert_true(board_config_parse("h:engine,power.hertz=5", &c, &err) < 0);
}

/* The whole way: a random supernet, the engine, the sensor. */
static void engine_candidate(void **state)
{
    (void)state;
    struct board_config c = engine_board("idle=1000 active=3000 noise=20");
    const struct backend_ops *ops = backend_of(BACKEND_ENGINE);
    struct sonata_error err = {0};
    void *backend = NULL;
    assert_non_null(ops);
    if (ops->open(&c, &backend, &err)) {
        print_message("%s: skipped\n", err.text);
        skip();
    }
    struct board_offer o = {0};
    ops->offer(backend, &o);
    bool offered = false;
    for (uint32_t i = 0; i < o.n_metrics; i++)
        offered |= !strcmp(o.metric[i], "energy");
    assert_true(offered);
    static struct space space;
    struct supernet net;
    struct bytes blob = {0};
    struct rng rng = rng_seeded(5, 0);
    if (space_file_read(SONATA_SOURCE_DIR "/deploy/spaces/fmnist-mbconv.yaml", &space, &err) || supernet_init(&net, &space, &err))
        fail_msg("%s", err.text);
    supernet_randomize(&net, &rng);
    safetensors_write_supernet(&net, NULL, 0, &blob);
    struct genotype smallest = space_first(&space);
    job.genotype = smallest;
    job.n_genes = space.n_genes;
    struct backend_job j = {.job = &job, .space = &space, .supernet = blob.data, .supernet_size = blob.size, .tier = TIER_SEARCH, .protocol = &protocol, .phase = phase};
    assert_int_equal(ops->prepare(backend, &j, &err), 0);
    struct measurement m = {0};
    ops->run(backend, &j, &m);
    if (m.outcome == OUTCOME_INVALID)
        assert_string_equal(m.reason, "invalid: sensor_gap");
    else
        assert_true(measurement_metric(&m, "energy") && measurement_metric(&m, "energy")->value > 0);
    measurement_fini(&m);
    j.tier = TIER_SCREEN;
    assert_true(ops->prepare(backend, &j, &err) < 0);
    assert_non_null(strstr(err.text, "takes no energy"));
    ops->close(backend);
    bytes_fini(&blob);
    supernet_fini(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(metrics, setup), cmocka_unit_test_setup(bad_sensors, setup),
                                       cmocka_unit_test_setup(asked_where_there_is_none, setup), cmocka_unit_test_setup(engine_candidate, setup)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
