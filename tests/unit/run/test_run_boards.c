/* Boards as the master sees them: events stored once, orders that outlive it, the master's own quarantine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "farm.h"
#include "support/cmocka.h"

static struct farm farm;

static int open_farm(void **state)
{
    (void)state;
    farm_open(&farm, 11);
    farm_crash(&farm);
    farm.config.quarantine_ns = 300 * SONATA_SECOND;
    farm_start(&farm);
    farm_add_board(&farm, "pi-1", "pi", "accuracy latency");
    farm_hello(&farm);
    farm_turn(&farm);
    return 0;
}

static int close_farm(void **state)
{
    (void)state;
    assert_int_equal(farm_check(&farm), 0);
    farm_close(&farm);
    return 0;
}

static void restart_master(void)
{
    farm_crash(&farm);
    farm_start(&farm);
    farm.n_commands = 0;
}

static uint64_t submit(uint32_t budget)
{
    struct search_spec *spec = farm_spec("s", "random", budget, 3);
    uint64_t id = farm_submit(&farm, spec);
    free(spec);
    farm_turn(&farm);
    farm_turn(&farm);
    return id;
}

static void pass_time(int64_t ns)
{
    farm.now += ns;
    farm.wall += ns;
    farm_hello(&farm);
    farm_turn(&farm);
}

static struct engine_board_health health(const char *board)
{
    struct engine_board_health h;
    engine_board_health(farm.run, board, "pi", &h);
    return h;
}

static void set_state(uint32_t i, const char *state)
{
    copy_string(farm.board[i].state, sizeof farm.board[i].state, state);
    farm_heartbeat(&farm);
}

struct taken {
    uint32_t n;
    uint64_t sequence[600];
    char text[64][64];
};

static bool take(void *user, const struct board_event_record *e)
{
    struct taken *t = user;
    assert_true(t->n < 600);
    if (t->n < 64)
        snprintf(t->text[t->n], sizeof t->text[0], "%.16s %.40s", e->event.kind, e->event.text);
    t->sequence[t->n++] = e->event.sequence;
    return true;
}

static struct taken history(const char *board, uint32_t page)
{
    struct taken t = {0};
    struct engine_page p = {.max = page, .user = &t, .more = true};
    while (p.more) {
        uint32_t before = t.n;
        assert_int_equal(engine_board_history(farm.run, board, &p, take), 0);
        assert_true(t.n - before <= page && (!p.more || t.n - before == page));
        p.from = p.next;
    }
    return t;
}

static void test_events_are_stored_once(void **state)
{
    (void)state;
    assert_int_equal(farm_event(&farm, "pi-1", "canary", "ready", 101, 100), 0);
    farm_turn(&farm);
    farm.sequence--;
    assert_int_equal(store_count(farm.store, STORE_BOARD_EVENT), 1);
    farm.wall -= SONATA_MS; /* the turn moved it on: this is the same event once more */
    assert_int_equal(farm_event(&farm, "pi-1", "canary", "ready", 101, 100), 0);
    farm.wall += SONATA_MS;
    farm_turn(&farm);
    assert_int_equal(store_count(farm.store, STORE_BOARD_EVENT), 1);
    assert_int_equal(farm_event(&farm, "pi-1", "state", "suspect", 0, 0), 0);
    /* in one turn too: the second finds what the first has not committed yet */
    farm.sequence--;
    assert_int_equal(farm_event(&farm, "pi-1", "state", "suspect", 0, 0), 0);
    farm_turn(&farm);
    assert_int_equal(store_count(farm.store, STORE_BOARD_EVENT), 2);
    assert_int_equal(health("pi-1").record->n_events, 2);
    restart_master();
    assert_string_equal(health("pi-1").record->state, "suspect");
    assert_true(health("pi-1").record->latency_us == 101 && health("pi-1").record->reference_us == 100);
    farm_hello(&farm);
}

