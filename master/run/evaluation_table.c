/* The open evaluations in memory, and who waits for each. */
#include "run/evaluation_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct evaluations {
    struct map open; /* id → struct evaluation */
    uint64_t next;   /* id of the next new one */
};

struct evaluations *evaluations_new(void) { return xcalloc(1, sizeof(struct evaluations)); }

void evaluations_load(struct engine *r)
{
    uint64_t next = store_counter(r->store, "next_evaluation");
    r->evaluations->next = next ? next : 1;
}

uint64_t evaluations_new_id(struct engine *r)
{
    uint64_t id = r->evaluations->next++;
    store_set_counter(r->store, "next_evaluation", r->evaluations->next);
    return id;
}

struct evaluation *evaluation_get(const struct engine *r, uint64_t id) { return map_get(&r->evaluations->open, id); }

struct evaluation *evaluation_open(struct engine *r, const struct evaluation_record *record)
{
    struct evaluation *e = xcalloc(1, sizeof *e);
    e->record = *record;
    map_set(&r->evaluations->open, record->id, e);
    return e;
}

void evaluation_free(struct engine *r, struct evaluation *e)
{
    map_remove(&r->evaluations->open, e->record.id);
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

void evaluations_free(struct evaluations *t)
{
    if (!t)
        return;
    uint32_t at = 0;
    for (struct evaluation *e; (e = map_next(&t->open, &at));) {
        free(e->waiter);
        free(e);
    }
    map_fini(&t->open);
    free(t);
}

bool evaluation_is_further(const struct evaluation *e) { return e->record.reopened == REOPENED_FURTHER && e->record.accepted; }
