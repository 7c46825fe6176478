/* PURE: the health of one board as a state machine. Time is passed in; effects are returned as action bits that the owner carries out and
 * answers with further events.
 *
 *   UNKNOWN -> CALIBRATING -> READY <-> BUSY -> SUSPECT -> READY | RECOVERING | QUARANTINED
 *   RECOVERING -> CALIBRATING | QUARANTINED -> PROBATION -> READY | QUARANTINED          any -> MAINTENANCE -> CALIBRATING | RETIRED
 * A lost link is a flag beside the state, not a state. */
#ifndef SONATA_HEALTH_HEALTH_H
#define SONATA_HEALTH_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "health/blame.h"
#include "health/canary.h"

enum health_state {
    HEALTH_UNKNOWN,
    HEALTH_CALIBRATING,
    HEALTH_READY,
    HEALTH_BUSY,
    HEALTH_SUSPECT,
    HEALTH_RECOVERING,
    HEALTH_QUARANTINED,
    HEALTH_PROBATION,   /* back-off over, proving itself */
    HEALTH_MAINTENANCE, /* a person has to release it */
    HEALTH_RETIRED,
    HEALTH_STATE_COUNT
};
/* "unknown", "calibrating", …; "?" when it is no state. */
const char *health_state_name(enum health_state s);
/* HEALTH_UNKNOWN: another word; HEALTH_STATE_COUNT: "", which says nothing. */
enum health_state health_state_named(const char *word);

/* What the owner reports. */
enum health_event {
    HEALTH_REGISTERED,          /* the worker announced the board with its fingerprint */
    HEALTH_FINGERPRINT_CHANGED, /* kernel, clock, tool version … : the reference no longer holds */
    HEALTH_CALIBRATED,
    HEALTH_CALIBRATION_FAILED,
    HEALTH_JOB_ASSIGNED,
    HEALTH_JOB_DONE,            /* ok, infeasible, bug, canceled: the board is not to blame */
    HEALTH_JOB_INVALID,         /* hot, throttled, contended … */
    HEALTH_JOB_INFRA,           /* tty lost, flash failed, no answer … */
    HEALTH_JOB_LOST,            /* the lease ran out */
    HEALTH_JOB_KILLED,          /* over its limit or out of control: the board must prove itself */
    HEALTH_CANARY_GOOD,
    HEALTH_CANARY_WARN,         /* 3 to 5 % off */
    HEALTH_CANARY_DRIFT,        /* more than 5 % off */
    HEALTH_CANARY_FAILED,       /* no answer, or a wrong one */
    HEALTH_ANSWERS,             /* a rung worked: a good functional canary */
    HEALTH_RUNG_FAILED,
    HEALTH_BACKOFF_OVER,        /* from health_tick() */
    HEALTH_ADMIN_DRAIN,         /* to maintenance; after the running job */
    HEALTH_ADMIN_QUARANTINE,
    HEALTH_ADMIN_RECALIBRATE,
    HEALTH_ADMIN_POWER_CYCLE,
    HEALTH_ADMIN_RELEASE,
    HEALTH_ADMIN_RETIRE,
    /* Guards passed: made inside from the ones above. */
    HEALTH_INVALID_LIMIT,       /* third invalid in a row */
    HEALTH_BLAME_LIMIT,         /* three failures on three jobs */
    HEALTH_DRIFT_AGAIN,         /* second in a row after cool-down */
    HEALTH_NO_ANSWER_LIMIT,     /* third failed canary in a row */
    HEALTH_LADDER_EXHAUSTED,    /* second time, or two failed power cycles */
    HEALTH_PROBATION_PASSED,    /* third good canary in a row */
    HEALTH_QUARANTINE_LIMIT,    /* third quarantine in 24 h */
    HEALTH_DRAINED,             /* the job of a draining board ended */
    HEALTH_NO_REFERENCE,        /* back-off over, but there is nothing to judge a canary by: calibrate instead */
    HEALTH_EVENT_COUNT
};
/* The event in words, for log and errors; "?" when it is none. */
const char *health_event_name(enum health_event e);

