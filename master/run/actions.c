/* What the scheduler decided becomes records: attempts are given out, lost, released, canceled; jobs are given up. */
#include "run/actions.h"

#include <string.h>

#include "base/memory.h"
#include "run/board_health.h"
#include "run/evaluation.h"
#include "run/evaluation_table.h"
#include "run/note.h"
#include "run/outgoing.h"
#include "run/records.h"
#include "run/suspect.h"

/* Every try and every further measurement has its own simulated noise, the same whenever it is begun again. */
static uint64_t noise_of_try(const struct evaluation_record *e)
{
    return e->noise_seed + UINT64_C(0x9e3779b97f4a7c15) * e->tries.reported + UINT64_C(0xd1b54a32d192ed03) * e->answers;
}

static struct evaluation_job job_of(const struct engine *r, const struct sched_action *act, const struct evaluation_record *e)
{
    struct evaluation_job job = {.attempt = act->attempt,
                                 .epoch = act->epoch,
                                 .genotype = e->genotype,
                                 .n_genes = e->n_genes,
                                 .n_metrics = e->need.n_metrics,
                                 .lease_ns = r->config.sched.lease_ns,
                                 .time_limit_ns = r->config.time_limit_ns,
                                 .noise_seed = noise_of_try(e)};
    copy_string(job.board, sizeof job.board, act->board);
    copy_string(job.supernet, sizeof job.supernet, e->supernet);
    copy_string(job.dataset, sizeof job.dataset, e->dataset);
    copy_string(job.tier, sizeof job.tier, e->tier);
    memcpy(job.space_hash, e->space_hash, sizeof job.space_hash);
    memcpy(job.supernet_hash, e->supernet_hash, sizeof job.supernet_hash);
    memcpy(job.artefact, e->artefact, sizeof job.artefact);
    job.run = e->run;
    memcpy(job.metric, e->need.metric, sizeof job.metric);
    return job;
}

static void apply_assign(struct engine *r, const struct sched_action *act)
{
    struct evaluation *e = evaluation_get(r, act->job);
    if (!e)
        return;
    struct attempt_record a = {.id = act->attempt,
                               .evaluation = act->job,
                               .incarnation = act->incarnation,
                               .epoch = act->epoch,
                               .state = ATTEMPT_LIVE,
                               .assigned_wall_ns = r->wall};
    copy_string(a.board, sizeof a.board, act->board);
    copy_string(a.worker, sizeof a.worker, act->worker);
    attempt_put(r, &a);
    store_set_counter(r->store, "next_attempt", sched_next_attempt(r->sched));
    struct board_record board;
    board_load(r, act->board, &board);
    board.epoch = act->epoch;
    board_put(r, &board);
    e->record.live = act->attempt;
    evaluation_put(r, &e->record);
    struct evaluation_job job = job_of(r, act, &e->record);
    outgoing_assign(r, act->worker, &job);
}

/* An attempt ended without a result. */
static void close_attempt(struct engine *r, const struct sched_action *act, enum attempt_state state)
{
    struct attempt_record a;
    if (attempt_load(r, act->attempt, &a) || a.state != ATTEMPT_LIVE)
        return;
    a.state = state;
    a.lost_epoch = act->epoch;
    a.closed_wall_ns = r->wall;
    attempt_put(r, &a);
    struct evaluation *e = evaluation_get(r, a.evaluation);
    if (!e)
        return;
    if (e->record.live == a.id)
        e->record.live = 0;
    if (sched_has_job(r->sched, a.evaluation))
        evaluation_take_tries(r, &e->record);
    evaluation_put(r, &e->record);
    if (state != ATTEMPT_LOST)
        return;
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, true, "attempt lost", "attempt=%llu board=%s worker=%s %s reason=\"%s\"", (unsigned long long)a.id, a.board, a.worker,
                evaluation_fields(r, a.evaluation, fields), act->reason);
    if (!act->head)
        return;
    boards_outcome(r, a.board, a.evaluation, OUTCOME_LOST, act->reason);
    suspect_add(r, &a, r->wall, false);
}

static void apply_bury(struct engine *r, const struct sched_action *act)
{
    struct evaluation *e = evaluation_get(r, act->job);
    if (!e)
        return;
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, true, "evaluation given up", "%s class=%s reason=\"%s\"", evaluation_fields(r, act->job, fields), outcome_name(act->outcome),
                act->reason);
    enum evaluation_state standing = evaluation_standing(r, &e->record);
    if (standing != EVALUATION_CANCELED) { /* measured again in vain: what was known stands */
        e->record.cause = OUTCOME_OK;
        evaluation_close(r, e, standing, "");
        return;
    }
    e->record.cause = act->outcome;
    evaluation_close(r, e, EVALUATION_FAILED, act->reason);
}

void actions_apply(struct engine *r)
{
    struct sched_action act;
    while (sched_next_action(r->sched, &act)) {
        switch (act.type) {
        case SCHED_ASSIGN:
            apply_assign(r, &act);
            break;
        case SCHED_LOST:
            close_attempt(r, &act, ATTEMPT_LOST);
            break;
        case SCHED_RELEASE:
            close_attempt(r, &act, ATTEMPT_RELEASED);
            break;
        case SCHED_CANCEL:
            close_attempt(r, &act, ATTEMPT_CANCELED);
            outgoing_cancel(r, act.worker, act.attempt, act.reason);
            break;
        case SCHED_BURY:
            apply_bury(r, &act);
            break;
        case SCHED_LINK:
            engine_note(r, strcmp(act.reason, "online") != 0, "worker link", "worker=%s link=%s", act.worker, act.reason);
            break;
        }
    }
}