static void test_foreign_boards(void **state)
{
    (void)state;
    assert_int_equal(farm_event(&farm, "pi-9", "state", "ready", 0, 0), -ENODEV);
    struct board_event e = {.sequence = 1, .wall_ns = farm.wall, .board = "pi-1", .kind = "state", .state = "ready"};
    assert_int_equal(engine_board_event(farm.run, "stranger", &e), -ENODEV); /* never said hello */
    struct sched_board_info other = {.id = "x-1", .type = "x", .state = "ready"};
    struct sonata_error err = {{0}};
    assert_int_equal(engine_hello(farm.run, &(struct sched_report){"w2", 1, &other, 1, NULL, 0}, &err), 0);
    assert_int_equal(engine_board_event(farm.run, "w2", &e), -EBUSY); /* of a live worker: it must not be lost, nor believed */
    farm.now += 20 * SONATA_SECOND;
    farm_turn(&farm);
    engine_set_time(farm.run, farm.now, farm.wall);
    assert_int_equal(engine_hello(farm.run, &(struct sched_report){"w2", 1, &other, 1, NULL, 0}, &err), 0);
    assert_int_equal(engine_board_event(farm.run, "w2", &e), -ENODEV);
    farm_turn(&farm);
    assert_int_equal(store_count(farm.store, STORE_BOARD_EVENT), 0);
}

static void test_events_die_with_an_uncommitted_turn(void **state)
{
    (void)state;
    assert_int_equal(farm_event(&farm, "pi-1", "state", "suspect", 0, 0), 0);
    restart_master(); /* before the commit, so before the acknowledgement: it comes again */
    assert_null(health("pi-1").record);
    farm_hello(&farm);
    farm.sequence--;
    assert_int_equal(farm_event(&farm, "pi-1", "state", "suspect", 0, 0), 0);
    farm_turn(&farm);
    assert_int_equal(health("pi-1").record->n_events, 1);
}

static void test_history_pages_and_retention(void **state)
{
    (void)state;
    farm_add_board(&farm, "pi-2", "pi", "accuracy latency");
    farm_hello(&farm);
    farm_work(&farm, submit(20), 1000); /* one that never had a job keeps fewer */
    for (int i = 0; i < 500; i++) { /* many of one moment: a page may end between them */
        assert_int_equal(farm_event(&farm, "pi-1", "canary", "ready", 100 + i, 100), 0);
        assert_int_equal(farm_event(&farm, "pi-2", "canary", "ready", 100, 100), 0);
        if (i % 50 == 49)
            farm_turn(&farm);
    }
    struct taken all = history("pi-1", 1000), paged = history("pi-1", 7);
    assert_int_equal(all.n, 500);
    assert_int_equal(paged.n, 500);
    assert_memory_equal(all.sequence, paged.sequence, sizeof all.sequence);
    assert_int_equal(history("nobody", 10).n, 0);

    for (int i = 500; i < BOARD_EVENTS_KEPT + 20; i++) {
        farm.wall += SONATA_MS;
        assert_int_equal(farm_event(&farm, "pi-1", "canary", "ready", 100, 100), 0);
        if (i % 500 == 0 || i > BOARD_EVENTS_KEPT + 10)
            farm_turn(&farm);
    }
    farm_turn(&farm);
    assert_int_equal(health("pi-1").record->n_events, BOARD_EVENTS_KEPT);
    assert_int_equal(store_count(farm.store, STORE_BOARD_EVENT), BOARD_EVENTS_KEPT + 500);
}

static void test_drain_lets_the_attempt_end(void **state)
{
    (void)state;
    uint64_t id = submit(20);
    assert_int_equal(farm.n_held, 2); /* one it is at, one ahead */
    uint64_t head = farm.held[0].job.attempt;
    assert_int_equal(farm_order(&farm, "pi-1", "drain"), 0);
    farm_turn(&farm);
    assert_int_equal(farm.n_held, 1); /* what was ahead is taken back */
    assert_true(farm.held[0].job.attempt == head);
    assert_string_equal(farm.command[0], "pi-1 drain");
    farm_heartbeat(&farm);
    farm_measure(&farm, 0);
    assert_string_equal(farm_send(&farm, 0), "accepted");
    farm_turn(&farm);
    farm_drop(&farm, 0);
    farm_turn(&farm);
    assert_int_equal(farm.n_held, 0);
    assert_int_equal(engine_search_by_id(farm.run, id)->told, 1);

    restart_master(); /* the order stands, and is given again until the board shows it */
    farm_hello(&farm);
    farm_turn(&farm);
    assert_int_equal(farm.n_held, 0);
    assert_int_equal(farm.n_commands, 1);
    assert_string_equal(farm.command[0], "pi-1 drain");
    assert_int_equal(farm_event(&farm, "pi-1", "admin", "maintenance", 0, 0), 0);
    set_state(0, "maintenance");
    farm_turn(&farm);
    assert_true(health("pi-1").record->given);
    farm_hello(&farm);
    farm_turn(&farm);
    assert_int_equal(farm.n_commands, 1);
    set_state(0, "ready"); /* its worker forgot: its state folder is gone */
    farm_hello(&farm);
    farm_turn(&farm);
    assert_int_equal(farm.n_held, 0);
    assert_int_equal(farm.n_commands, 2);

    assert_int_equal(farm_order(&farm, "pi-1", "release"), 0);
    farm_turn(&farm);
    assert_string_equal(farm.command[2], "pi-1 release");
    assert_int_equal(farm_event(&farm, "pi-1", "admin", "calibrating", 0, 0), 0);
    farm_turn(&farm);
    assert_int_equal(health("pi-1").record->order, BOARD_ORDER_NONE);
    farm_work(&farm, id, 10000);
    assert_int_equal(engine_search_by_id(farm.run, id)->state, SEARCH_DONE);
    struct taken t = history("pi-1", 50);
    assert_string_equal(t.text[t.n - 1], "order drain by alice: a fan");
}

