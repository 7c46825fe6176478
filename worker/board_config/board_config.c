/* Boards from command-line text, and their checks. */
#include "board_config/board_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/parse.h"

static int bad_value(const char *key, const char *value, const char *expected, struct sonata_error *err)
{
    return sonata_error_set(err, -EINVAL, "%s: %s is expected, not '%s'", key, expected, value);
}

static int set_text(char *dst, size_t size, const char *key, const char *value, struct sonata_error *err)
{
    if (!value[0] || !copy_string(dst, size, value))
        return bad_value(key, value, "a text that is neither empty nor too long", err);
    return 0;
}

static struct table_metric *metric_slot(struct board_config *c, const char *name, bool add)
{
    struct table_options *t = &c->table;
    for (uint32_t i = 0; i < t->n_metrics; i++) {
        if (!strcmp(t->metric[i].name, name))
            return &t->metric[i];
    }
    if (!add || t->n_metrics == METRICS_MAX || !copy_string(t->metric[t->n_metrics].name, METRIC_NAME_MAX, name))
        return NULL;
    return &t->metric[t->n_metrics++];
}

static int set_table_key(struct board_config *c, const char *key, const char *value, struct sonata_error *err)
{
    const struct {
        const char *key;
        double *number;
    } numbers[] = {{"fail", &c->table.fail}, {"crash", &c->table.crash}, {"hang", &c->table.hang}, {"delay.noise", &c->table.delay_noise}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!strcmp(key, numbers[i].key))
            return parse_double(value, numbers[i].number) ? bad_value(key, value, "a number", err) : 0;
    }
    if (!strcmp(key, "delay"))
        return parse_duration_ns(value, &c->table.delay_ns) ? bad_value(key, value, "a duration such as 20ms", err) : 0;
    if (!strcmp(key, "file"))
        return set_text(c->table.path, sizeof c->table.path, key, value, err);
    if (!strncmp(key, "noise.", 6)) {
        struct table_metric *m = metric_slot(c, key + 6, false);
        if (!m)
            return sonata_error_set(err, -EINVAL, "%s: name the metric's column first (%s=COLUMN)", key, key + 6);
        return parse_double(value, &m->noise) ? bad_value(key, value, "a number", err) : 0;
    }
    struct table_metric *m = metric_slot(c, key, true);
    if (!m)
        return sonata_error_set(err, -EINVAL, "%s: too many metrics, or too long a name", key);
    return set_text(m->column, sizeof m->column, key, value, err);
}

static int set_dataset(struct board_config *c, const char *value, struct sonata_error *err)
{
    if (c->n_datasets == BOARD_DATASETS_MAX)
        return sonata_error_set(err, -EINVAL, "at most %d data sets are expected", BOARD_DATASETS_MAX);
    int r = set_text(c->dataset[c->n_datasets], BOARD_DATASET_MAX, "dataset", value, err);
    c->n_datasets += !r;
    return r;
}

static int set_engine_key(struct board_config *c, const char *key, const char *value, struct sonata_error *err)
{
    if (!strcmp(key, "executor"))
        return set_text(c->executor, sizeof c->executor, key, value, err);
    if (strcmp(key, "dataset"))
        return sonata_error_set(err, -EINVAL, "'%s' is not a key of an engine board: core, dataset, executor, memory, limit, type are", key);
    return set_dataset(c, value, err);
}

static int set_mcu_key(struct board_config *c, const char *key, const char *value, struct sonata_error *err)
{
    if (!strcmp(key, "dataset"))
        return set_dataset(c, value, err);
    int r = mcu_options_set(&c->mcu, key, value, err);
    return r == -ENOENT ? -EINVAL : r;
}

static int set_command_key(struct board_config *c, const char *key, const char *value, struct sonata_error *err)
{
    if (!strcmp(key, "dataset"))
        return set_dataset(c, value, err);
    int r = c->backend == BACKEND_EVALUATOR ? evaluator_options_set(&c->evaluator, key, value, err) : -ENOENT;
    r = r == -ENOENT ? adapter_config_set(&c->adapter, key, value, err) : r;
    return r == -ENOENT ? -EINVAL : r;
}

static int set_power_key(struct board_config *c, const char *key, const char *value, struct sonata_error *err)
{
    int r = power_config_set(&c->power, key, value, err);
    return r == -ENOENT ? -EINVAL : r;
}

int board_config_set(struct board_config *c, const char *key, const char *value, struct sonata_error *err)
{
    if (!strcmp(key, "type"))
        return set_text(c->type, sizeof c->type, key, value, err);
    if (!strcmp(key, "space"))
        return set_text(c->space, sizeof c->space, key, value, err);
    if (!strcmp(key, "sysfs"))
        return set_text(c->sysfs, sizeof c->sysfs, key, value, err);
    if (!strcmp(key, "limit"))
        return parse_duration_ns(value, &c->time_limit_ns) || c->time_limit_ns <= 0 ? bad_value(key, value, "a duration such as 5m", err) : 0;
    if (!strcmp(key, "max_celsius"))
        return parse_double(value, &c->max_celsius) || c->max_celsius < 20 || c->max_celsius > 150
                   ? bad_value(key, value, "degrees from 20 to 150", err)
                   : 0;
    if (!strcmp(key, "core")) {
        uint64_t core;
        if (parse_u64(value, 0, 1023, &core))
            return bad_value(key, value, "a CPU number", err);
        c->core = (int)core;
        return 0;
    }
    if (!strcmp(key, "memory")) {
        double bytes;
        if (parse_quantity(value, &bytes) || bytes < 1 << 20 || bytes > 1e15)
            return bad_value(key, value, "a size of at least 1Mi", err);
        c->memory_max = (uint64_t)bytes;
        return 0;
    }
    int r = health_options_set(&c->health, key, value, err);
    if (r != -ENOENT)
        return r;
    if (!strcmp(key, "power"))
        return set_power_key(c, "driver", value, err);
    if (!strncmp(key, "power.", 6))
        return set_power_key(c, key + 6, value, err);
    if (c->backend == BACKEND_COMMAND || c->backend == BACKEND_EVALUATOR)
        return set_command_key(c, key, value, err);
    if (c->backend == BACKEND_MCU)
        return set_mcu_key(c, key, value, err);
    return c->backend == BACKEND_TABLE ? set_table_key(c, key, value, err) : set_engine_key(c, key, value, err);
}

