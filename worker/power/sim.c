/* A sensor without hardware: P = idle + load x (active - idle) + noise. For tests, demonstrations and farms of pretended boards; its name is in every
 * record.
 *
 * The load is what a file says (0 .. 1, `load=PATH`), or how busy the machine's CPUs were since the last reading (/proc/stat). Faults on request:
 * every fail-th reading fails, from the stuck-th reading on the value does not move. */
#include "power/power_internal.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/rng.h"
#include "power/sysfs.h"

struct sim_sensor {
    struct power_sensor base;
    struct power_config config;
    double idle_mw, active_mw, noise_mw;
    int64_t seed, fail, stuck, reading;
    char load[200];
    struct rng rng;
    double last_mw;
    uint64_t busy, total; /* of /proc/stat */
};

#define AT(member) .offset = offsetof(struct sim_sensor, member)
#define POWER(key, member)                                                                                                                           \
    {                                                                                                                                                \
        .name = key, .type = OPTION_NUMBER, AT(member), .min = 0, .max = 1e9                                                                         \
    }
#define WHOLE(key, member)                                                                                                                           \
    {                                                                                                                                                \
        .name = key, .type = OPTION_INT, AT(member), .min = 0, .max = 1e15                                                                           \
    }
static const struct option_def words[] = {POWER("idle", idle_mw),
                                          POWER("active", active_mw),
                                          POWER("noise", noise_mw),
                                          WHOLE("seed", seed),
                                          WHOLE("fail", fail),
                                          WHOLE("stuck", stuck),
                                          {.name = "load", .type = OPTION_BUFFER, AT(load), .size = sizeof((struct sim_sensor *)0)->load},
                                          {0}};
#undef WHOLE
#undef POWER
#undef AT

/* "idle=2000 active=5000 load=FILE": milliwatts, and every how manieth reading fails or sticks. */
static int parse_options(struct sim_sensor *s, const char *options, struct sonata_error *err)
{
    char copy[POWER_OPTIONS_MAX], *rest;
    copy_string(copy, sizeof copy, options);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(word, '=');
        if (!equals)
            return sonata_error_set(err, -EINVAL, "options: '%s' is here; expected WORD=VALUE", word);
        *equals = '\0';
        if (option_put(words, s, word, equals + 1, err))
            return sonata_error_prefix(err, -EINVAL, "options");
    }
    return 0;
}

/* Busy share of all CPUs since the last call. */
static double cpu_load(struct sim_sensor *s)
{
    char path[300], text[256];
    snprintf(path, sizeof path, "%s/proc/stat", s->config.root);
    if (sysfs_text(path, text, sizeof text) || strncmp(text, "cpu ", 4))
        return 0;
    uint64_t field[8] = {0}, total = 0;
    char *p = text + 4;
    for (int i = 0; i < 8; i++) {
        field[i] = strtoull(p, &p, 10);
        total += field[i];
    }
    uint64_t busy = total - field[3] - field[4];
    double share = s->last_mw > 0 ? -1 : 0;
    if (total > s->total)
        share = (double)(busy - s->busy) / (double)(total - s->total);
    s->busy = busy;
    s->total = total;
    return share;
}

static double current_load(struct sim_sensor *s)
{
    double load;
    if (!s->load[0])
        return cpu_load(s);
    return sysfs_double(s->load, &load) ? 0 : load;
}

static int sim_open(const struct power_config *config, struct power_sensor **ret_sensor, struct sonata_error *err)
{
    struct sim_sensor *s = xcalloc(1, sizeof *s);
    s->base.ops = &power_sim;
    s->config = *config;
    s->idle_mw = 2000;
    s->active_mw = 5000;
    s->noise_mw = 20;
    s->seed = 1;
    int r = parse_options(s, config->options, err);
    if (r) {
        free(s);
        return r;
    }
    s->rng = rng_seeded((uint64_t)s->seed, 0);
    *ret_sensor = &s->base;
    return 0;
}

static void sim_describe(const struct power_sensor *sensor, struct power_description *d)
{
    const struct sim_sensor *s = (const struct sim_sensor *)sensor;
    copy_string(d->sensor, sizeof d->sensor, "simulated");
    d->scope = POWER_SCOPE_BOARD_INPUT;
    d->kind = POWER_KIND_POWER;
    d->max_hz = 100;
    power_apply_config(&s->config, d);
}

static int sim_read(struct power_sensor *sensor, int64_t *ret_t_ns, double *ret_mw, struct sonata_error *err)
{
    struct sim_sensor *s = (struct sim_sensor *)sensor;
    s->reading++;
    if (s->fail && s->reading % s->fail == 0)
        return sonata_error_set(err, -EIO, "simulated failure of reading %lld", (long long)s->reading);
    if (!s->stuck || s->reading < s->stuck) {
        double load = current_load(s);
        if (load >= 0) // -1: the CPU counters did not move since the last reading, nothing new to say but noise
            s->last_mw = s->idle_mw + fmin(load, 1) * (s->active_mw - s->idle_mw);
    }
    double noise = s->stuck && s->reading >= s->stuck ? 0 : s->noise_mw * rng_normal(&s->rng);
    *ret_t_ns = clock_monotonic_ns();
    *ret_mw = fmax(s->last_mw + noise, 0);
    return 0;
}

static void sim_close(struct power_sensor *sensor) { free(sensor); }

const struct power_ops power_sim = {.name = "sim", .open = sim_open, .describe = sim_describe, .read = sim_read, .close = sim_close};
