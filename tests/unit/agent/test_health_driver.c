/* The driver of a board's health against a simulated board in simulated time: no process, no clock, no sleep. */
#include "agent/health_driver.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/time.h"
#include "support/cmocka.h"

enum { NEWS_MAX = 256, RUNGS_MAX = 32 };

struct sim {
    struct health_options options;
    struct health_driver driver;
    int64_t now_ns;
    double latency_us;       /* of a canary; 0: the board does not answer */
    enum recovery_rung cure; /* the rung after which it answers again; RUNG_COUNT none */
    bool rungs_fail;         /* their commands end with an error */
    unsigned checks, canaries, n_rungs;
    enum recovery_rung rung[RUNGS_MAX];
    int64_t rung_ns[RUNGS_MAX];
    struct health_news news[NEWS_MAX];
    unsigned n_news;
};

static void on_news(void *user, const struct health_news *news)
{
    struct sim *s = user;
    assert_true(s->n_news < NEWS_MAX);
    assert_true(news->text[0] != '\0');
    s->news[s->n_news++] = *news;
}

static void set(struct sim *s, const char *key, const char *value)
{
    struct sonata_error err = {0};
    if (option_put(health_keys, &s->options, key, value, &err))
        fail_msg("%s", err.text);
}

static void announce(struct sim *s, uint8_t fingerprint)
{
    uint8_t bytes[CANARY_FINGERPRINT] = {fingerprint};
    health_driver_announce(&s->driver, bytes, s->now_ns);
}

/* An engine board that says `canary`. */
static void begin(struct sim *s, const char *canary)
{
    static const struct health_options none;
    set(s, "canary", canary);
    health_options_complete(&s->options, &none, BACKEND_ENGINE, false);
    s->now_ns = 1000 * SONATA_SECOND;
    s->latency_us = 50;
    s->cure = RUNG_COUNT;
    health_driver_init(&s->driver, &s->options, on_news, s);
}

static void answer(struct sim *s, const struct health_order *o)
{
    s->now_ns += 100 * SONATA_MS; /* what an order takes */
    if (o->kind == HEALTH_ORDER_RUNG) {
        assert_true(s->n_rungs < RUNGS_MAX);
        s->rung_ns[s->n_rungs] = s->now_ns;
        s->rung[s->n_rungs++] = o->rung;
        if (o->rung == s->cure)
            s->latency_us = 50;
        health_driver_rung(&s->driver, !s->rungs_fail, s->rungs_fail ? "exit code 1" : "", s->now_ns);
        return;
    }
    *(o->kind == HEALTH_ORDER_CANARY ? &s->canaries : &s->checks) += 1;
    health_driver_canary(&s->driver, s->latency_us > 0 ? (o->timed ? s->latency_us : 1234) : 0, "no answer", s->now_ns);
}

/* Does everything that is due until `state` is reached, or for limit_ns; whether it was. */
static bool run_until(struct sim *s, enum health_state state, int64_t limit_ns)
{
    for (int64_t end = s->now_ns + limit_ns; s->driver.health.state != state && s->now_ns < end;) {
        struct health_order o;
        health_driver_tick(&s->driver, s->now_ns);
        if (health_driver_next(&s->driver, TIER_SCREEN, s->now_ns, &o))
            answer(s, &o);
        else
            s->now_ns += SONATA_SECOND;
    }
    return s->driver.health.state == state;
}

static void make_ready(struct sim *s)
{
    announce(s, 1);
    assert_true(run_until(s, HEALTH_READY, 60 * SONATA_SECOND));
}

static const struct health_news *last(const struct sim *s, const char *kind)
{
    for (unsigned i = s->n_news; i-- > 0;)
        if (!strcmp(news_kind_name(s->news[i].kind), kind))
            return &s->news[i];
    fail_msg("no news of kind %s", kind);
    return NULL;
}

static void job(struct sim *s, uint64_t id, enum health_event end)
{
    assert_true(health_driver_may_work(&s->driver, s->now_ns));
    health_driver_job_started(&s->driver, id, TIER_SCREEN, s->now_ns);
    assert_int_equal(s->driver.health.state, HEALTH_BUSY);
    s->now_ns += SONATA_SECOND;
    health_driver_job_ended(&s->driver, end, id, s->now_ns);
}

