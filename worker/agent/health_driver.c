/* See health_driver.h.
 *
 * Functional mode: a check stands in for every timed canary, and counts as one that met a nominal reference exactly; a single good one calibrates.
 * Off: the same without a check, and jobs are never held against the board, so only people change its state. Conditions that were wrong (JOB_INVALID)
 * are held only against a board whose canaries are timed. */
#include "agent/health_driver.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/time.h"

enum { PENDING_CHECK = 1, PENDING_CANARY = 2, PENDING_RUNG = 4, PENDING_PROOF = 8 /* a check after a rung */ };
enum { SILENT_MAX = 5 }; /* canaries of a calibration that may go unanswered: a board that was just switched on */

static const double NOMINAL_US = 1;
static const int64_t RETRY_NS = 3 * SONATA_SECOND; /* between a check that failed and the next */

static void settle(struct health_driver *d, int64_t now_ns);

static bool is_timed(const struct health_driver *d) { return d->options->canary == CANARY_TIMED; }

/* What a canary that was answered counts as, where nothing is timed: always the same. */
static double timed_or_nominal(const struct health_driver *d, double latency_us) { return is_timed(d) ? latency_us : NOMINAL_US; }

/* ---- the machine's effects */

static void take_actions(struct health_driver *d, enum health_state from, unsigned actions, int64_t now_ns)
{
    if (from != d->health.state || actions & HEALTH_DO_CALIBRATE)
        d->pending = 0;
    if (actions & HEALTH_DO_CALIBRATE) {
        d->pending = PENDING_CANARY;
        d->canary_after_ns = now_ns;
        d->silent = 0;
    }
    if (actions & HEALTH_DO_FUNCTIONAL_CANARY) {
        d->pending |= PENDING_CHECK;
        d->check_after_ns = from == HEALTH_SUSPECT ? now_ns + RETRY_NS : now_ns;
    }
    int64_t cooled_ns = actions & HEALTH_DO_COOL_DOWN ? now_ns + d->options->cool_down_ns : now_ns;
    if (actions & HEALTH_DO_TIMED_CANARY) {
        d->pending |= PENDING_CANARY;
        d->canary_after_ns = cooled_ns;
    } else if (actions & HEALTH_DO_COOL_DOWN) {
        d->work_after_ns = cooled_ns;
    }
    if (actions & HEALTH_DO_RUNG)
        d->pending = PENDING_RUNG;
    if (actions & HEALTH_DO_BACKOFF)
        d->pending = 0;
}

/* limit: it was quarantined once too often. */
static void explain(struct health_driver *d, const char *text, bool limit, int64_t now_ns)
{
    if (d->health.state == HEALTH_QUARANTINED) {
        double left = (double)(d->health.backoff_until_ns - now_ns) / 1e9;
        snprintf(d->why, sizeof d->why, "%.180s; next look in %.0f s", text, left > 0 ? left : 0);
    } else if (d->health.state == HEALTH_MAINTENANCE && limit) {
        snprintf(d->why, sizeof d->why, "%.140s; the third quarantine in 24 h: a person has to release it", text);
    } else {
        copy_string(d->why, sizeof d->why, d->health.state == HEALTH_READY || d->health.state == HEALTH_BUSY ? "" : text);
    }
}

static bool is_working(enum health_state s) { return s == HEALTH_READY || s == HEALTH_BUSY; }

/* What the machine did, told once: always when `told`, else when the board came into another state (between ready and busy it goes all day). */
static void call_out(struct health_driver *d, struct health_news *news, unsigned actions, bool told, int64_t now_ns)
{
    news->state = d->health.state;
    news->notify = actions & HEALTH_DO_NOTIFY;
    news->reference_us = is_timed(d) ? d->health.reference.median_us : 0;
    bool changed = news->from != news->state && !(is_working(news->from) && is_working(news->state));
    if (news->from != news->state) {
        explain(d, news->text, news->notify, now_ns);
        if (d->why[0])
            copy_string(news->text, sizeof news->text, d->why);
    }
    if (told || changed)
        d->news(d->user, news);
}

/* What happens to a board; told: also people hear of it when the state stays as it is. */
struct happening {
    enum health_event event;
    uint64_t job; /* 0: none */
    bool told;
};

