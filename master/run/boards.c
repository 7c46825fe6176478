/* The health of boards as the master sees it: events that workers tell (stored once, acknowledged after the commit), orders of people (durable, given
 * to the worker until its board shows them), and the master's own quarantine of boards that have no canary to judge themselves by.
 *
 * What a board may be used for follows from all three: apply_use(). Everything about one board is one record, written in the turn that changed it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/time.h"
#include "health/canary.h"
#include "run/engine_internal.h"

#define ORDER_PATIENCE_NS (3600 * SONATA_SECOND) /* a power cycle must not come as a surprise a week later */

struct watched *watched_find(const struct engine *r, const char *board)
{
    struct watched *w = map_get(&r->boards, hash64_text(board));
    return w && !strcmp(w->record.name, board) ? w : NULL;
}

/* Names of known boards have different hashes (sched refuses others). */
static struct watched *watch(struct engine *r, const char *board)
{
    struct watched *w = watched_find(r, board);
    if (w)
        return w;
    w = xcalloc(1, sizeof *w);
    copy_string(w->record.name, sizeof w->record.name, board);
    map_set(&r->boards, hash64_text(board), w);
    return w;
}

static void watched_put(struct engine *r, const struct watched *w)
{
    cleanup_bytes struct bytes b = {0};
    board_health_record_encode(&w->record, &b);
    store_put(r->store, STORE_BOARD_HEALTH, key_text(w->record.name), b.data, b.size);
}

bool watched_has_canary(const struct watched *w) { return w && w->record.canaries; }

/* ---- use */

static bool order_stands(enum board_order o) { return o == BOARD_ORDER_DRAIN || o == BOARD_ORDER_RETIRE; }

static void apply_use(struct engine *r, const struct watched *w)
{
    const struct board_health_record *h = &w->record;
    bool stopped = order_stands(h->order) || h->order == BOARD_ORDER_QUARANTINE || w->hold_until_ns;
    (void)!sched_use_board(r->sched, h->name, stopped ? SCHED_USE_NOT : h->probation ? SCHED_USE_ONE : SCHED_USE_FULLY);
}

/* ---- events */

static struct store_key event_key(const char *board, int64_t wall_ns, const char *worker, uint64_t sequence)
{
    cleanup_bytes struct bytes b = {0};
    bytes_put_string(&b, worker);
    bytes_put_u64(&b, sequence);
    return key_u64_triple(hash64_text(board), (uint64_t)wall_ns, hash64(b.data, b.size));
}

struct oldest {
    struct engine *run;
    const char *board;
    bool erased;
};

static bool erase_oldest(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct oldest *o = user;
    struct board_event_record e;
    cleanup_bytes struct bytes b = {0};
    struct store_key k = key_bytes(key, n_key);
    if (board_event_record_decode(value, n_value, &e) || strcmp(e.event.board, o->board) || store_get(o->run->store, STORE_BOARD_EVENT, k, &b))
        return true; /* another board of the same hash, or erased in this turn already */
    store_erase(o->run->store, STORE_BOARD_EVENT, k);
    o->erased = true;
    return false;
}

static void event_put(struct engine *r, struct watched *w, const char *worker, const struct board_event *event)
{
    cleanup_bytes struct bytes b = {0};
    struct board_event_record e = {.event = *event, .stored_wall_ns = r->wall};
    struct store_key key = event_key(event->board, event->wall_ns, worker, event->sequence);
    copy_string(e.worker, sizeof e.worker, worker);
    board_event_record_encode(&e, &b);
    store_put(r->store, STORE_BOARD_EVENT, key, b.data, b.size);
    struct oldest o = {.run = r, .board = event->board};
    if (w->record.n_events >= BOARD_EVENTS_KEPT && store_scan(r->store, STORE_BOARD_EVENT, key_u64(hash64_text(event->board)), 8, erase_oldest, &o))
        o.erased = false;
    w->record.n_events += !o.erased;
}

/* What the master itself did, for the history. */
static void own_event(struct engine *r, struct watched *w, const char *kind, const char *text)
{
    struct board_event e = {.sequence = ++w->record.n_own, .wall_ns = r->wall > 0 ? r->wall : 0};
    copy_string(e.board, sizeof e.board, w->record.name);
    copy_string(e.kind, sizeof e.kind, kind);
    copy_string(e.state, sizeof e.state, w->record.state);
    copy_string(e.text, sizeof e.text, text);
    event_put(r, w, "", &e);
}