static void command(struct sim *s, const char *action)
{
    assert_true(person_order_named(action) < PERSON_ORDER_COUNT);
    health_driver_command(&s->driver, person_order_named(action), s->now_ns);
}

static void calibration(void **state)
{
    (void)state;
    struct sim s = {0};
    begin(&s, "3s");
    assert_false(health_driver_may_work(&s.driver, s.now_ns));
    assert_true(health_driver_keeps_jobs(&s.driver));
    make_ready(&s);
    assert_int_equal(s.canaries, CANARY_CALIBRATION);
    assert_int_equal(s.n_news, 2); /* calibrating, calibrated */
    assert_string_equal(last(&s, "calibrated")->text, "20 canaries, reference 50.000 us");
    assert_true(health_driver_may_work(&s.driver, s.now_ns));
    announce(&s, 1); /* its process was restarted: nothing happens */
    assert_int_equal(s.driver.health.state, HEALTH_READY);
    announce(&s, 2); /* another kernel, say */
    assert_int_equal(s.driver.health.state, HEALTH_CALIBRATING);
    s.canaries = 0;
    assert_true(run_until(&s, HEALTH_READY, 60 * SONATA_SECOND));
    assert_int_equal(s.canaries, CANARY_CALIBRATION);
}

static void functional_needs_one_answer(void **state)
{
    (void)state;
    struct sim s = {0};
    begin(&s, "functional");
    make_ready(&s);
    assert_int_equal(s.canaries, 1);
    assert_true(last(&s, "calibrated")->reference_us == 0 && last(&s, "calibrated")->latency_us == 1234);
    unsigned before = s.n_news;
    s.now_ns += 7200 * SONATA_SECOND;
    assert_false(run_until(&s, HEALTH_SUSPECT, 10 * SONATA_SECOND));
    assert_int_equal(s.canaries, 2);    /* the hourly one */
    assert_int_equal(s.n_news, before); /* of no interest */
}

static void a_board_that_was_just_switched_on(void **state)
{
    (void)state;
    struct sim s = {0};
    begin(&s, "functional");
    s.latency_us = 0;
    announce(&s, 1);
    assert_false(run_until(&s, HEALTH_READY, 5 * SONATA_SECOND));
    s.latency_us = 50;
    assert_true(run_until(&s, HEALTH_READY, 10 * SONATA_SECOND));
    /* one that never answers is quarantined, and tried again as a whole after the back-off */
    struct sim dead = {0};
    begin(&dead, "3s");
    dead.latency_us = 0;
    announce(&dead, 1);
    assert_true(run_until(&dead, HEALTH_QUARANTINED, 30 * SONATA_SECOND));
    assert_true(dead.canaries < CANARY_CALIBRATION);
    assert_non_null(strstr(last(&dead, "state")->text, "no answer"));
    assert_false(health_driver_keeps_jobs(&dead.driver));
    dead.latency_us = 50;
    assert_true(run_until(&dead, HEALTH_READY, 400 * SONATA_SECOND));
}

static void noisy_calibration(void **state)
{
    (void)state;
    struct sim s = {0};
    begin(&s, "3s");
    announce(&s, 1);
    for (unsigned i = 0; s.driver.health.state == HEALTH_CALIBRATING; i++) {
        struct health_order o;
        s.latency_us = i % 2 ? 50 : 60;
        assert_true(health_driver_next(&s.driver, TIER_SCREEN, s.now_ns, &o) && o.timed);
        answer(&s, &o);
    }
    assert_int_equal(s.driver.health.state, HEALTH_QUARANTINED);
    assert_non_null(strstr(s.driver.why, "6 % wide; next look in 300 s"));
}

