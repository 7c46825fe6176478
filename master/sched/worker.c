/* What workers say: hello, heartbeat, goodbye, and the boards they bring. */
#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "sched/sched_internal.h"

static void set_state(struct sched *s, struct sched_board *b, const char *state, const char *detail)
{
    bool takes_work = !state[0] || !strcmp(state, "ready") || !strcmp(state, "busy");
    if (takes_work != b->takes_work)
        s->generation++;
    b->takes_work = takes_work;
    copy_string(b->info.state, sizeof b->info.state, state);
    copy_string(b->info.detail, sizeof b->info.detail, detail);
}

/* Each board is on the list of the one worker that serves it. */
static void move_board(struct sched_board *b, struct worker *w)
{
    struct worker *old = b->worker;
    if (old == w)
        return;
    for (uint32_t i = 0; old && i < old->n_boards; i++) {
        if (old->board[i] == b) {
            old->board[i] = old->board[--old->n_boards];
            break;
        }
    }
    w->board = xgrow(w->board, &w->board_capacity, w->n_boards + 1, sizeof *w->board);
    w->board[w->n_boards++] = b;
    b->worker = w;
}

static struct worker *add_worker(struct sched *s, const char *name)
{
    struct worker *w = xcalloc(1, sizeof *w);
    copy_string(w->name, sizeof w->name, name);
    s->worker = xgrow(s->worker, &s->worker_capacity, s->n_workers + 1, sizeof *s->worker);
    s->worker[s->n_workers++] = w;
    map_set(&s->worker_by_name, hash64_text(name), w);
    return w;
}

static void hear(struct sched *s, int64_t now, struct worker *w)
{
    w->heard_ns = now;
    w->left = false;
    sched_due(s, now + s->config.suspect_ns);
    if (w->link == LINK_ONLINE)
        return;
    w->link = LINK_ONLINE;
    s->generation++;
    struct sched_action *act = sched_push_action(s, SCHED_LINK);
    copy_string(act->worker, sizeof act->worker, w->name);
    copy_string(act->reason, sizeof act->reason, "online");
}

/* No more jobs are given out between two backups; and the number never comes to its end by what workers say. */
enum { EPOCH_JUMP_MAX = 1000000 };

/* Takes over what the worker says about a board. The epoch never goes back: a master that lost nothing knows the larger one, and a worker that
 * saw a larger one (a restored backup) must not be fenced by an old number. */
static int take_board(struct sched *s, struct worker *w, const struct sched_board_info *info, struct sonata_error *err)
{
    struct sched_board *b = map_get(&s->board_by_name, hash64_text(info->id));
    if (b && (strcmp(b->info.id, info->id) || (b->worker && b->worker != w && b->worker->link != LINK_OFFLINE)))
        return sonata_error_set(err, -EEXIST, "board '%s' is already served by worker '%s': board names must be unique", info->id,
                                b->worker ? b->worker->name : "");
    if ((!b || b->worker != w) && w->n_boards >= SCHED_BOARDS_EVER_MAX)
        return sonata_error_set(err, -EUSERS,
                                "board '%s': a worker brings at most %d boards in all; others were seen before: restart the master to forget them",
                                info->id, SCHED_BOARDS_EVER_MAX);
    if (!b)
        b = board_add(s, info->id);
    b->info = *info;
    set_state(s, b, info->state, info->detail);
    move_board(b, w);
    s->generation++;
    if (info->epoch > b->epoch && info->epoch - b->epoch <= EPOCH_JUMP_MAX && info->epoch <= UINT32_MAX / 2)
        b->epoch = info->epoch;
    return 0;
}

static bool is_listed(const struct attempt *a, const struct sched_report *report)
{
    for (uint32_t i = 0; i < report->n_running; i++) {
        if (report->running[i].attempt == a->id)
            return true;
    }
    return false;
}

/* Attempts of this worker that it does not have: a restarted worker lost them; one that is still the same never got them. Those given out within
 * the last three heartbeats may be on the way. */
static void settle_unlisted(struct sched *s, int64_t now, const struct worker *w, const struct sched_report *report)
{
    for (uint32_t i = 0; i < w->n_boards; i++) {
        struct sched_board *b = w->board[i];
        for (uint32_t k = b->n_slots; k-- > 0;) {
            struct attempt *a = b->slot[k];
            if (is_listed(a, report))
                continue;
            if (a->incarnation != w->incarnation)
                attempt_lose(s, now, a, "its worker was restarted");
            else if (now - a->assigned_ns > 3 * s->config.heartbeat_ns)
                attempt_release(s, a);
        }
    }
}

int sched_hello(struct sched *s, int64_t now, const struct sched_report *report, struct sonata_error *err)
{
    struct worker *w = sched_find_worker(s, report->worker);
    if (!w)
        w = add_worker(s, report->worker);
    w->incarnation = report->incarnation;
    hear(s, now, w);
    int r = 0;
    for (uint32_t i = 0; i < report->n_boards; i++) {
        int one = take_board(s, w, &report->boards[i], err);
        r = r ? r : one;
    }
    settle_unlisted(s, now, w, report);
    return r;
}

int sched_heartbeat(struct sched *s, int64_t now, const struct sched_report *report)
{
    struct worker *w = sched_find_worker(s, report->worker);
    if (!w || w->incarnation != report->incarnation)
        return -ENOENT;
    hear(s, now, w);
    for (uint32_t i = 0; i < report->n_boards; i++) {
        struct sched_board *b = sched_find_board(s, report->boards[i].id);
        if (!b || b->worker != w)
            continue;
        set_state(s, b, report->boards[i].state, report->boards[i].detail);
    }
    settle_unlisted(s, now, w, report);
    return 0;
}

int sched_alive(struct sched *s, int64_t now, const char *worker)
{
    struct worker *w = sched_find_worker(s, worker);
    if (!w || !w->incarnation)
        return -ENOENT;
    hear(s, now, w);
    return 0;
}

void sched_goodbye(struct sched *s, int64_t now, const char *worker)
{
    struct worker *w = sched_find_worker(s, worker);
    if (!w || w->link == LINK_OFFLINE)
        return;
    w->heard_ns = now;
    w->left = true;
    for (uint32_t i = 0; i < w->n_boards; i++) {
        while (w->board[i]->n_slots)
            attempt_release(s, w->board[i]->slot[w->board[i]->n_slots - 1]);
    }
    w->link = LINK_OFFLINE;
    s->generation++;
    struct sched_action *act = sched_push_action(s, SCHED_LINK);
    copy_string(act->worker, sizeof act->worker, w->name);
    copy_string(act->reason, sizeof act->reason, "offline");
}

int sched_use_board(struct sched *s, const char *board, enum sched_use use)
{
    struct sched_board *b = sched_find_board(s, board);
    if (!b)
        return -ENOENT;
    if (b->use != use)
        s->generation++;
    b->use = use;
    for (uint32_t k = b->n_slots; use == SCHED_USE_NOT && k-- > 1;) {
        if (b->slot[k]->job->state == JOB_LEASED)
            attempt_withdraw(s, b->slot[k], "its board gets no jobs now");
    }
    return 0;
}
