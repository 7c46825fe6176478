/* See evaluator_options.h. */
#include "board_config/evaluator_options.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"

enum kind { COUNT32, COUNT64, SIZE, TIME };

static const struct {
    const char *key, *expected;
    enum kind kind;
    size_t offset;
    uint64_t min, max;
} keys[] = {
    {"slots", "a count from 1 to 32", COUNT32, offsetof(struct evaluator_options, slots), 1, EVALUATOR_SLOTS_MAX},
    {"tasks", "a count from 1 to 100000", COUNT32, offsetof(struct evaluator_options, tasks), 1, 100000},
    {"requests", "a count of at least 1", COUNT64, offsetof(struct evaluator_options, restart_requests), 1, UINT64_C(1) << 50},
    {"growth", "a size of at least 1Mi", SIZE, offsetof(struct evaluator_options, growth), 1 << 20, UINT64_C(1) << 50},
    {"file_max", "a size of at least 64Ki", SIZE, offsetof(struct evaluator_options, file_max), 1 << 16, UINT64_C(1) << 50},
    {"ready", "a duration such as 5m, a day at most", TIME, offsetof(struct evaluator_options, ready_ns), 1, SONATA_DAY},
    {"quiet", "a duration such as 10m", TIME, offsetof(struct evaluator_options, quiet_ns), 1, INT64_MAX},
};

static bool read_number(enum kind kind, const char *value, uint64_t min, uint64_t max, uint64_t *ret_number)
{
    double quantity;
    int64_t ns;
    switch (kind) {
    case COUNT32:
    case COUNT64:
        return !parse_u64(value, min, max, ret_number);
    case SIZE:
        if (parse_quantity(value, &quantity) || !(quantity >= (double)min && quantity <= (double)max))
            return false;
        *ret_number = (uint64_t)quantity;
        return true;
    case TIME:
        if (parse_duration_ns(value, &ns) || ns <= 0 || (uint64_t)ns < min || (uint64_t)ns > max)
            return false;
        *ret_number = (uint64_t)ns;
        return true;
    }
    return false;
}

int evaluator_options_set(struct evaluator_options *o, const char *key, const char *value, struct sonata_error *err)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint64_t number;
        if (strcmp(key, keys[i].key))
            continue;
        if (!read_number(keys[i].kind, value, keys[i].min, keys[i].max, &number))
            return sonata_error_set(err, -EINVAL, "%s: %s is expected, not '%.60s'", key, keys[i].expected, value);
        uint32_t narrow = (uint32_t)number;
        char *at = (char *)o + keys[i].offset;
        if (keys[i].kind == COUNT32)
            memcpy(at, &narrow, sizeof narrow);
        else
            memcpy(at, &number, sizeof number);
        return 0;
    }
    return -ENOENT;
}

void evaluator_options_complete(struct evaluator_options *o)
{
    o->slots = o->slots ? o->slots : 1;
    o->ready_ns = o->ready_ns ? o->ready_ns : 300 * SONATA_SECOND;
    o->file_max = o->file_max ? o->file_max : UINT64_C(4) << 30;
    o->tasks = o->tasks ? o->tasks : 1024;
}
