/* One candidate on one microcontroller: from a quantised network to latency, memory and the proof that the board computes what the host does.
 *
 *     fits the profile? -> open, synchronise -> sonata info -> fits the firmware? -> upload -> compare logits of sample pictures
 *     -> estimate -> windows of `infer N` until the caller has enough
 *
 * Blocking; for the forked candidate of a board. Accuracy is the caller's: the host's kernels give the same logits (int8_net.h). */
#ifndef SONATA_MCU_SESSION_H
#define SONATA_MCU_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/option.h"
#include "mcu/link.h"
#include "mcu/profile.h"

enum { MCU_WINDOWS_MAX = 64, MCU_PATH_MAX = 128, MCU_NAME_MAX = 64 };

/* A board as configured: plain data without pointers. */
struct mcu_options {
    char port[MCU_PATH_MAX]; /* stable tty name, pty or unix socket */
    char name[MCU_NAME_MAX]; /* vendor string it must answer; "": any */
    uint32_t baud;
    uint32_t db_max;                  /* the port's db buffer */
    uint32_t hex;                     /* 1: upload in hex for lines that are not 8-bit clean */
    bool emulated;                    /* ticks are exact and slow to get: the one inference of the first picture is the latency, no windows */
    uint64_t flash, ram;              /* of the part, bytes; 0: no limit but the firmware's */
    uint64_t flash_code, ram_runtime; /* 0: what the firmware reports */
    uint32_t samples;                 /* pictures whose logits are compared on the board */
    uint32_t calibration;             /* pictures for quantisation */
    int64_t answer_ns;                /* to a command that computes nothing; 0: 5 s, emulated 30 s */
};
/* Every value at its default, no port. */
struct mcu_options mcu_options_defaults(void);
/* Fills what is zero with the default: for options that began as zeroes. */
void mcu_options_complete(struct mcu_options *o);
/* The keys of struct mcu_options. */
extern const struct option_def mcu_keys[];
/* A board has a port. -EINVAL with the reason. */
int mcu_options_check(const struct mcu_options *o, struct sonata_error *err) SONATA_MUST_CHECK;

struct mcu_result;

struct mcu_request {
    const struct mcu_options *options;
    const void *blob;
    size_t size;
    const int8_t *input; /* n_inputs quantised pictures of input_count values; at least 1 */
    unsigned n_inputs;
    /* Latency windows in the board's own time. */
    unsigned windows; /* at least */
    /* After `windows` and after each further one, up to MCU_WINDOWS_MAX: whether another is to be taken. The limits are the caller's; NULL: no
     * further ones. */
    bool (*want_more)(void *user, const struct mcu_result *so_far);
    void *want_more_user;
    double warmup_us, window_us;
    uint32_t warmup_inferences, min_inferences; /* min_inferences in total */
    double scale, scale_floor_us; /* > 0: both durations are cut to scale inferences' time, but not below the floor (measure/protocol.h) */
    void (*phase)(void *user, const char *name); /* "upload", "check", "warm-up", "measure"; may be NULL */
    void *phase_user;
};

struct mcu_result {
    char board[TINY_TEXT_MAX]; /* m-name-dut */
    struct link_info info;
    struct mcu_memory memory;
    uint32_t macs;
    unsigned n_windows;
    double window_us[MCU_WINDOWS_MAX]; /* of one inference: total ticks / N */
    uint64_t inferences;               /* measured */
    double measured_us;                /* the windows' length together, by the board's clock */
    uint64_t ticks;                    /* of the first picture's first inference */
    unsigned compared;                 /* pictures with equal logits */
};

/* 0, or: -ENOSPC "infeasible:flash|ram: … bytes missing" (memory in *ret_result is filled), -ERANGE one inference is too long,
 * -EBADMSG the network's results are no numbers (the candidate's fault, all three); -EILSEQ the board's logits differ from the host's (a bug
 * here or in the port); -ENOTSUP stock firmware; -EINVAL configuration; anything else is the line's or the board's fault. */
int mcu_run(const struct mcu_request *request, struct mcu_result *ret_result, struct sonata_error *err) SONATA_MUST_CHECK;
/* Opens the line and asks for name and info: does the board live? */
int mcu_ping(const struct mcu_options *o, struct link_info *ret_info, char ret_name[TINY_TEXT_MAX], struct sonata_error *err) SONATA_MUST_CHECK;

#endif
