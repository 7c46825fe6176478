/* Who gets what: type, metrics, data sets, fair turns, prefetch, no blocking by a dead board type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "sched/sched.h"

static struct sched *s;
static int64_t now;
static const struct sched_tries fresh;

static struct sched_board_info board(const char *id, const char *type, const char *metric, const char *dataset)
{
    struct sched_board_info b = {.n_metrics = 1, .state = "ready"};
    copy_string(b.id, sizeof b.id, id);
    copy_string(b.type, sizeof b.type, type);
    copy_string(b.metric[0], sizeof b.metric[0], metric);
    if (dataset) {
        b.n_datasets = 1;
        copy_string(b.dataset[0], sizeof b.dataset[0], dataset);
    }
    return b;
}

static struct sched_need want(const char *type, const char *metric, const char *dataset)
{
    struct sched_need n = {.n_metrics = 1};
    copy_string(n.board_type, sizeof n.board_type, type);
    copy_string(n.metric[0], sizeof n.metric[0], metric);
    copy_string(n.dataset, sizeof n.dataset, dataset);
    return n;
}

static void start(uint32_t prefetch)
{
    struct sched_config c = sched_config_default();
    c.prefetch = prefetch;
    s = sched_new(&c);
    now = SONATA_SECOND;
}

static void hello(const struct sched_board_info *b, uint32_t n)
{
    assert_int_equal(sched_hello(s, now, &(struct sched_report){"w", 1, b, n, NULL, 0}, NULL), 0);
}

static void add(uint64_t job, uint64_t owner, struct sched_need need)
{
    assert_int_equal(sched_add(s, job, owner, &need, &fresh), 0);
}

/* Jobs given out, in order; boards beside them. */
static unsigned dispatch(struct sched_action *ret, unsigned max)
{
    unsigned n = 0;
    struct sched_action a;
    sched_dispatch(s, now);
    while (sched_next_action(s, &a)) {
        if (a.type == SCHED_ASSIGN && n < max)
            ret[n++] = a;
    }
    return n;
}

/* Anywhere but in front of what waits already; nothing is lost, and the order varies. */
static void test_shuffle(void **state)
{
    (void)state;
    unsigned place_of_9[5] = {0};
    for (unsigned round = 0; round < 60; round++) {
        if (!round)
            start(3);
        struct sched_board_info b = board("p", "pi", "latency", "mnist");
        for (uint64_t job = 1; job <= 3; job++)
            add(job, 1, want("pi", "latency", ""));
        add(9, 1, want("pi", "latency", ""));
        sched_shuffle(s, 9);
        sched_shuffle(s, 77); /* unknown: nothing */
        hello(&b, 1);
        struct sched_action a[8];
        assert_int_equal(dispatch(a, 8), 4);
        sched_shuffle(s, 9); /* it does not wait */
        uint64_t expected = 1;
        for (unsigned i = 0; i < 4; i++) {
            if (a[i].job == 9)
                place_of_9[i]++;
            else
                assert_true(a[i].job == expected++);
        }
        assert_int_equal(expected, 4);
        for (unsigned i = 0; i < 4; i++)
            sched_remove(s, a[i].job, "");
        while (sched_next_action(s, &a[0]))
            ;
    }
    assert_int_equal(place_of_9[0], 0);
    assert_true(place_of_9[1] > 5 && place_of_9[2] > 5 && place_of_9[3] > 5);
    assert_int_equal(sched_job_count(s), 0);
    sched_free(s);
}

static void test_type_metric_dataset(void **state)
{
    (void)state;
    start(0);
    struct sched_board_info b[] = {board("p", "pi", "latency", "mnist"), board("n", "nano", "accuracy", NULL)};
    hello(b, 2);
    add(1, 1, want("tpu", "latency", ""));       /* no such board: must not block the others */
    add(2, 1, want("pi", "energy", ""));
    add(3, 1, want("pi", "latency", "cifar"));
    add(4, 1, want("", "accuracy", "anything")); /* a board that lists no data sets takes any */
    add(5, 1, want("pi", "latency", "mnist"));
    struct sched_action a[8];
    assert_int_equal(dispatch(a, 8), 2);
    assert_int_equal(a[0].job, 5);
    assert_string_equal(a[0].board, "p");
    assert_int_equal(a[1].job, 4);
    assert_string_equal(a[1].board, "n");
    struct sched_need tpu = want("tpu", "latency", "");
    assert_false(sched_can_serve(s, &tpu));
    sched_free(s);
}

