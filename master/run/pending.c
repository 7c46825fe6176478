/* Individuals without a result that was told, and the order in which the search core is told of complete ones. */
#include "run/pending.h"

#include <stdlib.h>

#include "base/memory.h"
#include "run/values.h"

/* Ids in order of completion. One that was opened again meanwhile, or dropped, is passed over when its turn comes. */
struct line {
    uint64_t *id;
    size_t n, at, capacity;
};

struct pending_list {
    struct map by_id; /* → struct pending */
    struct line complete, again;
    uint64_t next; /* order of proposals: id to be told next */
    uint32_t n_again, n_screening;
};

struct pending_list *pending_new(void) { return xcalloc(1, sizeof(struct pending_list)); }

static void free_all(struct pending_list *l) { map_fini_free(&l->by_id); }

void pending_free(struct pending_list *l)
{
    if (!l)
        return;
    free_all(l);
    free(l->complete.id);
    free(l->again.id);
    free(l);
}

void pending_clear(struct search *rs)
{
    struct pending_list *l = rs->pending;
    free_all(l);
    l->complete.n = l->complete.at = 0;
    l->again.n = l->again.at = 0;
    l->n_again = l->n_screening = 0;
}

struct pending *pending_find(const struct search *rs, uint64_t id) { return map_get(&rs->pending->by_id, id); }

struct pending *pending_next(const struct search *rs, uint32_t *at) { return map_next(&rs->pending->by_id, at); }

uint32_t pending_again(const struct search *rs) { return rs->pending->n_again; }

uint32_t pending_screening(const struct search *rs) { return rs->pending->n_screening; }

void pending_ask(struct search *rs, struct pending *p, uint32_t groups)
{
    rs->pending->n_screening -= individual_is_screening(rs, &p->record);
    p->record.asked = groups;
    rs->pending->n_screening += individual_is_screening(rs, &p->record);
}

bool pending_again_is_complete(const struct search *rs) { return rs->pending->again.at < rs->pending->again.n; }

void pending_add(struct search *rs, struct pending *p)
{
    p->again = p->record.told_order > 0;
    rs->pending->n_again += p->again;
    rs->pending->n_screening += individual_is_screening(rs, &p->record);
    map_set(&rs->pending->by_id, p->record.id, p);
}

static struct pending *take(struct search *rs, struct pending *p)
{
    rs->pending->n_again -= p->again;
    rs->pending->n_screening -= individual_is_screening(rs, &p->record);
    return map_remove(&rs->pending->by_id, p->record.id);
}

void pending_settle_measured(struct pending *p)
{
    if (!p->record.measured && p->status == CORE_OK && p->record.n_evaluations)
        p->record.measured = 1;
}

void pending_complete(struct search *rs, struct pending *p)
{
    struct line *line = p->again ? &rs->pending->again : &rs->pending->complete;
    p->complete = true;
    pending_settle_measured(p);
    line->id = xgrow(line->id, &line->capacity, line->n + 1, sizeof *line->id);
    line->id[line->n++] = p->record.id;
}

static struct pending *take_first(struct search *rs, struct line *line)
{
    while (line->at < line->n) {
        struct pending *p = pending_find(rs, line->id[line->at++]);
        if (p && p->complete && p->again == (line == &rs->pending->again))
            return take(rs, p);
    }
    line->n = line->at = 0;
    return NULL;
}

struct pending *pending_take_again(struct search *rs) { return take_first(rs, &rs->pending->again); }

void pending_tell_from(struct search *rs, uint64_t id) { rs->pending->next = id; }

struct pending *pending_take_complete(struct search *rs)
{
    if (!rs->proposal_order)
        return take_first(rs, &rs->pending->complete);
    struct pending *p = pending_find(rs, rs->pending->next);
    if (!p || !p->complete)
        return NULL;
    rs->pending->next++;
    return take(rs, p);
}
