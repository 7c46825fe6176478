/* See health_options.h. */
#include "board_config/health_options.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "base/time.h"
#include "process/process.h"

#define CANARY_MIN_NS (20 * SONATA_MS)
#define CANARY_MAX_NS (60 * SONATA_SECOND)

const char *canary_mode_name(enum canary_mode m)
{
    static const char *const name[] = {"unset", "off", "functional", "timed"};
    return name[m];
}

static int set_text(char dst[HEALTH_COMMAND_MAX], const char *key, const char *value, struct sonata_error *err)
{
    if (!value[0] || !copy_string(dst, HEALTH_COMMAND_MAX, value))
        return sonata_error_set(err, -EINVAL, "%s: a text of 1 to %d characters is expected", key, HEALTH_COMMAND_MAX - 1);
    return 0;
}

static int set_duration(int64_t *dst, const char *key, const char *value, int64_t least, int64_t most, struct sonata_error *err)
{
    int64_t ns;
    if (parse_duration_ns(value, &ns) || ns < least || ns > most)
        return sonata_error_set(err, -EINVAL, "%s: a duration from %.3g to %.3g seconds, such as 500ms or 3s, is expected, not '%s'", key,
                                (double)least / 1e9, (double)most / 1e9, value);
    *dst = ns;
    return 0;
}

static int set_canary(struct health_options *o, const char *value, struct sonata_error *err)
{
    if (!strcmp(value, "off") || !strcmp(value, "functional")) {
        o->canary = value[0] == 'o' ? CANARY_OFF : CANARY_FUNCTIONAL;
        return 0;
    }
    int64_t ns;
    if (parse_duration_ns(value, &ns) || ns < CANARY_MIN_NS || ns > CANARY_MAX_NS)
        return sonata_error_set(err, -EINVAL, "canary: off, functional, or the time of one canary from 20ms to 60s is expected, not '%s'", value);
    o->canary = CANARY_TIMED;
    o->canary_ns = ns;
    return 0;
}

/* A command line is read once now, so that a missing quote is found when the worker starts and not when a board hangs. */
static int set_rung(struct health_options *o, const char *rung, const char *key, const char *value, struct sonata_error *err)
{
    for (unsigned i = RUNG_REOPEN; i < RUNG_COUNT; i++) {
        if (strcmp(rung, recovery_rung_name((enum recovery_rung)i)))
            continue;
        struct command_line c;
        int r = set_text(o->recover[i], key, value, err);
        if (!r)
            r = command_parse(value, &c, err);
        if (!r)
            command_fini(&c);
        return r ? sonata_error_prefix(err, -EINVAL, "%s", key) : 0;
    }
    return sonata_error_set(err, -EINVAL, "'%s' is not a rung of recovery: recover.reopen, soft_reset, usb_power, pdu_power, reflash are", key);
}

int health_options_set(struct health_options *o, const char *key, const char *value, struct sonata_error *err)
{
    if (!strcmp(key, "canary"))
        return set_canary(o, value, err);
    if (!strcmp(key, "canary.interval"))
        return set_duration(&o->interval_ns, key, value, SONATA_MS, SONATA_DAY, err);
    if (!strcmp(key, "canary.command"))
        return set_text(o->command, key, value, err);
    if (!strcmp(key, "canary.file"))
        return set_text(o->file, key, value, err);
    if (!strcmp(key, "cool_down")) {
        o->cool_down_set = true;
        return set_duration(&o->cool_down_ns, key, value, 0, 3600 * SONATA_SECOND, err);
    }
    if (!strcmp(key, "backoff"))
        return set_duration(&o->backoff_ns, key, value, SONATA_MS, SONATA_DAY, err);
    if (!strncmp(key, "recover.", 8))
        return set_rung(o, key + 8, key, value, err);
    return -ENOENT;
}

static bool can_be_timed(const struct health_options *o, enum backend_kind backend)
{
    if (backend == BACKEND_EVALUATOR)
        return false;
    if (backend == BACKEND_TABLE)
        return o->file[0] != '\0';
    return backend != BACKEND_COMMAND || o->command[0] != '\0';
}

static enum canary_mode standard_canary(bool timed, bool table)
{
    if (timed)
        return CANARY_TIMED;
    return table ? CANARY_OFF : CANARY_FUNCTIONAL;
}

void health_options_complete(struct health_options *o, const struct health_options *standard, enum backend_kind backend, bool emulated)
{
    bool table = backend == BACKEND_TABLE, timed = can_be_timed(o, backend);
    if (o->canary == CANARY_UNSET && standard->canary != CANARY_UNSET && !table) {
        o->canary = standard->canary == CANARY_TIMED && !timed ? CANARY_FUNCTIONAL : standard->canary;
        o->canary_ns = standard->canary_ns;
    }
    if (o->canary == CANARY_UNSET)
        o->canary = standard_canary(timed && !emulated, table);
    if (!o->canary_ns)
        o->canary_ns = 500 * SONATA_MS;
    if (!o->cool_down_set && o->canary == CANARY_TIMED)
        o->cool_down_ns = 10 * SONATA_SECOND;
    o->cool_down_set = true;
}

int health_options_check(const struct health_options *o, enum backend_kind backend, struct sonata_error *err)
{
    if (o->command[0] && backend != BACKEND_COMMAND)
        return sonata_error_set(err, -EINVAL, "canary.command: only boards of backend 'command' take one; the canary of '%s' is built in",
                                backend_kind_name(backend));
    if (o->file[0] && backend != BACKEND_TABLE)
        return sonata_error_set(err, -EINVAL, "canary.file: only boards of backend 'table' take one");
    if (o->canary == CANARY_TIMED && !can_be_timed(o, backend))
        return sonata_error_set(err, -EINVAL, "canary: a '%s' board has no network of its own to be timed; give canary.%s, or canary: functional",
                                backend_kind_name(backend), backend == BACKEND_TABLE ? "file" : "command");
    return 0;
}

unsigned health_options_rungs(const struct health_options *o)
{
    unsigned rungs = 1U << RUNG_KILL_JOB; /* a new process for the board: always to be had */
    for (unsigned i = RUNG_REOPEN; i < RUNG_COUNT; i++)
        rungs |= (unsigned)(o->recover[i][0] != '\0') << i;
    return rungs;
}
