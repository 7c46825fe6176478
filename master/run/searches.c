/* The table of searches in order of id: every one there is, finished or not. */
#include "run/searches.h"

#include <stdlib.h>

#include "base/memory.h"

struct searches {
    struct search **search;
    uint32_t n;
    size_t capacity;
    struct map by_id;
    uint64_t next; /* id of the next new one */
};

struct searches *searches_new(void) { return xcalloc(1, sizeof(struct searches)); }

void searches_free(struct searches *t)
{
    if (!t)
        return;
    map_fini(&t->by_id);
    free(t->search);
    free(t);
}

void searches_load(struct engine *r)
{
    uint64_t next = store_counter(r->store, "next_search");
    r->searches->next = next ? next : 1;
}

uint64_t searches_new_id(struct engine *r)
{
    uint64_t id = r->searches->next++;
    store_set_counter(r->store, "next_search", r->searches->next);
    return id;
}

void searches_add(struct engine *r, struct search *rs)
{
    struct searches *t = r->searches;
    t->search = xgrow(t->search, &t->capacity, t->n + 1, sizeof *t->search);
    t->search[t->n++] = rs;
    map_set(&t->by_id, rs->record.id, rs);
}

struct search *searches_get(const struct engine *r, uint64_t id) { return map_get(&r->searches->by_id, id); }

uint32_t searches_count(const struct engine *r) { return r->searches->n; }

struct search *searches_at(const struct engine *r, uint32_t index) { return r->searches->search[index]; }
