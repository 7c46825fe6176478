/* Options of an mcu board: one table of keys. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "base/time.h"
#include "mcu/quantize.h"
#include "mcu/session.h"

struct mcu_options mcu_options_defaults(void)
{
    struct mcu_options o = {.baud = 0};

    mcu_options_complete(&o);
    return o;
}

void mcu_options_complete(struct mcu_options *o)
{
    o->baud = o->baud ? o->baud : 115200;
    o->db_max = o->db_max ? o->db_max : TINY_DB_MAX;
    o->samples = o->samples ? o->samples : 3;
    o->calibration = o->calibration ? o->calibration : QUANTIZE_PICTURES;
}

const char *mcu_options_keys(void)
{
    return "port, name, baud, db_max, framing, emulated, flash, ram, flash_code, ram_runtime, samples, calibration, answer";
}

static int bad(const char *key, const char *value, const char *expected, struct sonata_error *err)
{
    return sonata_error_set(err, -EINVAL, "%s: %s is expected, not '%.60s'", key, expected, value);
}

static int set_count(uint32_t *dst, uint64_t min, uint64_t max, const char *key, const char *value, struct sonata_error *err)
{
    uint64_t v;

    if (parse_u64(value, min, max, &v) < 0)
        return bad(key, value, "a count in its range", err);
    *dst = (uint32_t)v;
    return 0;
}

static int set_size(uint64_t *dst, const char *key, const char *value, struct sonata_error *err)
{
    double v;

    if (parse_quantity(value, &v) < 0 || !(v >= 0) || v > 1e12)
        return bad(key, value, "a size such as 512Ki", err);
    *dst = (uint64_t)v;
    return 0;
}

static int set_text(char *dst, size_t size, const char *key, const char *value, struct sonata_error *err)
{
    return *value && copy_string(dst, size, value) ? 0 : bad(key, value, "a text that is neither empty nor too long", err);
}

int mcu_options_set(struct mcu_options *o, const char *key, const char *value, struct sonata_error *err)
{
    const struct {
        const char *key;
        uint64_t *size;
    } size[] = {{"flash", &o->flash}, {"ram", &o->ram}, {"flash_code", &o->flash_code}, {"ram_runtime", &o->ram_runtime}};

    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        if (strcmp(key, size[i].key) == 0)
            return set_size(size[i].size, key, value, err);
    if (strcmp(key, "port") == 0)
        return set_text(o->port, sizeof o->port, key, value, err);
    if (strcmp(key, "name") == 0)
        return set_text(o->name, sizeof o->name, key, value, err);
    if (strcmp(key, "baud") == 0)
        return set_count(&o->baud, 9600, 921600, key, value, err);
    if (strcmp(key, "db_max") == 0)
        return set_count(&o->db_max, 1, TINY_DB_MAX, key, value, err);
    if (strcmp(key, "samples") == 0)
        return set_count(&o->samples, 1, 1000, key, value, err);
    if (strcmp(key, "calibration") == 0)
        return set_count(&o->calibration, 1, 10000, key, value, err);
    if (strcmp(key, "answer") == 0)
        return parse_duration_ns(value, &o->answer_ns) < 0 || o->answer_ns < 50 * SONATA_MS || o->answer_ns > 300 * SONATA_SECOND
                   ? bad(key, value, "a duration from 50ms to 300s", err)
                   : 0;
    if (strcmp(key, "framing") == 0) {
        o->hex = strcmp(value, "hex") == 0;
        return o->hex || strcmp(value, "binary") == 0 ? 0 : bad(key, value, "binary or hex", err);
    }
    if (strcmp(key, "emulated") == 0) {
        o->emulated = strcmp(value, "yes") == 0;
        return o->emulated || strcmp(value, "no") == 0 ? 0 : bad(key, value, "yes or no", err);
    }
    return sonata_error_set(err, -ENOENT, "'%s' is not a key of an mcu board: %s are", key, mcu_options_keys());
}

int mcu_options_check(const struct mcu_options *o, struct sonata_error *err)
{
    if (!o->port[0])
        return sonata_error_set(err, -EINVAL, "an mcu board needs port=: a tty under /dev/serial/by-id, a pty or a unix socket");
    return 0;
}