/* 3.4 % shortens the interval; 10 % is repeated after the cool-down and makes results since the last good canary doubtful; again: quarantine. */
static void drift(void **state)
{
    (void)state;
    struct sim s = {0};
    set(&s, "canary.interval", "100s");
    set(&s, "cool_down", "20s");
    begin(&s, "3s");
    make_ready(&s);
    s.now_ns += 100 * SONATA_SECOND;
    s.latency_us = 51.7;
    assert_false(run_until(&s, HEALTH_SUSPECT, 2 * SONATA_SECOND));
    assert_true(last(&s, "canary")->latency_us == 51.7 && last(&s, "canary")->state == HEALTH_READY);
    int64_t warned_ns = s.driver.health.canary.last_good_ns;
    s.now_ns = warned_ns + 51 * SONATA_SECOND; /* half the interval */
    s.latency_us = 55;
    assert_true(run_until(&s, HEALTH_SUSPECT, 2 * SONATA_SECOND));
    const struct health_news *n = last(&s, "canary");
    assert_true(n->invalid_from_ns == warned_ns && n->invalid_to_ns == s.now_ns);
    assert_false(health_driver_may_work(&s.driver, s.now_ns));
    assert_true(health_driver_keeps_jobs(&s.driver));
    int64_t suspect_ns = s.now_ns;
    assert_true(run_until(&s, HEALTH_QUARANTINED, 60 * SONATA_SECOND));
    assert_true(s.now_ns - suspect_ns >= 20 * SONATA_SECOND);
    n = last(&s, "canary");
    assert_true(n->notify && n->invalid_from_ns == warned_ns);
    assert_non_null(strstr(s.driver.why, "next look in 300 s"));
    /* nothing until the back-off is over */
    struct health_order o;
    assert_false(health_driver_next(&s.driver, TIER_SCREEN, s.now_ns + 299 * SONATA_SECOND, &o));
    /* still slow: 15 minutes; then well: three good ones */
    assert_true(run_until(&s, HEALTH_PROBATION, 400 * SONATA_SECOND));
    assert_true(run_until(&s, HEALTH_QUARANTINED, 10 * SONATA_SECOND));
    assert_non_null(strstr(s.driver.why, "next look in 900 s"));
    s.latency_us = 50.5;
    s.canaries = 0;
    assert_true(run_until(&s, HEALTH_READY, 1000 * SONATA_SECOND));
    assert_int_equal(s.canaries, 3);
    assert_string_equal(s.driver.why, "");
}

static void third_quarantine_of_a_day(void **state)
{
    (void)state;
    struct sim s = {0};
    set(&s, "canary.interval", "10s");
    set(&s, "backoff", "1s");
    begin(&s, "3s");
    make_ready(&s);
    for (unsigned i = 1; i <= 3; i++) {
        s.latency_us = 60;
        assert_true(run_until(&s, i < 3 ? HEALTH_QUARANTINED : HEALTH_MAINTENANCE, 60 * SONATA_SECOND));
        s.latency_us = 50;
        assert_true(i == 3 || run_until(&s, HEALTH_READY, 60 * SONATA_SECOND));
    }
    assert_true(last(&s, "canary")->notify);
    assert_non_null(strstr(s.driver.why, "a person has to release it"));
    assert_false(run_until(&s, HEALTH_READY, 7200 * SONATA_SECOND));
    command(&s, "release");
    assert_true(run_until(&s, HEALTH_READY, 60 * SONATA_SECOND));
}

/* Every rung in order, the waiting ones for as long as they may take; stop at the one that helps. */
static void ladder(void **state)
{
    (void)state;
    struct sim s = {0};
    set(&s, "recover.usb_power", "power");
    set(&s, "recover.soft_reset", "reset");
    set(&s, "recover.reflash", "flash");
    begin(&s, "3s");
    make_ready(&s);
    s.latency_us = 0;
    job(&s, 1, HEALTH_JOB_INFRA);
    assert_int_equal(s.driver.health.state, HEALTH_SUSPECT);
    s.cure = RUNG_REFLASH;
    assert_true(run_until(&s, HEALTH_RECOVERING, 60 * SONATA_SECOND));
    s.canaries = 0;
    assert_true(run_until(&s, HEALTH_READY, 600 * SONATA_SECOND));
    static const enum recovery_rung expected[] = {RUNG_KILL_JOB, RUNG_SOFT_RESET, RUNG_USB_POWER, RUNG_REFLASH};
    assert_int_equal(s.n_rungs, 4);
    assert_memory_equal(s.rung, expected, sizeof expected);
    assert_true(s.rung_ns[1] - s.rung_ns[0] < 2 * SONATA_SECOND);
    assert_in_range(s.rung_ns[2] - s.rung_ns[1], 170 * SONATA_SECOND, 181 * SONATA_SECOND); /* a reboot */
    assert_in_range(s.rung_ns[3] - s.rung_ns[2], 50 * SONATA_SECOND, 61 * SONATA_SECOND);
    assert_int_equal(s.canaries, CANARY_RECHECK);
    assert_string_equal(last(&s, "recovery")->text, "reflash: the board answers");
}

