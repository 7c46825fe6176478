/* Options of an mcu board: one table of keys. */
#include <errno.h>
#include <stddef.h>

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

#define AT(member) .offset = offsetof(struct mcu_options, member)
#define TEXT(member) .type = OPTION_BUFFER, AT(member), .size = sizeof((struct mcu_options *)0)->member
const struct option_def mcu_keys[] = {
    {.name = "port", TEXT(port), .argument = "PATH", .help = "the board's line: a tty under /dev/serial/by-id, a pty or a unix socket"},
    {.name = "name", TEXT(name), .argument = "TEXT", .help = "vendor string it must answer; default: any"},
    {.name = "baud", .type = OPTION_COUNT, AT(baud), .min = 9600, .max = 921600, .argument = "N", .help = "default 115200"},
    {.name = "db_max", .type = OPTION_COUNT, AT(db_max), .min = 1, .max = TINY_DB_MAX, .argument = "N", .help = "size of the firmware's db buffer"},
    {.name = "framing", .type = OPTION_WORD, AT(hex), .choices = "binary|hex", .argument = "KIND", .help = "hex: for lines that are not 8-bit clean"},
    {.name = "emulated", .type = OPTION_FLAG, AT(emulated), .argument = "yes", .help = "an emulator: its ticks are exact and slow to get"},
    {.name = "flash", .type = OPTION_SIZE, AT(flash), .argument = "SIZE", .help = "of the part; default: the firmware's limit"},
    {.name = "ram", .type = OPTION_SIZE, AT(ram), .argument = "SIZE", .help = "of the part; default: the firmware's limit"},
    {.name = "flash_code", .type = OPTION_SIZE, AT(flash_code), .argument = "SIZE", .help = "what code takes of it; default: what the firmware says"},
    {.name = "ram_runtime", .type = OPTION_SIZE, AT(ram_runtime), .argument = "SIZE", .help = "what the runtime takes of it; default: likewise"},
    {.name = "samples",
     .type = OPTION_COUNT,
     AT(samples),
     .min = 1,
     .max = 1000,
     .argument = "N",
     .help = "pictures whose logits are compared on the board; default 3"},
    {.name = "calibration", .type = OPTION_COUNT, AT(calibration), .min = 1, .max = 10000, .argument = "N", .help = "pictures for quantisation"},
    {.name = "answer",
     .type = OPTION_DURATION,
     AT(answer_ns),
     .min = 0.05,
     .max = 300,
     .argument = "TIME",
     .help = "longest wait for a command that computes nothing; default 5s, emulated 30s"},
    {0}};
#undef TEXT
#undef AT

int mcu_options_check(const struct mcu_options *o, struct sonata_error *err)
{
    if (!o->port[0])
        return sonata_error_set(err, -EINVAL, "an mcu board needs port=: a tty under /dev/serial/by-id, a pty or a unix socket");
    return 0;
}