/* Whether the event says that the board passed a canary. Without a reference they are not timed: it only had to answer. */
static bool passed(const struct watched *w, const struct board_event *e)
{
    if (!strcmp(e->kind, "canary"))
        return e->reference_us > 0 ? canary_judge(e->latency_us, e->reference_us) != CANARY_BAD : e->latency_us > 0;
    return watched_has_canary(w) && (!strcmp(e->kind, "calibrated") || (!strcmp(e->kind, "state") && !strcmp(e->state, "ready")));
}

/* Only a person or time ends it. */
static bool is_resting(const char *state) { return !strcmp(state, "maintenance") || !strcmp(state, "quarantined") || !strcmp(state, "retired"); }

/* Whether a board with that event and state has the order. */
static bool shows(enum board_order o, const char *kind, const char *state)
{
    switch (o) {
    case BOARD_ORDER_DRAIN:
        return !strcmp(state, "maintenance") || !strcmp(state, "retired");
    case BOARD_ORDER_RETIRE:
        return !strcmp(state, "retired");
    case BOARD_ORDER_QUARANTINE:
        return is_resting(state);
    case BOARD_ORDER_RECALIBRATE:
        return !strcmp(kind, "admin") || !strcmp(kind, "calibrated") || !strcmp(state, "calibrating");
    case BOARD_ORDER_POWER_CYCLE: /* without power rungs it ends in quarantine at once */
        return !strcmp(kind, "admin") || !strcmp(kind, "recovery") || !strcmp(state, "recovering");
    case BOARD_ORDER_RELEASE:
        return state[0] && (!is_resting(state) || !strcmp(state, "retired"));
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
    if (order_stands(w->record.order)) {
        w->record.given = true;
        return;
    }
    order_end(w);
    apply_use(r, w);
}

static void take_canary(struct watched *w, const struct board_event *e)
{
    struct board_health_record *h = &w->record;
    if (e->reference_us > 0)
        h->reference_us = e->reference_us;
    bool calibrated = !strcmp(e->kind, "calibrated");
    h->canaries = h->canaries || e->reference_us > 0;
    if (calibrated) { /* without any latency canaries are off */
        h->canaries = e->latency_us > 0 || e->reference_us > 0;
        h->reference_us = e->reference_us;
    }
    if (!strcmp(e->kind, "canary") || (calibrated && h->canaries)) {
        h->latency_us = calibrated && e->latency_us <= 0 ? e->reference_us : e->latency_us;
        h->canary_wall_ns = e->wall_ns;
    }
}

static void spread_update(struct engine *r, const char *type);

static void take_event(struct engine *r, struct watched *w, const char *type, const struct board_event *e)
{
    struct board_health_record *h = &w->record;
    double reference = h->reference_us;
    bool changed = e->state[0] && strcmp(h->state, e->state);
    if (changed)
        engine_note(r, is_resting(e->state) || !strcmp(e->state, "suspect"), "board state", "board=%s state=%s was=%s text=\"%s\"", h->name, e->state,
                    h->state[0] ? h->state : "unknown", e->text);
    if (e->state[0])
        copy_string(h->state, sizeof h->state, e->state);
    take_canary(w, e);
    if (shows(h->order, e->kind, e->state))
        order_shown(r, w);
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
    cleanup_bytes struct bytes b = {0};
    if (!store_get(r->store, STORE_BOARD_EVENT, event_key(e->board, e->wall_ns, worker, e->sequence), &b))
        return 0; /* stored before */
    struct watched *w = watch(r, e->board);
    event_put(r, w, worker, e);
    take_event(r, w, v.info->type, e);
    if (e->invalid_to_wall_ns > e->invalid_from_wall_ns && engine_invalidate(r, e->board, e->invalid_from_wall_ns, e->invalid_to_wall_ns))
        engine_note(r, true, "span of bad results is refused", "board=%s from=%lld to=%lld", e->board, (long long)e->invalid_from_wall_ns,
                    (long long)e->invalid_to_wall_ns);
    return 0;
}

struct page {
    const char *board;
    uint32_t left;
    bool more;
    bool (*each)(void *user, const struct board_event_record *e);
    void *user;
    uint8_t *cursor;
};

static bool page_event(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct page *p = user;
    struct board_event_record e;
    if (board_event_record_decode(value, n_value, &e) || strcmp(e.event.board, p->board) || n_key != 8 + ENGINE_CURSOR_SIZE)
        return true; /* a damaged one is for --check to tell */
    if (!p->left || !p->each(p->user, &e)) {
        p->more = true;
        return false;
    }
    p->left--;
    memcpy(p->cursor, key + 8, ENGINE_CURSOR_SIZE);
    return true;
}

int engine_board_history(struct engine *r, const char *board, const uint8_t *cursor, uint32_t max,
                         bool (*each)(void *user, const struct board_event_record *e), void *user, uint8_t ret_cursor[ENGINE_CURSOR_SIZE],
                         bool *ret_more)
{
    struct page p = {.board = board, .left = max, .each = each, .user = user, .cursor = ret_cursor};
    struct store_key before = key_u64(hash64_text(board));
    before.n = 8 + ENGINE_CURSOR_SIZE;
    if (cursor)
        memcpy(before.bytes + 8, cursor, ENGINE_CURSOR_SIZE);
    else
        memset(before.bytes + 8, 0xff, ENGINE_CURSOR_SIZE);
    int rc = store_scan_back(r->store, STORE_BOARD_EVENT, before, 8, page_event, &p);
    *ret_more = p.more;
    return rc;
}

/* ---- boards of one type that measure differently */

struct type_spread {
    char type[BOARD_NAME_MAX], low[BOARD_NAME_MAX], high[BOARD_NAME_MAX];
    double low_us, high_us, share;
};

static double reference_of(const struct engine *r, const char *type, const struct sched_board_view *v)
{
    const struct watched *w = strcmp(v->info->type, type) ? NULL : watched_find(r, v->info->id);
    return w && w->record.order != BOARD_ORDER_RETIRE ? w->record.reference_us : 0;
}

static void spread_set(struct engine *r, const char *type, const struct type_spread *now)
{
    struct type_spread *t = map_get(&r->spreads, hash64_text(type));
    if (now->share <= CANARY_WARN_SHARE) {
        free(map_remove(&r->spreads, hash64_text(type)));
        return;
    }
    if (!t) {
        t = xcalloc(1, sizeof *t);
        map_set(&r->spreads, hash64_text(type), t);
        engine_note(r, true, "boards of one type measure differently: they are two types",
                    "type=%s low=%s low_us=%.3f high=%s high_us=%.3f apart=%.1f%%", type, now->low, now->low_us, now->high, now->high_us,
                    100 * now->share);
    }
    *t = *now;
}

static void spread_update(struct engine *r, const char *type)
{
    uint32_t n = sched_board_count(r->sched);
    double *us = xcalloc(n ? n : 1, sizeof *us);
    struct sched_board_view v;
    for (uint32_t i = 0; i < n; i++) {
        sched_board_view(r->sched, i, &v);
        us[i] = reference_of(r, type, &v);
    }
    size_t low, high;
    struct type_spread now = {.share = canary_spread(us, n, &low, &high)};
    copy_string(now.type, sizeof now.type, type);
    if (low < n && high < n) {
        now.low_us = us[low];
        now.high_us = us[high];
        sched_board_view(r->sched, (uint32_t)low, &v);
        copy_string(now.low, sizeof now.low, v.info->id);
        sched_board_view(r->sched, (uint32_t)high, &v);
        copy_string(now.high, sizeof now.high, v.info->id);
    }
    spread_set(r, type, &now);
    free(us);
}

/* ---- what people see */

void engine_board_health(const struct engine *r, const char *board, const char *type, struct engine_board_health *ret_health)
{
    const struct watched *w = watched_find(r, board);
    const struct type_spread *t = map_get(&r->spreads, hash64_text(type));
    *ret_health = (struct engine_board_health){.record = w ? &w->record : NULL};
    if (w && w->hold_until_ns > r->now)
        ret_health->hold_left_ns = w->hold_until_ns - r->now;
    if (t && (!strcmp(t->low, board) || !strcmp(t->high, board)))
        snprintf(ret_health->warning, sizeof ret_health->warning,
                 "canary references of %s (%.4g us) and %s (%.4g us), both of type %s, are %.1f %% apart: they are two types, or a search must stay "
                 "on one of them",
                 t->low, t->low_us, t->high, t->high_us, t->type, 100 * t->share);
}

/* ---- orders */

static void give_order(struct engine *r, const struct watched *w)
{
    struct sched_board_view v;
    if (sched_board_named(r->sched, w->record.name, &v) && v.online)
        engine_send_command(r, v.worker, w->record.name, board_order_name(w->record.order));
}

/* BOARD_ORDER_NONE: no such action. */
static enum board_order order_named(const char *action)
{
    enum board_order o = BOARD_ORDER_COUNT;
    while (--o > BOARD_ORDER_NONE && strcmp(action, board_order_name(o)))
        ;
    return o;
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

static void hold(struct engine *r, struct watched *w, const char *why);

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
        hold(r, w, "ordered");
    }
}

