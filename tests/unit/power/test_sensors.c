/* Every driver against a fake tree or a fake tool, with the traps of each. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "power/power_internal.h"
#include "support/cmocka.h"
#include "support/fake_tree.h"

static struct fake_tree tree;

static int setup(void **state)
{
    (void)state;
    fake_tree_open(&tree);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_tree_close(&tree);
    return 0;
}

static struct power_config config_of(const char *driver)
{
    struct power_config c = {0};
    snprintf(c.driver, sizeof c.driver, "%s", driver);
    snprintf(c.root, sizeof c.root, "%s", tree.root);
    return c;
}

static struct power_sensor *open_ok(const struct power_config *c)
{
    struct power_sensor *s = NULL;
    struct sonata_error err = {0};
    if (power_open(c, &s, &err))
        fail_msg("%s", err.text);
    return s;
}

static int open_fails(const struct power_config *c, const char *word)
{
    struct power_sensor *s = NULL;
    struct sonata_error err = {0};
    int r = power_open(c, &s, &err);
    if (!r)
        power_close(s);
    else if (!strstr(err.text, word))
        fail_msg("'%s' is not in '%s'", word, err.text);
    return r;
}

static double read_ok(struct power_sensor *s)
{
    int64_t t = 0;
    double v = NAN;
    struct sonata_error err = {0};
    if (power_read(s, &t, &v, &err))
        fail_msg("%s", err.text);
    assert_true(t > 0);
    return v;
}

#define assert_close(a, b)                                                                                                                           \
    do {                                                                                                                                             \
        double x_ = (a), y_ = (b);                                                                                                                   \
        if (!(fabs(x_ - y_) <= 1e-6 * fmax(1, fabs(y_))))                                                                                            \
            fail_msg("%.9g is not %.9g", x_, y_);                                                                                                    \
    } while (0)

static void total_rail_alone(void **state)
{
    (void)state;
    fake_tree_orin_nano(&tree);
    struct power_config c = config_of("hwmon");
    struct power_sensor *s = open_ok(&c);
    struct power_description d;
    power_describe(s, &d);
    assert_int_equal(d.scope, POWER_SCOPE_MODULE_INPUT);
    assert_int_equal(d.n_rails, 1);
    assert_string_equal(d.rail[0], "VDD_IN");
    assert_string_equal(d.sensor, "ina3221 1-0040");
    assert_close(d.max_hz, 100);
    assert_close(d.lsb_mw, 40);     // 40 uV / 5 mohm = 8 mA at 5 V
    assert_close(read_ok(s), 5000); // not 8000, and not the 99999 of the sums
    assert_int_equal(power_self_test(s, NULL), 0);
    power_close(s);
    char text[256];
    power_format(&d, text, sizeof text);
    assert_string_equal(text, "driver=hwmon sensor=ina3221/1-0040 scope=module_input rails=VDD_IN hz=100 accuracy=undeclared");
}

static void all_rails_of_two_chips(void **state)
{
    (void)state;
    fake_tree_orin_agx(&tree);
    struct power_config c = config_of("hwmon");
    struct power_sensor *s = open_ok(&c);
    struct power_description d;
    power_describe(s, &d);
    assert_int_equal(d.scope, POWER_SCOPE_MODULE_INPUT);
    assert_int_equal(d.n_rails, 4); // the two NC are not there
    assert_close(read_ok(s), 20 * 150 + 20 * 50 + 5 * 600 + 5 * 100);
    power_close(s);
}

static void listed_rails(void **state)
{
    (void)state;
    fake_tree_orin_nano(&tree);
    struct power_config c = config_of("hwmon");
    snprintf(c.rails, sizeof c.rails, "VDD_CPU_GPU_CV,VDD_SOC");
    struct power_sensor *s = open_ok(&c);
    struct power_description d;
    power_describe(s, &d);
    assert_int_equal(d.scope, POWER_SCOPE_RAILS);
    assert_close(read_ok(s), 3000);
    power_close(s);
    snprintf(c.rails, sizeof c.rails, "VDD_IN,VDD_SOC");
    assert_int_equal(open_fails(&c, "counts twice"), -EINVAL);
    snprintf(c.rails, sizeof c.rails, "VDD_SOC,VDD_SOC");
    assert_int_equal(open_fails(&c, "listed twice"), -EINVAL);
    snprintf(c.rails, sizeof c.rails, "VDD_NONE");
    assert_int_equal(open_fails(&c, "no rail 'VDD_NONE'"), -EINVAL);
}

static void disabled_channels(void **state)
{
    (void)state;
    fake_tree_orin_agx(&tree);
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon2/in1_enable", "0"); // its input then fails
    fake_tree_remove(&tree, "/sys/class/hwmon/hwmon2/in1_input");
    fake_tree_put_failing(&tree, "/sys/class/hwmon/hwmon2/in1_input");
    fake_tree_remove(&tree, "/sys/class/hwmon/hwmon10/in2_enable"); // an old kernel does not say
    fake_tree_put_failing(&tree, "/sys/class/hwmon/hwmon10/curr2_input");
    struct power_config c = config_of("hwmon");
    struct power_sensor *s = open_ok(&c);
    assert_close(read_ok(s), 20 * 50 + 5 * 600);
    /* A channel that fails later is an error of that reading, not a smaller sum. */
    fake_tree_put_failing(&tree, "/sys/class/hwmon/hwmon2/curr2_input");
    int64_t t;
    double v;
    struct sonata_error err = {0};
    assert_true(power_read(s, &t, &v, &err) < 0);
    assert_non_null(strstr(err.text, "VDD_CPU_CV"));
    power_close(s);
}