static void ladder_exhausted(void **state)
{
    (void)state;
    struct sim s = {0};
    set(&s, "recover.reopen", "reopen");
    begin(&s, "functional");
    make_ready(&s);
    s.latency_us = 0;
    job(&s, 1, HEALTH_JOB_KILLED);
    assert_true(run_until(&s, HEALTH_QUARANTINED, 60 * SONATA_SECOND));
    assert_int_equal(s.n_rungs, 4); /* twice */
    assert_true(last(&s, "recovery")->notify);
    /* a power switch that does not switch counts too: two failed power cycles are enough */
    struct sim p = {0};
    set(&p, "recover.usb_power", "power");
    begin(&p, "functional");
    make_ready(&p);
    p.latency_us = 0;
    p.rungs_fail = true;
    job(&p, 1, HEALTH_JOB_KILLED);
    assert_true(run_until(&p, HEALTH_QUARANTINED, 60 * SONATA_SECOND));
    assert_non_null(strstr(last(&p, "recovery")->text, "usb_power: exit code 1"));
}

static void jobs_and_blame(void **state)
{
    (void)state;
    struct sim s = {0};
    set(&s, "cool_down", "5s");
    begin(&s, "3s");
    make_ready(&s);
    unsigned before = s.n_news;
    job(&s, 1, HEALTH_JOB_DONE);
    job(&s, 2, HEALTH_JOB_DONE);
    assert_int_equal(s.n_news, before); /* ready and busy all day is no news */
    job(&s, 3, HEALTH_JOB_INVALID);
    assert_false(health_driver_may_work(&s.driver, s.now_ns)); /* cools down */
    s.now_ns += 5 * SONATA_SECOND;
    job(&s, 4, HEALTH_JOB_KILLED);
    s.checks = s.canaries = 0;
    assert_true(run_until(&s, HEALTH_READY, 60 * SONATA_SECOND));
    assert_true(s.checks == 1 && s.canaries == 1);
    for (uint64_t i = 5; i < 8; i++) { /* 0.5 of the invalid one, and three */
        job(&s, i, HEALTH_JOB_INFRA);
        if (s.driver.health.state == HEALTH_QUARANTINED)
            break;
        assert_true(run_until(&s, HEALTH_READY, 60 * SONATA_SECOND));
    }
    assert_int_equal(s.driver.health.state, HEALTH_QUARANTINED);
    assert_int_equal(last(&s, "state")->kind, NEWS_STATE);
    assert_true(last(&s, "state")->notify);
}

/* Others on the host are no illness of a board that nobody times. */
static void invalid_counts_only_where_canaries_are_timed(void **state)
{
    (void)state;
    static const char *const mode[] = {"functional", "3s"};
    for (unsigned k = 0; k < 2; k++) {
        struct sim s = {0};
        set(&s, "cool_down", "0s");
        begin(&s, mode[k]);
        make_ready(&s);
        unsigned n = 0;
        for (; n < 10 && s.driver.health.state != HEALTH_QUARANTINED; n++) {
            job(&s, 1 + n, HEALTH_JOB_INVALID);
            run_until(&s, HEALTH_READY, 30 * SONATA_SECOND);
        }
        assert_int_equal(n, k ? 6 : 10); /* six times one half */
    }
}

