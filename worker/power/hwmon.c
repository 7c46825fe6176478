/* hwmon: TI current monitors. ina3221 (three labelled channels: Jetson modules) and the single-channel ina2xx family (external boards, Thor).
 *
 * Flow: walk <root>/sys/class/hwmon, keep the chips asked for, list their rails. All ina3221 of a board belong together (AGX Orin has two). Traps
 * of these chips: label NC is not connected; a channel with in*_enable 0 gives EIO; in7 and curr4 are sums and never rails; power1 of
 * ina2xx is in microwatts while voltage and current are in milli-units. */
#include "power/power_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "power/sysfs.h"

enum { CHIPS_MAX = 64 };
#define RATE_CAP 100.0 /* practical over I2C */

struct family {
    const char *name;
    double shunt_lsb_uv;      /* step of the shunt voltage */
    double power_factor;      /* power LSB = factor x current LSB (W per A) */
};
static const struct family families[] = {{"ina209", 10, 20},  {"ina219", 10, 20},  {"ina220", 10, 20},   {"ina226", 2.5, 25},
                                         {"ina230", 2.5, 25}, {"ina231", 2.5, 25}, {"ina260", 0, 0},     {"ina237", 0, 0},
                                         {"ina238", 0, 0},    {"ina228", 0, 0},    {"ina234", 2.5, 32}};

static const struct family *find_family(const char *name)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (!strcmp(families[i].name, name))
            return &families[i];
    return NULL;
}

/* 1000 / update_interval (ms), within 0.1 .. RATE_CAP. */
static double rate_of(const char *folder)
{
    double ms;
    if (sysfs_double_at(folder, "update_interval", &ms) || ms <= 0)
        return RATE_CAP;
    double hz = 1000.0 / ms;
    return clamp_of(hz, 0.1, RATE_CAP);
}

static bool set_path(char path[RAIL_PATH_MAX], const char *folder, const char *format, int channel)
{
    char file[32];
    snprintf(file, sizeof file, format, channel);
    return sysfs_join(path, RAIL_PATH_MAX, folder, file);
}

static void label_of(const char *folder, const char *format, int channel, char name[POWER_NAME_MAX])
{
    char path[RAIL_PATH_MAX];
    if (!set_path(path, folder, format, channel) || sysfs_text(path, name, POWER_NAME_MAX))
        name[0] = '\0';
}

static bool channel_enabled(const char *folder, int channel)
{
    char path[RAIL_PATH_MAX];
    int64_t on;
    return !set_path(path, folder, "in%d_enable", channel) || sysfs_i64(path, &on) || on != 0;
}

static double shunt_uohm(const char *folder, const char *format, int channel)
{
    char path[RAIL_PATH_MAX];
    double uohm;
    return set_path(path, folder, format, channel) && !sysfs_double(path, &uohm) && uohm > 0 ? uohm : 0;
}

static void add_ina3221(struct rail_set *set, const char *folder, const char *chip)
{
    for (int channel = 1; channel <= 3; channel++) {
        struct rail r = {.volt_scale = 1e-3, .current_scale = 1, .max_hz = rate_of(folder)};
        label_of(folder, "in%d_label", channel, r.name);
        if (!strcmp(r.name, "NC") || !channel_enabled(folder, channel))
            continue;
        if (!r.name[0])
            snprintf(r.name, sizeof r.name, "ch%d", channel);
        copy_string(r.chip, sizeof r.chip, chip);
        if (!set_path(r.volt, folder, "in%d_input", channel) || !set_path(r.current, folder, "curr%d_input", channel))
            continue;
        int64_t probe;
        if (sysfs_i64(r.volt, &probe) || sysfs_i64(r.current, &probe))
            continue; // disabled without saying so: older kernels have no in*_enable
        double uohm = shunt_uohm(folder, "shunt%d_resistor", channel);
        r.shunt_lsb_ma = uohm > 0 ? 40.0 / uohm * 1e3 : 0; // 40 uV step
        rails_add(set, &r);
    }
}

