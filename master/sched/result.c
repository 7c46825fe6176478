/* The end of a job: its result, or that nobody wants it any more. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "sched/sched_internal.h"

/* What an error class does to a job: which counter it uses and how often it may. */
static uint32_t *blame(struct sched *s, struct job *j, enum outcome outcome, uint32_t *ret_limit)
{
    switch (outcome) {
    case OUTCOME_INVALID:
        *ret_limit = s->config.max_invalid;
        return &j->tries.invalid;
    case OUTCOME_INFRA:
        *ret_limit = s->config.max_infra;
        return &j->tries.infra;
    case OUTCOME_BUG:
        *ret_limit = s->config.max_bug;
        return &j->tries.bug;
    default:
        return NULL;
    }
}

/* A failure: the job is tried again, or given up (an action). */
static enum sched_verdict fail(struct sched *s, int64_t now, struct job *j, const struct sched_board *b, const struct sched_result *result)
{
    if (result->outcome == OUTCOME_CANCELED) { /* the worker gave it up by itself: nobody's fault */
        sched_step(j, JOB_RELEASE);
        queue_push(s, j, true);
        return SCHED_REQUEUED;
    }
    if (result->outcome == OUTCOME_LOST) { /* interrupted: nobody's either */
        j->avoid = b;
        sched_retry(s, now, j, false);
        return SCHED_REQUEUED;
    }
    uint32_t limit, *count = blame(s, j, result->outcome, &limit);
    j->tries.reported++;
    if (!count || ++*count > limit) {
        struct sched_action *act = sched_push_action(s, SCHED_BURY);
        act->job = j->id;
        act->outcome = result->outcome;
        copy_string(act->reason, sizeof act->reason, result->reason);
        sched_step(j, JOB_BURY);
        sched_forget(s, j);
        return SCHED_GIVEN_UP;
    }
    j->avoid = result->outcome == OUTCOME_BUG ? NULL : b;
    sched_retry(s, now, j, result->outcome == OUTCOME_INFRA);
    return SCHED_REQUEUED;
}

int sched_result(struct sched *s, int64_t now, const struct sched_result *result, enum sched_verdict *ret_verdict)
{
    struct attempt *a = map_get(&s->attempts, result->attempt);
    if (!a)
        return -ENOENT;
    if (a->epoch != result->epoch || strcmp(a->board->info.id, result->board))
        return -ESTALE;
    struct job *j = a->job;
    const struct sched_board *b = a->board;
    attempt_close(s, a);
    if (!outcome_is_good(result->outcome)) {
        *ret_verdict = fail(s, now, j, b, result);
        return 0;
    }
    sched_step(j, JOB_FINISH);
    sched_forget(s, j);
    *ret_verdict = SCHED_FINISHED;
    return 0;
}

int sched_finish(struct sched *s, uint64_t job)
{
    struct job *j = map_get(&s->jobs, job);
    if (!j)
        return -ENOENT;
    if (j->attempt)
        attempt_cancel(s, j->attempt, "answered by another attempt");
    sched_step(j, JOB_FINISH);
    sched_forget(s, j);
    return 0;
}

void sched_remove(struct sched *s, uint64_t job, const char *reason)
{
    struct job *j = map_get(&s->jobs, job);
    if (!j)
        return;
    if (j->attempt)
        attempt_cancel(s, j->attempt, reason);
    sched_forget(s, j);
}