static void test_orders(void **state)
{
    (void)state;
    assert_int_equal(farm_order(&farm, "pi-9", "drain"), -ENOENT);
    assert_int_equal(farm_order(&farm, "pi-1", "explode"), -EINVAL);
    assert_int_equal(farm_order(&farm, "pi-1", ""), -EINVAL);
    assert_int_equal(farm_order(&farm, "pi-1", "power-cycle"), 0);
    assert_int_equal(farm_order(&farm, "pi-1", "recalibrate"), 0); /* the last word counts */
    farm_turn(&farm);
    farm_hello(&farm);
    farm_turn(&farm);
    assert_string_equal(farm.command[farm.n_commands - 1], "pi-1 recalibrate");
    pass_time(2 * 3600 * SONATA_SECOND); /* nobody wants that any more */
    assert_int_equal(health("pi-1").record->order, BOARD_ORDER_NONE);
    assert_int_equal(farm_order(&farm, "pi-1", "retire"), 0);
    assert_int_equal(farm_order(&farm, "pi-1", "release"), -EPERM);
    assert_int_equal(farm_order(&farm, "pi-1", "retire"), 0);
    farm_turn(&farm);
    restart_master();
    farm_hello(&farm);
    submit(5);
    assert_int_equal(farm.n_held, 0);
    assert_int_equal(farm_order(&farm, "pi-1", "drain"), -EPERM);
}

static void test_quarantine_of_a_board_with_canaries_is_its_own(void **state)
{
    (void)state;
    assert_int_equal(farm_event(&farm, "pi-1", "calibrated", "ready", 0, 100), 0);
    assert_int_equal(farm_order(&farm, "pi-1", "quarantine"), 0);
    farm_turn(&farm);
    submit(5);
    assert_int_equal(farm.n_held, 0); /* at once, although its worker has not heard yet */
    assert_int_equal(farm_event(&farm, "pi-1", "admin", "quarantined", 0, 0), 0);
    set_state(0, "quarantined");
    farm_turn(&farm);
    assert_int_equal(farm.n_held, 0);
    assert_int_equal(health("pi-1").record->order, BOARD_ORDER_NONE);
    set_state(0, "ready"); /* probation passed */
    farm_turn(&farm);
    assert_true(farm.n_held > 0);
}

static void fail_always(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)f;
    (void)job;
    m->outcome = OUTCOME_INFRA;
    copy_string(m->reason, sizeof m->reason, "infra: no answer");
}

/* Finishes whatever is held; how many. */
static uint32_t finish_held(void)
{
    uint32_t n = farm.n_held;
    for (uint32_t i = 0; i < n; i++) {
        farm_measure(&farm, 0);
        assert_string_equal(farm_send(&farm, 0), "accepted");
        farm_drop(&farm, 0);
    }
    farm_turn(&farm);
    return n;
}

static void test_quarantine_of_a_board_that_fails_everything(void **state)
{
    (void)state;
    submit(40);
    farm.answer = fail_always;
    uint32_t failed = 0;
    for (int i = 0; i < 10 && farm.n_held; i++)
        failed += finish_held();
    assert_int_equal(failed, 4); /* three are enough; the fourth was given ahead */
    assert_true(health("pi-1").hold_left_ns > 299 * SONATA_SECOND && health("pi-1").hold_left_ns <= 300 * SONATA_SECOND);
    restart_master(); /* it stays away */
    farm_hello(&farm);
    farm_turn(&farm);
    assert_int_equal(farm.n_held, 0);
    pass_time(299 * SONATA_SECOND);
    assert_int_equal(farm.n_held, 0);
    pass_time(2 * SONATA_SECOND);
    assert_true(health("pi-1").record->probation);
    assert_int_equal(farm.n_held, 1); /* one at a time */
    finish_held();
    assert_true(health("pi-1").hold_left_ns > 899 * SONATA_SECOND); /* three times as long */
    pass_time(901 * SONATA_SECOND);
    assert_int_equal(farm.n_held, 1);
    farm.answer = NULL;
    finish_held();
    assert_false(health("pi-1").record->probation);
    assert_int_equal(farm.n_held, 2);
}

