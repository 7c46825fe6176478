/* The driver table and everything that is the same for all drivers: names, configuration, self test, detection. */
#include "power/power_internal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "base/text.h"

static const struct power_ops *const drivers[] = {&power_hwmon, &power_iio, &power_powercap, &power_pmic, &power_command, &power_sim};
enum { N_DRIVERS = sizeof drivers / sizeof drivers[0] };

static const char *const scope_names[POWER_SCOPE_COUNT] = {"unknown", "rails", "module_input", "board_input", "wall"};

const char *power_scope_name(enum power_scope scope) { return scope < POWER_SCOPE_COUNT ? scope_names[scope] : "unknown"; }

int power_scope_parse(const char *text, enum power_scope *ret_scope)
{
    for (enum power_scope s = POWER_SCOPE_RAILS; s < POWER_SCOPE_COUNT; s++) {
        if (!strcmp(text, scope_names[s])) {
            *ret_scope = s;
            return 0;
        }
    }
    return -EINVAL;
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

static int set_text(char *dst, size_t size, const char *key, const char *value, struct sonata_error *err)
{
    return copy_string(dst, size, value) ? 0 : sonata_error_set(err, -EINVAL, "%s: longer than %zu characters", key, size - 1);
}

static int set_number(double *dst, const char *key, const char *value, double max, struct sonata_error *err)
{
    double v;
    if (parse_double(value, &v) || v <= 0 || v > max)
        return sonata_error_set(err, -EINVAL, "%s: '%.60s' is not a number above 0 and at most %g", key, value, max);
    *dst = v;
    return 0;
}

int power_config_set(struct power_config *c, const char *key, const char *value, struct sonata_error *err)
{
    const struct {
        const char *key;
        char *text;
        size_t size;
    } texts[] = {{"root", c->root, sizeof c->root},          {"device", c->device, sizeof c->device},    {"rails", c->rails, sizeof c->rails},
                 {"command", c->command, sizeof c->command}, {"options", c->options, sizeof c->options}, {"driver", c->driver, sizeof c->driver}};
    if (!strcmp(key, "driver") && !find_driver(value))
        return sonata_error_set(err, -EINVAL, "driver: '%.40s' is unknown: hwmon, iio, powercap, pmic, command or sim", value);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (!strcmp(key, texts[i].key))
            return set_text(texts[i].text, texts[i].size, key, value, err);
    if (!strcmp(key, "scope"))
        return power_scope_parse(value, &c->scope) ? sonata_error_set(err, -EINVAL,
                                                                      "scope: '%.40s' is none of rails, module_input, "
                                                                      "board_input, wall",
                                                                      value)
                                                   : 0;
    if (!strcmp(key, "max_hz"))
        return set_number(&c->max_hz, key, value, 1e5, err);
    if (!strcmp(key, "accuracy_pct"))
        return set_number(&c->accuracy_pct, key, value, 100, err);
    if (!strcmp(key, "stream")) {
        if (strcmp(value, "true") && strcmp(value, "false"))
            return sonata_error_set(err, -EINVAL, "stream: '%.40s' is neither true nor false", value);
        c->stream = value[0] == 't';
        return 0;
    }
    return sonata_error_set(err, -ENOENT, "unknown key '%.40s' of a power sensor", key);
}

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