int engine_board_control(struct engine *r, const struct engine_order *order, struct sonata_error *err)
{
    enum board_order o = order_named(order->action);
    struct sched_board_view v;
    if (r->blocked)
        return sonata_error_set(err, -ENOSPC, "%s", r->blocked_reason);
    if (o == BOARD_ORDER_NONE)
        return sonata_error_set(err, -EINVAL, "'%.40s': drain, quarantine, recalibrate, power-cycle, release or retire is expected", order->action);
    if (!sched_board_named(r->sched, order->board, &v))
        return no_such_board(r, order->board, err);
    struct watched *w = watch(r, order->board);
    struct board_health_record *h = &w->record;
    if (h->order == BOARD_ORDER_RETIRE && o != BOARD_ORDER_RETIRE)
        return sonata_error_set(err, -EPERM, "board '%s' was retired for good: to use it again give it another name", h->name);
    if (strlen(order->reason) >= sizeof h->reason)
        return sonata_error_set(err, -EINVAL, "a reason has at most %zu characters", sizeof h->reason - 1);
    char text[BOARD_TEXT_MAX];
    snprintf(text, sizeof text, "%s%s%s%s%s", board_order_name(o), order->by[0] ? " by " : "", order->by, order->reason[0] ? ": " : "",
             order->reason);
    h->order = o;
    h->given = false;
    h->order_wall_ns = r->wall;
    copy_string(h->by, sizeof h->by, order->by);
    copy_string(h->reason, sizeof h->reason, order->reason);
    own_event(r, w, "order", text);
    begin_order(r, w);
    apply_use(r, w);
    watched_put(r, w);
    if (o == BOARD_ORDER_RETIRE)
        spread_update(r, v.info->type);
    engine_note(r, false, "board order", "board=%s order=\"%s\"", h->name, text);
    return 0;
}

