/* Leases, links, back-off and retries against a simulated clock. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "sched/sched.h"
#include "support/cmocka.h"

static struct sched *s;
static int64_t now;
static struct sched_action last[64];
static unsigned n_last;
static const struct sched_need need = {.n_metrics = 1, .metric = {"latency"}};
static const struct sched_tries fresh;

static struct sched_board_info board_info(const char *id)
{
    struct sched_board_info b = {.n_metrics = 1, .metric = {"latency"}, .state = "ready", .type = "pi"};
    copy_string(b.id, sizeof b.id, id);
    return b;
}

static void hello(const char *worker, uint64_t incarnation, const char *board, const struct sched_running *running, uint32_t n)
{
    struct sched_board_info b = board_info(board);
    assert_int_equal(sched_hello(s, now, &(struct sched_report){worker, incarnation, &b, 1, running, n}, NULL), 0);
}

static void drain(void)
{
    n_last = 0;
    while (n_last < 64 && sched_next_action(s, &last[n_last]))
        n_last++;
}

static const struct sched_action *find(enum sched_action_type type)
{
    for (unsigned i = 0; i < n_last; i++) {
        if (last[i].type == type)
            return &last[i];
    }
    return NULL;
}

static struct sched_action assigned(void)
{
    sched_dispatch(s, now);
    drain();
    const struct sched_action *a = find(SCHED_ASSIGN);
    assert_non_null(a);
    return *a;
}

static struct sched_running running_of(const struct sched_action *a)
{
    struct sched_running r = {.attempt = a->attempt, .epoch = a->epoch, .started = true};
    copy_string(r.board, sizeof r.board, a->board);
    copy_string(r.phase, sizeof r.phase, "measuring");
    return r;
}

static void pass(int64_t seconds)
{
    now += seconds * SONATA_SECOND;
    sched_tick(s, now);
    drain();
}

static void start(uint32_t prefetch)
{
    struct sched_config c = sched_config_default();
    c.prefetch = prefetch;
    s = sched_new(&c);
    now = 1000 * SONATA_SECOND;
    hello("w", 1, "b", NULL, 0);
    assert_int_equal(sched_add(s, 7, 1, &need, &fresh), 0);
    assert_int_equal(sched_add(s, 7, 1, &need, &fresh), -EEXIST);
}

static int setup(void **state)
{
    (void)state;
    start(0);
    return 0;
}

static int setup_ahead(void **state)
{
    (void)state;
    start(1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sched_free(s);
    return 0;
}

static void test_silence(void **state)
{
    (void)state;
    struct sched_action a = assigned();
    assert_int_equal(a.job, 7);
    assert_int_equal(a.epoch, 1);
    struct sched_board_view v;
    pass(7);
    assert_string_equal(find(SCHED_LINK)->reason, "suspect");
    pass(9);
    assert_string_equal(find(SCHED_LINK)->reason, "offline");
    sched_board_view(s, 0, &v);
    assert_false(v.online);
    assert_true(sched_is_live(s, a.attempt)); /* the lease outlives the link */
    pass(15);
    assert_non_null(find(SCHED_LOST));
    assert_int_equal(find(SCHED_LOST)->epoch, 1);
    assert_false(sched_is_live(s, a.attempt));
    assert_int_equal(sched_tries(s, 7).infra, 0); /* silence is nobody's failure */
    assert_true(sched_has_job(s, 7));
}

static void test_heartbeats_keep_the_lease(void **state)
{
    (void)state;
    struct sched_action a = assigned();
    struct sched_running r = running_of(&a);
    for (int i = 0; i < 100; i++) {
        pass(2);
        assert_int_equal(sched_heartbeat(s, now, &(struct sched_report){"w", 1, NULL, 0, &r, 1}), 0);
        assert_true(sched_renew(s, now, &r));
        assert_null(find(SCHED_LOST));
    }
    r.epoch++;
    assert_false(sched_renew(s, now, &r));
    assert_int_equal(sched_heartbeat(s, now, &(struct sched_report){"w", 2, NULL, 0, &r, 1}), -ENOENT); /* another start of the worker: hello first */
    assert_int_equal(sched_heartbeat(s, now, &(struct sched_report){"v", 1, NULL, 0, &r, 1}), -ENOENT);
}