/* One event through the machine. -EPROTO when it makes no sense now: nothing happened then. */
static int apply(struct health_driver *d, struct happening h, struct health_news *news, int64_t now_ns, struct sonata_error *err)
{
    unsigned actions = 0;
    news->from = d->health.state;
    int r = health_apply(&d->health, h.event, h.job, now_ns, &actions, err);
    if (r)
        return r;
    take_actions(d, news->from, actions, now_ns);
    call_out(d, news, actions, h.told, now_ns);
    return 0;
}

const char *news_kind_name(enum news_kind k)
{
    static const char *const name[] = {"state", "canary", "calibrated", "recovery", "admin"};
    return name[k];
}

/* The same for what may come in any state and is not an error when it comes too late. */
static void apply_if_due(struct health_driver *d, struct happening h, enum news_kind kind, const char *text, int64_t now_ns)
{
    struct health_news news = {.kind = kind};
    struct sonata_error err;
    copy_string(news.text, sizeof news.text, text);
    (void)!apply(d, h, &news, now_ns, &err);
}

/* ---- canaries */

static void describe_canary(const struct health_driver *d, double latency_us, const char *text, struct health_news *news)
{
    double reference = d->health.reference.median_us;
    if (latency_us <= 0)
        snprintf(news->text, sizeof news->text, "canary failed: %.180s", text);
    else if (is_timed(d) && reference > 0)
        snprintf(news->text, sizeof news->text, "canary %.3f us, %+.1f %% of the reference %.3f us", latency_us, 100 * (latency_us / reference - 1),
                 reference);
    else
        copy_string(news->text, sizeof news->text, "canary answered");
}

/* The series of a calibration goes on, or ends. */
static void calibrate(struct health_driver *d, double latency_us, const char *text, int64_t now_ns)
{
    struct health_news news = {.kind = NEWS_STATE, .from = d->health.state};
    struct sonata_error err;
    unsigned actions = 0, wanted = d->health.canaries_wanted;
    int64_t good_ns = d->health.canary.last_good_ns;
    bool answers = latency_us > 0;
    d->pending |= PENDING_CANARY;
    if (!answers && ++d->silent < SILENT_MAX) {
        d->canary_after_ns = now_ns + RETRY_NS;
        return;
    }
    double counted = answers ? timed_or_nominal(d, latency_us) : 0;
    do /* silence ends the series, and where nothing is timed one answer does */
        (void)!health_canary(&d->health, counted, now_ns, &actions, &err);
    while (d->health.state == HEALTH_CALIBRATING && (!answers || !is_timed(d)));
    if (d->health.state == HEALTH_CALIBRATING)
        return;
    take_actions(d, news.from, actions, now_ns);
    news.latency_us = answers && d->options->canary != CANARY_OFF ? latency_us : 0;
    if (d->health.state == HEALTH_READY) {
        news.kind = NEWS_CALIBRATED;
        if (is_timed(d))
            snprintf(news.text, sizeof news.text, "%u canaries, reference %.3f us", wanted, d->health.reference.median_us);
        else
            copy_string(news.text, sizeof news.text,
                        d->options->canary == CANARY_OFF ? "canaries are off" : "the board answers; canaries are functional");
    } else if (!answers) {
        snprintf(news.text, sizeof news.text, "calibration failed, no answer: %.160s", text);
    } else if (wanted < CANARY_CALIBRATION) {
        snprintf(news.text, sizeof news.text, "calibration failed: %u canaries, one of them more than 5 %% off the reference %.3f us", wanted,
                 d->health.reference.median_us);
        news.invalid_from_ns = good_ns; /* the fingerprint is the same, so it drifted while we were away, or before */
        news.invalid_to_ns = good_ns ? now_ns : 0;
    } else {
        snprintf(news.text, sizeof news.text, "calibration failed: the middle half of %u canaries is more than 6 %% wide", wanted);
    }
    call_out(d, &news, actions, true, now_ns);
}

/* A canary's verdict outside a calibration. */
static void judge(struct health_driver *d, double latency_us, const char *text, int64_t now_ns)
{
    struct health_news news = {.kind = NEWS_CANARY, .from = d->health.state};
    struct sonata_error err;
    unsigned actions = 0;
    int64_t good_ns = d->health.canary.last_good_ns;
    describe_canary(d, latency_us, text, &news);
    news.latency_us = latency_us > 0 ? latency_us : 0;
    bool routine = !is_timed(d) && latency_us > 0 && news.from == HEALTH_READY && !d->asked;
    if (health_canary(&d->health, latency_us <= 0 ? 0 : timed_or_nominal(d, latency_us), now_ns, &actions, &err))
        return; /* the state changed meanwhile */
    if (actions & HEALTH_DO_INVALIDATE) {
        news.invalid_from_ns = good_ns;
        news.invalid_to_ns = now_ns;
    }
    d->asked = false;
    take_actions(d, news.from, actions, now_ns);
    call_out(d, &news, actions, !routine, now_ns);
}

