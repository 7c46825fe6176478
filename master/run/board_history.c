/* The history of boards: events that their workers told, and what the master itself did with them. The newest are kept. */
#include "run/board_history.h"

#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "run/board_table.h"

static struct store_key event_key(const char *board, int64_t wall_ns, const char *worker, uint64_t sequence)
{
    cleanup_bytes struct bytes b = {0};
    bytes_put_string(&b, worker);
    bytes_put_u64(&b, sequence);
    return key_u64_triple(hash64_text(board), (uint64_t)wall_ns, hash64(b.data, b.size));
}

struct oldest {
    struct engine *engine;
    const char *board;
    bool erased;
};

static bool erase_oldest(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct oldest *o = user;
    struct board_event_record e;
    cleanup_bytes struct bytes b = {0};
    struct store_key k = key_bytes(key, n_key);
    if (board_event_record_decode(value, n_value, &e) || strcmp(e.event.board, o->board) || store_get(o->engine->store, STORE_BOARD_EVENT, k, &b))
        return true; /* another board of the same hash, or erased in this turn already */
    store_erase(o->engine->store, STORE_BOARD_EVENT, k);
    o->erased = true;
    return false;
}

static bool board_had_a_job(struct engine *r, const char *board)
{
    cleanup_bytes struct bytes b = {0};
    struct board_record record;
    return store_get(r->store, STORE_BOARD, key_text(board), &b) || board_record_decode(b.data, b.size, &record) || record.epoch;
}

void board_history_put(struct engine *r, struct watched *w, const char *worker, const struct board_event *event)
{
    cleanup_bytes struct bytes b = {0};
    struct board_event_record e = {.event = *event, .stored_wall_ns = r->wall};
    struct store_key key = event_key(event->board, event->wall_ns, worker, event->sequence);
    copy_string(e.worker, sizeof e.worker, worker);
    board_event_record_encode(&e, &b);
    store_put(r->store, STORE_BOARD_EVENT, key, b.data, b.size);
    struct oldest o = {.engine = r, .board = event->board};
    uint32_t kept = board_had_a_job(r, event->board) ? BOARD_EVENTS_KEPT : BOARD_EVENTS_KEPT_NEW;
    if (w->record.n_events >= kept && store_scan(r->store, STORE_BOARD_EVENT, key_u64(hash64_text(event->board)), 8, erase_oldest, &o))
        o.erased = false;
    w->record.n_events += !o.erased;
}

struct forgetting {
    struct engine *engine;
    const char *board;
    bool erase;
    uint32_t n;
};

static bool forget_event(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct forgetting *f = user;
    struct board_event_record e;
    if (board_event_record_decode(value, n_value, &e) || strcmp(e.event.board, f->board))
        return true;
    f->n++;
    if (f->erase)
        store_erase(f->engine->store, STORE_BOARD_EVENT, key_bytes(key, n_key));
    return true;
}

bool board_history_forget(struct engine *r, const struct watched *w)
{
    struct forgetting f = {.engine = r, .board = w->record.name};
    for (int pass = 0; pass < 2; pass++) {
        f.n = 0;
        f.erase = pass;
        if (store_scan(r->store, STORE_BOARD_EVENT, key_u64(hash64_text(f.board)), 8, forget_event, &f) || f.n != w->record.n_events)
            return false;
    }
    return true;
}

/* What the master itself did, for the history. */
void board_history_add(struct engine *r, struct watched *w, const char *kind, const char *text)
{
    struct board_event e = {.sequence = ++w->record.n_own, .wall_ns = r->wall > 0 ? r->wall : 0};
    copy_string(e.board, sizeof e.board, w->record.name);
    copy_string(e.kind, sizeof e.kind, kind);
    copy_string(e.state, sizeof e.state, w->record.state);
    copy_string(e.text, sizeof e.text, text);
    board_history_put(r, w, "", &e);
}

bool board_history_has(struct engine *r, const char *worker, const struct board_event *e)
{
    cleanup_bytes struct bytes b = {0};
    return !store_get(r->store, STORE_BOARD_EVENT, event_key(e->board, e->wall_ns, worker, e->sequence), &b);
}

struct listing {
    const char *board;
    struct engine_page *page;
    uint32_t left;
    bool (*each)(void *user, const struct board_event_record *e);
};

static bool list_event(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct listing *l = user;
    struct board_event_record e;
    if (board_event_record_decode(value, n_value, &e) || strcmp(e.event.board, l->board) || n_key != 8 + ENGINE_CURSOR_SIZE)
        return true; /* a damaged one is for --check to tell */
    if (!l->left || !l->each(l->page->user, &e)) {
        l->page->more = true;
        return false;
    }
    l->left--;
    memcpy(l->page->next, key + 8, ENGINE_CURSOR_SIZE);
    return true;
}

int engine_board_history(struct engine *r, const char *board, struct engine_page *page, bool (*each)(void *user, const struct board_event_record *e))
{
    struct listing l = {.board = board, .page = page, .left = page->max, .each = each};
    struct store_key before = key_u64(hash64_text(board));
    page->more = false;
    before.n = 8 + ENGINE_CURSOR_SIZE;
    if (page->from)
        memcpy(before.bytes + 8, page->from, ENGINE_CURSOR_SIZE);
    else
        memset(before.bytes + 8, 0xff, ENGINE_CURSOR_SIZE);
    return store_scan_back(r->store, STORE_BOARD_EVENT, before, 8, list_event, &l);
}