static void test_result_once(void **state)
{
    (void)state;
    struct sched_action a = assigned();
    enum sched_verdict v;
    assert_int_equal(sched_result(s, now, &(struct sched_result){a.attempt, a.epoch + 1, a.board, OUTCOME_OK, ""}, &v), -ESTALE);
    assert_int_equal(sched_result(s, now, &(struct sched_result){a.attempt, a.epoch, "other", OUTCOME_OK, ""}, &v), -ESTALE);
    assert_int_equal(sched_result(s, now, &(struct sched_result){a.attempt, a.epoch, a.board, OUTCOME_OK, ""}, &v), 0);
    assert_int_equal(v, SCHED_FINISHED);
    assert_false(sched_has_job(s, 7));
    assert_int_equal(sched_result(s, now, &(struct sched_result){a.attempt, a.epoch, a.board, OUTCOME_OK, ""}, &v), -ENOENT);
    assert_int_equal(sched_job_count(s), 0);
}

/* Sends `outcome` until the job is given up; returns how many attempts it took. */
static unsigned attempts_until_buried(enum outcome outcome)
{
    for (unsigned n = 1; n < 20; n++) {
        struct sched_action a = assigned();
        enum sched_verdict v;
        assert_int_equal(sched_result(s, now, &(struct sched_result){a.attempt, a.epoch, a.board, outcome, "why"}, &v), 0);
        drain();
        if (v == SCHED_GIVEN_UP) {
            assert_non_null(find(SCHED_BURY));
            assert_int_equal(find(SCHED_BURY)->outcome, outcome);
            assert_string_equal(find(SCHED_BURY)->reason, "why");
            return n;
        }
        for (int i = 0; i < 100; i++) { /* the back-off passes while the worker stays alive */
            pass(1);
            assert_int_equal(sched_heartbeat(s, now, &(struct sched_report){"w", 1, NULL, 0, NULL, 0}), 0);
        }
    }
    return 0;
}

static void test_retry_rules(void **state)
{
    (void)state;
    assert_int_equal(attempts_until_buried(OUTCOME_INFRA), 4);
    static const struct {
        enum outcome outcome;
        unsigned attempts;
    } rule[] = {{OUTCOME_INVALID, 4}, {OUTCOME_BUG, 2}, {OUTCOME_CONFIG, 1}};
    for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
        assert_int_equal(sched_add(s, 100 + i, 1, &need, &fresh), 0);
        assert_int_equal(attempts_until_buried(rule[i].outcome), rule[i].attempts);
    }
}

static void test_back_off_doubles(void **state)
{
    (void)state;
    int64_t expected = 5;
    for (int k = 0; k < 3; k++, expected *= 2) {
        struct sched_action a = assigned();
        enum sched_verdict v;
        assert_int_equal(sched_result(s, now, &(struct sched_result){a.attempt, a.epoch, a.board, OUTCOME_INFRA, ""}, &v), 0);
        int64_t failed = now;
        for (;;) {
            now += SONATA_SECOND / 4;
            assert_int_equal(sched_heartbeat(s, now, &(struct sched_report){"w", 1, NULL, 0, NULL, 0}), 0);
            sched_tick(s, now);
            if (sched_open_slots(s, 1, &need) == 0)
                break; /* the job waits for the board again */
        }
        double waited = (double)(now - failed) / 1e9;
        assert_true(waited >= (double)expected && waited <= 1.5 * (double)expected + 0.25);
    }
}

static void test_restarted_worker_loses_its_attempt(void **state)
{
    (void)state;
    struct sched_action a = assigned();
    now += SONATA_SECOND;
    hello("w", 2, "b", NULL, 0);
    drain();
    assert_non_null(find(SCHED_LOST));
    assert_int_equal(find(SCHED_LOST)->attempt, a.attempt);
    assert_int_equal(sched_tries(s, 7).infra, 0);
}

static void test_undelivered_assignment_is_released(void **state)
{
    (void)state;
    struct sched_action a = assigned();
    now += SONATA_SECOND;
    hello("w", 1, "b", NULL, 0); /* may be on the way */
    drain();
    assert_null(find(SCHED_RELEASE));
    now += 6 * SONATA_SECOND;
    hello("w", 1, "b", NULL, 0);
    drain();
    assert_non_null(find(SCHED_RELEASE));
    assert_int_equal(find(SCHED_RELEASE)->attempt, a.attempt);
    assert_int_equal(sched_tries(s, 7).infra, 0); /* nobody's fault */
    assert_int_equal(assigned().epoch, 2);
}

