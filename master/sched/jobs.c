/* The table of jobs: admitted, moved between owners, forgotten. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "sched/sched_internal.h"

void sched_step(struct job *j, enum job_event event)
{
    int r = job_next(j->state, event, &j->state, NULL);
    assert(!r);
    (void)r;
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
    assert(!j->attempt);
    queue_remove(s, j);
    j->queue->n_jobs--;
    owner_job_removed(j->queue->owner);
    map_remove(&s->jobs, j->id);
    free(j);
}

bool sched_has_job(const struct sched *s, uint64_t job) { return map_get(&s->jobs, job) != NULL; }

struct sched_tries sched_tries(const struct sched *s, uint64_t job)
{
    const struct job *j = map_get(&s->jobs, job);
    struct sched_tries tries = j ? j->tries : (struct sched_tries){0};
    copy_string(tries.avoid, sizeof tries.avoid, j && j->avoid ? j->avoid->info.id : "");
    return tries;
}

uint32_t sched_job_count(const struct sched *s) { return s->jobs.count; }

void sched_set_owner(struct sched *s, uint64_t job, uint64_t owner)
{
    struct job *j = map_get(&s->jobs, job);
    if (!j || j->queue->owner->share.id == owner)
        return;
    bool waiting = j->state == JOB_READY;
    queue_remove(s, j);
    j->queue->n_jobs--;
    owner_job_removed(j->queue->owner);
    struct sched_need need = j->queue->need;
    j->queue = queue_for(s, owner, &need);
    j->queue->n_jobs++;
    owner_job_added(s, j->queue->owner);
    if (waiting)
        queue_push(s, j, false);
    if (j->attempt)
        teams_count_again(s);
}
