/* The health of one board.
 *
 * Flow: guard() turns a reported event into a stronger one where a counter has reached its limit -> the table gives next state and actions -> enter()
 * sets what belongs to the new state. Every legal pair is one row of the table; what is not in it is an error that names both.
 *
 * Two rules of the design meet at a canary and are told apart here: a board that answers but is off by more than 5 % twice in a row is quarantined
 * (it is a bad instrument; resetting it hides the cause), a board that does not answer three times climbs the recovery ladder. */
#include "health/health.h"

#include <errno.h>
#include <string.h>

#include "base/number.h"
#include "base/time.h"

#define MINUTE_NS (60 * SONATA_SECOND)

static const char *const state_names[HEALTH_STATE_COUNT] = {"unknown",    "calibrating", "ready",     "busy",        "suspect",
                                                            "recovering", "quarantined", "probation", "maintenance", "retired"};
static const char *const event_names[HEALTH_EVENT_COUNT] = {
    "registered",       "fingerprint_changed", "calibrated",     "calibration_failed", "job_assigned",     "job_done",        "job_invalid",
    "job_infra",        "job_lost",            "job_killed",     "canary_good",        "canary_warn",      "canary_drift",    "canary_failed",
    "answers",          "rung_failed",         "backoff_over",   "drain",              "quarantine",       "recalibrate",     "power_cycle",
    "release",          "retire",              "invalid_limit",  "blame_limit",        "drift_again",      "no_answer_limit", "ladder_exhausted",
    "probation_passed", "quarantine_limit",    "drained",        "no_reference"};

const char *health_state_name(enum health_state s)
{
    return s < HEALTH_STATE_COUNT ? state_names[s] : "?";
}

enum health_state health_state_named(const char *word)
{
    if (!word[0])
        return HEALTH_STATE_COUNT;
    enum health_state s = HEALTH_RETIRED;
    while (s > HEALTH_UNKNOWN && strcmp(word, state_names[s]))
        s--;
    return s;
}

const char *health_event_name(enum health_event e)
{
    return e < HEALTH_EVENT_COUNT ? event_names[e] : "?";
}

const char *recovery_rung_name(enum recovery_rung r)
{
    static const char *const name[RUNG_COUNT] = {"kill_job", "reopen", "soft_reset", "usb_power", "pdu_power", "reflash"};
    return r < RUNG_COUNT ? name[r] : "?";
}

int64_t recovery_rung_limit_ns(enum recovery_rung r)
{
    return (r == RUNG_SOFT_RESET ? 180 : 60) * SONATA_SECOND;
}

enum { ANY = HEALTH_STATE_COUNT }; /* from any state but MAINTENANCE and RETIRED; specific rows come first */

struct row {
    unsigned from;
    enum health_event event;
    enum health_state next;
    unsigned actions;
};

#define PROVE (HEALTH_DO_FUNCTIONAL_CANARY | HEALTH_DO_COOL_DOWN | HEALTH_DO_TIMED_CANARY)
#define AGAIN (HEALTH_DO_COOL_DOWN | HEALTH_DO_TIMED_CANARY)
#define QUARANTINE (HEALTH_DO_BACKOFF | HEALTH_DO_NOTIFY)