static void single_channel(void **state)
{
    (void)state;
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon0/name", "cpu_thermal");
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon3/name", "ina226");
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon3/power1_input", "4125000"); // microwatts
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon3/in1_input", "5000");
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon3/curr1_input", "825");
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon3/shunt_resistor", "10000");
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon3/update_interval", "35");
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon4/name", "ina260");
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon4/in1_input", "12000");
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon4/curr1_input", "500");
    struct power_config c = config_of("hwmon");
    c.scope = POWER_SCOPE_BOARD_INPUT;
    c.accuracy_pct = 0.5;
    struct power_sensor *s = open_ok(&c);
    struct power_description d;
    power_describe(s, &d);
    assert_int_equal(d.scope, POWER_SCOPE_BOARD_INPUT);
    assert_close(d.max_hz, 1000.0 / 35);
    assert_close(d.lsb_mw, 6.25); // 2.5 uV / 10 mohm = 0.25 mA, x 25
    assert_close(d.accuracy_pct, 0.5);
    assert_close(read_ok(s), 4125); // one meter, not the sum of two
    power_close(s);
    snprintf(c.device, sizeof c.device, "ina260");
    s = open_ok(&c);
    assert_close(read_ok(s), 6000); // volt x current
    power_close(s);
    snprintf(c.device, sizeof c.device, "ina999");
    assert_int_equal(open_fails(&c, "ina999"), -ENODEV);
}

static void thor(void **state)
{
    (void)state;
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon1/name", "ina238");
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon1/in1_label", "VIN");
    fake_tree_put(&tree, "/sys/class/hwmon/hwmon1/power1_input", "31000000");
    struct power_config c = config_of("hwmon");
    struct power_sensor *s = open_ok(&c);
    struct power_description d;
    power_describe(s, &d);
    assert_int_equal(d.scope, POWER_SCOPE_MODULE_INPUT);
    assert_close(read_ok(s), 31000);
    power_close(s);
}

static void iio_adc(void **state)
{
    (void)state;
#define IIO "/sys/bus/iio/devices/iio:device0/"
    fake_tree_put(&tree, IIO "name", "ina226");
    fake_tree_put(&tree, IIO "in_voltage0_raw", "3000");
    fake_tree_put(&tree, IIO "in_voltage0_scale", "0.0025");
    fake_tree_put(&tree, IIO "in_voltage1_raw", "4000");
    fake_tree_put(&tree, IIO "in_voltage1_scale", "1.25");
    fake_tree_put(&tree, IIO "in_power2_raw", "330");
    fake_tree_put(&tree, IIO "in_power2_scale", "12.5");
    fake_tree_put(&tree, IIO "in_current3_raw", "1650");
    fake_tree_put(&tree, IIO "in_current3_scale", "0.5");
    struct power_config c = config_of("iio");
    struct power_sensor *s = open_ok(&c);
    assert_close(read_ok(s), 4125);
    power_close(s);
    fake_tree_remove(&tree, IIO "in_power2_raw");
    s = open_ok(&c);
    assert_close(read_ok(s), 5000 * 825 * 1e-3); // bus voltage, not the shunt's
    power_close(s);
    fake_tree_put(&tree, IIO "name", "ads1015");
    assert_int_equal(open_fails(&c, "no ina"), -ENODEV);
}

