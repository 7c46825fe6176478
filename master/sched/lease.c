/* Attempts: leases, fencing, adoption, back-off. The lease is on the board: its epoch moves only when the board is given a job, so an attempt lost by
 * silence may come back as long as nobody else had the board (the caller compares epochs). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "sched/sched_internal.h"

struct attempt *attempt_open(struct sched *s, int64_t now, uint64_t id, struct job *j, struct sched_board *b, uint32_t epoch)
{
    struct attempt *a = xcalloc(1, sizeof *a);
    *a = (struct attempt){.id = id,
                          .job = j,
                          .board = b,
                          .epoch = epoch,
                          .incarnation = b->worker ? b->worker->incarnation : 0,
                          .assigned_ns = now,
                          .deadline_ns = now + s->config.lease_ns};
    j->attempt = a;
    team_take(a);
    uint32_t at = b->n_slots++;
    for (; at && b->slot[at - 1]->epoch > epoch; at--) /* after a restart they come in any order */
        b->slot[at] = b->slot[at - 1];
    b->slot[at] = a;
    map_set(&s->attempts, id, a);
    sched_due(s, a->deadline_ns);
    return a;
}

void attempt_close(struct sched *s, struct attempt *a)
{
    struct sched_board *b = a->board;
    for (uint32_t i = 0; i < b->n_slots; i++) {
        if (b->slot[i] == a) {
            memmove(&b->slot[i], &b->slot[i + 1], (b->n_slots - i - 1) * sizeof *b->slot);
            b->n_slots--;
            break;
        }
    }
    team_drop(a);
    a->job->attempt = NULL;
    map_remove(&s->attempts, a->id);
    free(a);
}

static struct sched_action *push_attempt_action(struct sched *s, enum sched_action_type type, const struct attempt *a, const char *reason)
{
    struct sched_action *act = sched_push_action(s, type);
    act->attempt = a->id;
    act->job = a->job->id;
    act->epoch = a->board->epoch;
    copy_string(act->board, sizeof act->board, a->board->info.id);
    copy_string(act->worker, sizeof act->worker, a->board->worker ? a->board->worker->name : "");
    copy_string(act->reason, sizeof act->reason, reason);
    return act;
}

void attempt_release(struct sched *s, struct attempt *a)
{
    struct job *j = a->job;
    push_attempt_action(s, SCHED_RELEASE, a, "never reached its board");
    attempt_charge(a, 0); /* no board worked for it */
    attempt_close(s, a);
    sched_step(j, JOB_RELEASE);
    queue_push(s, j, true);
}

void attempt_cancel(struct sched *s, struct attempt *a, const char *reason)
{
    push_attempt_action(s, SCHED_CANCEL, a, reason);
    attempt_close(s, a);
}

void attempt_withdraw(struct sched *s, struct attempt *a, const char *reason)
{
    struct job *j = a->job;
    attempt_charge(a, 0);
    attempt_cancel(s, a, reason);
    sched_step(j, JOB_RELEASE);
    queue_push(s, j, true);
}

/* Silence takes the attempts of a board one by one: only the one it was at when it was last heard counts. */
static bool is_head(const struct attempt *a)
{
    const struct sched_board *b = a->board;
    return b->slot[0] == a && !(b->lost_ns && (!b->worker || b->lost_ns >= b->worker->heard_ns));
}

bool sched_is_head(const struct sched *s, uint64_t attempt)
{
    const struct attempt *a = map_get(&s->attempts, attempt);
    return a && is_head(a);
}

void sched_retry(struct sched *s, int64_t now, struct job *j, bool back_off)
{
    int64_t wait = 0;
    if (back_off && j->tries.infra) {
        uint32_t k = min_of(j->tries.infra - 1, 10);
        wait = s->config.backoff_ns << k;
        wait += (int64_t)(0.5 * rng_uniform(&s->rng) * (double)wait);
    }
    sched_step(j, JOB_RETRY);
    j->wake_ns = now + wait;
    sched_due(s, j->wake_ns);
}

void attempt_lose(struct sched *s, int64_t now, struct attempt *a, const char *why)
{
    struct job *j = a->job;
    struct sched_action *lost = push_attempt_action(s, SCHED_LOST, a, why);
    lost->outcome = OUTCOME_LOST;
    lost->head = is_head(a);
    a->board->lost_ns = lost->head ? now : a->board->lost_ns;
    j->avoid = a->board;
    attempt_close(s, a);
    sched_retry(s, now, j, false);
}

bool sched_is_live(const struct sched *s, uint64_t attempt) { return map_get(&s->attempts, attempt) != NULL; }

bool sched_renew(struct sched *s, int64_t now, const struct sched_running *running)
{
    struct attempt *a = map_get(&s->attempts, running->attempt);
    if (!a || a->epoch != running->epoch || strcmp(a->board->info.id, running->board))
        return false;
    a->deadline_ns = now + s->config.lease_ns;
    a->incarnation = a->board->worker ? a->board->worker->incarnation : a->incarnation;
    copy_string(a->phase, sizeof a->phase, running->phase);
    if (running->started || running->spooled) {
        if (a->job->state == JOB_LEASED)
            sched_step(a->job, JOB_START);
    }
    return true;
}

int sched_adopt(struct sched *s, int64_t now, uint64_t job, uint64_t attempt, uint32_t epoch, const char *board)
{
    struct job *j = map_get(&s->jobs, job);
    struct sched_board *b = sched_find_board(s, board);
    if (!j || !b || !b->worker || map_get(&s->attempts, attempt))
        return -ENOENT;
    if (b->n_slots == SCHED_SLOTS_MAX)
        return -EBUSY;
    if (j->attempt)
        attempt_cancel(s, j->attempt, "an earlier attempt came back");
    queue_remove(s, j);
    sched_step(j, JOB_ADOPT);
    attempt_open(s, now, attempt, j, b, epoch);
    return 0;
}

int sched_restore(struct sched *s, int64_t now, uint64_t job, const struct sched_lease *lease)
{
    struct job *j = map_get(&s->jobs, job);
    struct sched_board *b = sched_find_board(s, lease->board);
    if (!j || !b || j->attempt || b->n_slots == SCHED_SLOTS_MAX)
        return -ENOENT;
    queue_remove(s, j);
    sched_step(j, JOB_LEASE);
    struct attempt *a = attempt_open(s, now, lease->attempt, j, b, lease->epoch);
    a->incarnation = lease->incarnation;
    a->assigned_ns = INT64_MIN / 2;
    a->deadline_ns = now + s->config.lease_ns + s->config.grace_ns;
    return 0;
}