static void test_adoption_cancels_the_newer_attempt(void **state)
{
    (void)state;
    struct sched_action old = assigned();
    pass(31);
    hello("v", 1, "c", NULL, 0);
    for (int i = 0; i < 10; i++) {
        pass(1);
        assert_int_equal(sched_heartbeat(s, now, &(struct sched_report){"v", 1, NULL, 0, NULL, 0}), 0);
    }
    struct sched_action newer = assigned();
    assert_string_equal(newer.board, "c");
    struct sched_running r = running_of(&old);
    hello("w", 1, "b", &r, 1);
    assert_false(sched_renew(s, now, &r));
    assert_int_equal(sched_board_epoch(s, "b"), old.epoch); /* nobody else had it */
    assert_int_equal(sched_adopt(s, now, 7, old.attempt, old.epoch, "b"), 0);
    drain();
    assert_int_equal(find(SCHED_CANCEL)->attempt, newer.attempt);
    assert_string_equal(find(SCHED_CANCEL)->worker, "v");
    assert_true(sched_is_live(s, old.attempt));
    assert_false(sched_is_live(s, newer.attempt));
}

static void test_restart_of_the_master_gives_grace(void **state)
{
    (void)state;
    struct sched_config c = sched_config_default();
    struct sched *t = sched_new(&c);
    sched_restore_board(t, "b", "pi", 9);
    assert_int_equal(sched_add(t, 7, 1, &need, &fresh), 0);
    assert_int_equal(sched_restore(t, now, 7, &(struct sched_lease){55, 9, "b", 1}), 0);
    sched_tick(t, now + 89 * SONATA_SECOND);
    assert_true(sched_is_live(t, 55));
    sched_tick(t, now + 91 * SONATA_SECOND);
    assert_false(sched_is_live(t, 55));
    sched_free(t);
}

static void test_goodbye_releases(void **state)
{
    (void)state;
    struct sched_action a = assigned();
    sched_goodbye(s, now, "w");
    drain();
    assert_int_equal(find(SCHED_RELEASE)->attempt, a.attempt);
    sched_dispatch(s, now);
    drain();
    assert_null(find(SCHED_ASSIGN));
}

/* What a board that gets no more jobs was given ahead goes to another; what it is at goes on. */
static void test_a_board_that_is_not_used(void **state)
{
    (void)state;
    struct sched_board_view v;
    assert_int_equal(sched_use_board(s, "nobody", SCHED_USE_NOT), -ENOENT);
    assert_int_equal(sched_add(s, 2, 1, &need, &fresh), 0);
    assert_int_equal(sched_add(s, 3, 1, &need, &fresh), 0);
    struct sched_action head = assigned();
    sched_board_view(s, 0, &v);
    assert_int_equal(v.n_attempts, 2);
    uint64_t before = sched_generation(s);
    assert_int_equal(sched_use_board(s, "b", SCHED_USE_NOT), 0);
    assert_true(sched_generation(s) != before);
    drain();
    assert_int_equal(n_last, 1);
    assert_int_equal(last[0].type, SCHED_CANCEL);
    assert_int_equal(last[0].job, 2);
    assert_true(sched_is_live(s, head.attempt));
    assert_int_equal(sched_tries(s, 2).infra, 0);
    assert_int_equal(sched_total_slots(s, &need), 0);
    enum sched_verdict verdict;
    assert_int_equal(sched_result(s, now, &(struct sched_result){head.attempt, head.epoch, "b", OUTCOME_OK, ""}, &verdict), 0);
    sched_dispatch(s, now);
    drain();
    assert_null(find(SCHED_ASSIGN));

    assert_int_equal(sched_use_board(s, "b", SCHED_USE_ONE), 0);
    assert_int_equal(sched_total_slots(s, &need), 1);
    sched_dispatch(s, now);
    drain();
    assert_int_equal(n_last, 1);
    assert_int_equal(sched_use_board(s, "b", SCHED_USE_FULLY), 0);
    sched_dispatch(s, now);
    drain();
    assert_int_equal(n_last, 1);
    hello("w", 1, "b", NULL, 0); /* its worker's words change nothing about it */
    assert_int_equal(sched_use_board(s, "b", SCHED_USE_NOT), 0);
    hello("w", 1, "b", NULL, 0);
    assert_true(sched_board_named(s, "b", &v));
    assert_int_equal(v.use, SCHED_USE_NOT);
    assert_false(sched_board_named(s, "nobody", &v));
}

