/* A board on a pty that runs the real device code (worker/firmware) on a thread, with hooks that break it in every way a line can break.
 * It also watches the host: bytes that the protocol forbids are counted in `violations`. */
#ifndef SONATA_TESTS_MCU_FAKE_BOARD_H
#define SONATA_TESTS_MCU_FAKE_BOARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "firmware/device.h"

enum { FAKE_BLOB_MAX = 64 << 10, FAKE_ARENA_MAX = 64 << 10, FAKE_HZ = 25000000 };

struct fake_board {
    char folder[64], path[80]; /* path: a link to the current pty, stable as by-id names are */
    int master, held_slave;
    pthread_t thread;
    atomic_bool stop;
    atomic_uint violations, commands;
    /* Called with each command before the device sees it; true: dealt with. May use the fake_… functions below. */
    bool (*_Atomic hook)(struct fake_board *f, const char *command);
    atomic_uint hook_count; /* for the hooks' own counting; set to 0 by fake_set_hook() */
    atomic_uint byte_delay_us; /* pacing of output */
    atomic_uint double_ready;  /* 1: every m-ready comes twice */
    atomic_uint energy_mode;
    struct device_port port;
    struct device device;
    uint32_t ticks;            /* advances by this for every look; 100 from the start */
    atomic_uint tick_step;
    char command[4096];
    unsigned command_n;
    _Alignas(16) uint8_t blob[FAKE_BLOB_MAX];
    int8_t arena[FAKE_ARENA_MAX];
};

/* Boots a board; vendor as in m-name-dut-[vendor]. */
struct fake_board *fake_board_new(const char *vendor);
void fake_board_free(struct fake_board *f);
void fake_set_hook(struct fake_board *f, bool (*hook)(struct fake_board *f, const char *command));

/* From hooks (board thread): */
void fake_say(struct fake_board *f, const char *text);
void fake_write(struct fake_board *f, const void *p, size_t n);
/* Gives the command to the real device. */
void fake_pass(struct fake_board *f, const char *command);
/* Power cycle: boot text again, everything forgotten. */
void fake_reset(struct fake_board *f);
/* Pulls the plug: the host sees a hang-up; comes back on another pty behind the same link. */
void fake_replug(struct fake_board *f);

#endif
