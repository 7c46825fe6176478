/* Orders of people to boards: durable, and given to the worker until its board shows them. */
#include "run/board_orders.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/time.h"
#include "health/blame.h"
#include "run/board_health.h"
#include "run/board_history.h"
#include "run/board_table.h"
#include "run/note.h"
#include "run/outgoing.h"
#include "run/spread.h"

#define ORDER_PATIENCE_NS (3600 * SONATA_SECOND) /* a power cycle must not come as a surprise a week later */

/* Only a person or time ends it. */
bool board_is_resting(enum health_state s) { return s == HEALTH_MAINTENANCE || s == HEALTH_QUARANTINED || s == HEALTH_RETIRED; }

/* Whether a board with that event and state has the order. */
static bool shows(enum board_order o, enum board_event_kind kind, enum health_state state)
{
    switch (o) {
    case BOARD_ORDER_DRAIN:
        return state == HEALTH_MAINTENANCE || state == HEALTH_RETIRED;
    case BOARD_ORDER_RETIRE:
        return state == HEALTH_RETIRED;
    case BOARD_ORDER_QUARANTINE:
        return board_is_resting(state);
    case BOARD_ORDER_RECALIBRATE:
        return kind == BOARD_EVENT_ADMIN || kind == BOARD_EVENT_CALIBRATED || state == HEALTH_CALIBRATING;
    case BOARD_ORDER_POWER_CYCLE: /* without power rungs it ends in quarantine at once */
        return kind == BOARD_EVENT_ADMIN || kind == BOARD_EVENT_RECOVERY || state == HEALTH_RECOVERING;
    case BOARD_ORDER_RELEASE:
        return state != HEALTH_STATE_COUNT && (!board_is_resting(state) || state == HEALTH_RETIRED);
    default:
        return false;
    }
}

static void order_end(struct watched *w)
{
    w->record.order = BOARD_ORDER_NONE;
    w->record.given = false;
    w->record.by[0] = w->record.reason[0] = '\0';
}

static void order_shown(struct engine *r, struct watched *w)
{
    if (board_order_stands(w->record.order)) {
        w->record.given = true;
        return;
    }
    order_end(w);
    watched_apply_use(r, w);
}

void board_order_see(struct engine *r, struct watched *w, enum board_event_kind kind, enum health_state state)
{
    if (shows(w->record.order, kind, state))
        order_shown(r, w);
}

static void give_order(struct engine *r, const struct watched *w)
{
    struct sched_board_view v;
    if (sched_board_named(r->sched, w->record.name, &v) && v.online)
        outgoing_command(r, v.worker, w->record.name, board_order_name(w->record.order));
}

static int no_such_board(const struct engine *r, const char *board, struct sonata_error *err)
{
    char names[160] = "";
    size_t used = 0;
    uint32_t n = sched_board_count(r->sched);
    for (uint32_t i = 0; i < n && used + BOARD_NAME_MAX + 4 < sizeof names; i++) {
        struct sched_board_view v;
        sched_board_view(r->sched, i, &v);
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", v.info->id);
    }
    return n ? sonata_error_set(err, -ENOENT, "there is no board '%.40s'; there are: %s", board, names)
             : sonata_error_set(err, -ENOENT, "there is no board '%.40s'; no worker has offered one yet", board);
}

/* A board without canaries has no machine of its own that would come out of quarantine again. */
static void begin_order(struct engine *r, struct watched *w)
{
    struct board_health_record *h = &w->record;
    if (h->order == BOARD_ORDER_RELEASE) {
        w->hold_until_ns = h->hold_until_wall_ns = 0;
        h->probation = false;
        h->quarantines = 0;
        blame_clear(&h->blame);
    }
    give_order(r, w);
    if (h->order == BOARD_ORDER_QUARANTINE && !watched_has_canary(w)) {
        order_end(w);
        board_hold(r, w, "ordered");
    }
}

int engine_board_control(struct engine *r, const struct engine_order *order, struct sonata_error *err)
{
    enum board_order o = order->order;
    struct sched_board_view v;
    if (r->blocked)
        return sonata_error_set(err, -ENOSPC, "%s", r->blocked_reason);
    if (!board_order_name(o))
        return sonata_error_set(err, -EINVAL, "drain, quarantine, recalibrate, power-cycle, release or retire is expected");
    if (!sched_board_named(r->sched, order->board, &v))
        return no_such_board(r, order->board, err);
    struct watched *w = watched_get(r, order->board);
    struct board_health_record *h = &w->record;
    if (h->order == BOARD_ORDER_RETIRE && o != BOARD_ORDER_RETIRE)
        return sonata_error_set(err, -EPERM, "board '%s' was retired for good: to use it again give it another name", h->name);
    if (strlen(order->reason) >= sizeof h->reason)
        return sonata_error_set(err, -EINVAL, "a reason has at most %zu characters", sizeof h->reason - 1);
    char text[BOARD_TEXT_MAX];
    const char *by = order->by[0] ? " by " : "";
    const char *colon = order->reason[0] ? ": " : "";
    snprintf(text, sizeof text, "%s%s%s%s%s", board_order_name(o), by, order->by, colon, order->reason);
    h->order = o;
    h->given = false;
    h->order_wall_ns = r->wall;
    copy_string(h->by, sizeof h->by, order->by);
    copy_string(h->reason, sizeof h->reason, order->reason);
    board_history_add(r, w, "order", text);
    begin_order(r, w);
    watched_apply_use(r, w);
    watched_put(r, w);
    if (o == BOARD_ORDER_RETIRE)
        spread_update(r, v.info->type);
    engine_note(r, false, "board order", "board=%s order=\"%s\"", h->name, text);
    return 0;
}

/* Orders its board does not show are given (again); what the board is past asking for is over. */
static void remind(struct engine *r, struct watched *w, enum health_state state)
{
    struct board_health_record *h = &w->record;
    if (h->order == BOARD_ORDER_NONE)
        return;
    bool shown = shows(h->order, BOARD_EVENT_OTHER, state);
    bool late = r->wall - h->order_wall_ns > ORDER_PATIENCE_NS && (h->order == BOARD_ORDER_RECALIBRATE || h->order == BOARD_ORDER_POWER_CYCLE);
    if (!shown && !late) {
        give_order(r, w);
        return;
    }
    if (shown && h->given)
        return;
    if (shown) {
        order_shown(r, w);
    } else {
        order_end(w);
        board_history_add(r, w, "order", "dropped: the board did not come within an hour");
    }
    watched_put(r, w);
}

void board_order_reload(struct engine *r, const char *board)
{
    struct sched_board_view v;
    if (!sched_board_named(r->sched, board, &v))
        return;
    if (v.online) {
        outgoing_command(r, v.worker, board, "reload");
        return;
    }
    struct watched *w = watched_get(r, board);
    w->record.reload = true;
    watched_put(r, w);
}

void boards_hello(struct engine *r, const char *worker, const struct sched_board_info *boards, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct watched *w = watched_find(r, boards[i].id);
        struct sched_board_view v;
        if (!w || !sched_board_named(r->sched, boards[i].id, &v) || strcmp(v.worker, worker))
            continue;
        remind(r, w, health_state_named(boards[i].state));
        watched_apply_use(r, w);
        if (!w->record.reload)
            continue;
        outgoing_command(r, worker, boards[i].id, "reload");
        w->record.reload = false;
        watched_put(r, w);
    }
}
