/* The life of a job (one evaluation that waits for a measurement) as one table; drawn in docs/PROTOCOL.md. Pure. */
#ifndef SONATA_SCHED_JOB_H
#define SONATA_SCHED_JOB_H

#include "base/error.h"

enum job_state {
    JOB_NEW,
    JOB_READY,   /* waits for a board */
    JOB_LEASED,  /* a board has it, not started */
    JOB_RUNNING, /* being measured */
    JOB_DELAYED, /* waits until its back-off ends */
    JOB_DONE,    /* answered: ok or infeasible */
    JOB_BURIED,  /* given up or canceled */
    JOB_STATE_COUNT
};

enum job_event {
    JOB_ADMIT,   /* known to the scheduler */
    JOB_LEASE,   /* given to a board */
    JOB_START,   /* its board began */
    JOB_FINISH,  /* a result answered it; also a late one while it waits */
    JOB_RETRY,   /* the attempt failed or was lost; try again later */
    JOB_RELEASE, /* the attempt ended without blame; try again at once */
    JOB_WAKE,    /* the back-off is over */
    JOB_ADOPT,   /* a worker came back with an attempt that was thought lost */
    JOB_BURY,    /* no more tries, or canceled */
    JOB_EVENT_COUNT
};

/* "ready", …; "?" outside the enum. */
const char *job_state_name(enum job_state s);
/* "lease", …; "?" outside the enum. */
const char *job_event_name(enum job_event e);
/* Where the event leads. -EINVAL (both names in err) when it is not allowed in that state. */
int job_next(enum job_state state, enum job_event event, enum job_state *ret_next, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