/* A check after a rung. */
static void prove(struct health_driver *d, bool answers, const char *text, int64_t now_ns)
{
    char line[HEALTH_TEXT_MAX];
    enum recovery_rung rung = d->health.rung;
    if (!answers && rung >= RUNG_SOFT_RESET && now_ns + RETRY_NS < d->rung_until_ns) { /* it may be booting */
        d->pending |= PENDING_PROOF;
        d->check_after_ns = now_ns + RETRY_NS;
        return;
    }
    if (answers)
        snprintf(line, sizeof line, "%s: the board answers", recovery_rung_name(rung));
    else
        snprintf(line, sizeof line, "%s: no answer: %.160s", recovery_rung_name(rung), text);
    apply_if_due(d, (struct happening){answers ? HEALTH_ANSWERS : HEALTH_RUNG_FAILED, 0, true}, NEWS_RECOVERY, line, now_ns);
}

/* ---- orders */

static struct health_order take_running(struct health_driver *d)
{
    struct health_order o = d->running;
    if (d->stale)
        o.kind = HEALTH_ORDER_NONE;
    d->running = (struct health_order){0};
    d->stale = false;
    return o;
}

static void answered(struct health_driver *d, const struct health_order *o, double latency_us, const char *text, int64_t now_ns)
{
    if (o->kind == HEALTH_ORDER_NONE)
        return;
    if (d->health.state == HEALTH_RECOVERING)
        prove(d, latency_us > 0, text, now_ns);
    else if (d->health.state == HEALTH_CALIBRATING)
        calibrate(d, latency_us, text, now_ns);
    else if (o->kind == HEALTH_ORDER_CANARY || latency_us <= 0) /* of a check only the failure counts: the canary follows */
        judge(d, latency_us, text, now_ns);
}

void health_driver_canary(struct health_driver *d, double latency_us, const char *text, int64_t now_ns)
{
    struct health_order o = take_running(d);
    answered(d, &o, latency_us, text, now_ns);
    settle(d, now_ns);
}

void health_driver_rung(struct health_driver *d, bool ok, const char *text, int64_t now_ns)
{
    struct health_order o = take_running(d);
    if (o.kind != HEALTH_ORDER_RUNG || d->health.state != HEALTH_RECOVERING)
        return;
    if (ok) {
        d->pending |= PENDING_PROOF;
        d->check_after_ns = now_ns;
    } else {
        char line[HEALTH_TEXT_MAX];
        snprintf(line, sizeof line, "%s: %.180s", recovery_rung_name(o.rung), text);
        apply_if_due(d, (struct happening){HEALTH_RUNG_FAILED, 0, true}, NEWS_RECOVERY, line, now_ns);
    }
    settle(d, now_ns);
}

/* Where canaries are off every one that is due is good at once. */
static void settle(struct health_driver *d, int64_t now_ns)
{
    while (d->options->canary == CANARY_OFF && d->pending & (PENDING_CHECK | PENDING_CANARY | PENDING_PROOF)) {
        struct health_order o = {.kind = HEALTH_ORDER_CANARY};
        d->pending = 0;
        answered(d, &o, NOMINAL_US, "", now_ns);
    }
}

static bool is_due(const struct health_driver *d, enum tier tier, int64_t now_ns)
{
    const struct canary_schedule *s = &d->health.canary;
    if (d->health.state != HEALTH_READY || d->options->canary == CANARY_OFF)
        return false;
    int64_t interval_ns = d->options->interval_ns;
    if (interval_ns > 0)
        return now_ns - s->last_ns >= (s->shortened ? interval_ns / 2 : interval_ns);
    return canary_due(s, tier > d->tier ? tier : d->tier, now_ns);
}

static bool start(struct health_driver *d, enum health_order_kind kind, unsigned bit, struct health_order *ret_order)
{
    d->pending &= ~bit;
    d->running = (struct health_order){.kind = kind, .timed = kind == HEALTH_ORDER_CANARY && is_timed(d), .rung = d->health.rung};
    *ret_order = d->running;
    return true;
}