/* The master may die as often as the board fails: the failures are in the transaction of the results that were acknowledged. */
static void test_failures_before_a_restart_count(void **state)
{
    (void)state;
    submit(40);
    farm.answer = fail_always;
    for (int failed = 1; failed <= 3; failed++) {
        assert_true(health("pi-1").hold_left_ns == 0);
        farm_measure(&farm, 0);
        assert_string_equal(farm_send(&farm, 0), "accepted");
        farm_turn(&farm);
        farm_drop(&farm, 0);
        restart_master();
        farm_hello(&farm);
        farm_turn(&farm);
    }
    assert_true(health("pi-1").hold_left_ns > 299 * SONATA_SECOND);
    for (int good = 0; good < 2; good++) { /* the back-off grows on, and ends with the first good job */
        pass_time((good ? 901 : 301) * SONATA_SECOND);
        restart_master();
        farm_hello(&farm);
        farm_turn(&farm);
        assert_true(health("pi-1").record->probation && farm.n_held == 1);
        farm.answer = good ? NULL : fail_always;
        finish_held();
        assert_true(good ? health("pi-1").hold_left_ns == 0 : health("pi-1").hold_left_ns > 899 * SONATA_SECOND);
    }
}

/* One failure long ago: the jobs of years after it are not written into the board's record. */
static void test_old_failures_are_forgotten(void **state)
{
    (void)state;
    submit(100);
    farm.answer = fail_always;
    farm_measure(&farm, 0);
    assert_string_equal(farm_send(&farm, 0), "accepted");
    farm_turn(&farm);
    farm_drop(&farm, 0);
    farm.answer = NULL;
    pass_time(2 * 3600 * SONATA_SECOND);
    for (int i = 0; i < 30; i++)
        finish_held();
    unsigned n = health("pi-1").record->blame.n;
    assert_true(n == BLAME_JOBS + 1);
    finish_held();
    assert_int_equal(health("pi-1").record->blame.n, n);
    assert_true(health("pi-1").hold_left_ns == 0);
}

static void test_release_ends_the_masters_quarantine(void **state)
{
    (void)state;
    submit(40);
    assert_int_equal(farm_order(&farm, "pi-1", "quarantine"), 0); /* no canaries: the master's business */
    farm_turn(&farm);
    assert_true(health("pi-1").hold_left_ns > 0);
    assert_int_equal(farm.n_held, 1); /* what it is at */
    finish_held();
    assert_int_equal(farm.n_held, 0);
    assert_int_equal(farm_order(&farm, "pi-1", "release"), 0);
    farm_turn(&farm);
    assert_int_equal(farm.n_held, 2);
}

static void test_quarantine_off(void **state)
{
    (void)state;
    farm_crash(&farm);
    farm.config.quarantine_ns = 0;
    farm_start(&farm);
    farm_hello(&farm);
    submit(40);
    farm.answer = fail_always;
    for (int i = 0; i < 6; i++)
        finish_held();
    assert_true(health("pi-1").hold_left_ns == 0);
    assert_true(farm.n_held > 0);
}

/* Canaries that are not timed: there is no reference, only that the board answered. */
static void test_functional_canaries_and_none(void **state)
{
    (void)state;
    assert_int_equal(farm_event(&farm, "pi-1", "calibrated", "ready", 0, 0), 0);
    assert_false(health("pi-1").record->canaries); /* they are off */
    assert_int_equal(farm_event(&farm, "pi-1", "calibrated", "ready", 90, 0), 0);
    assert_true(health("pi-1").record->canaries);
    farm_turn(&farm);
    submit(40);
    farm.answer = fail_always;
    for (int i = 0; i < 5; i++)
        finish_held();
    assert_true(health("pi-1").hold_left_ns == 0); /* its own business */
}

