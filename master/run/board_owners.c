/* See board_owners.h. The owner is in the record of the board, from the first hello that brings it with a key; it ends when an admin lets the board
 * go, and with the board. So nobody takes over what another's board is said to have measured, also while its worker is away and after a restart. */
#include "run/board_owners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "run/board_history.h"
#include "run/board_table.h"
#include "run/note.h"
#include "run/records.h"

#define LOOK_NS (60 * SONATA_SECOND)
#define START_NS (3600 * SONATA_SECOND) /* by then workers have come back */
enum { PER_KEY = 4096, LOOKS = 1000 /* boards a time */ };

struct board_owners {
    struct map count; /* hash of a key → how many boards it has */
    int64_t due_ns;
    uint32_t at; /* where the next look begins */
};

struct board_owners *board_owners_new(void) { return xcalloc(1, sizeof(struct board_owners)); }

void board_owners_free(struct board_owners *o)
{
    if (o)
        map_fini(&o->count);
    free(o);
}

static uintptr_t count_of(const struct engine *r, const char *key) { return (uintptr_t)map_get(&r->board_owners->count, hash64_text(key)); }

static void add(struct engine *r, const char *key, int by)
{
    uintptr_t n = count_of(r, key) + (uintptr_t)(intptr_t)by;
    if (!key[0])
        return;
    if (n)
        map_set(&r->board_owners->count, hash64_text(key), (void *)n);
    else
        map_remove(&r->board_owners->count, hash64_text(key));
}

void board_owners_load(struct engine *r, const struct board_record *board) { add(r, board->key, 1); }

/* False: nothing is known of it. */
static bool read_board(struct engine *r, const char *board, struct board_record *ret_record)
{
    cleanup_bytes struct bytes b = {0};
    return !store_get(r->store, STORE_BOARD, key_text(board), &b) && !board_record_decode(b.data, b.size, ret_record);
}

void engine_board_owner(struct engine *r, const char *board, char ret_key[BOARD_KEY_MAX])
{
    struct board_record b;
    ret_key[0] = '\0';
    if (read_board(r, board, &b))
        copy_string(ret_key, BOARD_KEY_MAX, b.key);
}

int engine_board_may_come(struct engine *r, const char *board, const char *key, struct sonata_error *err)
{
    struct board_record b;
    bool known = read_board(r, board, &b);
    if ((known && !strcmp(b.key, key)) || !key[0] || count_of(r, key) < PER_KEY)
        return 0;
    return sonata_error_set(
        err, -EUSERS, "board '%s': this key has %d boards, which is its limit: those that never measured are forgotten after a day", board, PER_KEY);
}

void engine_board_bind(struct engine *r, const char *board, const char *key)
{
    struct board_record b;
    if (!read_board(r, board, &b) || !strcmp(b.key, key))
        return;
    add(r, b.key, -1);
    add(r, key, 1);
    copy_string(b.key, sizeof b.key, key);
    board_put(r, &b);
}

static bool is_forgettable(struct engine *r, const struct sched_board_view *v)
{
    struct board_record b;
    const struct watched *w = watched_find(r, v->info->id);
    if (w && board_order_stands(w->record.order)) /* a person's word on that name */
        return false;
    return !v->online && !v->epoch && read_board(r, v->info->id, &b) && !b.done && !b.failed && !b.epoch && r->wall - b.first_wall_ns > SONATA_DAY;
}

static void forget(struct engine *r, const char *board)
{
    char name[BOARD_NAME_MAX];
    struct board_record b;
    struct watched *w = watched_find(r, board);
    copy_string(name, sizeof name, board); /* of the scheduler's */
    if (!read_board(r, name, &b) || (w && !board_history_forget(r, w)) || !sched_forget_board(r->sched, name))
        return;
    add(r, b.key, -1);
    store_erase(r->store, STORE_BOARD, key_text(name));
    if (w)
        watched_forget(r, w);
    engine_note(r, false, "board forgotten: it never measured", "board=%s", name);
}

int64_t board_owners_step(struct engine *r)
{
    struct board_owners *o = r->board_owners;
    if (!o->due_ns)
        o->due_ns = r->now + START_NS;
    if (r->now < o->due_ns)
        return o->due_ns;
    uint32_t n = sched_board_count(r->sched);
    for (uint32_t i = 0; i < LOOKS && i < n; i++) {
        struct sched_board_view v;
        o->at = o->at ? o->at : sched_board_count(r->sched);
        sched_board_view(r->sched, --o->at, &v);
        if (is_forgettable(r, &v))
            forget(r, v.info->id);
        if (!sched_board_count(r->sched))
            break;
        o->at = o->at <= sched_board_count(r->sched) ? o->at : 0;
    }
    o->due_ns = r->now + (n > LOOKS ? SONATA_SECOND : LOOK_NS);
    return n ? o->due_ns : INT64_MAX;
}
