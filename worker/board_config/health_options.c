/* See health_options.h. */
#include "board_config/health_options.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/time.h"
#include "process/process.h"

const char *canary_mode_name(enum canary_mode m)
{
    static const char *const name[] = {"unset", "off", "functional", "timed"};
    return name[m];
}

static int take_canary(void *settings, const char *value, struct sonata_error *err)
{
    static const struct option_def time = {.type = OPTION_DURATION, .offset = offsetof(struct health_options, canary_ns), .min = 0.02, .max = 60};
    struct health_options *o = settings;
    if (!strcmp(value, "off") || !strcmp(value, "functional")) {
        o->canary = value[0] == 'o' ? CANARY_OFF : CANARY_FUNCTIONAL;
        return 0;
    }
    if (option_read(&time, value, o, NULL))
        return sonata_error_set(err, -EINVAL, "'%.80s' is here; expected off, functional, or the time of one canary from 20ms to 60s", value);
    o->canary = CANARY_TIMED;
    return 0;
}

static int take_cool_down(void *settings, const char *value, struct sonata_error *err)
{
    static const struct option_def time = {.type = OPTION_DURATION, .offset = offsetof(struct health_options, cool_down_ns), .max = 3600};
    struct health_options *o = settings;
    int r = option_read(&time, value, o, err);
    o->cool_down_set |= !r;
    return r;
}

#define AT(member) .offset = offsetof(struct health_options, member)
#define LINE(key, member, text)                                                                                                                      \
    {                                                                                                                                                \
        .name = key, .type = OPTION_BUFFER, AT(member), .size = HEALTH_COMMAND_MAX, .check = command_check, .argument = "LINE", .help = text         \
    }
const struct option_def health_keys[] = {
    {.name = "canary",
     .type = OPTION_OWN,
     .take = take_canary,
     .argument = "off|functional|TIME",
     .help = "how the board proves itself: not at all, by answering right, or by being as fast as it was, timed for TIME such as 3s"},
    {.name = "canary.interval",
     .type = OPTION_DURATION,
     AT(interval_ns),
     .min = 0.001,
     .max = 86400,
     .argument = "TIME",
     .help = "time between canaries; default: by the tier of the jobs"},
    LINE("canary.command", command, "backend command: an evaluator of a network of its own, which is the canary"),
    {.name = "canary.file",
     .type = OPTION_BUFFER,
     AT(file),
     .size = HEALTH_COMMAND_MAX,
     .is_file = true,
     .argument = "FILE",
     .help = "backend table: holds the canary's latency in microseconds"},
    {.name = "cool_down",
     .type = OPTION_OWN,
     .take = take_cool_down,
     .argument = "TIME",
     .help = "pause before a canary after trouble; default 10s where canaries are timed"},
    {.name = "backoff",
     .type = OPTION_DURATION,
     AT(backoff_ns),
     .min = 0.001,
     .max = 86400,
     .argument = "TIME",
     .help = "first quarantine, 3 and 12 times as long later; default 5m"},
    LINE("recover.reopen", recover[RUNG_REOPEN], "command that opens a line anew"),
    LINE("recover.soft_reset", recover[RUNG_SOFT_RESET], "command that resets the board"),
    LINE("recover.usb_power", recover[RUNG_USB_POWER], "command that cycles the power of its USB port"),
    LINE("recover.pdu_power", recover[RUNG_PDU_POWER], "command that cycles its mains power"),
    LINE("recover.reflash", recover[RUNG_REFLASH], "command that writes its firmware anew"),
    {0}};
#undef LINE
#undef AT

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