/* A power cycle of a board without power rungs ends in quarantine; it is not asked for again. */
static void test_an_order_that_came_to_nothing(void **state)
{
    (void)state;
    assert_int_equal(farm_order(&farm, "pi-1", "power-cycle"), 0);
    farm_turn(&farm);
    assert_int_equal(farm_event(&farm, "pi-1", "admin", "quarantined", 0, 0), 0);
    assert_int_equal(health("pi-1").record->order, BOARD_ORDER_NONE);
    set_state(0, "quarantined");
    farm_hello(&farm);
    farm_turn(&farm);
    assert_int_equal(farm.n_commands, 1);
}

static void test_a_search_says_that_no_board_is_ready(void **state)
{
    (void)state;
    char text[REASON_MAX] = "";
    uint64_t id = submit(40);
    assert_int_equal(engine_search_waits(farm.run, id, true, text, sizeof text), HOLD_NONE);
    assert_int_equal(farm_order(&farm, "pi-1", "drain"), 0);
    farm_turn(&farm);
    assert_int_equal(engine_search_waits(farm.run, id, true, text, sizeof text), HOLD_BOARDS);
    assert_non_null(strstr(text, "no board of type pi"));
}

static void test_spread_inside_a_type(void **state)
{
    (void)state;
    farm_add_board(&farm, "pi-2", "pi", "accuracy latency");
    farm_add_board(&farm, "pi-3", "pi", "accuracy latency");
    farm_add_board(&farm, "jet-1", "jetson", "accuracy latency");
    farm_hello(&farm);
    assert_int_equal(farm_event(&farm, "pi-1", "calibrated", "ready", 0, 100), 0);
    assert_int_equal(farm_event(&farm, "pi-2", "calibrated", "ready", 0, 102.9), 0);
    assert_int_equal(farm_event(&farm, "jet-1", "calibrated", "ready", 0, 30), 0);
    assert_string_equal(health("pi-1").warning, "");
    assert_int_equal(farm_event(&farm, "pi-3", "calibrated", "ready", 0, 104), 0);
    assert_non_null(strstr(health("pi-1").warning, "pi-3 (104 us)"));
    assert_string_equal(health("pi-2").warning, "");
    assert_string_equal(health("pi-3").warning, health("pi-1").warning);
    farm_turn(&farm);
    restart_master();
    assert_non_null(strstr(health("pi-1").warning, "4.0 % apart"));
    farm_hello(&farm);
    assert_int_equal(farm_order(&farm, "pi-3", "retire"), 0);
    assert_string_equal(health("pi-1").warning, "");
    farm_turn(&farm);
}

static void test_bad_results_are_taken_back(void **state)
{
    (void)state;
    uint64_t id = submit(2);
    farm_work(&farm, id, 1000);
    assert_int_equal(engine_search_by_id(farm.run, id)->state, SEARCH_DONE);
    struct board_event e = {.sequence = 1,
                            .board = "pi-1",
                            .wall_ns = farm.wall,
                            .kind = "state",
                            .state = "quarantined",
                            .invalid_from_wall_ns = 1,
                            .invalid_to_wall_ns = farm.wall};
    assert_int_equal(engine_board_event(farm.run, "w", &e), 0);
    for (int i = 0; i < 10; i++)
        farm_turn(&farm);
    assert_int_equal(store_count(farm.store, STORE_INVALID), 1);
    assert_int_equal(engine_search_by_id(farm.run, id)->state, SEARCH_RUNNING); /* it is told anew */
    uint64_t measured = farm.measured;
    assert_int_equal(engine_board_event(farm.run, "w", &e), 0); /* sent again: stored before, nothing is taken back again */
    farm_work(&farm, id, 1000);
    assert_int_equal(farm.measured, measured + 2);
}

static void pass_days(int days)
{
    for (int i = 0; i < 48 * days; i++) {
        farm.now += 1800 * SONATA_SECOND;
        farm.wall += 1800 * SONATA_SECOND;
        farm_turn(&farm);
    }
}

static bool is_known(const char *board)
{
    struct sched_board_view v;
    return sched_board_named(engine_sched(farm.run), board, &v);
}

static void bring(const char *worker, const char *board)
{
    struct sonata_error err = {{0}};
    struct sched_board_info info = {.type = "odd", .backend = "table"};
    copy_string(info.id, sizeof info.id, board);
    engine_set_time(farm.run, farm.now, farm.wall);
    assert_int_equal(engine_board_may_come(farm.run, board, "key", &err), 0);
    assert_int_equal(engine_hello(farm.run, &(struct sched_report){.worker = worker, .incarnation = 1, .boards = &info, .n_boards = 1}, &err), 0);
    engine_board_bind(farm.run, board, "key");
    farm_turn(&farm);
}