static void iio_jetpack4(void **state)
{
    (void)state;
#define JP4 "/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/"
    fake_tree_put(&tree, JP4 "rail_name_0", "POM_5V_IN");
    fake_tree_put(&tree, JP4 "in_power0_input", "2475");
    fake_tree_put(&tree, JP4 "rail_name_1", "POM_5V_GPU");
    fake_tree_put(&tree, JP4 "in_power1_input", "300");
    fake_tree_put(&tree, JP4 "rail_name_2", "NC");
    fake_tree_put(&tree, JP4 "in_power2_input", "12345");
    struct power_config c = config_of("iio");
    struct power_sensor *s = open_ok(&c);
    struct power_description d;
    power_describe(s, &d);
    assert_int_equal(d.scope, POWER_SCOPE_MODULE_INPUT);
    assert_close(read_ok(s), 2475);
    power_close(s);
}

static void put_rapl(const char *zone, const char *name, const char *uj, const char *range)
{
    char path[128];
    snprintf(path, sizeof path, "/sys/class/powercap/%s/name", zone);
    fake_tree_put(&tree, path, "%s", name);
    snprintf(path, sizeof path, "/sys/class/powercap/%s/energy_uj", zone);
    fake_tree_put(&tree, path, "%s", uj);
    snprintf(path, sizeof path, "/sys/class/powercap/%s/max_energy_range_uj", zone);
    fake_tree_put(&tree, path, "%s", range);
}

static void rapl_wraps_per_zone(void **state)
{
    (void)state;
    put_rapl("intel-rapl:0", "package-0", "262143328000", "262143328850");
    put_rapl("intel-rapl:0:0", "core", "500", "262143328850");
    put_rapl("intel-rapl:0:1", "dram", "100", "65712999613");
    put_rapl("intel-rapl:1", "package-1", "1000", "262143328850");
    put_rapl("intel-rapl:2", "psys", "7", "262143328850");
    put_rapl("intel-rapl-mmio:0", "package-0", "262143328000", "262143328850");
    struct power_config c = config_of("powercap");
    struct power_sensor *s = open_ok(&c);
    struct power_description d;
    power_describe(s, &d);
    assert_int_equal(d.kind, POWER_KIND_COUNTER);
    assert_int_equal(d.scope, POWER_SCOPE_RAILS);
    assert_int_equal(d.n_rails, 3);
    assert_string_equal(d.rail[0], "package-0");
    assert_string_equal(d.rail[1], "package-0/dram");
    assert_close(read_ok(s), 0);
    put_rapl("intel-rapl:0", "package-0", "150", "262143328850"); // wrapped: 850 + 150
    put_rapl("intel-rapl:0:0", "core", "400000", "262143328850"); // inside the package
    put_rapl("intel-rapl:0:1", "dram", "130", "65712999613");
    put_rapl("intel-rapl:1", "package-1", "3000", "262143328850");
    assert_close(read_ok(s), 1000 + 30 + 2000);
    put_rapl("intel-rapl:1", "package-1", "3500", "262143328850");
    assert_close(read_ok(s), 3530);
    power_close(s);
    snprintf(c.device, sizeof c.device, "psys");
    s = open_ok(&c);
    power_describe(s, &d);
    assert_int_equal(d.scope, POWER_SCOPE_BOARD_INPUT);
    power_close(s);
}

static void pi5(void **state)
{
    (void)state;
    fake_tree_pi5(&tree);
    struct power_config c = config_of("pmic");
    struct power_sensor *s = open_ok(&c);
    struct power_description d;
    power_describe(s, &d);
    assert_int_equal(d.scope, POWER_SCOPE_RAILS);
    assert_int_equal(d.n_rails, 12);
    assert_close(d.max_hz, 10);
    /* 0.1 A on all but the core: 3.7+3.3+1.8+1.1+0.6+1.1+0.8+3.3+3.3+0.8+5 V */
    assert_close(read_ok(s), 1e3 * (0.1 * 24.8 + 0.8126 * 0.86));
    power_close(s);
    c.max_hz = 50; // the limit stands
    s = open_ok(&c);
    power_describe(s, &d);
    assert_close(d.max_hz, 10);
    power_close(s);
}

