/* How a board is watched over, as configured: which canaries it gets, what is done to one that does not answer (docs/WORKER.md, "Board health").
 * Plain data without pointers, part of struct board_config. */
#ifndef SONATA_BOARD_CONFIG_HEALTH_OPTIONS_H
#define SONATA_BOARD_CONFIG_HEALTH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/option.h"
#include "board_config/backend_kind.h"
#include "health/health.h"

enum canary_mode {
    CANARY_UNSET,      /* chosen by health_options_complete() */
    CANARY_OFF,        /* never: the board is well as long as its process lives */
    CANARY_FUNCTIONAL, /* does it answer, and right? Nothing is timed */
    CANARY_TIMED,      /* and is it as fast as when it was calibrated? */
};
/* "off", "functional", "timed". */
const char *canary_mode_name(enum canary_mode m);

enum { HEALTH_COMMAND_MAX = 512 };

struct health_options {
    enum canary_mode canary;
    int64_t canary_ns;                /* timed: measuring time of one; 0: half a second */
    int64_t interval_ns;              /* between canaries; 0: by the tier of the jobs (health/canary.h) */
    char command[HEALTH_COMMAND_MAX]; /* command boards: an evaluator of its own network; "" none */
    char file[HEALTH_COMMAND_MAX];    /* table boards: holds the canary's latency in microseconds; "" none */
    bool cool_down_set;
    int64_t cool_down_ns; /* before a timed canary after trouble, and before the next job after an invalid one; unset: 10 s where canaries are
                           * timed, else none */
    int64_t backoff_ns;   /* of the first quarantine; 3 and 12 times as long later. 0: 5 minutes */
    char recover[RUNG_COUNT][HEALTH_COMMAND_MAX]; /* command of a rung; "" not to be had. RUNG_KILL_JOB needs none */
};

/* The keys of struct health_options. */
extern const struct option_def health_keys[];
/* Chooses what is unset. `standard` is the worker's word for boards that say nothing (UNSET: none); boards that cannot be timed are not timed by it,
 * and tables, which do not go bad, are left alone by it. emulated: its ticks say nothing about health. */
void health_options_complete(struct health_options *o, const struct health_options *standard, enum backend_kind backend, bool emulated);
/* Of a board of that backend. -EINVAL with the reason. */
int health_options_check(const struct health_options *o, enum backend_kind backend, struct sonata_error *err) SONATA_MUST_CHECK;
/* Bit per recovery_rung that can be run. */
unsigned health_options_rungs(const struct health_options *o);

#endif
