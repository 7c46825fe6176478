/* The open evaluations in memory, and who waits for each. */
#include "run/evaluation_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct evaluation *evaluation_get(const struct engine *r, uint64_t id) { return map_get(&r->evaluations, id); }

struct evaluation *evaluation_open(struct engine *r, const struct evaluation_record *record)
{
    struct evaluation *e = xcalloc(1, sizeof *e);
    e->record = *record;
    map_set(&r->evaluations, record->id, e);
    return e;
}

void evaluation_free(struct engine *r, struct evaluation *e)
{
    map_remove(&r->evaluations, e->record.id);
    free(e->waiter);
    free(e);
}

void evaluation_wait(struct evaluation *e, struct search *rs, uint64_t individual, uint32_t group)
{
    e->waiter = xgrow(e->waiter, &e->waiter_capacity, e->n_waiters + 1, sizeof *e->waiter);
    e->waiter[e->n_waiters++] = (struct waiter){rs, individual, group};
}

bool evaluation_is_awaited(const struct evaluation *e, const struct search *rs, uint64_t individual, uint32_t group)
{
    for (uint32_t i = 0; i < e->n_waiters; i++) {
        const struct waiter *w = &e->waiter[i];
        if (w->search == rs && w->individual == individual && w->group == group)
            return true;
    }
    return false;
}

struct sched_need evaluation_need(const struct evaluation_record *record)
{
    struct sched_need need = {.n_metrics = record->need.n_metrics};
    copy_string(need.board_type, sizeof need.board_type, record->need.board_type);
    copy_string(need.dataset, sizeof need.dataset, record->dataset);
    memcpy(need.metric, record->need.metric, sizeof need.metric);
    return need;
}

void evaluations_free(struct engine *r)
{
    uint32_t at = 0;
    for (struct evaluation *e; (e = map_next(&r->evaluations, &at));) {
        free(e->waiter);
        free(e);
    }
    map_fini(&r->evaluations);
}
