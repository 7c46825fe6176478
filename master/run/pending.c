/* Individuals that are complete, in the order in which the search core is to be told of them. */
#include "run/pending.h"

#include "base/memory.h"

void pending_settle_measured(struct pending *p)
{
    if (!p->record.measured && p->status == CORE_OK && p->record.n_evaluations)
        p->record.measured = 1;
}

void pending_complete(struct search *rs, struct pending *p)
{
    p->complete = true;
    pending_settle_measured(p);
    if (p->record.told_order) {
        rs->again = xgrow(rs->again, &rs->again_capacity, rs->n_again + 1, sizeof *rs->again);
        rs->again[rs->n_again++] = p->record.id;
        return;
    }
    rs->complete = xgrow(rs->complete, &rs->complete_capacity, rs->n_complete + 1, sizeof *rs->complete);
    rs->complete[rs->n_complete++] = p->record.id;
}

/* The next complete individual that was told before, or NULL. */
struct pending *pending_next_again(struct search *rs)
{
    while (rs->again_at < rs->n_again) {
        struct pending *p = map_get(&rs->pending, rs->again[rs->again_at++]);
        if (p && p->complete && p->record.told_order)
            return p;
    }
    rs->n_again = rs->again_at = 0;
    return NULL;
}

/* The next complete individual in the search's order, or NULL. */
struct pending *pending_next_complete(struct search *rs)
{
    if (rs->proposal_order) {
        struct pending *p = map_get(&rs->pending, rs->next_tell);
        if (!p || !p->complete)
            return NULL;
        rs->next_tell++;
        return p;
    }
    while (rs->complete_at < rs->n_complete) {
        struct pending *p = map_get(&rs->pending, rs->complete[rs->complete_at++]);
        if (p && p->complete && !p->record.told_order) /* it may have been opened again meanwhile */
            return p;
    }
    rs->complete_at = rs->n_complete = 0;
    return NULL;
}