static void test_idle_boards_before_prefetch(void **state)
{
    (void)state;
    start(1);
    struct sched_board_info b[] = {board("a", "pi", "latency", NULL), board("b", "pi", "latency", NULL)};
    hello(b, 2);
    struct sched_need need = want("pi", "latency", "");
    assert_int_equal(sched_open_slots(s, 1, &need), 4);
    for (uint64_t j = 1; j <= 3; j++)
        add(j, 1, need);
    assert_int_equal(sched_open_slots(s, 1, &need), 1);
    struct sched_action a[8];
    assert_int_equal(dispatch(a, 8), 3);
    assert_string_equal(a[0].board, "a");
    assert_string_equal(a[1].board, "b");
    assert_string_equal(a[2].board, "a"); /* now one ahead */
    assert_int_equal(a[2].epoch, 2);
    add(9, 1, need);
    assert_int_equal(dispatch(a, 8), 1);
    add(10, 1, need);
    assert_int_equal(dispatch(a, 8), 0);
    assert_int_equal(sched_open_slots(s, 1, &need), 0);
    sched_free(s);
}

static void test_searches_take_turns(void **state)
{
    (void)state;
    start(0);
    struct sched_board_info b = board("a", "pi", "latency", NULL);
    hello(&b, 1);
    for (uint64_t j = 0; j < 20; j++)
        add(100 + j, 1, want("pi", "latency", ""));
    for (uint64_t j = 0; j < 5; j++)
        add(200 + j, 2, want("pi", "latency", ""));
    unsigned of_two = 0;
    for (int k = 0; k < 10; k++) {
        struct sched_action a;
        enum sched_verdict v;
        assert_int_equal(dispatch(&a, 1), 1);
        of_two += a.job >= 200;
        assert_int_equal(sched_result(s, now, &(struct sched_result){a.attempt, a.epoch, "a", OUTCOME_OK, ""}, &v), 0);
    }
    assert_int_equal(of_two, 5);
    sched_free(s);
}

static void test_newcomer_does_not_catch_up(void **state)
{
    (void)state;
    start(0);
    struct sched_board_info b = board("a", "pi", "latency", NULL);
    hello(&b, 1);
    for (uint64_t j = 0; j < 60; j++)
        add(100 + j, 1, want("pi", "latency", ""));
    unsigned of_two = 0;
    for (int k = 0; k < 40; k++) {
        struct sched_action a;
        enum sched_verdict v;
        if (k == 20) {
            for (uint64_t j = 0; j < 30; j++)
                add(200 + j, 2, want("pi", "latency", ""));
        }
        assert_int_equal(dispatch(&a, 1), 1);
        of_two += a.job >= 200;
        assert_int_equal(sched_result(s, now, &(struct sched_result){a.attempt, a.epoch, "a", OUTCOME_OK, ""}, &v), 0);
    }
    assert_in_range(of_two, 9, 11);
    sched_free(s);
}

static void test_paused_owner_waits(void **state)
{
    (void)state;
    start(0);
    struct sched_board_info b = board("a", "pi", "latency", NULL);
    hello(&b, 1);
    struct sched_action a;
    add(1, 1, want("pi", "latency", ""));
    sched_pause(s, 1, true);
    assert_int_equal(dispatch(&a, 1), 0);
    sched_set_owner(s, 1, 2); /* another search waits for it, too */
    assert_int_equal(dispatch(&a, 1), 1);
    sched_free(s);
}

static void test_failed_job_goes_elsewhere(void **state)
{
    (void)state;
    start(0);
    struct sched_board_info b[] = {board("a", "pi", "latency", NULL), board("b", "pi", "latency", NULL)};
    hello(b, 1);
    add(1, 1, want("pi", "latency", ""));
    struct sched_action a;
    enum sched_verdict v;
    assert_int_equal(dispatch(&a, 1), 1);
    hello(b, 2);
    assert_int_equal(sched_result(s, now, &(struct sched_result){a.attempt, a.epoch, "a", OUTCOME_INFRA, ""}, &v), 0);
    for (int i = 0; i < 10; i++) {
        now += SONATA_SECOND;
        assert_int_equal(sched_alive(s, now, "w"), 0);
    }
    sched_tick(s, now);
    assert_int_equal(dispatch(&a, 1), 1);
    assert_string_equal(a.board, "b");
    sched_free(s);
}

static void test_removed_job_is_canceled(void **state)
{
    (void)state;
    start(0);
    struct sched_board_info b = board("a", "pi", "latency", NULL);
    hello(&b, 1);
    add(1, 1, want("pi", "latency", ""));
    add(2, 1, want("pi", "latency", ""));
    struct sched_action a;
    assert_int_equal(dispatch(&a, 1), 1);
    sched_remove(s, 2, "not needed");
    assert_false(sched_next_action(s, &a));
    sched_remove(s, 1, "not needed");
    assert_true(sched_next_action(s, &a));
    assert_int_equal(a.type, SCHED_CANCEL);
    assert_string_equal(a.reason, "not needed");
    sched_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shuffle), cmocka_unit_test(test_type_metric_dataset),        cmocka_unit_test(test_idle_boards_before_prefetch),
        cmocka_unit_test(test_searches_take_turns),        cmocka_unit_test(test_newcomer_does_not_catch_up),
        cmocka_unit_test(test_paused_owner_waits),         cmocka_unit_test(test_failed_job_goes_elsewhere),
        cmocka_unit_test(test_removed_job_is_canceled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