static const struct row table[] = {
    {HEALTH_UNKNOWN, HEALTH_REGISTERED, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},

    {HEALTH_CALIBRATING, HEALTH_CALIBRATED, HEALTH_READY, 0},
    {HEALTH_CALIBRATING, HEALTH_CALIBRATION_FAILED, HEALTH_QUARANTINED, QUARANTINE},
    {HEALTH_CALIBRATING, HEALTH_FINGERPRINT_CHANGED, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},

    {HEALTH_READY, HEALTH_JOB_ASSIGNED, HEALTH_BUSY, 0},
    {HEALTH_READY, HEALTH_CANARY_GOOD, HEALTH_READY, 0},
    {HEALTH_READY, HEALTH_CANARY_WARN, HEALTH_READY, 0},
    {HEALTH_READY, HEALTH_CANARY_DRIFT, HEALTH_SUSPECT, HEALTH_DO_INVALIDATE | AGAIN},
    {HEALTH_READY, HEALTH_CANARY_FAILED, HEALTH_SUSPECT, PROVE},
    {HEALTH_READY, HEALTH_FINGERPRINT_CHANGED, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},

    {HEALTH_BUSY, HEALTH_JOB_DONE, HEALTH_READY, 0},
    {HEALTH_BUSY, HEALTH_JOB_INVALID, HEALTH_READY, HEALTH_DO_COOL_DOWN},
    {HEALTH_BUSY, HEALTH_INVALID_LIMIT, HEALTH_SUSPECT, AGAIN},
    {HEALTH_BUSY, HEALTH_JOB_INFRA, HEALTH_SUSPECT, PROVE},
    {HEALTH_BUSY, HEALTH_JOB_LOST, HEALTH_SUSPECT, PROVE},
    {HEALTH_BUSY, HEALTH_JOB_KILLED, HEALTH_SUSPECT, PROVE},
    {HEALTH_BUSY, HEALTH_BLAME_LIMIT, HEALTH_QUARANTINED, QUARANTINE},
    {HEALTH_BUSY, HEALTH_CANARY_GOOD, HEALTH_BUSY, 0}, /* canaries around a candidate at the report tier */
    {HEALTH_BUSY, HEALTH_CANARY_WARN, HEALTH_BUSY, 0},
    {HEALTH_BUSY, HEALTH_CANARY_DRIFT, HEALTH_SUSPECT, HEALTH_DO_INVALIDATE | AGAIN},
    {HEALTH_BUSY, HEALTH_CANARY_FAILED, HEALTH_SUSPECT, PROVE},
    {HEALTH_BUSY, HEALTH_ADMIN_DRAIN, HEALTH_BUSY, 0}, /* after the job: DRAINED */
    {HEALTH_BUSY, HEALTH_DRAINED, HEALTH_MAINTENANCE, 0},

    {HEALTH_SUSPECT, HEALTH_CANARY_GOOD, HEALTH_READY, 0},
    {HEALTH_SUSPECT, HEALTH_CANARY_WARN, HEALTH_READY, 0},
    {HEALTH_SUSPECT, HEALTH_CANARY_DRIFT, HEALTH_SUSPECT, HEALTH_DO_INVALIDATE | AGAIN},
    {HEALTH_SUSPECT, HEALTH_DRIFT_AGAIN, HEALTH_QUARANTINED, HEALTH_DO_INVALIDATE | QUARANTINE},
    {HEALTH_SUSPECT, HEALTH_CANARY_FAILED, HEALTH_SUSPECT, PROVE},
    {HEALTH_SUSPECT, HEALTH_NO_ANSWER_LIMIT, HEALTH_RECOVERING, HEALTH_DO_RUNG},
    {HEALTH_SUSPECT, HEALTH_FINGERPRINT_CHANGED, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},

    {HEALTH_RECOVERING, HEALTH_ANSWERS, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
    {HEALTH_RECOVERING, HEALTH_RUNG_FAILED, HEALTH_RECOVERING, HEALTH_DO_RUNG},
    {HEALTH_RECOVERING, HEALTH_LADDER_EXHAUSTED, HEALTH_QUARANTINED, QUARANTINE},
    {HEALTH_RECOVERING, HEALTH_FINGERPRINT_CHANGED, HEALTH_RECOVERING, 0}, /* a reboot does that; calibration follows anyway */

    {HEALTH_QUARANTINED, HEALTH_BACKOFF_OVER, HEALTH_PROBATION, HEALTH_DO_FUNCTIONAL_CANARY | HEALTH_DO_TIMED_CANARY},
    {HEALTH_QUARANTINED, HEALTH_NO_REFERENCE, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
    {HEALTH_QUARANTINED, HEALTH_ADMIN_RELEASE, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
    {HEALTH_QUARANTINED, HEALTH_FINGERPRINT_CHANGED, HEALTH_QUARANTINED, 0},

    {HEALTH_PROBATION, HEALTH_CANARY_GOOD, HEALTH_PROBATION, HEALTH_DO_TIMED_CANARY},
    {HEALTH_PROBATION, HEALTH_PROBATION_PASSED, HEALTH_READY, 0},
    {HEALTH_PROBATION, HEALTH_CANARY_WARN, HEALTH_QUARANTINED, HEALTH_DO_BACKOFF},
    {HEALTH_PROBATION, HEALTH_CANARY_DRIFT, HEALTH_QUARANTINED, HEALTH_DO_BACKOFF},
    {HEALTH_PROBATION, HEALTH_CANARY_FAILED, HEALTH_QUARANTINED, HEALTH_DO_BACKOFF},
    {HEALTH_PROBATION, HEALTH_FINGERPRINT_CHANGED, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},

    {HEALTH_MAINTENANCE, HEALTH_ADMIN_RELEASE, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
    {HEALTH_MAINTENANCE, HEALTH_ADMIN_RECALIBRATE, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
    {HEALTH_MAINTENANCE, HEALTH_ADMIN_DRAIN, HEALTH_MAINTENANCE, 0},
    {HEALTH_MAINTENANCE, HEALTH_ADMIN_RETIRE, HEALTH_RETIRED, 0},
    {HEALTH_MAINTENANCE, HEALTH_FINGERPRINT_CHANGED, HEALTH_MAINTENANCE, 0}, /* someone is working on it */

    {ANY, HEALTH_QUARANTINE_LIMIT, HEALTH_MAINTENANCE, HEALTH_DO_NOTIFY},
    {ANY, HEALTH_ADMIN_DRAIN, HEALTH_MAINTENANCE, 0},
    {ANY, HEALTH_ADMIN_RETIRE, HEALTH_RETIRED, 0},
    {ANY, HEALTH_ADMIN_QUARANTINE, HEALTH_QUARANTINED, HEALTH_DO_BACKOFF},
    {ANY, HEALTH_ADMIN_RECALIBRATE, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
    {ANY, HEALTH_ADMIN_POWER_CYCLE, HEALTH_RECOVERING, HEALTH_DO_RUNG},
};

static const struct row *find_row(enum health_state state, enum health_event event)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].event == event && (table[i].from == (unsigned)state ||
                                        (table[i].from == ANY && state != HEALTH_MAINTENANCE && state != HEALTH_RETIRED)))
            return &table[i];
    return NULL;
}

/* First configured rung from r on; RUNG_COUNT when there is none. */
static enum recovery_rung rung_from(const struct board_health *h, enum recovery_rung r)
{
    while (r < RUNG_COUNT && !(h->rungs >> r & 1))
        r++;
    return r;
}

/* Moves to the next rung, or from the top to a second pass; LADDER_EXHAUSTED when both are over or two power cycles failed. */
static enum health_event climb(struct board_health *h)
{
    if (h->rung == RUNG_USB_POWER || h->rung == RUNG_PDU_POWER)
        h->failed_power_cycles++;
    if (h->failed_power_cycles >= 2)
        return HEALTH_LADDER_EXHAUSTED;
    h->rung = h->rung < RUNG_COUNT ? rung_from(h, h->rung + 1) : RUNG_COUNT;
    if (h->rung == RUNG_COUNT) {
        h->ladder_passes++;
        h->rung = rung_from(h, 0);
    }
    return h->ladder_passes >= 2 || h->rung == RUNG_COUNT ? HEALTH_LADDER_EXHAUSTED : HEALTH_RUNG_FAILED;
}

static unsigned quarantines_within_day(const struct board_health *h, int64_t now_ns)
{
    unsigned n = 0, held = min_of(h->n_quarantines, HEALTH_QUARANTINES_KEPT);
    for (unsigned i = 0; i < held; i++)
        n += now_ns - h->quarantine_ns[i] < SONATA_DAY;
    return n;
}

static bool is_canary(enum health_event e)
{
    return e >= HEALTH_CANARY_GOOD && e <= HEALTH_CANARY_FAILED;
}

static void count_canary(struct board_health *h, enum health_event e, int64_t now_ns)
{
    h->good_in_row = e == HEALTH_CANARY_GOOD ? h->good_in_row + 1 : 0;
    h->drift_in_row = e == HEALTH_CANARY_DRIFT ? h->drift_in_row + 1 : 0;
    h->failed_in_row = e == HEALTH_CANARY_FAILED ? h->failed_in_row + 1 : 0;
    h->canary.last_ns = now_ns;
    h->canary.jobs_since = 0;
    h->canary.shortened = e != HEALTH_CANARY_GOOD;
    if (e == HEALTH_CANARY_GOOD || e == HEALTH_CANARY_WARN)
        h->canary.last_good_ns = now_ns;
}

static double weight_of(enum health_event e)
{
    switch (e) {
    case HEALTH_JOB_INVALID:
        return blame_weight(JOB_INVALID);
    case HEALTH_JOB_INFRA:
        return blame_weight(JOB_INFRA);
    case HEALTH_JOB_LOST:
        return blame_weight(JOB_LOST);
    default: return 0;
    }
}

static bool ends_job(enum health_event e)
{
    return e >= HEALTH_JOB_DONE && e <= HEALTH_JOB_KILLED;
}

static enum health_event guard_job(struct board_health *h, enum health_event e, uint64_t job, int64_t now_ns)
{
    h->canary.jobs_since++;
    h->invalid_in_row = e == HEALTH_JOB_INVALID ? h->invalid_in_row + 1 : 0;
    blame_add(&h->blame, job, weight_of(e), now_ns);
    if (weight_of(e) > 0 && blame_exceeded(&h->blame, now_ns))
        return HEALTH_BLAME_LIMIT;
    if (h->draining)
        return HEALTH_DRAINED;
    return h->invalid_in_row >= 3 ? HEALTH_INVALID_LIMIT : e;
}

/* Counts, and replaces the event where a limit is reached. Only called for events that are legal in this state. */
static enum health_event guard(struct board_health *h, enum health_event e, uint64_t job, int64_t now_ns)
{
    if (ends_job(e))
        return guard_job(h, e, job, now_ns);
    if (is_canary(e))
        count_canary(h, e, now_ns);
    if (h->state == HEALTH_SUSPECT && e == HEALTH_CANARY_DRIFT && h->drift_in_row >= 2)
        return HEALTH_DRIFT_AGAIN;
    if (h->state == HEALTH_SUSPECT && e == HEALTH_CANARY_FAILED && h->failed_in_row >= 3)
        return HEALTH_NO_ANSWER_LIMIT;
    if (e == HEALTH_BACKOFF_OVER && !(h->reference.median_us > 0))
        return HEALTH_NO_REFERENCE;
    if (h->state == HEALTH_PROBATION && e == HEALTH_CANARY_GOOD && h->good_in_row >= 3)
        return HEALTH_PROBATION_PASSED;
    if (h->state == HEALTH_RECOVERING && e == HEALTH_RUNG_FAILED)
        return climb(h);
    return e;
}

/* Back-off 5, 15, 60 minutes: longer with every failed probation and every earlier quarantine of the day. */
static int64_t backoff_ns(const struct board_health *h, int64_t now_ns)
{
    static const int64_t factor[] = {1, 3, 12};
    int64_t step = h->backoff_step_ns > 0 ? h->backoff_step_ns : 5 * MINUTE_NS;
    unsigned earlier = quarantines_within_day(h, now_ns), level = h->failed_probations + (earlier ? earlier - 1 : 0);
    return step * factor[level < 3 ? level : 2];
}

static void enter(struct board_health *h, enum health_state from, enum health_event event, int64_t now_ns)
{
    if (h->state == HEALTH_CALIBRATING) {
        h->canaries_wanted = event == HEALTH_ADMIN_RECALIBRATE ? CANARY_CALIBRATION : canary_needed(&h->reference, h->fingerprint, now_ns);
        canary_series_begin(&h->series, h->canaries_wanted);
    } else if (h->state == HEALTH_READY) {
        h->drift_in_row = h->failed_in_row = 0;
        if (from == HEALTH_CALIBRATING || from == HEALTH_PROBATION) {
            h->ladder_passes = h->failed_power_cycles = h->failed_probations = 0;
            h->canary = (struct canary_schedule){.last_ns = now_ns, .last_good_ns = now_ns};
        }
    } else if (h->state == HEALTH_RECOVERING && from != HEALTH_RECOVERING) {
        h->rung = rung_from(h, event == HEALTH_ADMIN_POWER_CYCLE ? RUNG_USB_POWER : 0);
        h->ladder_passes = h->failed_power_cycles = 0;
    } else if (h->state == HEALTH_QUARANTINED && from != HEALTH_QUARANTINED) {
        if (from == HEALTH_PROBATION)
            h->failed_probations++;
        else if (event != HEALTH_ADMIN_QUARANTINE)
            h->quarantine_ns[h->n_quarantines++ % HEALTH_QUARANTINES_KEPT] = now_ns;
        h->backoff_until_ns = now_ns + backoff_ns(h, now_ns);
        blame_clear(&h->blame);
    } else if (h->state == HEALTH_PROBATION && from != HEALTH_PROBATION) {
        h->good_in_row = 0;
    } else if (h->state == HEALTH_MAINTENANCE) {
        h->draining = false;
        h->n_quarantines = h->failed_probations = 0;
    }
}

int health_apply(struct board_health *h, enum health_event event, uint64_t job, int64_t now_ns, unsigned *ret_actions, struct sonata_error *err)
{
    const struct row *row = event < HEALTH_INVALID_LIMIT ? find_row(h->state, event) : NULL;
    if (!row)
        return sonata_error_set(err, -EPROTO, "a board that is %s cannot take the event %s", health_state_name(h->state), health_event_name(event));
    event = guard(h, event, job, now_ns);
    row = find_row(h->state, event);
    if (h->state == HEALTH_BUSY && event == HEALTH_ADMIN_DRAIN)
        h->draining = true;
    enum health_state from = h->state;
    unsigned actions = row->actions;
    h->state = row->next;
    enter(h, from, event, now_ns);
    if (h->state == HEALTH_QUARANTINED && from != HEALTH_QUARANTINED && quarantines_within_day(h, now_ns) >= 3) {
        const struct row *limit = find_row(h->state, HEALTH_QUARANTINE_LIMIT);
        h->state = limit->next;
        actions = (actions & HEALTH_DO_INVALIDATE) | limit->actions;
        enter(h, HEALTH_QUARANTINED, HEALTH_QUARANTINE_LIMIT, now_ns);
    }
    if (h->state == HEALTH_RECOVERING && h->rung == RUNG_COUNT) { /* nothing to climb */
        actions &= ~(unsigned)HEALTH_DO_RUNG;
        unsigned more = 0;
        int r = health_apply(h, HEALTH_RUNG_FAILED, 0, now_ns, &more, err);
        if (r)
            return r;
        actions |= more;
    }
    *ret_actions = actions;
    return 0;
}

int health_announce(struct board_health *h, const uint8_t fingerprint[CANARY_FINGERPRINT], int64_t now_ns, unsigned *ret_actions,
                    struct sonata_error *err)
{
    bool same = !memcmp(h->fingerprint, fingerprint, CANARY_FINGERPRINT);
    health_heartbeat(h, now_ns);
    *ret_actions = 0;
    if (h->state == HEALTH_RETIRED || (same && h->state != HEALTH_UNKNOWN))
        return 0;
    memcpy(h->fingerprint, fingerprint, CANARY_FINGERPRINT);
    if (h->state == HEALTH_UNKNOWN)
        return health_apply(h, HEALTH_REGISTERED, 0, now_ns, ret_actions, err);
    if (h->state == HEALTH_BUSY) { /* the running job was measured under two fingerprints: it has to be repeated */
        int r = health_apply(h, HEALTH_JOB_INVALID, 0, now_ns, ret_actions, err);
        if (r || h->state == HEALTH_MAINTENANCE || h->state == HEALTH_QUARANTINED)
            return r;
    }
    return health_apply(h, HEALTH_FINGERPRINT_CHANGED, 0, now_ns, ret_actions, err);
}

int health_canary(struct board_health *h, double latency_us, int64_t now_ns, unsigned *ret_actions, struct sonata_error *err)
{
    if (h->state == HEALTH_CALIBRATING) {
        *ret_actions = 0;
        if (!canary_series_add(&h->series, latency_us))
            return 0;
        bool good = canary_series_finish(&h->series, h->fingerprint, now_ns, &h->reference);
        return health_apply(h, good ? HEALTH_CALIBRATED : HEALTH_CALIBRATION_FAILED, 0, now_ns, ret_actions, err);
    }
    static const enum health_event event[] = {
        [CANARY_GOOD] = HEALTH_CANARY_GOOD, [CANARY_WARN] = HEALTH_CANARY_WARN, [CANARY_BAD] = HEALTH_CANARY_DRIFT};
    enum health_event e = latency_us > 0 ? event[canary_judge(latency_us, h->reference.median_us)] : HEALTH_CANARY_FAILED;
    return health_apply(h, e, 0, now_ns, ret_actions, err);
}

int health_tick(struct board_health *h, int64_t now_ns, unsigned *ret_actions, struct sonata_error *err)
{
    *ret_actions = 0;
    if (h->state != HEALTH_QUARANTINED || now_ns < h->backoff_until_ns)
        return 0;
    return health_apply(h, HEALTH_BACKOFF_OVER, 0, now_ns, ret_actions, err);
}

void health_heartbeat(struct board_health *h, int64_t now_ns)
{
    h->last_heartbeat_ns = now_ns;
}

bool health_link_suspect(const struct board_health *h, int64_t now_ns)
{
    return now_ns - h->last_heartbeat_ns >= 6 * SONATA_SECOND;
}

bool health_may_work(const struct board_health *h, int64_t now_ns)
{
    return h->state == HEALTH_READY && !h->draining && !health_link_suspect(h, now_ns);
}

void health_shift(struct board_health *h, int64_t delta_ns)
{
    int64_t *const single[] = {&h->reference.taken_ns, &h->canary.last_ns, &h->canary.last_good_ns, &h->backoff_until_ns, &h->last_heartbeat_ns};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        *single[i] += delta_ns;
    for (unsigned i = 0; i < HEALTH_QUARANTINES_KEPT; i++)
        h->quarantine_ns[i] += delta_ns;
    for (unsigned i = 0; i < BLAME_RING; i++)
        h->blame.entry[i].t_ns += delta_ns;
}
