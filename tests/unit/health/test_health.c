/* The board state machine: every row of its table, every counting rule, and that nothing else is accepted. */
#include "health/health.h"

#include <errno.h>
#include <string.h>

#include "support/cmocka.h"

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static const uint8_t fingerprint_a[CANARY_FINGERPRINT] = {1}, fingerprint_b[CANARY_FINGERPRINT] = {2};

static unsigned apply_job(struct board_health *h, enum health_event e, uint64_t job, int64_t now)
{
    unsigned actions = 0;
    struct sonata_error err = {0};
    if (health_apply(h, e, job, now, &actions, &err))
        fail_msg("%s", err.text);
    return actions;
}

static unsigned apply(struct board_health *h, enum health_event e, int64_t now)
{
    return apply_job(h, e, 1, now);
}

static unsigned canary(struct board_health *h, double us, int64_t now)
{
    unsigned actions = 0;
    struct sonata_error err = {0};
    if (health_canary(h, us, now, &actions, &err))
        fail_msg("%s", err.text);
    return actions;
}

/* READY with reference 1000 µs. */
static struct board_health ready(int64_t now)
{
    struct board_health h = {.rungs = (1U << RUNG_KILL_JOB) | (1U << RUNG_REOPEN) | (1U << RUNG_USB_POWER)};
    unsigned actions;
    assert_int_equal(health_announce(&h, fingerprint_a, now, &actions, NULL), 0);
    assert_int_equal(actions, HEALTH_DO_CALIBRATE);
    assert_int_equal(h.canaries_wanted, 20);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(h.state, HEALTH_CALIBRATING);
        canary(&h, 1000, now);
    }
    assert_int_equal(h.state, HEALTH_READY);
    return h;
}

static struct board_health in_state(enum health_state s)
{
    struct board_health h = ready(0);
    h.state = s;
    return h;
}