static void pi4_has_no_sensor(void **state)
{
    (void)state;
    fake_tree_tool(&tree, "vcgencmd", "#!/bin/sh\necho 'error=1 error_msg=\"Command not registered\"'\n");
    struct power_config c = config_of("pmic");
    assert_int_equal(open_fails(&c, "only a Pi 5"), -ENODEV);
    snprintf(c.command, sizeof c.command, "no-such-vcgencmd");
    assert_int_equal(open_fails(&c, "not installed"), -ENODEV);
}

static void pmic_odd_answers(void **state)
{
    (void)state;
    double mw;
    unsigned n;
    struct sonata_error err = {0};
    assert_int_equal(pmic_parse("  X_A current(1)=0.5A\r\n  X_V volt(2)=2.0V\r\n  EXT5V_V volt(24)=5.1V\r\n", &mw, &n, NULL, &err), 0);
    assert_close(mw, 1000);
    assert_int_equal(n, 1);
    assert_int_equal(pmic_parse("  X_A current(1)=0.5A\n", &mw, &n, NULL, &err), -EBADMSG);
    assert_int_equal(pmic_parse("", &mw, &n, NULL, &err), -EBADMSG);
    assert_int_equal(pmic_parse("_A current(1)=\n=\nA=\nXX_V volt(1)=nonsense\n", &mw, &n, NULL, &err), -EBADMSG);
}

static void command_readings(void **state)
{
    (void)state;
    double mw;
    assert_int_equal(command_reading_parse("1.25", &mw), 0);
    assert_close(mw, 1250);
    assert_int_equal(command_reading_parse("1250 mW\r\n", &mw), 0);
    assert_close(mw, 1250);
    assert_int_equal(command_reading_parse(" 5e5uW", &mw), 0);
    assert_close(mw, 500);
    assert_int_equal(command_reading_parse("3 W", &mw), 0);
    assert_close(mw, 3000);
    assert_int_equal(command_reading_parse("3 kW", &mw), -EBADMSG);
    assert_int_equal(command_reading_parse("nan", &mw), -EBADMSG);
    assert_int_equal(command_reading_parse("error", &mw), -EBADMSG);
    assert_int_equal(command_reading_parse("3 W extra", &mw), -EBADMSG);

    fake_tree_tool(&tree, "meter", "#!/bin/sh\necho warming up\necho \"$1 W\"\necho\n");
    struct power_config c = config_of("command");
    snprintf(c.command, sizeof c.command, "meter 2.5");
    assert_int_equal(open_fails(&c, "needs a scope"), -EINVAL);
    c.scope = POWER_SCOPE_WALL;
    struct power_sensor *s = open_ok(&c);
    assert_close(read_ok(s), 2500);
    power_close(s);
    fake_tree_tool(&tree, "meter", "#!/bin/sh\necho no meter >&2\nexit 4\n");
    s = open_ok(&c);
    int64_t t;
    struct sonata_error err = {0};
    assert_int_equal(power_read(s, &t, &mw, &err), -EIO);
    assert_non_null(strstr(err.text, "no meter"));
    power_close(s);
    snprintf(c.command, sizeof c.command, "no-such-meter");
    assert_int_equal(open_fails(&c, "not found"), -ENODEV);
}

static void command_stream(void **state)
{
    (void)state;
    fake_tree_tool(&tree, "stream",
                   "#!/bin/sh\nfor i in 1 2 3; do echo $i W; done\n"
                   "head -c 1000 /dev/zero | tr '\\0' x; echo\necho 4 W\nsleep 0.1\n");
    struct power_config c = config_of("command");
    snprintf(c.command, sizeof c.command, "stream");
    c.scope = POWER_SCOPE_BOARD_INPUT;
    c.stream = true;
    struct power_sensor *s = open_ok(&c);
    for (int i = 1; i <= 3; i++)
        assert_close(read_ok(s), 1000.0 * i);
    int64_t t;
    double mw = 0;
    int bad = 0, r;
    while ((r = power_read(s, &t, &mw, NULL)) == -EBADMSG) // the rest of the overlong line
        bad++;
    assert_int_equal(r, 0);
    assert_true(bad <= 2);
    assert_close(mw, 4000);
    assert_int_equal(power_read(s, &t, &mw, NULL), -EPIPE);
    power_close(s);
}

