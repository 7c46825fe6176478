/* Events of boards that workers tell: stored once, acknowledged after the commit. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "health/canary.h"
#include "run/board_history.h"
#include "run/board_orders.h"
#include "run/board_table.h"
#include "run/note.h"
#include "run/records.h"
#include "run/spread.h"
#include "run/suspect.h"

#define SKEW_NS                                                                                                                                      \
    (3600 * SONATA_SECOND) /* between the clocks of a worker and the master; a span begins when the board was first seen, and ends at the event */

/* Whether the event says that the board passed a canary. Without a reference they are not timed: it only had to answer. */
static bool passed(const struct watched *w, const struct board_event *e)
{
    enum board_event_kind kind = board_event_kind_named(e->kind);
    if (kind == BOARD_EVENT_CANARY)
        return e->reference_us > 0 ? canary_judge(e->latency_us, e->reference_us) != CANARY_BAD : e->latency_us > 0;
    return watched_has_canary(w) && (kind == BOARD_EVENT_CALIBRATED || (kind == BOARD_EVENT_STATE && health_state_named(e->state) == HEALTH_READY));
}

static void take_canary(struct watched *w, const struct board_event *e)
{
    struct board_health_record *h = &w->record;
    if (e->reference_us > 0)
        h->reference_us = e->reference_us;
    enum board_event_kind kind = board_event_kind_named(e->kind);
    bool calibrated = kind == BOARD_EVENT_CALIBRATED;
    h->canaries = h->canaries || e->reference_us > 0;
    if (calibrated) { /* without any latency canaries are off */
        h->canaries = e->latency_us > 0 || e->reference_us > 0;
        h->reference_us = e->reference_us;
    }
    if (kind == BOARD_EVENT_CANARY || (calibrated && h->canaries)) {
        h->latency_us = calibrated && e->latency_us <= 0 ? e->reference_us : e->latency_us;
        h->canary_wall_ns = e->wall_ns;
    }
}

static void take_event(struct engine *r, struct watched *w, const char *type, const struct board_event *e)
{
    struct board_health_record *h = &w->record;
    double reference = h->reference_us;
    enum health_state state = health_state_named(e->state);
    bool changed = e->state[0] && strcmp(h->state, e->state);
    if (changed)
        engine_note(r, board_is_resting(state) || state == HEALTH_SUSPECT, "board state", "board=%s state=%s was=%s text=\"%s\"", h->name, e->state,
                    h->state[0] ? h->state : "unknown", e->text);
    if (e->state[0])
        copy_string(h->state, sizeof h->state, e->state);
    take_canary(w, e);
    board_order_see(r, w, board_event_kind_named(e->kind), state);
    bool well = passed(w, e);
    if (well && e->wall_ns > h->well_wall_ns)
        h->well_wall_ns = e->wall_ns;
    watched_put(r, w);
    if (h->reference_us != reference)
        spread_update(r, type);
    if (well)
        suspects_well(r, h->name, e->wall_ns);
}

int engine_board_event(struct engine *r, const char *worker, const struct board_event *e)
{
    if (r->blocked)
        return -EAGAIN;
    struct sched_board_view v;
    if (sched_alive(r->sched, r->now, worker) || !sched_board_named(r->sched, e->board, &v))
        return -ENODEV;
    if (strcmp(v.worker, worker))
        return v.online ? -EBUSY : -ENODEV;
    if (board_history_has(r, worker, e))
        return 0; /* stored before */
    struct watched *w = watched_get(r, e->board);
    board_history_put(r, w, worker, e);
    take_event(r, w, v.info->type, e);
    struct board_record board;
    board_load(r, e->board, &board);
    int64_t from = max_of(e->invalid_from_wall_ns, board.first_wall_ns - SKEW_NS), to = min_of(e->invalid_to_wall_ns, max_of(e->wall_ns, r->wall));
    if (e->invalid_to_wall_ns > e->invalid_from_wall_ns && engine_invalidate(r, e->board, from, to))
        engine_note(r, true, "span of bad results is refused", "board=%s from=%lld to=%lld", e->board, (long long)e->invalid_from_wall_ns,
                    (long long)e->invalid_to_wall_ns);
    return 0;
}
