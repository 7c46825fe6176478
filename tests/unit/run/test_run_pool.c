/* The pool with real threads: who goes first, what one team may have, what becomes of a step whose search ends, and an orderly end. Meant for the
 * thread sanitizer too: a step begins and ends on another thread, everything else is on this one. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "farm.h"
#include "run/engine_internal.h"
#include "run/fair.h"
#include "run/pool.h"
#include "run/searches.h"
#include "search/core_internal.h"
#include "support/cmocka.h"

enum { THREADS_MAX = 64, ORDER_MAX = 64 };

/* The loop's side of the hook `work`: a thread for each job, and a list of those that are done, which the loop takes. */
struct job {
    struct job *next;
    void (*fn)(void *), (*done)(void *);
    void *arg;
    pthread_t thread;
};

static struct farm farm;
static struct engine *engine;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct job *ended;
static unsigned at_work, most_at_work; /* of the loop's thread */

static void *run_job(void *arg)
{
    struct job *j = arg;
    j->fn(j->arg);
    pthread_mutex_lock(&lock);
    j->next = ended;
    ended = j;
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void on_work(void *user, void (*fn)(void *), void (*done)(void *), void *arg)
{
    struct job *j = xcalloc(1, sizeof *j);
    (void)user;
    j->fn = fn;
    j->done = done;
    j->arg = arg;
    at_work++;
    most_at_work = at_work > most_at_work ? at_work : most_at_work;
    assert_int_equal(pthread_create(&j->thread, NULL, run_job, j), 0);
}

/* What the loop does with jobs that ended; false: none did. */
static bool take_ended(void)
{
    pthread_mutex_lock(&lock);
    struct job *j = ended;
    if (j)
        ended = j->next;
    pthread_mutex_unlock(&lock);
    if (!j)
        return false;
    pthread_join(j->thread, NULL);
    at_work--;
    j->done(j->arg);
    free(j);
    return true;
}

static int64_t on_clock(void *user)
{
    (void)user;
    return clock_monotonic_ns();
}

static int open_engine(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    farm_open(&farm, 1);
    engine_free(farm.run);
    farm.run = NULL;
    struct engine_hooks hooks = {.work = on_work, .clock = on_clock};
    assert_int_equal(engine_new(&(struct engine_setup){farm.store, &farm.config, &hooks, farm.now, farm.wall}, &engine, &err), 0);
    most_at_work = 0;
    return 0;
}

static void drain(void)
{
    while (at_work) {
        if (!take_ended())
            clock_sleep_ns(SONATA_MS);
    }
}

static int close_engine(void **state)
{
    (void)state;
    engine_stop(engine);
    drain();
    assert_false(engine_is_working(engine));
    engine_free(engine);
    engine = NULL;
    farm_close(&farm);
    return 0;
}

/* A search that runs, as the pool and the shares see it. */
static struct search *search_of(const char *team)
{
    struct sonata_error err = {{0}};
    struct search_spec *spec = farm_spec("s", "random", 5, 1);
    uint64_t id;
    if (engine_submit(engine, spec, &(struct engine_owner){.team = team}, &id, &err))
        fail_msg("%s", err.text);
    free(spec);
    struct search *rs = searches_get(engine, id);
    rs->record.planned = true;
    return rs;
}

/* A step: waits until it may end, or its search core is canceled. */
struct step {
    struct search *search;
    atomic_bool go, began;
    bool canceled, done;
};

static char order[ORDER_MAX];
static unsigned n_order;

static void step_work(void *arg)
{
    struct step *s = arg;
    atomic_store(&s->began, true);
    for (int i = 0; i < 20000 && !atomic_load(&s->go) && !s->canceled; i++) {
        s->canceled = atomic_load(&s->search->core->canceled);
        clock_sleep_ns(SONATA_MS / 2);
    }
}

static void step_done(void *arg)
{
    struct step *s = arg;
    s->done = true;
    assert_false(s->search->busy);
    if (n_order < ORDER_MAX)
        order[n_order++] = s->search->record.team[0];
}

static void run_step(struct step *s, const char *team)
{
    *s = (struct step){.search = search_of(team)};
    fair_turn(engine);
    pool_run(s->search, step_work, step_done, s);
}

static void wait_for(const atomic_bool *what)
{
    for (int i = 0; i < 20000 && !atomic_load(what); i++)
        clock_sleep_ns(SONATA_MS / 2);
    assert_true(atomic_load(what));
}

/* The loop until the step is done. */
static void finish(struct step *s)
{
    atomic_store(&s->go, true);
    for (int i = 0; i < 20000 && !s->done; i++) {
        if (!take_ended())
            clock_sleep_ns(SONATA_MS / 2);
    }
    assert_true(s->done);
}

static void one_team_alone_has_all_threads(void **state)
{
    (void)state;
    struct step a[3];
    for (int i = 0; i < 3; i++)
        run_step(&a[i], "a");
    wait_for(&a[0].began);
    wait_for(&a[1].began);
    assert_int_equal(at_work, 2);
    assert_false(atomic_load(&a[2].began));
    assert_true(a[2].search->busy); /* while it waits, too */
    finish(&a[0]);
    wait_for(&a[2].began);
    finish(&a[1]);
    finish(&a[2]);
    assert_int_equal(most_at_work, 2);
    assert_int_equal(pool_under_way(engine), 0);
}

static void a_team_never_waits_behind_all_of_another(void **state)
{
    (void)state;
    enum { MANY = 12 };
    struct step a[MANY], b;
    search_of("b"); /* it has something that runs: what is free is not all for a */
    n_order = 0;
    for (int i = 0; i < MANY; i++)
        run_step(&a[i], "a");
    wait_for(&a[0].began);
    assert_int_equal(at_work, 1); /* one thread is left for the other team */
    run_step(&b, "b");
    wait_for(&b.began);
    finish(&b);
    assert_int_equal(n_order, 1);
    for (int i = 0; i < MANY; i++)
        finish(&a[i]);
    assert_int_equal(most_at_work, 2);
}

/* With one thread: whoever was served longest ago, within a team in order of coming. */
static void teams_take_turns(void **state)
{
    (void)state;
    struct engine_config config = farm.config;
    engine->config.pool = 1;
    struct step first, a[3], b[2], c;
    n_order = 0;
    run_step(&first, "a");
    wait_for(&first.began);
    for (int i = 0; i < 3; i++)
        run_step(&a[i], "a");
    run_step(&b[0], "b");
    run_step(&b[1], "b");
    run_step(&c, "c");
    for (int i = 0; i < 3; i++)
        atomic_store(&a[i].go, true);
    atomic_store(&b[0].go, true);
    atomic_store(&b[1].go, true);
    atomic_store(&c.go, true);
    finish(&first);
    finish(&a[2]);
    assert_int_equal(n_order, 7);
    assert_memory_equal(order, "abcabaa", 7);
    assert_int_equal(most_at_work, 1);
    engine->config = config;
}

static void a_step_that_waits_is_not_made_when_its_search_ends(void **state)
{
    (void)state;
    struct step a[3];
    for (int i = 0; i < 3; i++)
        run_step(&a[i], "a");
    pool_withdraw(a[2].search);
    assert_false(a[2].search->busy);
    assert_int_equal(pool_under_way(engine), 2);
    finish(&a[0]);
    finish(&a[1]);
    drain();
    assert_false(atomic_load(&a[2].began));
    assert_false(a[2].done);
}

static void a_step_under_way_ends_soon_when_its_search_ends(void **state)
{
    (void)state;
    struct step a;
    run_step(&a, "a");
    wait_for(&a.began);
    pool_withdraw(a.search);
    assert_true(a.search->busy); /* the core is the thread's until then */
    drain();
    assert_true(a.canceled);
    assert_true(a.done);
    assert_false(a.search->busy);
}

struct beside {
    atomic_bool go;
    bool done;
};

static void beside_work(void *arg)
{
    struct beside *b = arg;
    for (int i = 0; i < 20000 && !atomic_load(&b->go); i++)
        clock_sleep_ns(SONATA_MS / 2);
}

static void beside_done(void *arg) { ((struct beside *)arg)->done = true; }

static void what_is_beside_a_search_does_not_hold_it(void **state)
{
    (void)state;
    struct beside b = {.done = false};
    struct search *rs = search_of("a");
    fair_turn(engine);
    pool_run_beside(rs, beside_work, beside_done, &b);
    assert_false(rs->busy);
    assert_int_equal(pool_under_way(engine), 0);
    assert_true(pool_is_at_work(engine));
    pool_withdraw(rs); /* it is not the search's step */
    atomic_store(&b.go, true);
    drain();
    assert_true(b.done);
    assert_false(pool_is_at_work(engine));
}

/* Of much that waits and some that is under way, in the core and beside. */
static void the_end_is_orderly(void **state)
{
    (void)state;
    enum { MANY = 20 };
    struct step a[MANY];
    struct beside under_way = {.done = false}, waiting = {.done = false};
    struct search *rs = search_of("b");
    fair_turn(engine);
    pool_run_beside(rs, beside_work, beside_done, &under_way);
    for (int i = 0; i < MANY; i++)
        run_step(&a[i], i % 2 ? "a" : "c");
    pool_run_beside(rs, beside_work, beside_done, &waiting);
    wait_for(&a[0].began);
    engine_stop(engine);
    atomic_store(&under_way.go, true);
    drain();
    assert_false(pool_is_at_work(engine));
    assert_true(under_way.done);
    assert_false(waiting.done);
    unsigned made = 0;
    for (int i = 0; i < MANY; i++)
        made += a[i].done;
    assert_int_equal(made, 1);
    assert_true(a[0].canceled);
}

/* Its specification, core and pending proposals go at once; in a step under way, with that. */
static void a_canceled_search_keeps_no_memory(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    struct step a;
    struct search *plain = search_of("a");
    assert_int_equal(engine_control(engine, plain->record.id, ENGINE_CANCEL, 0, &err), 0);
    assert_null(plain->spec);
    assert_null(plain->core);
    run_step(&a, "a");
    wait_for(&a.began);
    assert_int_equal(engine_control(engine, a.search->record.id, ENGINE_CANCEL, 0, &err), 0);
    finish(&a);
    search_drop_core(a.search); /* as the steps of the engine do when they are done */
    assert_null(a.search->spec);
    assert_null(a.search->core);
}

enum { GIVEN_MAX = 8 };
static struct evaluation_job given[GIVEN_MAX];
static unsigned n_given;

static void keep_assign(void *user, const char *worker, const struct evaluation_job *job)
{
    (void)user, (void)worker;
    if (n_given < GIVEN_MAX)
        given[n_given++] = *job;
}

static void answer(const struct evaluation_job *job)
{
    struct measurement m = {.attempt = job->attempt, .epoch = job->epoch, .duration_ns = SONATA_MS};
    copy_string(m.board, sizeof m.board, job->board);
    measurement_add(&m, "accuracy", 1, 1, 1, 1);
    measurement_add(&m, "latency", 1, 1, 1, 1);
    assert_int_equal(engine_result(engine, "w", &m), ENGINE_ACCEPTED);
}

/* A search that tells in order of the proposals, its first two results here; both threads are at something else, so that the first waits to be told.
 */
static struct search *search_with_a_result_waiting(struct step busy[2])
{
    struct sonata_error err = {{0}};
    uint64_t id;
    struct search_spec *spec = farm_spec("s", "nsga2", 100, 1);
    farm_option(spec, "order", "proposal");
    engine->hooks.assign = keep_assign;
    engine->config.pool = 1;
    struct sched_board_info board[2] = {{.id = "pi-1"}, {.id = "pi-2"}};
    for (int i = 0; i < 2; i++) {
        copy_string(board[i].type, sizeof board[i].type, "pi");
        copy_string(board[i].state, sizeof board[i].state, "ready");
        copy_string(board[i].metric[board[i].n_metrics++], METRIC_NAME_MAX, "accuracy");
        copy_string(board[i].metric[board[i].n_metrics++], METRIC_NAME_MAX, "latency");
    }
    assert_int_equal(engine_hello(engine, &(struct sched_report){.worker = "w", .incarnation = 1, .boards = board, .n_boards = 2}, &err), 0);
    assert_int_equal(engine_submit(engine, spec, &(struct engine_owner){.team = "a"}, &id, &err), 0);
    free(spec);
    engine_turn(engine);
    engine_turn(engine);
    assert_in_range(n_given, 2, GIVEN_MAX);
    run_step(&busy[0], "b");
    wait_for(&busy[0].began);
    struct search *rs = searches_get(engine, id);
    rs->slow = true;
    answer(&given[0]);
    answer(&given[1]);
    engine_turn(engine);
    assert_true(rs->busy);
    return rs;
}

/* When the master stops before it was told, the next one is not told in its place. */
static void a_result_that_was_not_told_at_the_end_is_not_passed_over(void **state)
{
    (void)state;
    struct step busy[2];
    n_given = 0;
    struct search *rs = search_with_a_result_waiting(busy);
    engine_stop(engine);
    assert_false(rs->busy);
    engine_turn(engine);
    assert_int_equal(pool_under_way(engine), 1); /* the other's */
    assert_int_equal(rs->record.told, 0);
    finish(&busy[0]);
}

static void no_assign(void *user, const char *worker, const struct evaluation_job *job) { (void)user, (void)worker, (void)job; }

static int64_t slow_clock(void *user)
{
    (void)user;
    static int64_t now;
    return now += 100000;
}

/* What it takes to look whether boards came is little in each turn, but for as long as it waits; it uses up nothing. */
static void waiting_for_a_board_uses_nothing_up(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    struct search_spec *spec = farm_spec("s", "random", 5, 1);
    uint64_t id;
    engine->hooks = (struct engine_hooks){.clock = slow_clock, .assign = no_assign};
    assert_int_equal(engine_submit(engine, spec, &(struct engine_owner){.team = "a"}, &id, &err), 0);
    free(spec);
    for (int i = 0; i < 200; i++)
        assert_true(engine_turn(engine) > farm.now); /* until then there is nothing to be done */
    struct sched_board_info board = {
        .id = "pi-1", .type = "pi", .backend = "table", .state = "ready", .n_metrics = 2, .metric = {"accuracy", "latency"}};
    assert_int_equal(engine_hello(engine, &(struct sched_report){.worker = "w", .incarnation = 1, .boards = &board, .n_boards = 1}, &err), 0);
    engine_turn(engine);
    engine_turn(engine);
    assert_true(searches_get(engine, id)->record.planned);
    assert_true(searches_get(engine, id)->record.asked > 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_engine, close_engine)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(one_team_alone_has_all_threads),
        T(a_team_never_waits_behind_all_of_another),
        T(teams_take_turns),
        T(a_step_that_waits_is_not_made_when_its_search_ends),
        T(a_step_under_way_ends_soon_when_its_search_ends),
        T(what_is_beside_a_search_does_not_hold_it),
        T(the_end_is_orderly),
        T(a_canceled_search_keeps_no_memory),
        T(waiting_for_a_board_uses_nothing_up),
        T(a_result_that_was_not_told_at_the_end_is_not_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