static void simulated(void **state)
{
    (void)state;
    fake_tree_put(&tree, "/load", "0.5");
    struct power_config c = config_of("sim");
    snprintf(c.options, sizeof c.options, "idle=1000 active=3000 noise=0 fail=3 stuck=5 load=%s/load", tree.root);
    struct power_sensor *s = open_ok(&c);
    assert_close(read_ok(s), 2000);
    fake_tree_put(&tree, "/load", "1");
    assert_close(read_ok(s), 3000);
    int64_t t;
    double mw;
    assert_int_equal(power_read(s, &t, &mw, NULL), -EIO);
    assert_close(read_ok(s), 3000);
    fake_tree_put(&tree, "/load", "0");
    assert_close(read_ok(s), 3000); // stuck from the fifth on
    power_close(s);
    snprintf(c.options, sizeof c.options, "idle=1000 wrong=3");
    assert_int_equal(open_fails(&c, "unknown key 'wrong'"), -EINVAL);
    snprintf(c.driver, sizeof c.driver, "nvml");
    assert_int_equal(open_fails(&c, "unknown"), -EINVAL);
    /* Without a load file: the busy share of the CPUs. */
    struct power_config stat = config_of("sim");
    snprintf(stat.options, sizeof stat.options, "idle=1000 active=3000 noise=0");
    fake_tree_put(&tree, "/proc/stat", "cpu  100 0 0 100 0 0 0 0 0 0");
    s = open_ok(&stat);
    read_ok(s);
    fake_tree_put(&tree, "/proc/stat", "cpu  175 0 0 125 0 0 0 0 0 0");
    assert_close(read_ok(s), 2500);
    power_close(s);
}

/* Drivers that find a sensor under the tree without being told anything. */
static const char *detected(void)
{
    static char text[64];
    text[0] = '\0';
    for (size_t i = 0; i < POWER_DETECTED; i++) {
        struct power_config c = config_of(power_detected_driver[i]);
        struct power_sensor *s;
        if (power_open(&c, &s, NULL))
            continue;
        power_close(s);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", c.driver);
    }
    return text;
}

static void detection(void **state)
{
    (void)state;
    setenv("PATH", "/usr/bin:/bin", 1);
    assert_string_equal(detected(), "");
    fake_tree_orin_nano(&tree);
    put_rapl("intel-rapl:0", "package-0", "1", "2");
    assert_string_equal(detected(), "hwmon powercap ");
    fake_tree_pi5(&tree);
    assert_string_equal(detected(), "hwmon powercap pmic ");
}

static void configuration(void **state)
{
    (void)state;
    struct power_config c = {0};
    struct sonata_error err = {0};
    assert_false(power_configured(&c));
    assert_int_equal(option_put(power_keys, &c, "driver", "hwmon", &err), 0);
    assert_true(power_configured(&c));
    assert_int_equal(option_put(power_keys, &c, "scope", "wall", &err), 0);
    assert_int_equal(c.scope, POWER_SCOPE_WALL);
    for (enum power_scope s = 0; s < POWER_SCOPE_COUNT; s++) { /* the words and the enum are in the same order */
        assert_int_equal(option_put(power_keys, &c, "scope", power_scope_name(s), &err), 0);
        assert_int_equal(c.scope, s);
    }
    assert_int_equal(option_put(power_keys, &c, "max_hz", "20", &err), 0);
    assert_int_equal(option_put(power_keys, &c, "stream", "true", &err), 0);
    assert_int_equal(option_put(power_keys, &c, "scope", "rail", &err), -EINVAL);
    assert_int_equal(option_put(power_keys, &c, "max_hz", "-1", &err), -EINVAL);
    assert_int_equal(option_put(power_keys, &c, "driver", "nvml", &err), -EINVAL);
    assert_int_equal(option_put(power_keys, &c, "hertz", "1", &err), -ENOENT);
    assert_non_null(strstr(err.text, "hertz"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(total_rail_alone),
        T(all_rails_of_two_chips),
        T(listed_rails),
        T(disabled_channels),
        T(single_channel),
        T(thor),
        T(iio_adc),
        T(iio_jetpack4),
        T(rapl_wraps_per_zone),
        T(pi5),
        T(pi4_has_no_sensor),
        T(pmic_odd_answers),
        T(command_readings),
        T(command_stream),
        T(simulated),
        T(detection),
        T(configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
