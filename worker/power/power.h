/* Power sensors: one ops table over every driver. Drivers only read. A read blocks (sysfs, I2C, a firmware mailbox, a child process), so
 * sampling belongs in the poller's process (power/poller.h), never in the event loop.
 *
 * Units: power in milliwatts, counters in microjoules, time in monotonic nanoseconds. */
#ifndef SONATA_POWER_POWER_H
#define SONATA_POWER_POWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/option.h"

/* What the reading covers. Different scopes are different objectives and are never compared. */
enum power_scope {
    POWER_SCOPE_UNKNOWN,      /* in a configuration: let the driver say */
    POWER_SCOPE_RAILS,        /* the named rails only */
    POWER_SCOPE_MODULE_INPUT, /* a compute module, carrier board not included */
    POWER_SCOPE_BOARD_INPUT,  /* the whole board after its supply */
    POWER_SCOPE_WALL,         /* supply losses included */
    POWER_SCOPE_COUNT
};
/* "rails", "module_input", …; "unknown". */
const char *power_scope_name(enum power_scope scope);

enum { POWER_RAILS_MAX = 24, POWER_NAME_MAX = 48, POWER_OPTIONS_MAX = 256, POWER_COMMAND_MAX = 512 };

enum power_kind {
    POWER_KIND_POWER,  /* read() gives momentary power */
    POWER_KIND_COUNTER /* read_counter() gives energy since open, already unwrapped */
};

/* As configured. Zeroed is valid for every field but driver: the first device found, the driver's own scope and rate. */
struct power_config {
    char driver[16];                 /* hwmon, iio, powercap, pmic, command, sim */
    char root[256];                  /* put before every /sys and /proc path; "" is the real system */
    char device[POWER_NAME_MAX];     /* selects among several: chip ("ina226"), folder ("hwmon2"), I2C address ("1-0040"), zone */
    char rails[POWER_OPTIONS_MAX];   /* comma list of labels; "": the driver's rule (the total rail alone where there is one) */
    enum power_scope scope;          /* what an external sensor is wired to; overrides the driver's own */
    char command[POWER_COMMAND_MAX]; /* command driver: the command line; pmic: the tool, default "vcgencmd" */
    bool stream;                     /* command driver: it keeps running and prints one reading per line */
    double max_hz;                   /* > 0: lowers the driver's limit (for `command` sets it) */
    double accuracy_pct;             /* > 0: declared accuracy class of the sensor, percent of the reading */
    char options[POWER_OPTIONS_MAX]; /* sim: "idle=2000 active=5000 noise=20 seed=1 …" (docs/SENSORS.md) */
};

/* What a sensor says of itself; part of every energy record. */
struct power_description {
    char driver[16];
    char sensor[96]; /* "ina3221 1-0040" */
    enum power_scope scope;
    unsigned n_rails;
    char rail[POWER_RAILS_MAX][POWER_NAME_MAX];
    enum power_kind kind;
    double max_hz;       /* asking faster repeats values or disturbs the board */
    double accuracy_pct; /* 0: not declared */
    double lsb_mw;       /* smallest step of the reading, 0: unknown */
};

struct power_sensor;

struct power_ops {
    const char *name;
    /* Finds and checks the device; reads nothing that costs more than a few files. */
    int (*open)(const struct power_config *config, struct power_sensor **ret_sensor, struct sonata_error *err);
    void (*describe)(const struct power_sensor *s, struct power_description *ret_description);
    /* Momentary power with the time in the middle of the reading. NULL for counters. -EIO and the like when this reading failed; the
     * sensor stays usable. */
    int (*read)(struct power_sensor *s, int64_t *ret_t_ns, double *ret_mw, struct sonata_error *err);
    /* Energy since open. NULL for momentary power. Must be called often enough for the counter not to wrap twice (60 s is safe). */
    int (*read_counter)(struct power_sensor *s, int64_t *ret_t_ns, double *ret_uj, struct sonata_error *err);
    /* One reading, and whether it is plausible (finite, not negative, below 10 kW). NULL: power_self_test() does it. */
    int (*self_test)(struct power_sensor *s, struct sonata_error *err);
    void (*close)(struct power_sensor *s);
};

/* First member of every driver's own struct. */
struct power_sensor {
    const struct power_ops *ops;
};

/* Opens the configured sensor. -ENODEV: no such device here; -EINVAL: the configuration is wrong; the reason says what was looked for.
 * power_close() releases it. */
int power_open(const struct power_config *config, struct power_sensor **ret_sensor, struct sonata_error *err) SONATA_MUST_CHECK;
/* Name, scope, kind and rate of the sensor. */
void power_describe(const struct power_sensor *s, struct power_description *ret_description);
/* A reading of either kind: mW or µJ as describe().kind says. */
int power_read(struct power_sensor *s, int64_t *ret_t_ns, double *ret_value, struct sonata_error *err) SONATA_MUST_CHECK;
/* The driver's own test, or one reading that has to be plausible. 0, or -errno with what is wrong. */
int power_self_test(struct power_sensor *s, struct sonata_error *err) SONATA_MUST_CHECK;
/* Accepts NULL. */
void power_close(struct power_sensor *s);

/* Whether a board with this configuration can supply energy at all: answered at submit time, without reading. "" driver: no. */
bool power_configured(const struct power_config *config);
/* The keys of struct power_config. */
extern const struct option_def power_keys[];
/* "driver=hwmon sensor=ina3221/1-0040 scope=module_input rails=VDD_IN hz=100 accuracy=1%" for fingerprints and listings. */
void power_format(const struct power_description *d, char *text, size_t size);

enum { POWER_DETECTED = 4 };
/* Drivers that can find their sensor without configuration. */
extern const char *const power_detected_driver[POWER_DETECTED];

#endif
