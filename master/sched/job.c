/* See job.h. */
#include "sched/job.h"

#include <errno.h>

enum { NO = -1 };

static const signed char next_state[JOB_STATE_COUNT][JOB_EVENT_COUNT] = {
    /*               ADMIT      LEASE       START        FINISH    RETRY        RELEASE    WAKE       ADOPT        BURY */
    [JOB_NEW] = {JOB_READY, NO, NO, NO, NO, NO, NO, NO, JOB_BURIED},
    [JOB_READY] = {NO, JOB_LEASED, NO, JOB_DONE, JOB_DELAYED, NO, NO, JOB_RUNNING, JOB_BURIED},
    [JOB_LEASED] = {NO, NO, JOB_RUNNING, JOB_DONE, JOB_DELAYED, JOB_READY, NO, JOB_RUNNING, JOB_BURIED},
    [JOB_RUNNING] = {NO, NO, JOB_RUNNING, JOB_DONE, JOB_DELAYED, JOB_READY, NO, JOB_RUNNING, JOB_BURIED},
    [JOB_DELAYED] = {NO, NO, NO, JOB_DONE, JOB_DELAYED, NO, JOB_READY, JOB_RUNNING, JOB_BURIED},
    [JOB_DONE] = {NO, NO, NO, NO, NO, NO, NO, NO, NO},
    [JOB_BURIED] = {NO, NO, NO, NO, NO, NO, NO, NO, NO},
};

const char *job_state_name(enum job_state s)
{
    static const char *const name[JOB_STATE_COUNT] = {"new", "ready", "leased", "running", "delayed", "done", "buried"};
    return (unsigned)s < JOB_STATE_COUNT ? name[s] : "?";
}

const char *job_event_name(enum job_event e)
{
    static const char *const name[JOB_EVENT_COUNT] = {"admit", "lease", "start", "finish", "retry", "release", "wake", "adopt", "bury"};
    return (unsigned)e < JOB_EVENT_COUNT ? name[e] : "?";
}

int job_next(enum job_state state, enum job_event event, enum job_state *ret_next, struct sonata_error *err)
{
    if ((unsigned)state >= JOB_STATE_COUNT || (unsigned)event >= JOB_EVENT_COUNT || next_state[state][event] == NO)
        return sonata_error_set(err, -EINVAL, "a job that is %s does not take the event %s", job_state_name(state), job_event_name(event));
    *ret_next = (enum job_state)next_state[state][event];
    return 0;
}
