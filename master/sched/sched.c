/* See sched.h. This file: configuration, actions, the job table. board.c: workers and boards; lease.c: attempts and time; match.c: who gets what. */
#include "sched/sched.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/time.h"
#include "sched/sched_internal.h"

struct sched_config sched_config_default(void)
{
    return (struct sched_config){.heartbeat_ns = 2 * SONATA_SECOND,
                                 .suspect_ns = 6 * SONATA_SECOND,
                                 .offline_ns = 15 * SONATA_SECOND,
                                 .lease_ns = 30 * SONATA_SECOND,
                                 .grace_ns = 60 * SONATA_SECOND,
                                 .backoff_ns = 5 * SONATA_SECOND,
                                 .max_infra = 3,
                                 .max_invalid = 3,
                                 .max_bug = 1,
                                 .prefetch = 1,
                                 .seed = 1};
}

int sched_config_check(const struct sched_config *c, struct sonata_error *err)
{
    if (c->heartbeat_ns < SONATA_MS || c->suspect_ns <= c->heartbeat_ns || c->offline_ns <= c->suspect_ns || c->lease_ns < c->offline_ns)
        return sonata_error_set(err, -EINVAL, "times must be ordered: heartbeat < suspect < offline <= lease");
    if (c->lease_ns > SONATA_DAY || c->grace_ns < 0 || c->grace_ns > SONATA_DAY)
        return sonata_error_set(err, -EINVAL, "lease and grace are at most a day");
    if (c->backoff_ns < 0 || c->backoff_ns > 3600 * SONATA_SECOND)
        return sonata_error_set(err, -EINVAL, "back-off is 0 to 1 hour");
    if (c->prefetch >= SCHED_SLOTS_MAX)
        return sonata_error_set(err, -EINVAL, "prefetch is 0 to %d", SCHED_SLOTS_MAX - 1);
    return 0;
}

struct sched *sched_new(const struct sched_config *config)
{
    struct sched *s = xcalloc(1, sizeof *s);
    s->config = *config;
    s->rng = rng_seeded(config->seed, 0);
    s->next_attempt = 1;
    s->next_deadline_ns = INT64_MAX;
    return s;
}

void sched_free(struct sched *s)
{
    if (!s)
        return;
    uint32_t at = 0;
    for (void *p; (p = map_next(&s->jobs, &at));)
        free(p);
    at = 0;
    for (void *p; (p = map_next(&s->attempts, &at));)
        free(p);
    for (uint32_t i = 0; i < s->n_workers; i++) {
        free(s->worker[i]->board);
        free(s->worker[i]);
    }
    for (uint32_t i = 0; i < s->n_boards; i++)
        free(s->board[i]);
    for (uint32_t i = 0; i < s->n_queues; i++)
        free(s->queue[i]);
    map_fini(&s->jobs);
    map_fini(&s->attempts);
    map_fini(&s->board_by_name);
    map_fini(&s->worker_by_name);
    shares_free(s);
    free(s->worker);
    free(s->board);
    free(s->queue);
    free(s->action);
    free(s);
}

struct sched_action *sched_push_action(struct sched *s, enum sched_action_type type)
{
    s->action = xgrow(s->action, &s->action_capacity, s->n_actions + 1, sizeof *s->action);
    struct sched_action *a = &s->action[s->n_actions++];
    *a = (struct sched_action){.type = type};
    return a;
}

bool sched_next_action(struct sched *s, struct sched_action *ret_action)
{
    if (s->action_at == s->n_actions) {
        s->action_at = s->n_actions = 0;
        return false;
    }
    *ret_action = s->action[s->action_at++];
    return true;
}

void sched_step(struct job *j, enum job_event event)
{
    int r = job_next(j->state, event, &j->state, NULL);
    assert(!r);
    (void)r;
}

void sched_due(struct sched *s, int64_t when_ns)
{
    if (when_ns < s->next_deadline_ns)
        s->next_deadline_ns = when_ns;
}

