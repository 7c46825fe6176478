/* See board_config.h: what follows from a board's keys, and whether they fit together. */
#include "board_config/board_config.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"

enum { MEASURING_NICE = -10 };

struct board_config board_config_default(void)
{
    struct board_config c = {.core = BOARD_CORE_CHOSEN, .nice = BOARD_NICE_UNSET, .adapter = {.tool = ADAPTER_CUSTOM}};
    for (enum tier t = 0; t < TIER_COUNT; t++)
        c.protocol[t] = *latency_protocol_of(t);
    return c;
}

int board_config_begin(struct board_config *c, const char *id, const char *backend, struct sonata_error *err)
{
    if (!copy_string(c->id, sizeof c->id, id))
        return sonata_error_set(err, -EINVAL, "an id of at most %zu characters is expected", sizeof c->id - 1);
    copy_string(c->type, sizeof c->type, id);
    if (!backend_kind_find(backend, &c->backend))
        return sonata_error_set(err, -EINVAL, "backend '%s' is not known; %s are", backend, backend_kind_names());
    return 0;
}

static bool is_program(const struct board_config *c) { return c->backend == BACKEND_COMMAND || c->backend == BACKEND_EVALUATOR; }

/* Whether the comma list names a metric that is timed or read from a sensor. */
static bool names_timed(const char *offers)
{
    for (const char *p = offers; *p; p += strcspn(p, ","), p += *p == ',') {
        if (!strncmp(p, "latency", 7) || !strncmp(p, "energy", 6) || !strncmp(p, "power", 5))
            return true;
    }
    return !offers[0];
}

bool board_config_trains(const struct board_config *c)
{
    return c->backend == BACKEND_EVALUATOR || (c->backend == BACKEND_COMMAND && c->adapter.tool == ADAPTER_CUSTOM && !names_timed(c->adapter.offers));
}

bool board_config_measures(const struct board_config *c) { return backend_kind_measures(c->backend) && !board_config_trains(c); }

uint64_t board_config_memory(const struct board_config *c)
{
    if (c->memory_max)
        return c->memory_max == BOARD_MEMORY_NONE ? 0 : c->memory_max;
    return board_config_trains(c) ? 0 : BOARD_MEMORY;
}

int64_t board_config_limit_ns(const struct board_config *c, int64_t job_limit_ns)
{
    if (c->time_limit_ns > 0)
        return c->time_limit_ns;
    if (board_config_trains(c))
        return BOARD_TRAINING_LIMIT_NS;
    return job_limit_ns > 0 ? job_limit_ns : BOARD_TIME_LIMIT_NS;
}

int board_config_nice(const struct board_config *c)
{
    if (c->nice != BOARD_NICE_UNSET)
        return (int)c->nice;
    return board_config_measures(c) ? MEASURING_NICE : 0;
}

int board_config_core_count(const struct board_config *c)
{
    if (c->backend == BACKEND_MODEL)
        return c->threads > 1 ? (int)c->threads : 1;
    return is_program(c) && c->adapter.threads > 1 ? (int)c->adapter.threads : 1;
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
    int r = health_options_check(&c->health, c->backend, err);
    if (r)
        return sonata_error_prefix(err, r, "board '%s'", c->id);
    if (!c->power.driver[0] && memcmp(&c->power, &(struct power_config){.driver = ""}, sizeof c->power))
        return sonata_error_set(err, -EINVAL, "board '%s': a power sensor needs a driver (docs/SENSORS.md)", c->id);
    if (c->power.driver[0] && c->backend != BACKEND_ENGINE && c->backend != BACKEND_MODEL)
        return sonata_error_set(
            err, -EINVAL, "board '%s': only engine and model boards take a power sensor; an evaluator of your own may report energy itself", c->id);
    if (c->evaluator.slots > 1 && c->core >= 0)
        return sonata_error_set(err, -EINVAL, "board '%s': several slots cannot share one core: leave out 'core' or 'slots'", c->id);
    if (is_program(c)) {
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