/* Orders its board does not show are given (again); what the board is past asking for is over. */
static void remind(struct engine *r, struct watched *w, const char *state)
{
    struct board_health_record *h = &w->record;
    if (h->order == BOARD_ORDER_NONE)
        return;
    bool shown = shows(h->order, "", state);
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
        own_event(r, w, "order", "dropped: the board did not come within an hour");
    }
    watched_put(r, w);
}

/* That an attempt of it was lost: at once when its worker is there, else when that says hello. */
static void tell_lost(struct engine *r, struct watched *w)
{
    struct sched_board_view v;
    if (!w->record.tell_lost)
        return;
    if (sched_board_named(r->sched, w->record.name, &v) && v.online) {
        engine_send_command(r, v.worker, w->record.name, "lost");
        w->record.tell_lost = false;
    }
    watched_put(r, w);
}

void boards_hello(struct engine *r, const char *worker, const struct sched_board_info *boards, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct watched *w = watched_find(r, boards[i].id);
        struct sched_board_view v;
        if (!w || !sched_board_named(r->sched, boards[i].id, &v) || strcmp(v.worker, worker))
            continue;
        tell_lost(r, w);
        remind(r, w, boards[i].state);
        apply_use(r, w);
    }
}

/* ---- the master's own quarantine */

static const char *duration_text(int64_t ns, char text[24])
{
    snprintf(text, 24, "%.3g %s", (double)ns / 1e9 / (ns < 120 * SONATA_SECOND ? 1 : 60), ns < 120 * SONATA_SECOND ? "s" : "min");
    return text;
}

/* Back-off 1, 3 and 12 times the first, longer with every quarantine less than a day after the one before. */
static void hold(struct engine *r, struct watched *w, const char *why)
{
    static const int64_t factor[] = {1, 3, 12};
    struct board_health_record *h = &w->record;
    char text[BOARD_TEXT_MAX], left[24];
    int64_t first = r->config.quarantine_ns > 0 ? r->config.quarantine_ns : engine_config_default().quarantine_ns;
    h->quarantines = r->wall - h->quarantine_wall_ns < SONATA_DAY ? h->quarantines : 0;
    int64_t wait = first * factor[h->quarantines < 3 ? h->quarantines : 2];
    h->quarantines++;
    h->quarantine_wall_ns = r->wall;
    h->hold_until_wall_ns = r->wall + wait;
    h->probation = false;
    w->hold_until_ns = r->now + wait;
    r->boards_due_ns = w->hold_until_ns < r->boards_due_ns ? w->hold_until_ns : r->boards_due_ns;
    blame_clear(&h->blame);
    snprintf(text, sizeof text, "%s; no jobs for %s, then one at a time until one is good", why, duration_text(wait, left));
    own_event(r, w, "quarantine", text);
    engine_note(r, true, "board quarantined", "board=%s reason=\"%s\" for_s=%.1f", h->name, why, (double)wait / 1e9);
}

