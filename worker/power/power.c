/* The driver table and everything that is the same for all drivers: names, configuration, self test, detection. */
#include "power/power_internal.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static const struct power_ops *const drivers[] = {&power_hwmon, &power_iio, &power_powercap, &power_pmic, &power_command, &power_sim};
enum { N_DRIVERS = sizeof drivers / sizeof drivers[0] };

const char *power_scope_name(enum power_scope scope)
{
    static const char *const name[POWER_SCOPE_COUNT] = {"unknown", "rails", "module_input", "board_input", "wall"};
    return scope < POWER_SCOPE_COUNT ? name[scope] : "unknown";
}

static const struct power_ops *find_driver(const char *name)
{
    for (size_t i = 0; i < N_DRIVERS; i++)
        if (!strcmp(drivers[i]->name, name))
            return drivers[i];
    return NULL;
}

int power_open(const struct power_config *config, struct power_sensor **ret_sensor, struct sonata_error *err)
{
    const struct power_ops *ops = find_driver(config->driver);
    if (!ops)
        return sonata_error_set(err, -EINVAL, "power driver '%s' is unknown: hwmon, iio, powercap, pmic, command or sim", config->driver);
    struct power_sensor *s = NULL;
    int r = ops->open(config, &s, err);
    if (r)
        return sonata_error_prefix(err, r, "power sensor %s", config->driver);
    *ret_sensor = s;
    return 0;
}

void power_describe(const struct power_sensor *s, struct power_description *ret_description)
{
    *ret_description = (struct power_description){0};
    s->ops->describe(s, ret_description);
    copy_string(ret_description->driver, sizeof ret_description->driver, s->ops->name);
}

int power_read(struct power_sensor *s, int64_t *ret_t_ns, double *ret_value, struct sonata_error *err)
{
    return (s->ops->read ? s->ops->read : s->ops->read_counter)(s, ret_t_ns, ret_value, err);
}

int power_self_test(struct power_sensor *s, struct sonata_error *err)
{
    if (s->ops->self_test)
        return s->ops->self_test(s, err);
    int64_t t;
    double v;
    int r = power_read(s, &t, &v, err);
    if (r)
        return r;
    if (!isfinite(v) || v < 0 || (s->ops->read && v > 1e7))
        return sonata_error_set(err, -ERANGE, "%s: the reading %g is not plausible", s->ops->name, v);
    return 0;
}

void power_close(struct power_sensor *s)
{
    if (s)
        s->ops->close(s);
}

bool power_configured(const struct power_config *config) { return find_driver(config->driver) != NULL; }

#define AT(member) .offset = offsetof(struct power_config, member)
#define TEXT(member) .type = OPTION_BUFFER, AT(member), .size = sizeof((struct power_config *)0)->member
const struct option_def power_keys[] = {
    {.name = "driver",
     TEXT(driver),
     .choices = "hwmon|iio|powercap|pmic|command|sim",
     .argument = "DRIVER",
     .required = true,
     .help = "what reads the sensor: hwmon, iio, powercap, pmic, command or sim"},
    {.name = "scope",
     .type = OPTION_WORD,
     AT(scope),
     .choices = "unknown|rails|module_input|board_input|wall",
     .argument = "SCOPE",
     .help = "what the sensor is wired to: rails, module_input, board_input or wall; default: what the driver says"},
    {.name = "device", TEXT(device), .argument = "NAME", .help = "which of several: chip, folder, I2C address or zone; default: the first one"},
    {.name = "rails", TEXT(rails), .joins = true, .argument = "RAIL,...", .help = "labels to add up; default: the one with the total, or all"},
    {.name = "command", TEXT(command), .argument = "LINE", .help = "driver command: the program that reads; pmic: the tool, default vcgencmd"},
    {.name = "stream", .type = OPTION_FLAG, AT(stream), .argument = "true", .help = "driver command: it keeps running and prints one reading a line"},
    {.name = "max_hz", .type = OPTION_NUMBER, AT(max_hz), .min = 0.001, .max = 1e5, .argument = "HZ", .help = "readings a second, at most"},
    {.name = "accuracy_pct",
     .type = OPTION_NUMBER,
     AT(accuracy_pct),
     .min = 0.001,
     .max = 100,
     .argument = "PERCENT",
     .help = "declared class of the sensor, percent of the reading"},
    {.name = "root", TEXT(root), .argument = "DIR", .help = "stands before the paths /sys and /proc (tests)"},
    {.name = "options", TEXT(options), .argument = "TEXT", .help = "driver sim: \"idle=2000 active=5000 noise=20 seed=1\""},
    {0}};
#undef TEXT
#undef AT

void power_apply_config(const struct power_config *config, struct power_description *d)
{
    if (config->scope != POWER_SCOPE_UNKNOWN)
        d->scope = config->scope;
    if (config->max_hz > 0 && (config->max_hz < d->max_hz || d->max_hz <= 0))
        d->max_hz = config->max_hz;
    if (config->accuracy_pct > 0)
        d->accuracy_pct = config->accuracy_pct;
}

void power_format(const struct power_description *d, char *text, size_t size)
{
    char rails[300];
    struct text_builder t = text_begin(rails, sizeof rails);
    for (unsigned i = 0; i < d->n_rails; i++)
        text_join(&t, ",", "%s", d->rail[i]);
    char sensor[sizeof d->sensor];
    copy_string(sensor, sizeof sensor, d->sensor);
    for (char *p = sensor; *p; p++)
        *p = *p == ' ' ? '/' : *p;
    char accuracy[32] = "undeclared";
    if (d->accuracy_pct > 0)
        snprintf(accuracy, sizeof accuracy, "%g%%", d->accuracy_pct);
    snprintf(text, size, "driver=%s sensor=%s scope=%s rails=%s hz=%g accuracy=%s", d->driver, sensor, power_scope_name(d->scope), rails, d->max_hz,
             accuracy);
}

const char *const power_detected_driver[POWER_DETECTED] = {"hwmon", "iio", "powercap", "pmic"};
