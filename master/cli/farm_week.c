/* See farm_week.h. */
#include "cli/farm_week.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DRIFT_MAX 0.03
#define AVAILABLE_MIN 0.9
#define FAILED_MIN 0.2   /* share of attempts */
#define FAILED_TIMES 3.0 /* as often as others of its type */
enum { ATTEMPTS_TO_SAY = 20 };

static bool measures(const char *state)
{
    static const char *const good[] = {"ready", "busy", "suspect", "calibrating", "canary"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!strcmp(state, good[i]))
            return true;
    }
    return false;
}

static bool is_trouble(const struct farm_event *e)
{
    return !strcmp(e->kind, "recovery") || !strcmp(e->state, "quarantine") || !strcmp(e->state, "offline") || !strcmp(e->state, "recovering");
}

/* Time in good states: events are walked from the newest back, each state holds until the event after it. */
static double share_available(const struct farm_board *b, const struct farm_event *event, size_t n, int64_t from, int64_t to)
{
    int64_t good = 0, known = 0, end = to;
    for (size_t i = 0; i < n && end > from; i++) {
        if (!event[i].state[0] || event[i].wall_ns >= to)
            continue;
        int64_t begin = event[i].wall_ns > from ? event[i].wall_ns : from;
        bool now = end == to;
        known += end - begin;
        good += measures(event[i].state) && (!now || b->board->online) ? end - begin : 0;
        end = begin;
    }
    return known > 0 ? (double)good / (double)known : (double)NAN;
}

void farm_board_judge(struct farm_board *b, const struct farm_event *event, size_t n, int64_t from_wall_ns, int64_t to_wall_ns)
{
    const struct results_board *x = b->board;
    b->known = true;
    b->available = share_available(b, event, n, from_wall_ns, to_wall_ns);
    b->drift = x->canary_us > 0 && x->reference_us > 0 ? x->canary_us / x->reference_us - 1 : (double)NAN;
    b->canaries = b->canaries_failed = b->troubles = 0;
    const char *before = "";
    for (size_t i = n; i-- > 0;) {
        const struct farm_event *e = &event[i];
        bool inside = e->wall_ns >= from_wall_ns && e->wall_ns < to_wall_ns, canary = inside && !strcmp(e->kind, "canary");
        b->canaries += canary;
        b->canaries_failed += canary && e->latency_us <= 0;
        b->troubles += inside && is_trouble(e) && strcmp(e->state, before);
        before = e->state;
    }
}

static void say(struct farm_board *b, const char *text)
{
    size_t n = strlen(b->look);
    snprintf(b->look + n, sizeof b->look - n, "%s%s", n ? "; " : "", text);
}

/* Share of failed attempts of the others of its type. */
static double failures_of_others(const struct farm_board *board, size_t n, const struct farm_board *own)
{
    double failed = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        const struct results_board *x = board[i].board;
        if (&board[i] == own || strcmp(x->type, own->board->type))
            continue;
        failed += (double)x->failed;
        all += (double)(x->failed + x->done);
    }
    return all > 0 ? failed / all : 0;
}

static void look_at(struct farm_board *b, const struct farm_board *all, size_t n)
{
    const struct results_board *x = b->board;
    char text[120];
    double attempts = (double)(x->done + x->failed), failed = attempts > 0 ? (double)x->failed / attempts : 0;
    if (!x->online)
        say(b, "its worker is away");
    if (x->held[0]) {
        snprintf(text, sizeof text, "held: %.60s", x->held);
        say(b, text);
    }
    if (fabs(b->drift) > DRIFT_MAX) {
        snprintf(text, sizeof text, "measures %+.1f %% off its reference: clock, heat, load? then recalibrate", 100 * b->drift);
        say(b, text);
    }
    if (b->available < AVAILABLE_MIN) {
        snprintf(text, sizeof text, "could measure %.0f %% of the time only", 100 * b->available);
        say(b, text);
    }
    if (attempts >= ATTEMPTS_TO_SAY && failed > FAILED_MIN && failed > FAILED_TIMES * failures_of_others(all, n, b)) {
        snprintf(text, sizeof text, "%.0f %% of its attempts failed, far more than of its type", 100 * failed);
        say(b, text);
    }
}

void farm_boards_compare(struct farm_board *board, size_t n)
{
    for (size_t i = 0; i < n; i++)
        look_at(&board[i], board, n);
}