enum health_action {
    HEALTH_DO_CALIBRATE = 1,        /* board_health.canaries_wanted of them */
    HEALTH_DO_COOL_DOWN = 2,        /* before the timed canary */
    HEALTH_DO_FUNCTIONAL_CANARY = 4,/* at once; only its failure is reported (CANARY_FAILED), the timed one follows */
    HEALTH_DO_TIMED_CANARY = 8,
    HEALTH_DO_RUNG = 16,            /* run board_health.rung, answer ANSWERS or RUNG_FAILED */
    HEALTH_DO_INVALIDATE = 32,      /* requeue all results since canary.last_good_ns */
    HEALTH_DO_NOTIFY = 64,          /* a person should know */
    HEALTH_DO_BACKOFF = 128,        /* nothing until backoff_until_ns */
};

/* The recovery ladder, in order; stop at the first that gives a good functional canary. */
enum recovery_rung {
    RUNG_KILL_JOB,
    RUNG_REOPEN,     /* restart the adapter, reopen the tty */
    RUNG_SOFT_RESET, /* reset by the probe, reboot */
    RUNG_USB_POWER,  /* both companion hubs off 5 s before either goes on; the device node must vanish */
    RUNG_PDU_POWER,  /* off 10 s */
    RUNG_REFLASH,    /* golden firmware or image */
    RUNG_COUNT
};
/* "kill_job", "reopen", …, as in worker.yaml; "?" when it is none. */
const char *recovery_rung_name(enum recovery_rung r);
/* Limit of a rung: 60 s, a reboot 180 s. */
int64_t recovery_rung_limit_ns(enum recovery_rung r);

enum { HEALTH_QUARANTINES_KEPT = 4 };

/* One board. Zeroed is UNKNOWN without any rung; plain data that its owner saves. */
struct board_health {
    enum health_state state;
    unsigned rungs;                 /* bit per recovery_rung the board has configured */
    int64_t backoff_step_ns;        /* first back-off; the next are 3 and 12 times as long. 0: 5 minutes */
    bool draining;
    /* calibration and canaries */
    struct canary_reference reference;
    struct canary_series series;
    struct canary_schedule canary;
    unsigned canaries_wanted;
    uint8_t fingerprint[CANARY_FINGERPRINT];
    /* counters of the guards */
    unsigned invalid_in_row, drift_in_row, failed_in_row, good_in_row;
    struct blame blame;
    /* recovery */
    enum recovery_rung rung;
    unsigned ladder_passes, failed_power_cycles;
    /* quarantine */
    unsigned n_quarantines;         /* ever */
    int64_t quarantine_ns[HEALTH_QUARANTINES_KEPT];
    unsigned failed_probations;     /* of the present quarantine */
    int64_t backoff_until_ns;
    /* link */
    int64_t last_heartbeat_ns;
};

/* Applies one event. job: id of the job it is about (0 none). *ret_actions gets the action bits. -EPROTO: the event makes no sense in this state (the
 * reason names both; the state is unchanged). */
int health_apply(struct board_health *h, enum health_event event, uint64_t job, int64_t now_ns, unsigned *ret_actions,
                 struct sonata_error *err) SONATA_MUST_CHECK;
/* Registration or a new fingerprint: sets it and applies the right event. Nothing happens when a known board comes back unchanged in any state but
 * UNKNOWN. */
int health_announce(struct board_health *h, const uint8_t fingerprint[CANARY_FINGERPRINT], int64_t now_ns, unsigned *ret_actions,
                    struct sonata_error *err) SONATA_MUST_CHECK;
/* A canary's latency (<= 0: it failed): judged against the reference, or added to the calibration; applies what follows. */
int health_canary(struct board_health *h, double latency_us, int64_t now_ns, unsigned *ret_actions, struct sonata_error *err) SONATA_MUST_CHECK;
/* Whether the back-off is over: applies BACKOFF_OVER then. */
int health_tick(struct board_health *h, int64_t now_ns, unsigned *ret_actions, struct sonata_error *err) SONATA_MUST_CHECK;

/* The board was heard of at this monotonic time. */
void health_heartbeat(struct board_health *h, int64_t now_ns);
/* No heartbeat for 6 s: no new jobs. */
bool health_link_suspect(const struct board_health *h, int64_t now_ns);
/* Whether a job may be assigned now. */
bool health_may_work(const struct board_health *h, int64_t now_ns);

/* Adds delta_ns to every time: from one clock to another (a file holds wall-clock times, a running machine monotonic ones). */
void health_shift(struct board_health *h, int64_t delta_ns);

#endif