bool health_driver_next(struct health_driver *d, enum tier tier, int64_t now_ns, struct health_order *ret_order)
{
    if (d->running.kind != HEALTH_ORDER_NONE)
        return false;
    if (d->pending & PENDING_RUNG) {
        d->rung_until_ns = now_ns + recovery_rung_limit_ns(d->health.rung);
        return start(d, HEALTH_ORDER_RUNG, PENDING_RUNG, ret_order);
    }
    if (d->pending & PENDING_PROOF && now_ns >= d->check_after_ns)
        return start(d, HEALTH_ORDER_CHECK, PENDING_PROOF, ret_order);
    if (d->pending & PENDING_CHECK && now_ns >= d->check_after_ns)
        return start(d, HEALTH_ORDER_CHECK, PENDING_CHECK, ret_order);
    if (d->pending & PENDING_CANARY && !(d->pending & PENDING_CHECK) && now_ns >= d->canary_after_ns)
        return start(d, HEALTH_ORDER_CANARY, PENDING_CANARY, ret_order);
    return !d->pending && is_due(d, tier, now_ns) && start(d, HEALTH_ORDER_CANARY, PENDING_CANARY, ret_order);
}

/* ---- what happens to the board */

void health_driver_init(struct health_driver *d, const struct health_options *options, health_news_fn *news, void *user)
{
    *d = (struct health_driver){.options = options, .news = news, .user = user, .tier = TIER_SCREEN};
    d->health.rungs = health_options_rungs(options);
    d->health.backoff_step_ns = options->backoff_ns;
}

void health_driver_restore(struct health_driver *d, const struct board_health *saved)
{
    unsigned rungs = d->health.rungs;
    int64_t step_ns = d->health.backoff_step_ns;
    d->health = *saved;
    d->health.rungs = rungs;
    d->health.backoff_step_ns = step_ns;
    enum health_state s = saved->state;
    if (saved->draining && s != HEALTH_RETIRED)
        d->health.state = HEALTH_MAINTENANCE; /* the job it waited for is gone */
    else if (s == HEALTH_PROBATION)
        d->health.state = HEALTH_QUARANTINED; /* its back-off is over */
    else if (s != HEALTH_QUARANTINED && s != HEALTH_MAINTENANCE && s != HEALTH_RETIRED)
        d->health.state = HEALTH_UNKNOWN;
    d->health.draining = false;
    if (d->health.state != HEALTH_UNKNOWN)
        copy_string(d->why, sizeof d->why, "as it was before the worker was started again");
}

void health_driver_announce(struct health_driver *d, const uint8_t fingerprint[CANARY_FINGERPRINT], int64_t now_ns)
{
    struct health_news news = {.kind = NEWS_STATE, .from = d->health.state};
    struct sonata_error err;
    unsigned actions = 0;
    copy_string(news.text, sizeof news.text, news.from == HEALTH_UNKNOWN ? "registered" : "the fingerprint changed");
    if (health_announce(&d->health, fingerprint, now_ns, &actions, &err))
        return;
    if (actions & HEALTH_DO_CALIBRATE)
        d->stale = d->running.kind != HEALTH_ORDER_NONE;
    take_actions(d, news.from, actions, now_ns);
    if (d->options->canary != CANARY_OFF || news.from != HEALTH_UNKNOWN)
        call_out(d, &news, actions, news.from != HEALTH_UNKNOWN && actions & HEALTH_DO_CALIBRATE, now_ns);
    settle(d, now_ns);
}

bool health_driver_may_work(struct health_driver *d, int64_t now_ns)
{
    health_heartbeat(&d->health, now_ns); /* of the worker, which is here */
    return health_may_work(&d->health, now_ns) && d->running.kind == HEALTH_ORDER_NONE && !d->pending && now_ns >= d->work_after_ns;
}

bool health_driver_keeps_jobs(const struct health_driver *d)
{
    switch (d->health.state) {
    case HEALTH_UNKNOWN:
    case HEALTH_CALIBRATING:
    case HEALTH_READY:
    case HEALTH_SUSPECT:
        return true;
    case HEALTH_BUSY:
        return !d->health.draining;
    default:
        return false;
    }
}