void boards_outcome(struct engine *r, const char *board, uint64_t evaluation, enum outcome outcome)
{
    _Static_assert((int)OUTCOME_LOST == (int)JOB_LOST && (int)OUTCOME_COUNT == (int)JOB_CLASS_COUNT, "the two lists are one");
    double weight = job_policy((enum job_class)outcome)->board_weight;
    bool good = outcome == OUTCOME_OK || outcome == OUTCOME_INFEASIBLE;
    struct watched *w = weight > 0 ? watch(r, board) : watched_find(r, board);
    if (!w)
        return; /* nothing ever failed there */
    struct board_health_record *h = &w->record;
    if (watched_has_canary(w)) { /* it judges itself; that it was lost is all it cannot know */
        h->tell_lost = h->tell_lost || outcome == OUTCOME_LOST;
        tell_lost(r, w);
        return;
    }
    if (!r->config.quarantine_ns || (weight <= 0 && !h->probation && !blame_counts(&h->blame, r->wall)))
        return;
    blame_add(&h->blame, evaluation, weight, r->wall);
    if (h->probation && good) {
        h->probation = false;
        own_event(r, w, "probation", "passed: a job was good");
    } else if (!w->hold_until_ns && h->probation && weight >= 1) {
        hold(r, w, "it failed again on probation");
    } else if (!w->hold_until_ns && blame_exceeded(&h->blame, r->wall)) {
        hold(r, w, "it failed three different jobs");
    }
    apply_use(r, w);
    watched_put(r, w);
}

void boards_forgive(struct engine *r, const char *board, uint64_t evaluation)
{
    struct watched *w = watched_find(r, board);
    if (w && blame_forgive(&w->record.blame, evaluation))
        watched_put(r, w);
}

int64_t boards_turn(struct engine *r)
{
    if (r->now < r->boards_due_ns)
        return r->boards_due_ns;
    r->boards_due_ns = INT64_MAX;
    uint32_t at = 0;
    for (struct watched *w; (w = map_next(&r->boards, &at));) {
        if (w->hold_until_ns > r->now && w->hold_until_ns < r->boards_due_ns)
            r->boards_due_ns = w->hold_until_ns;
        if (!w->hold_until_ns || w->hold_until_ns > r->now)
            continue;
        w->hold_until_ns = w->record.hold_until_wall_ns = 0;
        w->record.probation = true;
        own_event(r, w, "probation", "one job at a time until one is good");
        engine_note(r, false, "board on probation", "board=%s", w->record.name);
        apply_use(r, w);
        watched_put(r, w);
    }
    return r->boards_due_ns;
}

/* ---- life */

static bool load_health(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct engine *r = user;
    struct board_health_record h;
    (void)key;
    (void)n_key;
    if (board_health_record_decode(value, n_value, &h))
        return true; /* for --check to tell */
    struct watched *w = watch(r, h.name);
    w->record = h;
    if (h.hold_until_wall_ns) { /* a clock set back must not hold it longer than a day */
        int64_t left = h.hold_until_wall_ns - r->wall;
        w->hold_until_ns = r->now + (left < 0 ? 0 : left < SONATA_DAY ? left : SONATA_DAY);
        r->boards_due_ns = w->hold_until_ns < r->boards_due_ns ? w->hold_until_ns : r->boards_due_ns;
    }
    apply_use(r, w);
    return true;
}

int boards_load(struct engine *r)
{
    r->boards_due_ns = INT64_MAX;
    int rc = store_scan(r->store, STORE_BOARD_HEALTH, (struct store_key){0}, 0, load_health, r);
    struct map done = {0};
    for (uint32_t i = 0; i < sched_board_count(r->sched) && !rc; i++) {
        struct sched_board_view v;
        sched_board_view(r->sched, i, &v);
        if (!watched_has_canary(watched_find(r, v.info->id)) || map_get(&done, hash64_text(v.info->type)))
            continue;
        map_set(&done, hash64_text(v.info->type), r);
        spread_update(r, v.info->type);
    }
    map_fini(&done);
    return rc;
}

void boards_free(struct engine *r)
{
    uint32_t at = 0;
    for (void *w; (w = map_next(&r->boards, &at));)
        free(w);
    map_fini(&r->boards);
    at = 0;
    for (void *t; (t = map_next(&r->spreads, &at));)
        free(t);
    map_fini(&r->spreads);
}
