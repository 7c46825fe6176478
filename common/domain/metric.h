/* Metrics, objectives and constraints, and the measurement of one attempt. */
#ifndef SONATA_DOMAIN_METRIC_H
#define SONATA_DOMAIN_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "domain/artefact.h"
#include "domain/interval.h"

enum {
    METRIC_NAME_MAX = 48, /* "latency", or "latency@rpi4" */
    METRICS_MAX = 16,     /* of one evaluation */
    OBJECTIVES_MAX = 4,
    CONSTRAINTS_MAX = 8,
    BOARD_NAME_MAX = 48,
    WORKER_NAME_MAX = 64,
};

/* Units, fixed for the tree: accuracy in percent, latency in milliseconds, energy in millijoules, params and macs as counts,
 * flash, ram in bytes. A metric a backend names carries whatever unit the backend says. */
struct metric_value {
    char name[METRIC_NAME_MAX]; /* without @board */
    double value;
    double low, high; /* 95 % interval; both equal value when there is none */
    uint32_t n;       /* samples behind it, 0: exact */
};

/* How an attempt ended: good, or the class of its error. */
enum outcome {
    OUTCOME_OK,         /* measured; may carry flags such as noisy */
    OUTCOME_INFEASIBLE, /* the candidate cannot run here: final, a result */
    OUTCOME_INVALID,    /* measured under wrong conditions: requeue */
    OUTCOME_INFRA,      /* the board or link failed: requeue elsewhere */
    OUTCOME_LOST,       /* the lease ran out */
    OUTCOME_BUG,        /* parser or protocol violation: requeue once */
    OUTCOME_CONFIG,     /* cannot be asked of this board */
    OUTCOME_CANCELED,
    OUTCOME_COUNT
};
/* "ok", "infeasible", …; NULL outside the enum. */
const char *outcome_name(enum outcome o);
/* It says something about the candidate: measured, or cannot run. Nobody failed. */
bool outcome_is_good(enum outcome o);

enum measurement_flag {
    FLAG_NOISY = 1,
    FLAG_BIMODAL = 2,
    FLAG_OUTLIERS = 4,
    FLAG_WARMUP_NOT_STABLE = 8,
    FLAG_CONTENDED = 16,
    FLAG_THROTTLED = 32,
    FLAG_DIED = 64, /* the candidate ended, or was ended at its limit, without an answer */
};

enum { REASON_MAX = 160, OUTPUT_MAX = 1200, FINGERPRINT_MAX = 2048, SAMPLES_MAX = 100000, WINDOWS_MAX = 64, PROCESSES_MAX = 16 };

/* The record of one attempt as the worker reports it. Release with measurement_fini(). */
struct measurement {
    uint64_t attempt;           /* id given by the master */
    uint32_t epoch;             /* fencing number of the lease */
    char board[BOARD_NAME_MAX]; /* unit */
    char board_type[BOARD_NAME_MAX];
    enum outcome outcome;
    char reason[REASON_MAX]; /* "" when ok; else "class: detail" */
    char output[OUTPUT_MAX]; /* last lines a program of the user's said when it failed; "": none */
    uint32_t flags;          /* enum measurement_flag */
    uint32_t n_metrics;
    struct metric_value metric[METRICS_MAX];
    char fingerprint[FINGERPRINT_MAX]; /* key=value lines: kernel, governor, clock, backend and version, threads, core … */
    int64_t started_wall_ns;
    int64_t duration_ns; /* board time of the whole attempt: what a team is charged */
    uint32_t n_samples;  /* raw latency samples, microseconds each, window by window */
    float *samples_us;   /* owned */
    uint32_t n_windows;
    float window_median_us[WINDOWS_MAX];
    uint32_t n_processes;       /* whose windows these are, as many of each; 0: not told */
    float process_median_us[PROCESSES_MAX];
    float process_control_us[PROCESSES_MAX]; /* of the board's own small network in the same process at the same time; 0: not taken */
    struct process_prior process_prior; /* what the board knew of their spread (domain/interval.h); freedom 0: nothing */
    struct artefact artefact;           /* what it built; hash zero: nothing */
};

/* Releases what it holds. */
void measurement_fini(struct measurement *m);
/* A copy with samples of its own; release with measurement_fini(). */
struct measurement measurement_copy(const struct measurement *m);
/* The metric of that name, or NULL. */
const struct metric_value *measurement_metric(const struct measurement *m, const char *name);
/* Appends; false when METRICS_MAX are there already. */
bool measurement_add(struct measurement *m, const char *name, double value, double low, double high, uint32_t n);

/* Sets outcome and "class: text" (printf format, cut to REASON_MAX, control characters as blanks) as the reason. Metrics are dropped, but for
 * OUTCOME_INVALID: the master takes them for noisy ones when the job was measured under wrong conditions too often. */
void measurement_fail(struct measurement *m, enum outcome outcome, const char *format, ...) SONATA_PRINTF(3, 4);

enum goal { GOAL_MIN, GOAL_MAX };

struct objective {
    char metric[METRIC_NAME_MAX]; /* "accuracy" */
    char board[BOARD_NAME_MAX];   /* board type, "" = any type that supplies it */
    enum goal goal;
};

/* min <= metric <= max; an absent side is -INFINITY or INFINITY. */
struct constraint {
    char metric[METRIC_NAME_MAX];
    char board[BOARD_NAME_MAX];
    double min, max;
};

/* flash_code, flash_weights, ram_activation, ram_runtime: computed (of the int8 network on the reference firmware) where no board is named, reported
 * by a board where one is. */
bool metric_is_memory(const char *name);
/* Computed from the genotype without a board: params, macs, flash, ram, weights, and the memory fields unless a board type is named ("": none). */
bool metric_is_analytic(const char *name, const char *board);
/* How far a value is outside the limits of a constraint, as a share of the limit; 0: it keeps them. */
double constraint_violation(const struct constraint *c, double value);
/* None of the values rests on samples: another measurement would give the same. */
bool metrics_are_exact(const struct metric_value *metric, uint32_t n);

#endif