/* report: before and after each candidate; search: after 20; screen: hourly. */
static void canaries_by_tier(void **state)
{
    (void)state;
    struct sim s = {0};
    struct health_order o;
    begin(&s, "3s");
    make_ready(&s);
    for (uint64_t i = 0; i < 30; i++)
        job(&s, i, HEALTH_JOB_DONE);
    assert_false(health_driver_next(&s.driver, TIER_SCREEN, s.now_ns, &o));
    assert_true(health_driver_next(&s.driver, TIER_SEARCH, s.now_ns, &o)); /* before the first of a search */
    assert_true(o.kind == HEALTH_ORDER_CANARY && o.timed);
    assert_false(health_driver_may_work(&s.driver, s.now_ns));
    assert_false(health_driver_next(&s.driver, TIER_REPORT, s.now_ns, &o)); /* one at a time */
    health_driver_canary(&s.driver, 50, "", s.now_ns);
    health_driver_job_started(&s.driver, 31, TIER_REPORT, s.now_ns);
    health_driver_job_ended(&s.driver, HEALTH_JOB_DONE, 31, s.now_ns);
    assert_true(health_driver_next(&s.driver, TIER_SCREEN, s.now_ns, &o)); /* after it */
    health_driver_canary(&s.driver, 50, "", s.now_ns);
    assert_true(health_driver_may_work(&s.driver, s.now_ns));
}

static void orders(void **state)
{
    (void)state;
    struct sim s = {0};
    struct health_order o;
    begin(&s, "3s");
    make_ready(&s);
    assert_int_equal(person_order_named("dance"), PERSON_ORDER_COUNT);
    health_driver_job_started(&s.driver, 1, TIER_SCREEN, s.now_ns);
    command(&s, "drain");
    assert_int_equal(s.driver.health.state, HEALTH_BUSY);
    assert_false(health_driver_keeps_jobs(&s.driver));
    health_driver_job_ended(&s.driver, HEALTH_JOB_DONE, 1, s.now_ns);
    assert_int_equal(s.driver.health.state, HEALTH_MAINTENANCE);
    command(&s, "quarantine");
    assert_non_null(strstr(last(&s, "admin")->text, "refused"));
    command(&s, "release");
    /* a person steps in while a canary runs: its answer is for nobody */
    assert_true(health_driver_next(&s.driver, TIER_SCREEN, s.now_ns, &o));
    command(&s, "quarantine");
    health_driver_canary(&s.driver, 50, "", s.now_ns);
    assert_int_equal(s.driver.health.state, HEALTH_QUARANTINED);
    command(&s, "recalibrate");
    s.canaries = 0;
    assert_true(run_until(&s, HEALTH_READY, 60 * SONATA_SECOND));
    assert_int_equal(s.canaries, CANARY_CALIBRATION);
    /* asked while it is busy: after the job */
    health_driver_job_started(&s.driver, 2, TIER_SCREEN, s.now_ns);
    command(&s, "canary");
    assert_false(health_driver_next(&s.driver, TIER_SCREEN, s.now_ns, &o));
    health_driver_job_ended(&s.driver, HEALTH_JOB_DONE, 2, s.now_ns);
    assert_true(health_driver_next(&s.driver, TIER_SCREEN, s.now_ns, &o) && o.kind == HEALTH_ORDER_CHECK);
    answer(&s, &o);
    assert_true(health_driver_next(&s.driver, TIER_SCREEN, s.now_ns, &o) && o.kind == HEALTH_ORDER_CANARY);
    answer(&s, &o);
    assert_string_equal(last(&s, "canary")->text, "canary 50.000 us, +0.0 % of the reference 50.000 us");
    /* what masters of before say after an interruption: nothing follows */
    command(&s, "lost");
    assert_int_equal(s.driver.health.state, HEALTH_READY);
    /* the board's process ended over a job, again and again: it proves itself, and that is all */
    for (uint64_t i = 3; i < 9; i++) {
        health_driver_job_started(&s.driver, i, TIER_SCREEN, s.now_ns);
        health_driver_job_ended(&s.driver, HEALTH_JOB_LOST, i, s.now_ns);
        assert_int_equal(s.driver.health.state, HEALTH_SUSPECT);
        assert_true(run_until(&s, HEALTH_READY, 60 * SONATA_SECOND));
    }
    command(&s, "retire");
    assert_int_equal(s.driver.health.state, HEALTH_RETIRED);
}