static void add_ina2xx(struct rail_set *set, const char *folder, const char *chip, const struct family *family)
{
    struct rail r = {.power_scale = 1e-3, .volt_scale = 1e-3, .current_scale = 1, .max_hz = rate_of(folder)};
    label_of(folder, "power%d_label", 1, r.name);
    if (!r.name[0])
        label_of(folder, "in%d_label", 1, r.name);
    if (!r.name[0])
        snprintf(r.name, sizeof r.name, "%.*s", POWER_NAME_MAX - 1, chip);
    copy_string(r.chip, sizeof r.chip, chip);
    double uohm = shunt_uohm(folder, "shunt_resistor", 1);
    if (sysfs_exists(folder, "power1_input")) {
        set_path(r.power, folder, "power%d_input", 1);
        r.power_lsb_mw = uohm > 0 ? family->shunt_lsb_uv / uohm * family->power_factor * 1e3 : 0;
    } else if (!set_path(r.volt, folder, "in%d_input", 1) || !set_path(r.current, folder, "curr%d_input", 1) ||
               !sysfs_exists(folder, "curr1_input")) {
        return;
    } else {
        r.shunt_lsb_ma = uohm > 0 ? family->shunt_lsb_uv / uohm * 1e3 : 0;
    }
    rails_add(set, &r);
}

/* Whether a chip answers to the configured selector. */
static bool selected(const char *device, const char *hwmon, const char *type, const char *address)
{
    return !device[0] || !strcmp(device, hwmon) || !strcmp(device, type) || !strcmp(device, address);
}

/* Rails of all chips of one kind (ina3221 or the others). Single-channel monitors are separate meters: only the first is taken unless a device
 * selects another or rails are listed. */
static void collect(const struct power_config *config, bool three_channels, struct rail_set *set)
{
    char base[SYSFS_PATH_MAX], name[CHIPS_MAX][SYSFS_NAME_MAX];
    snprintf(base, sizeof base, "%s/sys/class/hwmon", config->root);
    size_t n = sysfs_list(base, "hwmon", name, CHIPS_MAX);
    for (size_t i = 0; i < n; i++) {
        char folder[SYSFS_PATH_MAX], type[SYSFS_NAME_MAX], address[SYSFS_NAME_MAX], chip[96];
        if (!sysfs_join(folder, sizeof folder, base, name[i]) || sysfs_text_at(folder, "name", type, sizeof type))
            continue;
        sysfs_link_name(folder, "device", address, sizeof address);
        snprintf(chip, sizeof chip, "%.30s %.60s", type, address[0] ? address : name[i]);
        const struct family *family = find_family(type);
        if (!selected(config->device, name[i], type, address))
            continue;
        if (three_channels && !strcmp(type, "ina3221"))
            add_ina3221(set, folder, chip);
        else if (!three_channels && family && (set->n == 0 || config->rails[0]))
            add_ina2xx(set, folder, chip, family);
    }
}

static int hwmon_open(const struct power_config *config, struct power_sensor **ret_sensor, struct sonata_error *err)
{
    struct rail_set set = {0};
    collect(config, true, &set);
    if (!set.n)
        collect(config, false, &set);
    if (!set.n)
        return sonata_error_set(err, -ENODEV, "no usable ina3221 or ina2xx%s%s under %.200s/sys/class/hwmon (is the driver bound, not the IIO one?)",
                                config->device[0] ? " named " : "", config->device, config->root);
    int r = rails_choose(&set, config->rails, err);
    if (r)
        return r;
    *ret_sensor = rails_sensor(&power_hwmon, config, &set);
    return 0;
}

const struct power_ops power_hwmon = {.name = "hwmon", .open = hwmon_open, .describe = rails_describe, .read = rails_read, .close = rails_close};
