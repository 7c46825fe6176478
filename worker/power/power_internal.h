/* Shared by the drivers: the ops tables, and the set of rails that hwmon and IIO read alike. */
#ifndef SONATA_POWER_INTERNAL_H
#define SONATA_POWER_INTERNAL_H

#include "power/power.h"

extern const struct power_ops power_hwmon, power_iio, power_powercap, power_pmic, power_command, power_sim;

enum { RAIL_PATH_MAX = 400 };

/* Power of a rail is one file, or the product of two. */
struct rail {
    char name[POWER_NAME_MAX];
    char chip[96];                /* "ina3221 1-0040" */
    char power[RAIL_PATH_MAX];    /* "": use volt x current */
    char volt[RAIL_PATH_MAX], current[RAIL_PATH_MAX];
    double power_scale;           /* to mW */
    double volt_scale;            /* to V */
    double current_scale;         /* to mA */
    double shunt_lsb_ma;          /* step of the current, 0 unknown */
    double power_lsb_mw;          /* step of the power file, 0 unknown */
    double max_hz;
};

struct rail_set {
    size_t n;
    struct rail rail[POWER_RAILS_MAX];
    enum power_scope scope;
};

/* The rule of which rails to add up: the configured labels, or the one that carries the total alone, or all. Sets scope. -EINVAL when
 * a configured label is missing or a total would be added to its parts. */
int rails_choose(struct rail_set *set, const char *labels, struct sonata_error *err);
/* Adds a rail; false when full. */
bool rails_add(struct rail_set *set, const struct rail *rail);
/* A sensor over the chosen rails; takes a copy. */
struct power_sensor *rails_sensor(const struct power_ops *ops, const struct power_config *config, const struct rail_set *set);
/* The describe() of such a sensor. */
void rails_describe(const struct power_sensor *s, struct power_description *d);
/* The read() of such a sensor: milliwatts, all rails added. */
int rails_read(struct power_sensor *s, int64_t *ret_t_ns, double *ret_mw, struct sonata_error *err);
/* The close() of such a sensor: frees it. */
void rails_close(struct power_sensor *s);

/* Sum of current x voltage of `vcgencmd pmic_read_adc`. Rails (stems with both) go to names when it is not NULL. Pure. */
int pmic_parse(const char *text, double *ret_mw, unsigned *ret_n_rails, char names[][POWER_NAME_MAX], struct sonata_error *err);
/* "12.3", "12.3 W", "12300 mW", "5e5 uW" -> mW; a bare number is watts. Pure. */
int command_reading_parse(const char *line, double *ret_mw);

/* Applies the configuration's limits to what the driver found. */
void power_apply_config(const struct power_config *config, struct power_description *d);

#endif
