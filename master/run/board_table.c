/* Boards of which there is something to remember, and what they may be used for, which follows from their health, orders and quarantine. */
#include "run/board_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

struct boards {
    struct map by_name; /* hash of the name → struct watched */
};

struct boards *boards_new(void) { return xcalloc(1, sizeof(struct boards)); }

void boards_free(struct boards *b)
{
    if (!b)
        return;
    map_fini_free(&b->by_name);
    free(b);
}

struct watched *watched_find(const struct engine *r, const char *board)
{
    struct watched *w = map_get(&r->boards->by_name, hash64_text(board));
    return w && !strcmp(w->record.name, board) ? w : NULL;
}

/* Names of known boards have different hashes (sched refuses others). */
struct watched *watched_get(struct engine *r, const char *board)
{
    struct watched *w = watched_find(r, board);
    if (w)
        return w;
    w = xcalloc(1, sizeof *w);
    copy_string(w->record.name, sizeof w->record.name, board);
    map_set(&r->boards->by_name, hash64_text(board), w);
    return w;
}

struct watched *watched_next(const struct engine *r, uint32_t *at) { return map_next(&r->boards->by_name, at); }

void watched_forget(struct engine *r, struct watched *w)
{
    store_erase(r->store, STORE_BOARD_HEALTH, key_text(w->record.name));
    map_remove(&r->boards->by_name, hash64_text(w->record.name));
    free(w);
}

void watched_put(struct engine *r, const struct watched *w)
{
    cleanup_bytes struct bytes b = {0};
    board_health_record_encode(&w->record, &b);
    store_put(r->store, STORE_BOARD_HEALTH, key_text(w->record.name), b.data, b.size);
}

bool watched_has_canary(const struct watched *w) { return w && w->record.canaries; }

bool board_order_stands(enum board_order o) { return o == BOARD_ORDER_DRAIN || o == BOARD_ORDER_RETIRE; }

void watched_apply_use(struct engine *r, const struct watched *w)
{
    const struct board_health_record *h = &w->record;
    bool stopped = board_order_stands(h->order) || h->order == BOARD_ORDER_QUARANTINE || w->hold_until_ns;
    enum sched_use use = h->probation ? SCHED_USE_ONE : SCHED_USE_FULLY;
    (void)!sched_use_board(r->sched, h->name, stopped ? SCHED_USE_NOT : use);
}
