/* The table of boards: what each offers and may be used for, who serves it, and the view for people. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "sched/sched_internal.h"

struct sched_board *sched_find_board(const struct sched *s, const char *id)
{
    struct sched_board *b = map_get(&s->board_by_name, hash64_text(id));
    return b && !strcmp(b->info.id, id) ? b : NULL;
}

struct worker *sched_find_worker(const struct sched *s, const char *name)
{
    struct worker *w = map_get(&s->worker_by_name, hash64_text(name));
    return w && !strcmp(w->name, name) ? w : NULL;
}

bool board_is_usable(const struct sched_board *b) { return b->takes_work && b->use != SCHED_USE_NOT && b->worker && b->worker->link == LINK_ONLINE; }

uint32_t board_slot_limit(const struct sched *s) { return 1 + s->config.prefetch; }

uint32_t board_slots(const struct sched *s, const struct sched_board *b) { return b->use == SCHED_USE_ONE ? 1 : board_slot_limit(s); }

struct sched_board *board_add(struct sched *s, const char *id)
{
    struct sched_board *b = xcalloc(1, sizeof *b);
    copy_string(b->info.id, sizeof b->info.id, id);
    s->board = xgrow(s->board, &s->board_capacity, s->n_boards + 1, sizeof *s->board);
    s->board[s->n_boards++] = b;
    map_set(&s->board_by_name, hash64_text(id), b);
    return b;
}

static bool has_metric(const struct sched_board_info *b, const char *metric)
{
    for (uint32_t i = 0; i < b->n_metrics; i++) {
        if (!strcmp(b->metric[i], metric))
            return true;
    }
    return false;
}

static bool has_dataset(const struct sched_board_info *b, const char *dataset)
{
    if (!dataset[0] || !b->n_datasets)
        return true;
    for (uint32_t i = 0; i < b->n_datasets; i++) {
        if (!strcmp(b->dataset[i], dataset))
            return true;
    }
    return false;
}

bool board_fits(const struct sched_board *b, const struct sched_need *need)
{
    if (need->board_type[0] && strcmp(need->board_type, b->info.type))
        return false;
    for (uint32_t i = 0; i < need->n_metrics; i++) {
        if (!has_metric(&b->info, need->metric[i]))
            return false;
    }
    return has_dataset(&b->info, need->dataset);
}

uint32_t sched_total_slots(const struct sched *s, const struct sched_need *need)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < s->n_boards; i++) {
        if (board_is_usable(s->board[i]) && board_fits(s->board[i], need))
            total += board_slots(s, s->board[i]);
    }
    return total;
}

uint32_t sched_count_boards(const struct sched *s, const struct sched_need *need)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_boards; i++)
        n += s->board[i]->worker && s->board[i]->worker->link != LINK_OFFLINE && board_fits(s->board[i], need);
    return n;
}

bool sched_can_serve(const struct sched *s, const struct sched_need *need)
{
    for (uint32_t i = 0; i < s->n_boards; i++) {
        if (s->board[i]->info.n_metrics && board_fits(s->board[i], need))
            return true;
    }
    return false;
}

bool sched_is_online(const struct sched *s, const char *worker)
{
    const struct worker *w = sched_find_worker(s, worker);
    return w && w->link != LINK_OFFLINE;
}

bool sched_serves(const struct sched *s, const char *worker, const char *board)
{
    const struct sched_board *b = sched_find_board(s, board);
    return b && b->worker && !strcmp(b->worker->name, worker);
}

void sched_restore_board(struct sched *s, const char *id, const char *type, uint32_t epoch)
{
    struct sched_board *b = sched_find_board(s, id);
    if (!b)
        b = board_add(s, id);
    copy_string(b->info.type, sizeof b->info.type, type);
    b->epoch = epoch;
}

bool sched_forget_board(struct sched *s, const char *id)
{
    struct sched_board *b = sched_find_board(s, id);
    if (!b || b->epoch || b->n_slots || (b->worker && b->worker->link != LINK_OFFLINE))
        return false;
    struct worker *w = b->worker;
    for (uint32_t i = 0; w && i < w->n_boards; i++) {
        if (w->board[i] == b)
            w->board[i--] = w->board[--w->n_boards];
    }
    uint32_t at = 0;
    while (s->board[at] != b)
        at++;
    memmove(&s->board[at], &s->board[at + 1], (--s->n_boards - at) * sizeof(struct sched_board *));
    map_remove(&s->board_by_name, hash64_text(id));
    s->generation++;
    free(b);
    return true;
}

uint32_t sched_board_epoch(const struct sched *s, const char *board)
{
    const struct sched_board *b = sched_find_board(s, board);
    return b ? b->epoch : 0;
}

uint32_t sched_board_count(const struct sched *s) { return s->n_boards; }

static void view_board(const struct sched_board *b, struct sched_board_view *ret_view)
{
    *ret_view = (struct sched_board_view){.info = &b->info,
                                          .worker = b->worker ? b->worker->name : "",
                                          .online = b->worker && b->worker->link != LINK_OFFLINE,
                                          .suspect = b->worker && b->worker->link == LINK_SUSPECT,
                                          .epoch = b->epoch,
                                          .attempt = b->n_slots ? b->slot[0]->id : 0,
                                          .phase = b->n_slots ? b->slot[0]->phase : "",
                                          .n_attempts = b->n_slots,
                                          .use = b->use,
                                          .takes_work = b->takes_work,
                                          .left = b->worker && b->worker->left,
                                          .heard_ns = b->worker ? b->worker->heard_ns : 0};
}

void sched_board_view(const struct sched *s, uint32_t index, struct sched_board_view *ret_view) { view_board(s->board[index], ret_view); }

bool sched_board_named(const struct sched *s, const char *board, struct sched_board_view *ret_view)
{
    const struct sched_board *b = sched_find_board(s, board);
    if (b)
        view_board(b, ret_view);
    return b != NULL;
}
