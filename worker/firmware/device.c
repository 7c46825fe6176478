/* Command line of the device: assembles commands, dispatches name, timestamp, profile, help, db, infer, results, sonata.
 *
 * Texts and their order are those of the MLPerf Tiny reference (docs/MCU.md, "Line grammar"); each is asserted by the conformance test. One
 * deliberate difference: a bare '%' makes the reference read a null pointer; here it is an unknown empty command. */
#include "firmware/device_internal.h"

#include <stddef.h>

#define FIRMWARE_VERSION "ULPMark for tinyML Firmware V0.0.1"

static void timestamp(struct device *d)
{
    struct text t = {.n = 0};

    text_put(&t, "m-lap-us-");
    text_u64(&t, device_microseconds(d, device_now(d)));
    device_line(d, &t);
}

static void bracketed(struct device *d, const char *head, const char *value)
{
    struct text t = {.n = 0};

    text_put(&t, head);
    text_put(&t, value);
    text_put(&t, "]");
    device_line(d, &t);
}

static void help(struct device *d)
{
    static const char *const line[] = {
        FIRMWARE_VERSION,
        "",
        "help         : Print this information",
        "name         : Print the name of the device",
        "timestamp    : Generate a timestamp",
        "db SUBCMD    : Manipulate a generic byte buffer",
        "  load N     : Allocate N bytes and set load counter",
        "  db HH[HH]* : Load 8-bit hex byte(s) until N bytes",
        "  print [N=16] [offset=0]",
        "             : Print N bytes at offset as hex",
        "infer N [W=0]: Load input, execute N inferences after W warmup loops",
        "results      : Return the result fp32 vector",
        "sonata SUBCMD: info, load, bin, hex, done, net, result (see docs/MCU.md)",
    };

    for (uint32_t i = 0; i < sizeof line / sizeof *line; i++)
        device_say(d, line[i]);
}

/* Runs the command in d->command; false when m-ready has to wait for raw bytes. */
static bool dispatch(struct device *d)
{
    char *rest = d->command, *word = text_word(&rest);

    if (!word)
        word = rest;
    if (text_equal(word, "name")) {
        bracketed(d, "m-name-dut-[", d->port->vendor);
    } else if (text_equal(word, "timestamp")) {
        timestamp(d);
    } else if (text_equal(word, "profile")) {
        device_say(d, "m-profile-[" FIRMWARE_VERSION "]");
        bracketed(d, "m-model-[", d->port->model);
    } else if (text_equal(word, "help")) {
        help(d);
    } else if (text_equal(word, "db")) {
        device_db(d, rest);
    } else if (text_equal(word, "infer")) {
        device_infer(d, rest);
    } else if (text_equal(word, "results")) {
        device_results(d);
    } else if (text_equal(word, "sonata")) {
        return device_sonata(d, rest);
    } else {
        bracketed(d, "e-[Unknown command: ", word);
    }
    return true;
}

void device_start(struct device *d, const struct device_port *port)
{
    uint8_t *zero = (uint8_t *)d;

    for (uint32_t i = 0; i < sizeof *d; i++)
        zero[i] = 0;
    d->port = port;
    d->last_ticks = port->ticks(port->context);
    if (port->builtin && q8_check(port->builtin, port->builtin_size, port->arena_max, NULL) == Q8_OK)
        d->net = port->builtin;
    device_say(d, "m-timestamp-mode-performance");
    timestamp(d);
    device_say(d, "m-init-done");
    device_say(d, "m-ready");
}

void device_byte(struct device *d, uint8_t byte)
{
    if (d->raw_left) {
        device_raw_byte(d, byte);
        return;
    }
    if (byte != '%') {
        if (d->command_n < DEVICE_COMMAND_MAX)
            d->command[d->command_n++] = (char)byte;
        return;
    }
    d->command[d->command_n] = 0;
    d->command_n = 0;
    if (dispatch(d))
        device_say(d, "m-ready");
}

void device_poll(struct device *d)
{
    if (device_now(d) >= d->raw_deadline && d->raw_left)
        device_raw_abort(d);
}