void health_driver_job_started(struct health_driver *d, uint64_t job, enum tier tier, int64_t now_ns)
{
    d->tier = tier;
    apply_if_due(d, (struct happening){HEALTH_JOB_ASSIGNED, job, false}, NEWS_STATE, "a job", now_ns);
}

void health_driver_job_ended(struct health_driver *d, enum health_event end, uint64_t job, int64_t now_ns)
{
    static const char *const text[] = {[HEALTH_JOB_DONE] = "a job ended",
                                       [HEALTH_JOB_INVALID] = "the conditions were wrong again",
                                       [HEALTH_JOB_INFRA] = "the board failed a job",
                                       [HEALTH_JOB_LOST] = "the board's process ended over a job",
                                       [HEALTH_JOB_KILLED] = "a candidate had to be killed or died"};
    if (d->options->canary == CANARY_OFF)
        end = HEALTH_JOB_DONE;
    else if (end == HEALTH_JOB_INVALID && !is_timed(d)) /* a host that does other things too is no sick board; who wants to know times canaries */
        end = HEALTH_JOB_DONE;
    apply_if_due(d, (struct happening){end, job, false}, NEWS_STATE, text[end], now_ns);
    if (d->asked && d->health.state == HEALTH_READY) {
        d->pending = PENDING_CHECK | PENDING_CANARY;
        d->check_after_ns = d->canary_after_ns = now_ns;
    }
    settle(d, now_ns);
}

static void ask(struct health_driver *d, int64_t now_ns)
{
    d->asked = is_working(d->health.state); /* elsewhere its answer is awaited anyway */
    if (d->health.state == HEALTH_READY) {
        d->pending |= PENDING_CHECK | PENDING_CANARY;
        d->check_after_ns = d->canary_after_ns = now_ns;
        settle(d, now_ns);
    }
}

/* Words of the wire, and the event of those that are one. */
static const struct {
    const char *word;
    enum health_event event;
} orders[PERSON_ORDER_COUNT] = {
    [PERSON_DRAIN] = {"drain", HEALTH_ADMIN_DRAIN},
    [PERSON_QUARANTINE] = {"quarantine", HEALTH_ADMIN_QUARANTINE},
    [PERSON_RECALIBRATE] = {"recalibrate", HEALTH_ADMIN_RECALIBRATE},
    [PERSON_POWER_CYCLE] = {"power-cycle", HEALTH_ADMIN_POWER_CYCLE},
    [PERSON_RELEASE] = {"release", HEALTH_ADMIN_RELEASE},
    [PERSON_RETIRE] = {"retire", HEALTH_ADMIN_RETIRE},
    [PERSON_CANARY] = {.word = "canary"},
    [PERSON_LOST] = {.word = "lost"},
};

enum person_order person_order_named(const char *word)
{
    enum person_order o = 0;
    while (o < PERSON_ORDER_COUNT && strcmp(word, orders[o].word))
        o++;
    return o;
}

void health_driver_command(struct health_driver *d, enum person_order order, int64_t now_ns)
{
    struct health_news news = {.kind = NEWS_ADMIN, .from = d->health.state};
    struct sonata_error why;
    bool busy = d->running.kind != HEALTH_ORDER_NONE, later = news.from == HEALTH_BUSY && order == PERSON_DRAIN;
    if (order == PERSON_CANARY)
        ask(d, now_ns);
    if (order == PERSON_CANARY || order == PERSON_LOST)
        return;
    snprintf(news.text, sizeof news.text, "%s%s", orders[order].word, later ? ": after the running job" : "");
    if (apply(d, (struct happening){orders[order].event, 0, true}, &news, now_ns, &why)) {
        snprintf(news.text, sizeof news.text, "%s refused: %.180s", orders[order].word, why.text);
        call_out(d, &news, 0, true, now_ns);
    } else if (busy && (d->health.state != news.from || order == PERSON_RECALIBRATE)) {
        d->stale = true;
    }
    settle(d, now_ns);
}

void health_driver_tick(struct health_driver *d, int64_t now_ns)
{
    struct health_news news = {.kind = NEWS_STATE, .from = d->health.state};
    struct sonata_error err;
    unsigned actions = 0;
    if (health_tick(&d->health, now_ns, &actions, &err) || d->health.state == news.from)
        return;
    copy_string(news.text, sizeof news.text, "the back-off is over");
    take_actions(d, news.from, actions, now_ns);
    call_out(d, &news, actions, false, now_ns);
    settle(d, now_ns);
}
