/* Why a search does not move, and why a board does no work: the one place that says it, for every command in the same words. A board is asked in the
 * order in which one reason makes the next of no account: an order of a person, the master's own quarantine, no link, then what the board says of
 * itself. */
#include "run/engine.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/time.h"
#include "health/health.h"
#include "run/ask.h"
#include "run/board_table.h"
#include "run/disk.h"
#include "run/plan.h"
#include "run/searches.h"

enum { BOARDS_SHOWN = 3, LINE_MAX_CHARS = 220 };

const char *engine_hold_name(enum engine_hold h)
{
    static const char *const name[HOLD_COUNT] = {"", "evaluator", "paused", "disk", "no_board", "boards", "team_boards", "team_day", "team_disk"};
    return (unsigned)h < HOLD_COUNT ? name[h] : NULL;
}

static void add_cause(struct text_builder *t, bool all, const char *cause)
{
    if (all && cause[0])
        text_add(t, ": %.120s", cause);
}

static void say_order(struct text_builder *t, const struct board_health_record *h, bool all)
{
    static const char *const done[BOARD_ORDER_COUNT] = {[BOARD_ORDER_DRAIN] = "drained",
                                                        [BOARD_ORDER_QUARANTINE] = "quarantined",
                                                        [BOARD_ORDER_RECALIBRATE] = "to be calibrated anew",
                                                        [BOARD_ORDER_POWER_CYCLE] = "to be power-cycled",
                                                        [BOARD_ORDER_RELEASE] = "about to be released",
                                                        [BOARD_ORDER_RETIRE] = "retired"};
    text_add(t, "%s", done[h->order]);
    if (all && h->by[0])
        text_add(t, " by %s", h->by);
    add_cause(t, all, h->reason);
    if (board_order_stands(h->order) || h->order == BOARD_ORDER_QUARANTINE)
        text_add(t, "; `sonata board %s release`", h->name);
}

static void say_silence(const struct engine *r, const struct sched_board_view *v, struct text_builder *t)
{
    char since[16];
    if (!v->worker[0]) {
        text_add(t, "offline: its worker has not come since the master started");
        return;
    }
    format_duration(r->now - v->heard_ns, since);
    text_add(t, "offline for %s: worker %s %s", since, v->worker, v->left ? "was stopped" : "is silent");
}

/* What the board says of itself. */
static bool say_state(const struct sched_board_view *v, struct text_builder *t, bool all)
{
    enum health_state state = health_state_named(v->info->state);
    if (state == HEALTH_READY || state == HEALTH_BUSY || v->takes_work)
        return false;
    text_add(t, "%s", v->info->state[0] ? v->info->state : "not ready");
    add_cause(t, all, v->info->detail);
    if (state == HEALTH_QUARANTINED || state == HEALTH_MAINTENANCE || state == HEALTH_RETIRED)
        text_add(t, "; `sonata board %s release`", v->info->id);
    return true;
}

bool engine_board_waits(const struct engine *r, const struct sched_board_view *v, bool all, char *text, size_t size)
{
    const struct watched *w = watched_find(r, v->info->id);
    struct text_builder t = text_begin(text, size);
    if (w && w->record.order != BOARD_ORDER_NONE) {
        say_order(&t, &w->record, all);
    } else if (w && w->hold_until_ns > r->now) {
        char left[16];
        format_duration(w->hold_until_ns - r->now, left);
        text_add(&t, "quarantined for %s more", left);
        add_cause(&t, all, w->record.hold_why);
        text_add(&t, "; `sonata board %s release` ends it", v->info->id);
    } else if (!v->online) {
        say_silence(r, v, &t);
    } else if (v->suspect) {
        text_add(&t, "worker %s has not been heard for a while", v->worker);
    } else if (!say_state(v, &t, all)) {
        return false;
    }
    return true;
}

static bool may_serve(const struct sched_board_view *v, const struct sched_need *need)
{
    return !need->board_type[0] || !strcmp(v->info->type, need->board_type);
}