int sched_add(struct sched *s, uint64_t job, uint64_t owner, const struct sched_need *need, const struct sched_tries *tries)
{
    if (map_get(&s->jobs, job))
        return -EEXIST;
    struct job *j = xcalloc(1, sizeof *j);
    j->id = job;
    j->tries = *tries;
    j->avoid = tries->avoid[0] ? sched_find_board(s, tries->avoid) : NULL;
    j->queue = queue_for(s, owner, need);
    j->queue->n_jobs++;
    owner_job_added(s, j->queue->owner);
    map_set(&s->jobs, job, j);
    sched_step(j, JOB_ADMIT);
    queue_push(s, j, false);
    return 0;
}

/* Out of every list and table. */
void sched_forget(struct sched *s, struct job *j)
{
    if (j->attempt)
        attempt_close(s, j->attempt);
    queue_remove(s, j);
    j->queue->n_jobs--;
    owner_job_removed(s, j->queue->owner);
    map_remove(&s->jobs, j->id);
    free(j);
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

bool sched_has_job(const struct sched *s, uint64_t job)
{
    return map_get(&s->jobs, job) != NULL;
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

struct sched_tries sched_tries(const struct sched *s, uint64_t job)
{
    const struct job *j = map_get(&s->jobs, job);
    struct sched_tries tries = j ? j->tries : (struct sched_tries){0};
    copy_string(tries.avoid, sizeof tries.avoid, j && j->avoid ? j->avoid->info.id : "");
    return tries;
}

uint32_t sched_job_count(const struct sched *s)
{
    return s->jobs.count;
}

void sched_set_next_attempt(struct sched *s, uint64_t next)
{
    s->next_attempt = next;
}

uint64_t sched_generation(const struct sched *s)
{
    return s->generation;
}

uint64_t sched_next_attempt(const struct sched *s)
{
    return s->next_attempt;
}

/* What an error class does to a job (MEASUREMENT error classes): which counter it uses and how often it may. */
static uint32_t *blame(struct sched *s, struct job *j, enum outcome outcome, uint32_t *ret_limit)
{
    switch (outcome) {
    case OUTCOME_INVALID:
        *ret_limit = s->config.max_invalid;
        return &j->tries.invalid;
    case OUTCOME_INFRA:
    case OUTCOME_LOST:
        *ret_limit = s->config.max_infra;
        return &j->tries.infra;
    case OUTCOME_BUG:
        *ret_limit = s->config.max_bug;
        return &j->tries.bug;
    default:
        return NULL;
    }
}

int sched_result(struct sched *s, int64_t now, uint64_t attempt, uint32_t epoch, const char *board, enum outcome outcome, const char *reason,
                 enum sched_verdict *ret_verdict, uint64_t *ret_job)
{
    struct attempt *a = map_get(&s->attempts, attempt);
    if (!a)
        return -ENOENT;
    if (a->epoch != epoch || strcmp(a->board->info.id, board))
        return -ESTALE;
    struct job *j = a->job;
    const struct board *b = a->board;
    *ret_job = j->id;
    attempt_close(s, a);
    if (outcome == OUTCOME_OK || outcome == OUTCOME_INFEASIBLE) {
        sched_step(j, JOB_FINISH);
        sched_forget(s, j);
        *ret_verdict = SCHED_FINISHED;
        return 0;
    }
    uint32_t limit, *count = blame(s, j, outcome, &limit);
    if (outcome == OUTCOME_CANCELED) { /* the worker gave it up by itself: nobody's fault */
        sched_step(j, JOB_RELEASE);
        queue_push(s, j, true);
        *ret_verdict = SCHED_REQUEUED;
        return 0;
    }
    j->tries.reported++;
    if (!count || ++*count > limit) {
        struct sched_action *act = sched_push_action(s, SCHED_BURY);
        act->job = j->id;
        act->outcome = outcome;
        copy_string(act->reason, sizeof act->reason, reason);
        sched_step(j, JOB_BURY);
        sched_forget(s, j);
        *ret_verdict = SCHED_GIVEN_UP;
        return 0;
    }
    j->avoid = outcome == OUTCOME_BUG ? NULL : b;
    sched_retry(s, now, j, outcome == OUTCOME_INFRA);
    *ret_verdict = SCHED_REQUEUED;
    return 0;
}