static void power_cycle_on_demand(void **state)
{
    (void)state;
    struct sim s = {0};
    set(&s, "recover.soft_reset", "reset");
    set(&s, "recover.pdu_power", "pdu");
    begin(&s, "3s");
    make_ready(&s);
    command(&s, "power-cycle");
    assert_true(run_until(&s, HEALTH_READY, 60 * SONATA_SECOND));
    assert_true(s.n_rungs == 1 && s.rung[0] == RUNG_PDU_POWER); /* the first that is a power cycle */
}

static void off_is_always_well(void **state)
{
    (void)state;
    struct sim s = {0};
    struct health_order o;
    begin(&s, "off");
    announce(&s, 1);
    assert_int_equal(s.driver.health.state, HEALTH_READY);
    assert_int_equal(s.n_news, 1);
    assert_true(s.news[0].latency_us == 0 && s.news[0].reference_us == 0); /* so the master knows */
    for (uint64_t i = 0; i < 10; i++)
        job(&s, i, HEALTH_JOB_INFRA);
    s.now_ns += 7200 * SONATA_SECOND;
    assert_false(health_driver_next(&s.driver, TIER_REPORT, s.now_ns, &o));
    command(&s, "lost");
    command(&s, "canary");
    assert_true(health_driver_may_work(&s.driver, s.now_ns));
    command(&s, "quarantine");
    assert_true(run_until(&s, HEALTH_READY, 400 * SONATA_SECOND));
    assert_int_equal(s.checks + s.canaries, 0);
}

static struct sim restored(const struct sim *from, enum health_state as)
{
    struct sim s = {0};
    struct board_health saved = from->driver.health;
    saved.state = as;
    begin(&s, "3s");
    health_driver_restore(&s.driver, &saved);
    s.now_ns = from->now_ns + 10 * SONATA_SECOND;
    return s;
}

static void after_a_restart(void **state)
{
    (void)state;
    struct sim first = {0};
    begin(&first, "3s");
    make_ready(&first);
    static const enum health_state alive[] = {HEALTH_READY, HEALTH_BUSY, HEALTH_SUSPECT, HEALTH_RECOVERING, HEALTH_CALIBRATING};
    for (size_t i = 0; i < sizeof alive / sizeof *alive; i++) {
        struct sim s = restored(&first, alive[i]);
        s.driver.user = &s;
        s.driver.options = &s.options;
        make_ready(&s);
        assert_int_equal(s.canaries, CANARY_RECHECK);
    }
    static const enum health_state resting[] = {HEALTH_QUARANTINED, HEALTH_MAINTENANCE, HEALTH_RETIRED};
    for (size_t i = 0; i < sizeof resting / sizeof *resting; i++) {
        struct sim s = restored(&first, resting[i]);
        s.driver.user = &s;
        s.driver.options = &s.options;
        announce(&s, 1);
        assert_int_equal(s.driver.health.state, resting[i]);
        assert_true(s.driver.why[0]);
    }
    /* unchanged, but slower than when it was last well: what was measured since is doubtful */
    struct sim slow = restored(&first, HEALTH_READY);
    slow.driver.user = &slow;
    slow.driver.options = &slow.options;
    slow.latency_us = 60;
    announce(&slow, 1);
    assert_true(run_until(&slow, HEALTH_QUARANTINED, 60 * SONATA_SECOND));
    assert_true(last(&slow, "state")->invalid_from_ns == first.driver.health.canary.last_good_ns &&
                last(&slow, "state")->invalid_to_ns == slow.now_ns);
    /* a draining board whose job died with the worker is drained */
    first.driver.health.draining = true;
    struct sim d = restored(&first, HEALTH_BUSY);
    assert_int_equal(d.driver.health.state, HEALTH_MAINTENANCE);
}

