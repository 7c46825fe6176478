/* The master's own quarantine of boards that have no canary to judge themselves by. */
#include "run/board_health.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/time.h"
#include "health/blame.h"
#include "run/board_history.h"
#include "run/board_table.h"
#include "run/note.h"
#include "run/spread.h"

struct board_health {
    int64_t due_ns; /* when the next quarantine ends (monotonic); INT64_MAX: none */
};

struct board_health *board_health_new(void)
{
    struct board_health *h = xcalloc(1, sizeof *h);
    h->due_ns = INT64_MAX;
    return h;
}

void board_health_free(struct board_health *h) { free(h); }

/* Back-off 1, 3 and 12 times the first, longer with every quarantine less than a day after the one before. */
void board_hold(struct engine *r, struct watched *w, const char *why)
{
    static const int64_t factor[] = {1, 3, 12};
    struct board_health_record *h = &w->record;
    char text[BOARD_TEXT_MAX], left[16];
    int64_t first = r->config.quarantine_ns > 0 ? r->config.quarantine_ns : QUARANTINE_NS;
    h->quarantines = r->wall - h->quarantine_wall_ns < SONATA_DAY ? h->quarantines : 0;
    int64_t wait = first * factor[h->quarantines < 3 ? h->quarantines : 2];
    h->quarantines++;
    h->quarantine_wall_ns = r->wall;
    h->hold_until_wall_ns = r->wall + wait;
    h->probation = false;
    w->hold_until_ns = r->now + wait;
    r->board_health->due_ns = min_of(r->board_health->due_ns, w->hold_until_ns);
    copy_string(h->hold_why, sizeof h->hold_why, why);
    blame_clear(&h->blame);
    format_duration(wait, left);
    snprintf(text, sizeof text, "%s; no jobs for %s, then one at a time until one is good", why, left);
    board_history_add(r, w, "quarantine", text);
    engine_note(r, true, "board quarantined", "board=%s reason=\"%s\" for_s=%.1f", h->name, why, (double)wait / 1e9);
}

/* "it failed three different jobs, the last: infra: no answer" */
static void hold_for(struct engine *r, struct watched *w, const char *what, const char *reason)
{
    char why[REASON_MAX];
    snprintf(why, sizeof why, "%s%s%.110s", what, reason[0] ? ", the last: " : "", reason);
    board_hold(r, w, why);
}

void boards_outcome(struct engine *r, const char *board, uint64_t evaluation, enum outcome outcome, const char *reason)
{
    _Static_assert((int)OUTCOME_LOST == (int)JOB_LOST && (int)OUTCOME_COUNT == (int)JOB_CLASS_COUNT, "the two lists are one");
    double weight = blame_weight((enum job_class)outcome);
    bool good = outcome_is_good(outcome);
    struct watched *w = weight > 0 ? watched_get(r, board) : watched_find(r, board);
    if (!w)
        return; /* nothing ever failed there */
    struct board_health_record *h = &w->record;
    if (watched_has_canary(w) || outcome == OUTCOME_LOST) /* it judges itself; an interruption says nothing about it */
        return;
    if (!r->config.quarantine_ns || (weight <= 0 && !h->probation && !blame_counts(&h->blame, r->wall)))
        return;
    blame_add(&h->blame, evaluation, weight, r->wall);
    if (h->probation && good) {
        h->probation = false;
        board_history_add(r, w, "probation", "passed: a job was good");
    } else if (!w->hold_until_ns && h->probation && weight >= 1) {
        hold_for(r, w, "it failed again on probation", reason);
    } else if (!w->hold_until_ns && blame_exceeded(&h->blame, r->wall)) {
        hold_for(r, w, "it failed three different jobs", reason);
    }
    watched_apply_use(r, w);
    watched_put(r, w);
}

void boards_forgive(struct engine *r, const char *board, uint64_t evaluation)
{
    struct watched *w = watched_find(r, board);
    if (w && blame_forgive(&w->record.blame, evaluation))
        watched_put(r, w);
}

int64_t boards_due_ns(const struct engine *r) { return r->board_health->due_ns; }

void boards_turn(struct engine *r)
{
    if (r->now < r->board_health->due_ns)
        return;
    r->board_health->due_ns = INT64_MAX;
    uint32_t at = 0;
    for (struct watched *w; (w = watched_next(r, &at));) {
        if (w->hold_until_ns > r->now && w->hold_until_ns < r->board_health->due_ns)
            r->board_health->due_ns = w->hold_until_ns;
        if (!w->hold_until_ns || w->hold_until_ns > r->now)
            continue;
        w->hold_until_ns = w->record.hold_until_wall_ns = 0;
        w->record.probation = true;
        board_history_add(r, w, "probation", "one job at a time until one is good");
        engine_note(r, false, "board on probation", "board=%s", w->record.name);
        watched_apply_use(r, w);
        watched_put(r, w);
    }
}

static bool load_health(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct engine *r = user;
    struct board_health_record h;
    (void)key;
    (void)n_key;
    if (board_health_record_decode(value, n_value, &h))
        return true; /* for --check to tell */
    struct watched *w = watched_get(r, h.name);
    w->record = h;
    if (h.hold_until_wall_ns) { /* a clock set back must not hold it longer than a day */
        w->hold_until_ns = r->now + clamp_of(h.hold_until_wall_ns - r->wall, (int64_t)0, (int64_t)SONATA_DAY);
        r->board_health->due_ns = min_of(r->board_health->due_ns, w->hold_until_ns);
    }
    watched_apply_use(r, w);
    return true;
}

int boards_load(struct engine *r)
{
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