/* Rows as the document has them: the test's own copy. */
static void rows(void **state)
{
    (void)state;
    const unsigned again = HEALTH_DO_COOL_DOWN | HEALTH_DO_TIMED_CANARY, prove = again | HEALTH_DO_FUNCTIONAL_CANARY,
                   quarantine = HEALTH_DO_BACKOFF | HEALTH_DO_NOTIFY;
    const struct {
        enum health_state from;
        enum health_event event;
        enum health_state next;
        unsigned actions;
    } row[] = {
        {HEALTH_UNKNOWN, HEALTH_REGISTERED, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
        {HEALTH_CALIBRATING, HEALTH_CALIBRATED, HEALTH_READY, 0},
        {HEALTH_CALIBRATING, HEALTH_CALIBRATION_FAILED, HEALTH_QUARANTINED, quarantine},
        {HEALTH_CALIBRATING, HEALTH_FINGERPRINT_CHANGED, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
        {HEALTH_READY, HEALTH_JOB_ASSIGNED, HEALTH_BUSY, 0},
        {HEALTH_READY, HEALTH_CANARY_GOOD, HEALTH_READY, 0},
        {HEALTH_READY, HEALTH_CANARY_WARN, HEALTH_READY, 0},
        {HEALTH_READY, HEALTH_CANARY_DRIFT, HEALTH_SUSPECT, HEALTH_DO_INVALIDATE | again},
        {HEALTH_READY, HEALTH_CANARY_FAILED, HEALTH_SUSPECT, prove},
        {HEALTH_READY, HEALTH_FINGERPRINT_CHANGED, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
        {HEALTH_BUSY, HEALTH_JOB_DONE, HEALTH_READY, 0},
        {HEALTH_BUSY, HEALTH_JOB_INVALID, HEALTH_READY, HEALTH_DO_COOL_DOWN},
        {HEALTH_BUSY, HEALTH_JOB_INFRA, HEALTH_SUSPECT, prove},
        {HEALTH_BUSY, HEALTH_JOB_LOST, HEALTH_SUSPECT, prove},
        {HEALTH_BUSY, HEALTH_JOB_KILLED, HEALTH_SUSPECT, prove},
        {HEALTH_BUSY, HEALTH_CANARY_GOOD, HEALTH_BUSY, 0},
        {HEALTH_BUSY, HEALTH_CANARY_WARN, HEALTH_BUSY, 0},
        {HEALTH_BUSY, HEALTH_CANARY_DRIFT, HEALTH_SUSPECT, HEALTH_DO_INVALIDATE | again},
        {HEALTH_BUSY, HEALTH_CANARY_FAILED, HEALTH_SUSPECT, prove},
        {HEALTH_BUSY, HEALTH_ADMIN_DRAIN, HEALTH_BUSY, 0},
        {HEALTH_SUSPECT, HEALTH_CANARY_GOOD, HEALTH_READY, 0},
        {HEALTH_SUSPECT, HEALTH_CANARY_WARN, HEALTH_READY, 0},
        {HEALTH_SUSPECT, HEALTH_CANARY_DRIFT, HEALTH_SUSPECT, HEALTH_DO_INVALIDATE | again},
        {HEALTH_SUSPECT, HEALTH_CANARY_FAILED, HEALTH_SUSPECT, prove},
        {HEALTH_SUSPECT, HEALTH_FINGERPRINT_CHANGED, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
        {HEALTH_RECOVERING, HEALTH_ANSWERS, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
        {HEALTH_RECOVERING, HEALTH_RUNG_FAILED, HEALTH_RECOVERING, HEALTH_DO_RUNG},
        {HEALTH_RECOVERING, HEALTH_FINGERPRINT_CHANGED, HEALTH_RECOVERING, 0},
        {HEALTH_QUARANTINED, HEALTH_BACKOFF_OVER, HEALTH_PROBATION, HEALTH_DO_FUNCTIONAL_CANARY | HEALTH_DO_TIMED_CANARY},
        {HEALTH_QUARANTINED, HEALTH_ADMIN_RELEASE, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
        {HEALTH_QUARANTINED, HEALTH_FINGERPRINT_CHANGED, HEALTH_QUARANTINED, 0},
        {HEALTH_PROBATION, HEALTH_CANARY_GOOD, HEALTH_PROBATION, HEALTH_DO_TIMED_CANARY},
        {HEALTH_PROBATION, HEALTH_CANARY_WARN, HEALTH_QUARANTINED, HEALTH_DO_BACKOFF},
        {HEALTH_PROBATION, HEALTH_CANARY_DRIFT, HEALTH_QUARANTINED, HEALTH_DO_BACKOFF},
        {HEALTH_PROBATION, HEALTH_CANARY_FAILED, HEALTH_QUARANTINED, HEALTH_DO_BACKOFF},
        {HEALTH_PROBATION, HEALTH_FINGERPRINT_CHANGED, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
        {HEALTH_MAINTENANCE, HEALTH_ADMIN_RELEASE, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
        {HEALTH_MAINTENANCE, HEALTH_ADMIN_RECALIBRATE, HEALTH_CALIBRATING, HEALTH_DO_CALIBRATE},
        {HEALTH_MAINTENANCE, HEALTH_ADMIN_DRAIN, HEALTH_MAINTENANCE, 0},
        {HEALTH_MAINTENANCE, HEALTH_ADMIN_RETIRE, HEALTH_RETIRED, 0},
        {HEALTH_MAINTENANCE, HEALTH_FINGERPRINT_CHANGED, HEALTH_MAINTENANCE, 0},
    };
    bool seen[HEALTH_STATE_COUNT][HEALTH_EVENT_COUNT] = {{false}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct board_health h = in_state(row[i].from);
        assert_int_equal(apply(&h, row[i].event, MINUTE), row[i].actions);
        assert_int_equal(h.state, row[i].next);
        seen[row[i].from][row[i].event] = true;
    }
    /* From any state but the last two, by a person; everything else is refused and changes nothing. */
    for (enum health_state s = 0; s < HEALTH_STATE_COUNT; s++) {
        for (enum health_event e = 0; e < HEALTH_EVENT_COUNT; e++) {
            struct board_health h = in_state(s);
            unsigned actions = 0;
            struct sonata_error err = {0};
            if (seen[s][e])
                continue;
            bool live = s != HEALTH_MAINTENANCE && s != HEALTH_RETIRED;
            int r = health_apply(&h, e, 1, MINUTE, &actions, &err);
            if (live && (e == HEALTH_ADMIN_DRAIN || e == HEALTH_ADMIN_RETIRE || e == HEALTH_ADMIN_QUARANTINE || e == HEALTH_ADMIN_RECALIBRATE ||
                         e == HEALTH_ADMIN_POWER_CYCLE)) {
                assert_int_equal(r, 0);
                enum health_state next = e == HEALTH_ADMIN_DRAIN        ? HEALTH_MAINTENANCE
                                         : e == HEALTH_ADMIN_RETIRE     ? HEALTH_RETIRED
                                         : e == HEALTH_ADMIN_QUARANTINE ? HEALTH_QUARANTINED
                                         : e == HEALTH_ADMIN_RECALIBRATE ? HEALTH_CALIBRATING
                                                                         : HEALTH_RECOVERING;
                assert_int_equal(h.state, next);
                continue;
            }
            assert_int_equal(r, -EPROTO);
            assert_int_equal(h.state, s);
            assert_non_null(strstr(err.text, health_state_name(s)));
            assert_non_null(strstr(err.text, health_event_name(e)));
        }
    }
}

static void second_drift_quarantines(void **state)
{
    (void)state;
    struct board_health h = ready(0);
    unsigned actions = canary(&h, 1060, MINUTE);
    assert_int_equal(h.state, HEALTH_SUSPECT);
    assert_true(actions & HEALTH_DO_INVALIDATE);
    assert_int_equal(h.canary.last_good_ns, 0); // results since calibration are at stake
    actions = canary(&h, 1060, 2 * MINUTE);
    assert_int_equal(h.state, HEALTH_QUARANTINED);
    assert_true(actions & HEALTH_DO_NOTIFY);
    h = ready(0); // after cool-down it is well: back to work
    canary(&h, 1060, MINUTE);
    canary(&h, 1001, 2 * MINUTE);
    assert_int_equal(h.state, HEALTH_READY);
    canary(&h, 1060, 3 * MINUTE); // not in a row
    assert_int_equal(h.state, HEALTH_SUSPECT);
}

static void warning_shortens_the_interval(void **state)
{
    (void)state;
    struct board_health h = ready(0);
    canary(&h, 1040, MINUTE);
    assert_int_equal(h.state, HEALTH_READY);
    assert_true(h.canary.shortened);
    assert_int_equal(h.canary.last_good_ns, MINUTE);
    canary(&h, 1000, 2 * MINUTE);
    assert_false(h.canary.shortened);
}

static void silence_climbs_the_ladder(void **state)
{
    (void)state;
    struct board_health h = ready(0);
    apply(&h, HEALTH_JOB_ASSIGNED, 0);
    apply(&h, HEALTH_JOB_INFRA, MINUTE);
    canary(&h, 0, MINUTE);
    canary(&h, 0, MINUTE);
    assert_int_equal(h.state, HEALTH_SUSPECT);
    assert_int_equal(canary(&h, 0, MINUTE), HEALTH_DO_RUNG);
    assert_int_equal(h.state, HEALTH_RECOVERING);
    const enum recovery_rung first[] = {RUNG_KILL_JOB, RUNG_REOPEN, RUNG_USB_POWER}; // the configured ones, in order
    for (int i = 0; i < 3; i++) {
        assert_int_equal(h.rung, first[i]);
        apply(&h, HEALTH_RUNG_FAILED, MINUTE);
    }
    assert_int_equal(h.state, HEALTH_RECOVERING); // second pass
    assert_int_equal(h.rung, RUNG_KILL_JOB);
    apply(&h, HEALTH_RUNG_FAILED, MINUTE);
    apply(&h, HEALTH_RUNG_FAILED, MINUTE);
    assert_int_equal(h.rung, RUNG_USB_POWER);
    apply(&h, HEALTH_RUNG_FAILED, MINUTE); // second failed power cycle, and second exhaustion
    assert_int_equal(h.state, HEALTH_QUARANTINED);
}

static void recovered_board_is_checked(void **state)
{
    (void)state;
    struct board_health h = in_state(HEALTH_SUSPECT);
    for (int i = 0; i < 3; i++)
        canary(&h, -1, MINUTE);
    apply(&h, HEALTH_RUNG_FAILED, MINUTE);
    assert_int_equal(h.rung, RUNG_REOPEN);
    apply(&h, HEALTH_ANSWERS, MINUTE);
    assert_int_equal(h.state, HEALTH_CALIBRATING);
    assert_int_equal(h.canaries_wanted, 3);
    for (int i = 0; i < 3; i++)
        canary(&h, 1010, MINUTE);
    assert_int_equal(h.state, HEALTH_READY);
}

static void two_failed_power_cycles(void **state)
{
    (void)state;
    struct board_health h = in_state(HEALTH_READY);
    h.rungs = (1U << RUNG_USB_POWER) | (1U << RUNG_PDU_POWER) | (1U << RUNG_REFLASH);
    apply(&h, HEALTH_ADMIN_POWER_CYCLE, MINUTE);
    assert_int_equal(h.rung, RUNG_USB_POWER);
    apply(&h, HEALTH_RUNG_FAILED, MINUTE);
    assert_int_equal(h.rung, RUNG_PDU_POWER);
    apply(&h, HEALTH_RUNG_FAILED, MINUTE);
    assert_int_equal(h.state, HEALTH_QUARANTINED); // no point in reflashing
    h = in_state(HEALTH_SUSPECT); // a board with no means of recovery
    h.rungs = 0;
    for (int i = 0; i < 2; i++)
        canary(&h, 0, MINUTE);
    unsigned actions = canary(&h, 0, MINUTE);
    assert_int_equal(h.state, HEALTH_QUARANTINED);
    assert_false(actions & HEALTH_DO_RUNG);
    assert_true(actions & HEALTH_DO_NOTIFY);
    assert_true(recovery_rung_limit_ns(RUNG_SOFT_RESET) == 180 * SECOND && recovery_rung_limit_ns(RUNG_REFLASH) == 60 * SECOND);
}

static void probation_and_backoff(void **state)
{
    (void)state;
    struct board_health h = ready(0);
    unsigned actions;
    canary(&h, 1060, 0);
    canary(&h, 1060, 0);
    assert_int_equal(h.backoff_until_ns, 5 * MINUTE);
    assert_int_equal(health_tick(&h, 5 * MINUTE - 1, &actions, NULL), 0);
    assert_int_equal(h.state, HEALTH_QUARANTINED);
    assert_int_equal(health_tick(&h, 5 * MINUTE, &actions, NULL), 0);
    assert_int_equal(h.state, HEALTH_PROBATION);
    assert_true(actions & HEALTH_DO_TIMED_CANARY);
    canary(&h, 1000, 5 * MINUTE);
    canary(&h, 1000, 5 * MINUTE);
    canary(&h, 1060, 5 * MINUTE); // third is bad: all over again, longer
    assert_int_equal(h.state, HEALTH_QUARANTINED);
    assert_int_equal(h.backoff_until_ns, 20 * MINUTE);
    assert_int_equal(health_tick(&h, 20 * MINUTE, &actions, NULL), 0);
    canary(&h, 1040, 20 * MINUTE); // a warning is not good enough
    assert_int_equal(h.backoff_until_ns, 80 * MINUTE);
    assert_int_equal(health_tick(&h, 80 * MINUTE, &actions, NULL), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(h.state, HEALTH_PROBATION);
        canary(&h, 1000, 80 * MINUTE);
    }
    assert_int_equal(h.state, HEALTH_READY);
    assert_int_equal(h.n_quarantines, 1); // failed probations are the same quarantine
}

static void third_quarantine_of_a_day(void **state)
{
    (void)state;
    for (int slow = 0; slow < 2; slow++) {
        struct board_health h = ready(0);
        int64_t t = 0;
        for (int i = 0; i < 3; i++) {
            unsigned actions;
            t += slow ? 13 * HOUR : HOUR;
            canary(&h, 1060, t);
            actions = canary(&h, 1060, t);
            if (i == 2) {
                assert_int_equal(h.state, slow ? HEALTH_QUARANTINED : HEALTH_MAINTENANCE);
                assert_true(actions & HEALTH_DO_NOTIFY);
                assert_int_equal(!slow, !(actions & HEALTH_DO_BACKOFF));
                continue;
            }
            assert_int_equal(h.backoff_until_ns - t, slow || !i ? i && slow ? 15 * MINUTE : 5 * MINUTE : 15 * MINUTE);
            t = h.backoff_until_ns;
            assert_int_equal(health_tick(&h, t, &actions, NULL), 0);
            for (int k = 0; k < 3; k++)
                canary(&h, 1000, t);
            assert_int_equal(h.state, HEALTH_READY);
        }
        if (!slow) {
            apply(&h, HEALTH_ADMIN_RELEASE, t);
            assert_int_equal(h.state, HEALTH_CALIBRATING);
        }
    }
}

static void blame_quarantines(void **state)
{
    (void)state;
    struct board_health h = ready(0);
    for (uint64_t job = 1; job <= 3; job++) {
        assert_int_equal(h.state, HEALTH_READY);
        apply_job(&h, HEALTH_JOB_ASSIGNED, job, 0);
        apply_job(&h, HEALTH_JOB_INFRA, job, 0);
        if (job < 3)
            canary(&h, 1000, 0);
    }
    assert_int_equal(h.state, HEALTH_QUARANTINED);
    h = ready(0);
    for (int i = 0; i < 5; i++) { // the same candidate again and again is no reason
        apply_job(&h, HEALTH_JOB_ASSIGNED, 9, 0);
        apply_job(&h, HEALTH_JOB_INFRA, 9, 0);
        canary(&h, 1000, 0);
    }
    assert_int_equal(h.state, HEALTH_READY);
}

static void third_invalid_makes_suspect(void **state)
{
    (void)state;
    struct board_health h = ready(0);
    for (int i = 0; i < 3; i++) {
        apply_job(&h, HEALTH_JOB_ASSIGNED, 5, 0);
        apply_job(&h, HEALTH_JOB_INVALID, 5, 0);
        assert_int_equal(h.state, i < 2 ? HEALTH_READY : HEALTH_SUSPECT);
    }
    h = ready(0);
    for (int i = 0; i < 6; i++) {
        apply_job(&h, HEALTH_JOB_ASSIGNED, 5, 0);
        apply_job(&h, i % 2 ? HEALTH_JOB_DONE : HEALTH_JOB_INVALID, 5, 0);
    }
    assert_int_equal(h.state, HEALTH_READY);
}

static void drain_waits_for_the_job(void **state)
{
    (void)state;
    struct board_health h = ready(0);
    health_heartbeat(&h, 0);
    apply(&h, HEALTH_JOB_ASSIGNED, 0);
    apply(&h, HEALTH_ADMIN_DRAIN, 0);
    assert_int_equal(h.state, HEALTH_BUSY);
    apply(&h, HEALTH_JOB_DONE, 1);
    assert_int_equal(h.state, HEALTH_MAINTENANCE);
    assert_false(h.draining);
}

static void fingerprint_change(void **state)
{
    (void)state;
    struct board_health h = ready(0);
    unsigned actions = 99;
    assert_int_equal(health_announce(&h, fingerprint_a, HOUR, &actions, NULL), 0);
    assert_int_equal(actions, 0); // came back as it was
    assert_int_equal(h.state, HEALTH_READY);
    assert_int_equal(health_announce(&h, fingerprint_b, HOUR, &actions, NULL), 0);
    assert_int_equal(h.state, HEALTH_CALIBRATING);
    assert_int_equal(h.canaries_wanted, 20);
    h = ready(0);
    apply(&h, HEALTH_JOB_ASSIGNED, 0);
    assert_int_equal(health_announce(&h, fingerprint_b, HOUR, &actions, NULL), 0);
    assert_int_equal(h.state, HEALTH_CALIBRATING);
    h = in_state(HEALTH_RETIRED);
    assert_int_equal(health_announce(&h, fingerprint_b, HOUR, &actions, NULL), 0);
    assert_int_equal(h.state, HEALTH_RETIRED);
    h = ready(0); // by hand: always the full series
    apply(&h, HEALTH_ADMIN_RECALIBRATE, MINUTE);
    assert_int_equal(h.canaries_wanted, 20);
    for (int i = 0; i < 20; i++)
        canary(&h, 1000 + 100 * (i % 2), MINUTE);
    assert_int_equal(h.state, HEALTH_QUARANTINED); // cannot hold still
}

static void link_is_a_flag(void **state)
{
    (void)state;
    struct board_health h = ready(0);
    health_heartbeat(&h, 0);
    assert_true(health_may_work(&h, 6 * SECOND - 1));
    assert_false(health_may_work(&h, 6 * SECOND));
    assert_int_equal(h.state, HEALTH_READY);
    health_heartbeat(&h, 20 * SECOND);
    assert_true(health_may_work(&h, 20 * SECOND)); // previous state
    apply(&h, HEALTH_JOB_ASSIGNED, 20 * SECOND);
    assert_false(health_may_work(&h, 20 * SECOND));
}

/* A board that was never calibrated cannot prove itself by canaries: after its back-off it is calibrated. */
static void back_off_without_a_reference(void **state)
{
    (void)state;
    struct board_health h = {.backoff_step_ns = SECOND};
    unsigned actions;
    assert_int_equal(health_announce(&h, fingerprint_a, 0, &actions, NULL), 0);
    assert_int_equal(apply(&h, HEALTH_CALIBRATION_FAILED, 0), HEALTH_DO_BACKOFF | HEALTH_DO_NOTIFY);
    assert_int_equal(h.backoff_until_ns, SECOND);
    assert_int_equal(health_tick(&h, SECOND, &actions, NULL), 0);
    assert_int_equal(actions, HEALTH_DO_CALIBRATE);
    assert_int_equal(h.state, HEALTH_CALIBRATING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows), cmocka_unit_test(second_drift_quarantines), cmocka_unit_test(warning_shortens_the_interval),
        cmocka_unit_test(silence_climbs_the_ladder), cmocka_unit_test(recovered_board_is_checked), cmocka_unit_test(two_failed_power_cycles),
        cmocka_unit_test(probation_and_backoff), cmocka_unit_test(third_quarantine_of_a_day), cmocka_unit_test(blame_quarantines),
        cmocka_unit_test(third_invalid_makes_suspect), cmocka_unit_test(drain_waits_for_the_job), cmocka_unit_test(fingerprint_change),
        cmocka_unit_test(link_is_a_flag),
        cmocka_unit_test(back_off_without_a_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