static void options(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *says;
    } bad[] = {{"canary", "sometimes", "off, functional"},
               {"canary", "5m", "60s"},
               {"canary", "1ms", "20ms"},
               {"canary.interval", "soon", "duration"},
               {"backoff", "0s", "duration"},
               {"recover.reopen", "sh -c 'unclosed", "recover.reopen"},
               {"recover.reopen", "", "recover.reopen"}};
    struct health_options o = {0}, standard = {0};
    struct sonata_error err = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(option_put(health_keys, &o, bad[i].key, bad[i].value, &err), -EINVAL);
        if (!strstr(err.text, bad[i].says))
            fail_msg("%s=%s: %s", bad[i].key, bad[i].value, err.text);
    }
    assert_int_equal(option_put(health_keys, &o, "colour", "red", &err), -ENOENT);
    assert_int_equal(option_put(health_keys, &o, "recover.kill_job", "x", &err), -ENOENT);
    /* what boards do that say nothing */
    static const struct {
        const char *standard;
        enum backend_kind backend;
        bool emulated;
        enum canary_mode mode;
    } cases[] = {{NULL, BACKEND_ENGINE, false, CANARY_TIMED},       {NULL, BACKEND_MCU, false, CANARY_TIMED},
                 {NULL, BACKEND_MCU, true, CANARY_FUNCTIONAL},      {NULL, BACKEND_COMMAND, false, CANARY_FUNCTIONAL},
                 {NULL, BACKEND_TABLE, false, CANARY_OFF},          {"functional", BACKEND_ENGINE, false, CANARY_FUNCTIONAL},
                 {"1s", BACKEND_COMMAND, false, CANARY_FUNCTIONAL}, {"1s", BACKEND_MCU, true, CANARY_TIMED},
                 {"functional", BACKEND_TABLE, false, CANARY_OFF},  {"off", BACKEND_MCU, false, CANARY_OFF}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        o = standard = (struct health_options){0};
        if (cases[i].standard)
            assert_int_equal(option_put(health_keys, &standard, "canary", cases[i].standard, &err), 0);
        health_options_complete(&o, &standard, cases[i].backend, cases[i].emulated);
        assert_int_equal(o.canary, cases[i].mode);
        assert_int_equal(health_options_check(&o, cases[i].backend, &err), 0);
        assert_true(o.cool_down_ns == (o.canary == CANARY_TIMED ? 10 * SONATA_SECOND : 0));
    }
    o = (struct health_options){0};
    assert_int_equal(option_put(health_keys, &o, "canary", "1s", &err), 0);
    assert_int_equal(health_options_check(&o, BACKEND_TABLE, &err), -EINVAL);
    assert_non_null(strstr(err.text, "canary.file"));
    assert_int_equal(option_put(health_keys, &o, "canary.file", "x", &err), 0);
    assert_int_equal(health_options_check(&o, BACKEND_TABLE, &err), 0);
    assert_int_equal(health_options_check(&o, BACKEND_ENGINE, &err), -EINVAL);
    assert_int_equal(option_put(health_keys, &o, "recover.usb_power", "uhubctl -l 1-1 -a cycle", &err), 0);
    assert_int_equal(health_options_rungs(&o), 1U << RUNG_KILL_JOB | 1U << RUNG_USB_POWER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calibration),
        cmocka_unit_test(functional_needs_one_answer),
        cmocka_unit_test(a_board_that_was_just_switched_on),
        cmocka_unit_test(noisy_calibration),
        cmocka_unit_test(drift),
        cmocka_unit_test(third_quarantine_of_a_day),
        cmocka_unit_test(ladder),
        cmocka_unit_test(ladder_exhausted),
        cmocka_unit_test(jobs_and_blame),
        cmocka_unit_test(invalid_counts_only_where_canaries_are_timed),
        cmocka_unit_test(canaries_by_tier),
        cmocka_unit_test(orders),
        cmocka_unit_test(power_cycle_on_demand),
        cmocka_unit_test(off_is_always_well),
        cmocka_unit_test(after_a_restart),
        cmocka_unit_test(options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
