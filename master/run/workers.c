/* Messages of workers, but results: who is there, which boards, which attempts they hold. */
#include "run/workers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "run/actions.h"
#include "run/board_orders.h"
#include "run/evaluation_table.h"
#include "run/note.h"
#include "run/outgoing.h"
#include "run/records.h"
#include "run/suspect.h"

enum { SKIP_MAX = 1000000 }; /* attempt numbers, from one start to the next */

struct workers {
    uint32_t skipped_attempts; /* since the start */
};

struct workers *workers_new(void) { return xcalloc(1, sizeof(struct workers)); }

void workers_free(struct workers *w) { free(w); }

/* A board is written when it is new, changed its type, or its worker knows a later epoch. */
static void save_board(struct engine *r, const struct sched_board_info *info)
{
    cleanup_bytes struct bytes b = {0};
    struct board_record board = {.first_wall_ns = r->wall};
    if (!store_get(r->store, STORE_BOARD, key_text(info->id), &b) && !board_record_decode(b.data, b.size, &board) &&
        !strcmp(board.type, info->type) && board.epoch == sched_board_epoch(r->sched, info->id))
        return;
    copy_string(board.name, sizeof board.name, info->id);
    copy_string(board.type, sizeof board.type, info->type);
    board.epoch = sched_board_epoch(r->sched, info->id);
    bytes_clear(&b);
    board_record_encode(&board, &b);
    store_put(r->store, STORE_BOARD, key_text(board.name), b.data, b.size);
}

/* A number that a worker has and that was never given out here: the store is a copy from before. Numbers go on behind it, so that a cancel or a
 * result of then cannot be about another attempt of now. (Epochs would tell results apart in any case.) Bounded, as workers may say anything. */
static void skip_foreign_attempts(struct engine *r, const struct sched_running *running, uint32_t n)
{
    uint64_t next = sched_next_attempt(r->sched), beyond = next;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t a = running[i].attempt;
        if (a >= beyond && a - next < SKIP_MAX - r->workers->skipped_attempts)
            beyond = a + 1;
    }
    if (beyond == next)
        return;
    r->workers->skipped_attempts += (uint32_t)(beyond - next);
    sched_set_next_attempt(r->sched, beyond);
    store_set_counter(r->store, "next_attempt", beyond);
    engine_note(r, true, "a worker holds attempts of a later store than this: their numbers are skipped", "from=%llu to=%llu",
                (unsigned long long)next, (unsigned long long)(beyond - 1));
}

/* The worker says it has an attempt that is not live here. */
static void adopt(struct engine *r, const char *worker, const struct sched_running *running)
{
    struct attempt_record a;
    if (attempt_load(r, running->attempt, &a) || a.epoch != running->epoch || strcmp(a.board, running->board)) {
        outgoing_cancel(r, worker, running->attempt, "unknown attempt");
        return;
    }
    if (running->spooled || a.has_measurement)
        return; /* its result will come, or came: the acknowledgement settles it */
    bool adoptable = a.state == ATTEMPT_LOST || a.state == ATTEMPT_RELEASED;
    struct evaluation *e = evaluation_get(r, a.evaluation);
    if (!adoptable || !e || sched_board_epoch(r->sched, a.board) != a.lost_epoch ||
        sched_adopt(r->sched, r->now, a.evaluation, a.id, a.epoch, a.board)) {
        outgoing_cancel(r, worker, running->attempt, e ? "stale_epoch" : "no longer needed");
        return;
    }
    suspect_clear(r, &a);
    a.state = ATTEMPT_LIVE;
    a.closed_wall_ns = 0;
    attempt_put(r, &a);
    e->record.live = a.id;
    evaluation_put(r, &e->record);
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, false, "attempt adopted", "attempt=%llu board=%s worker=%s %s", (unsigned long long)a.id, a.board, worker,
                evaluation_fields(r, a.evaluation, fields));
}

/* A worker speaks for its own boards only: attempts and epochs are easily guessed. */
static void renew_or_adopt(struct engine *r, const struct sched_report *report)
{
    skip_foreign_attempts(r, report->running, report->n_running);
    actions_apply(r); /* attempts just lost or released must be in the records first */
    for (uint32_t i = 0; i < report->n_running; i++) {
        const struct sched_running *running = &report->running[i];
        if (!sched_serves(r->sched, report->worker, running->board))
            outgoing_cancel(r, report->worker, running->attempt, "the board is not this worker's");
        else if (!sched_renew(r->sched, r->now, running))
            adopt(r, report->worker, running);
    }
    actions_apply(r);
}

int engine_hello(struct engine *r, const struct sched_report *report, struct sonata_error *err)
{
    if (r->blocked)
        return sonata_error_set(err, -EAGAIN, "%s", r->blocked_reason);
    int rc = sched_hello(r->sched, r->now, report, err);
    for (uint32_t i = 0; i < report->n_boards; i++) {
        if (sched_serves(r->sched, report->worker, report->boards[i].id)) /* nothing of one that was refused */
            save_board(r, &report->boards[i]);
    }
    renew_or_adopt(r, report);
    boards_hello(r, report->worker, report->boards, report->n_boards);
    return rc;
}

int engine_heartbeat(struct engine *r, const struct sched_report *report)
{
    if (r->blocked) { /* a sign of life all the same: leases must not run out because our disk is full */
        for (uint32_t i = 0; i < report->n_running; i++) {
            if (sched_serves(r->sched, report->worker, report->running[i].board))
                sched_renew(r->sched, r->now, &report->running[i]);
        }
        return sched_alive(r->sched, r->now, report->worker);
    }
    int rc = sched_heartbeat(r->sched, r->now, report);
    if (!rc)
        renew_or_adopt(r, report);
    return rc;
}

void engine_goodbye(struct engine *r, const char *worker)
{
    if (r->blocked)
        return;
    sched_goodbye(r->sched, r->now, worker);
    actions_apply(r);
}