/* With what is told of it: a check finds nothing that is left over. One that measured, or that a person wants something of, stays. */
static void test_a_board_that_never_measured_is_forgotten(void **state)
{
    (void)state;
    farm_work(&farm, submit(5), 1000);
    bring("idle", "new-1");
    bring("idle-2", "new-2");
    for (uint64_t i = 1; i <= 250; i++) {
        struct board_event e = {.sequence = i, .board = "new-1", .wall_ns = farm.wall + (int64_t)i, .kind = "state", .state = "ready"};
        assert_int_equal(engine_board_event(farm.run, "idle", &e), 0);
        farm_turn(&farm);
    }
    assert_int_equal(health("new-1").record->n_events, BOARD_EVENTS_KEPT_NEW);
    engine_goodbye(farm.run, "idle");
    engine_goodbye(farm.run, "idle-2");
    assert_int_equal(farm_order(&farm, "new-2", "retire"), 0);
    farm_turn(&farm);
    pass_time(23 * 3600 * SONATA_SECOND);
    assert_true(is_known("new-1"));
    pass_days(1);
    assert_false(is_known("new-1"));
    assert_null(health("new-1").record);
    assert_true(is_known("new-2"));
    assert_true(is_known("pi-1"));
    assert_int_equal(farm_check(&farm), 0);
    restart_master();
    assert_false(is_known("new-1"));
    assert_true(is_known("new-2"));
    char owner[BOARD_KEY_MAX];
    engine_board_owner(farm.run, "new-1", owner);
    assert_string_equal(owner, "");
    bring("idle", "new-1"); /* as if for the first time */
    assert_int_equal(store_count(farm.store, STORE_BOARD_EVENT), health("new-2").record->n_events);
    farm_hello(&farm);
}

/* Whoever has many boards of a key waits for a day; another key does not. */
static void test_boards_of_a_key_are_bounded(void **state)
{
    (void)state;
    enum { MOST = 4096 };
    struct sonata_error err = {{0}};
    farm_work(&farm, submit(5), 1000);
    for (int i = 0; i < MOST / 64; i++) {
        struct sched_board_info info[64];
        char worker[16];
        memset(info, 0, sizeof info);
        snprintf(worker, sizeof worker, "many-%d", i);
        for (int k = 0; k < 64; k++) {
            snprintf(info[k].id, sizeof info[k].id, "b-%d-%d", i, k);
            copy_string(info[k].type, sizeof info[k].type, "pi");
            assert_int_equal(engine_board_may_come(farm.run, info[k].id, "key", &err), 0);
        }
        assert_int_equal(engine_hello(farm.run, &(struct sched_report){.worker = worker, .incarnation = 1, .boards = info, .n_boards = 64}, &err), 0);
        for (int k = 0; k < 64; k++)
            engine_board_bind(farm.run, info[k].id, "key");
        engine_goodbye(farm.run, worker);
    }
    farm_turn(&farm);
    assert_int_equal(engine_board_may_come(farm.run, "one-more", "key", &err), -EUSERS);
    assert_int_equal(engine_board_may_come(farm.run, "one-more", "other", &err), 0);
    assert_int_equal(engine_board_may_come(farm.run, "b-0-0", "key", &err), 0);
    pass_days(3);
    assert_int_equal(sched_board_count(engine_sched(farm.run)), 1);
    assert_int_equal(engine_board_may_come(farm.run, "one-more", "key", &err), 0);
    farm_hello(&farm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, open_farm, close_farm)
        T(test_events_are_stored_once),
        T(test_foreign_boards),
        T(test_events_die_with_an_uncommitted_turn),
        T(test_history_pages_and_retention),
        T(test_drain_lets_the_attempt_end),
        T(test_orders),
        T(test_quarantine_of_a_board_with_canaries_is_its_own),
        T(test_quarantine_of_a_board_that_fails_everything),
        T(test_failures_before_a_restart_count),
        T(test_old_failures_are_forgotten),
        T(test_release_ends_the_masters_quarantine),
        T(test_quarantine_off),
        T(test_functional_canaries_and_none),
        T(test_an_order_that_came_to_nothing),
        T(test_a_search_says_that_no_board_is_ready),
        T(test_spread_inside_a_type),
        T(test_bad_results_are_taken_back),
        T(test_a_board_that_never_measured_is_forgotten),
        T(test_boards_of_a_key_are_bounded),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
