/* Waiting jobs of one owner with one need, first in first out. A queue for a board type that is down never blocks the others. */
#include <string.h>

#include "base/memory.h"
#include "sched/sched_internal.h"

static bool same_need(const struct sched_need *a, const struct sched_need *b)
{
    if (strcmp(a->board_type, b->board_type) || strcmp(a->dataset, b->dataset) || a->n_metrics != b->n_metrics)
        return false;
    for (uint32_t i = 0; i < a->n_metrics; i++) {
        if (strcmp(a->metric[i], b->metric[i]))
            return false;
    }
    return true;
}

/* An unused queue (no jobs) is taken over, so the table is bounded by the owners and needs alive together. */
struct queue *queue_for(struct sched *s, uint64_t owner, const struct sched_need *need)
{
    struct owner *o = owner_get(s, owner);
    struct queue *unused = NULL;
    for (uint32_t i = 0; i < s->n_queues; i++) {
        struct queue *q = s->queue[i];
        if (q->owner == o && same_need(&q->need, need))
            return q;
        if (!q->n_jobs)
            unused = q;
    }
    if (!unused) {
        unused = xcalloc(1, sizeof *unused);
        s->queue = xgrow(s->queue, &s->queue_capacity, s->n_queues + 1, sizeof *s->queue);
        s->queue[s->n_queues++] = unused;
    }
    *unused = (struct queue){.owner = o, .need = *need};
    return unused;
}

void queue_push(struct sched *s, struct job *j, bool front)
{
    struct queue *q = j->queue;
    j->next = front ? q->head : NULL;
    j->previous = front ? NULL : q->tail;
    if (j->next)
        j->next->previous = j;
    else
        q->tail = j;
    if (j->previous)
        j->previous->next = j;
    else
        q->head = j;
    q->n_ready++;
    s->n_ready++;
}

void queue_remove(struct sched *s, struct job *j)
{
    struct queue *q = j->queue;
    if (q->head != j && !j->previous)
        return; /* not waiting */
    if (j->previous)
        j->previous->next = j->next;
    else
        q->head = j->next;
    if (j->next)
        j->next->previous = j->previous;
    else
        q->tail = j->previous;
    j->next = j->previous = NULL;
    q->n_ready--;
    s->n_ready--;
}

void sched_shuffle(struct sched *s, uint64_t job)
{
    struct job *j = map_get(&s->jobs, job);
    if (!j || (j->queue->head != j && !j->previous))
        return; /* not waiting */
    queue_remove(s, j);
    struct queue *q = j->queue;
    struct job *after = q->head;
    for (uint32_t place = q->n_ready ? 1 + rng_below(&s->rng, q->n_ready) : 0; after && place; place--)
        after = after->next;
    if (!after) {
        queue_push(s, j, false);
        return;
    }
    j->previous = after->previous;
    j->next = after;
    after->previous->next = j;
    after->previous = j;
    q->n_ready++;
    s->n_ready++;
}