/* The boards that could measure it, each with its reason. */
static void say_boards(const struct engine *r, const struct sched_need *need, bool all, struct text_builder *t)
{
    uint32_t shown = 0, more = 0;
    for (uint32_t i = 0; i < sched_board_count(r->sched); i++) {
        struct sched_board_view v;
        char line[LINE_MAX_CHARS];
        sched_board_view(r->sched, i, &v);
        if (!may_serve(&v, need) || !engine_board_waits(r, &v, all, line, sizeof line))
            continue;
        if (shown++ < BOARDS_SHOWN)
            text_add(t, "%s%s is %s", shown > 1 ? "; " : " ", v.info->id, line);
        else
            more++;
    }
    if (more)
        text_add(t, "; and %u more", more);
}

/* A type of board it needs is not to be had. */
static bool waits_for_boards(const struct search *rs, bool all, struct text_builder *t)
{
    const struct engine *r = rs->engine;
    for (uint32_t g = 0; g < rs->record.n_groups; g++) {
        struct sched_need need;
        group_need(rs, g, &need);
        if (sched_total_slots(r->sched, &need))
            continue;
        text_add(t, "waits: no board%s%s that could measure it is ready:", need.board_type[0] ? " of type " : "", need.board_type);
        say_boards(r, &need, all, t);
        return true;
    }
    return false;
}

static enum engine_hold waits_for_quota(const struct search *rs, struct text_builder *t)
{
    const struct engine *r = rs->engine;
    struct engine_team team = {.weight = 1};
    if (r->hooks.team)
        r->hooks.team(r->hooks.user, rs->record.team, &team);
    switch (sched_held(r->sched, rs->record.id)) {
    case SCHED_HELD_BOARDS:
        text_add(t, "waits: team quota of %u board%s is in use", team.quota.boards, team.quota.boards == 1 ? "" : "s");
        return HOLD_TEAM_BOARDS;
    case SCHED_HELD_DAY:
        text_add(t, "waits: team quota of %.4g board-hours per day is used (a day begins at 00:00 UTC)", (double)team.quota.day_ns / 3600e9);
        return HOLD_TEAM_DAY;
    default:
        return HOLD_NONE;
    }
}

static enum engine_hold why_running(const struct search *rs, bool all, struct text_builder *t)
{
    const struct search_record *s = &rs->record;
    if (!s->planned) {
        text_add(t, "%s", s->reason);
        return s->reason[0] ? HOLD_NO_BOARD : HOLD_NONE;
    }
    bool asks = search_charged(rs) + search_in_flight(rs) < s->budget || s->fork_next < s->fork_end;
    struct sonata_error err = {{0}};
    if (asks && disk_check(rs->engine, s->team, &err)) {
        text_add(t, "waits: %s", err.text);
        return HOLD_TEAM_DISK;
    }
    if (!s->n_groups || (s->charged + (s->asked - s->told - s->screened) >= s->budget && !sched_waiting(rs->engine->sched, s->id)))
        return HOLD_NONE; /* all that it wants is on boards */
    enum engine_hold quota = waits_for_quota(rs, t);
    if (quota != HOLD_NONE)
        return quota;
    return waits_for_boards(rs, all, t) ? HOLD_BOARDS : HOLD_NONE;
}

enum engine_hold engine_search_waits(const struct engine *r, uint64_t id, bool all, char *text, size_t size)
{
    const struct search *rs = searches_get(r, id);
    struct text_builder t = text_begin(text, size);
    if (!rs || search_is_finished(rs))
        return HOLD_NONE;
    const struct search_record *s = &rs->record;
    if (r->blocked) {
        text_add(&t, "waits: %s", r->blocked_reason);
        return HOLD_DISK;
    }
    if (s->state != SEARCH_PAUSED)
        return why_running(rs, all, &t);
    if (s->failing_stop)
        text_add(&t, "%s", s->reason);
    else
        text_add(&t, "paused by request; `sonata resume %s` goes on", s->name);
    return s->failing_stop ? HOLD_EVALUATOR : HOLD_PAUSED;
}