/* Of the attempts that silence takes from a board only the one it was at is marked, also when their leases end apart. */
static void test_only_the_head_is_marked(void **state)
{
    (void)state;
    struct sched_action first = assigned();
    assert_true(sched_is_head(s, first.attempt));
    pass(1);
    assert_int_equal(sched_add(s, 2, 1, &need, &fresh), 0);
    struct sched_action second = assigned();
    assert_false(sched_is_head(s, second.attempt));
    now += 29 * SONATA_SECOND + SONATA_MS;
    sched_tick(s, now);
    drain();
    const struct sched_action *lost = find(SCHED_LOST);
    assert_int_equal(lost->attempt, first.attempt);
    assert_true(lost->head);
    now += 2 * SONATA_SECOND;
    sched_tick(s, now);
    drain();
    lost = find(SCHED_LOST);
    assert_int_equal(lost->attempt, second.attempt);
    assert_false(lost->head);
}

/* After a restart of the master they come in the order of their searches, and no worker is known yet. */
static void test_restored_attempts_stand_in_order(void **state)
{
    (void)state;
    struct sched_config c = sched_config_default();
    struct sched *t = sched_new(&c);
    sched_restore_board(t, "b", "pi", 8);
    assert_int_equal(sched_add(t, 1, 1, &need, &fresh), 0);
    assert_int_equal(sched_add(t, 2, 1, &need, &fresh), 0);
    assert_int_equal(sched_restore(t, now, 1, &(struct sched_lease){56, 8, "b", 1}), 0);
    assert_int_equal(sched_restore(t, now, 2, &(struct sched_lease){55, 7, "b", 1}), 0);
    assert_true(sched_is_head(t, 55));
    assert_false(sched_is_head(t, 56));
    sched_tick(t, now + 91 * SONATA_SECOND);
    struct sched_action a;
    unsigned heads = 0, n = 0;
    while (sched_next_action(t, &a)) {
        n += a.type == SCHED_LOST;
        heads += a.head;
        assert_true(!a.head || a.attempt == 55);
    }
    assert_int_equal(n, 2);
    assert_int_equal(heads, 1);
    sched_free(t);
}

static void test_duplicate_board_name(void **state)
{
    (void)state;
    struct sched_board_info b[2] = {board_info("b"), board_info("d")};
    struct sonata_error err = {{0}};
    assert_int_equal(sched_hello(s, now, &(struct sched_report){"v", 1, b, 2, NULL, 0}, &err), -EEXIST);
    assert_non_null(strstr(err.text, "'b'"));
    assert_int_equal(sched_board_count(s), 2); /* the other one is registered */
}

static void test_config_is_checked(void **state)
{
    (void)state;
    struct sched_config c = sched_config_default();
    assert_int_equal(sched_config_check(&c, NULL), 0);
    c.lease_ns = c.offline_ns - 1;
    assert_int_equal(sched_config_check(&c, NULL), -EINVAL);
    c = sched_config_default();
    c.prefetch = SCHED_SLOTS_MAX;
    assert_int_equal(sched_config_check(&c, NULL), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(test_silence),
        T(test_heartbeats_keep_the_lease),
        T(test_result_once),
        T(test_retry_rules),
        T(test_back_off_doubles),
        T(test_restarted_worker_loses_its_attempt),
        T(test_undelivered_assignment_is_released),
        T(test_adoption_cancels_the_newer_attempt),
        T(test_restart_of_the_master_gives_grace),
        T(test_goodbye_releases),
        cmocka_unit_test_setup_teardown(test_a_board_that_is_not_used, setup_ahead, teardown),
        cmocka_unit_test_setup_teardown(test_only_the_head_is_marked, setup_ahead, teardown),
        T(test_restored_attempts_stand_in_order),
        T(test_duplicate_board_name),
        T(test_config_is_checked),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