int board_config_core_count(const struct board_config *c)
{
    return (c->backend == BACKEND_COMMAND || c->backend == BACKEND_EVALUATOR) && c->adapter.threads > 1 ? (int)c->adapter.threads : 1;
}

void board_config_cores(const struct board_config *c, struct core_set *cores)
{
    for (int i = 0; c->core >= 0 && i < board_config_core_count(c); i++)
        core_set_add(cores, c->core - i);
}

static bool name_is_plain(const char *s)
{
    return s[0] && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(s);
}

int board_config_check(const struct board_config *c, struct sonata_error *err)
{
    if (!name_is_plain(c->id) || !name_is_plain(c->type))
        return sonata_error_set(err, -EINVAL, "board '%s' of type '%s': names consist of letters, digits, '.', '_' and '-'", c->id, c->type);
    for (unsigned i = 0; i < BOARD_TIERS && c->tier[i].name[0]; i++) {
        int bad = latency_protocol_check(&c->tier[i].protocol, err);
        if (bad)
            return sonata_error_prefix(err, bad, "board '%s': tier '%s'", c->id, c->tier[i].name);
    }
    int r = health_options_check(&c->health, c->backend, err);
    if (r)
        return sonata_error_prefix(err, r, "board '%s'", c->id);
    if (c->power.driver[0] && c->backend != BACKEND_ENGINE)
        return sonata_error_set(err, -EINVAL, "board '%s': only engine boards take a power sensor; an evaluator of your own may report energy itself",
                                c->id);
    if (c->evaluator.slots > 1 && c->core >= 0)
        return sonata_error_set(err, -EINVAL, "board '%s': several slots cannot share one core: leave out 'core' or 'slots'", c->id);
    if (c->backend == BACKEND_COMMAND || c->backend == BACKEND_EVALUATOR) {
        r = adapter_config_check(&c->adapter, err);
        return r ? sonata_error_prefix(err, r, "board '%s'", c->id) : 0;
    }
    if (c->backend == BACKEND_MCU) {
        r = mcu_options_check(&c->mcu, err);
        return r ? sonata_error_prefix(err, r, "board '%s'", c->id) : 0;
    }
    if (c->backend != BACKEND_TABLE)
        return 0;
    r = table_options_check(&c->table, err);
    return r ? sonata_error_prefix(err, r, "board '%s'", c->id) : 0;
}

/* The text up to `stop` (or the end) is cut off *p and returned; *p is NULL after the last. */
static char *take_part(char **p, char stop)
{
    char *part = *p, *end = part ? strchr(part, stop) : NULL;
    *p = NULL;
    if (end) {
        *end = '\0';
        *p = end + 1;
    }
    return part;
}

int board_config_parse(const char *text, struct board_config *ret_config, struct sonata_error *err)
{
    cleanup_free char *copy = xstrdup(text);
    struct board_config c = {.core = -1, .adapter = {.tool = ADAPTER_CUSTOM}};
    char *options = copy, *head = take_part(&options, ','), *rest = head;
    char *id = take_part(&rest, ':'), *backend = take_part(&rest, ':');
    if (!backend || !copy_string(c.id, sizeof c.id, id))
        return sonata_error_set(err, -EINVAL, "board '%s': ID:BACKEND is expected, for instance host:engine or pi:table:FILE.csv,accuracy=COLUMN",
                                text);
    copy_string(c.type, sizeof c.type, id);
    if (!backend_kind_find(backend, &c.backend))
        return sonata_error_set(err, -EINVAL, "board '%s': backend '%s' is not known; %s are", id, backend, backend_kind_names());
    int r = 0;
    if (rest)
        r = c.backend != BACKEND_TABLE ? sonata_error_set(err, -EINVAL, "only a table board takes a file") : board_config_set(&c, "file", rest, err);
    while (!r && options) {
        char *value = take_part(&options, ','), *key = take_part(&value, '=');
        r = value ? board_config_set(&c, key, value, err) : sonata_error_set(err, -EINVAL, "'%s': key=value is expected", key);
    }
    if (!r)
        r = board_config_check(&c, err);
    else
        sonata_error_prefix(err, r, "board '%s'", c.id);
    if (!r)
        *ret_config = c;
    return r;
}

int board_config_protocol(const struct board_config *c, const char *tier, struct latency_protocol *ret_protocol, struct sonata_error *err)
{
    for (unsigned i = 0; i < BOARD_TIERS && c->tier[i].name[0]; i++) {
        if (!strcmp(c->tier[i].name, tier)) {
            *ret_protocol = c->tier[i].protocol;
            return 0;
        }
    }
    return latency_protocol_find(tier, ret_protocol, err);
}
