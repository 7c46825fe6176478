/* Lists come in pages: followed to the end they are whole, in order, without repetition, and of nobody else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../run/farm.h"
#include "access/access.h"
#include "base/memory.h"
#include "base/time.h"
#include "rpc/verbs.h"
#include "support/cmocka.h"

enum { SEARCHES = 2500, KEYS = 2100, TEAMS = 450, BOARDS_OF_WORKER = 64, WORKERS = 20 };

static struct farm farm;
static struct access *teams;
static struct rpc rpc;
static const struct rpc_caller admin = {.admin = true, .label = "root"}, even = {.team = "even", .label = "even"};

static int open_master(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    farm_open(&farm, 1);
    farm_crash(&farm);
    farm.config.searches_max = 10 * SEARCHES;
    farm_start(&farm);
    assert_int_equal(access_new(farm.store, &teams, &err), 0);
    rpc = (struct rpc){.run = farm.run, .config.access = teams};
    return 0;
}

static int close_master(void **state)
{
    (void)state;
    access_free(teams);
    farm_close(&farm);
    return 0;
}

static void answer(const struct rpc_caller *caller, Sonata__Request *q, struct rpc_reply *reply)
{
    struct rpc_call call = {.rpc = &rpc, .caller = caller, .request = q, .reply = reply};
    *reply = (struct rpc_reply){.message = SONATA__REPLY__INIT};
    assert_int_equal(verb_find(q, &call.verb, &reply->err), 0);
    if (call.verb->run(&call))
        fail_msg("%s", reply->err.text);
    border_out(&call);
}

/* The whole list; release it with reply_release(). */
static unsigned follow(const struct rpc_caller *caller, Sonata__Request *q, struct rpc_reply *whole)
{
    unsigned pages = 1;
    answer(caller, q, whole);
    for (bool more = pages_next(q, &whole->message); more; pages++) {
        struct rpc_reply page;
        answer(caller, q, &page);
        more = pages_next(q, &page.message);
        pages_join(&whole->message, &page.message);
        reply_release(&page);
    }
    return pages;
}

static void submit_all(void)
{
    struct search_spec *spec = farm_spec("s", "random", 5, 1);
    for (int i = 0; i < SEARCHES; i++) {
        struct sonata_error err = {{0}};
        uint64_t id;
        farm.now += 10 * SONATA_SECOND;
        engine_set_time(farm.run, farm.now, farm.wall);
        if (engine_submit(farm.run, spec, &(struct engine_owner){.team = i % 2 ? "odd" : "even"}, &id, &err))
            fail_msg("%s", err.text);
    }
    free(spec);
}

static unsigned list(const struct rpc_caller *caller, struct rpc_reply *whole)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__ListSearches verb = SONATA__LIST_SEARCHES__INIT;
    q.verb_case = SONATA__REQUEST__VERB_LIST;
    q.list = &verb;
    return follow(caller, &q, whole);
}

static void searches_are_whole_for_each(void **state)
{
    (void)state;
    struct rpc_reply r;
    submit_all();
    assert_int_equal(list(&admin, &r), 3);
    assert_int_equal(r.message.n_searches, SEARCHES);
    for (size_t i = 0; i < SEARCHES; i++)
        assert_int_equal(r.message.searches[i]->id, i + 1);
    reply_release(&r);
    assert_int_equal(list(&even, &r), 2);
    assert_int_equal(r.message.n_searches, SEARCHES / 2);
    for (size_t i = 0; i < SEARCHES / 2; i++) {
        assert_int_equal(r.message.searches[i]->id, i + 1);
        assert_string_equal(r.message.searches[i]->team, "even");
    }
    reply_release(&r);
}

/* Where it goes on may be anything, also what another team was told. */
static void a_cursor_of_nobody_is_harmless(void **state)
{
    (void)state;
    static const uint64_t befores[] = {1, 2, 1250, SEARCHES, SEARCHES + 1, UINT64_MAX};
    submit_all();
    for (size_t i = 0; i < sizeof befores / sizeof *befores; i++) {
        struct rpc_reply r;
        Sonata__Request q = SONATA__REQUEST__INIT;
        Sonata__ListSearches verb = SONATA__LIST_SEARCHES__INIT;
        verb.before = befores[i];
        q.verb_case = SONATA__REQUEST__VERB_LIST;
        q.list = &verb;
        answer(&even, &q, &r);
        for (size_t k = 0; k < r.message.n_searches; k++) {
            assert_string_equal(r.message.searches[k]->team, "even");
            assert_true(r.message.searches[k]->id < befores[i]);
        }
        reply_release(&r);
    }
}

static void add_keys_and_teams(void)
{
    struct sonata_error err = {{0}};
    for (int i = 0; i < TEAMS; i++) {
        struct team t = {.weight = 1};
        snprintf(t.name, sizeof t.name, "team-%d", i);
        assert_int_equal(access_set_team(teams, 1, "test", &t, &err), 0);
    }
    for (int i = 0; i < KEYS; i++) {
        struct access_key k = {.role = ACCESS_WORKER};
        snprintf(k.public_key, sizeof k.public_key, "%040d", i);
        snprintf(k.label, sizeof k.label, "key-%d", i);
        assert_int_equal(access_add_key(teams, 1, "test", &k, &err), 0);
    }
    assert_int_equal(store_commit(farm.store, &err), 0);
}

static void keys_teams_and_audit_are_whole(void **state)
{
    (void)state;
    struct rpc_reply r;
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Keys keys = SONATA__KEYS__INIT;
    Sonata__Teams list_teams = SONATA__TEAMS__INIT;
    Sonata__GetAudit audit = SONATA__GET_AUDIT__INIT;
    add_keys_and_teams();
    keys.action = list_teams.action = (char *)"list";
    q.verb_case = SONATA__REQUEST__VERB_KEYS;
    q.keys = &keys;
    assert_int_equal(follow(&admin, &q, &r), 3);
    assert_int_equal(r.message.n_keys, KEYS);
    assert_string_equal(r.message.keys[KEYS - 1]->label, "key-2099");
    reply_release(&r);
    q.verb_case = SONATA__REQUEST__VERB_TEAMS;
    q.teams = &list_teams;
    assert_int_equal(follow(&admin, &q, &r), 3);
    assert_int_equal(r.message.n_teams, TEAMS);
    assert_string_equal(r.message.teams[TEAMS - 1]->name, "team-449");
    reply_release(&r);
    q.verb_case = SONATA__REQUEST__VERB_AUDIT;
    q.audit = &audit;
    audit.max = 2200;
    assert_int_equal(follow(&admin, &q, &r), 3);
    assert_int_equal(r.message.n_audit, 2200);
    for (size_t i = 0; i < 2200; i++)
        assert_int_equal(r.message.audit[i]->id, KEYS + TEAMS - 2200 + i);
    reply_release(&r);
}

/* Held questions leave nothing behind (the address sanitizer sees it), and what waits for a change that is none of its team's costs nothing. */
static void questions_that_wait_hold_nothing(void **state)
{
    (void)state;
    struct search_spec *spec = farm_spec("s", "random", 5, 1);
    struct sonata_error err = {{0}};
    uint64_t id;
    assert_int_equal(engine_submit(farm.run, spec, &(struct engine_owner){.team = "odd"}, &id, &err), 0);
    free(spec);
    farm_turn(&farm);
    uint64_t of_odd = engine_team_changed(farm.run, "odd");
    assert_true(of_odd > 1);
    assert_int_equal(engine_team_changed(farm.run, "even"), 1);
    assert_int_equal(engine_team_changed(farm.run, NULL), of_odd);
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Watch verb = SONATA__WATCH__INIT;
    struct rpc_reply r;
    q.verb_case = SONATA__REQUEST__VERB_WATCH;
    q.watch = &verb;
    answer(&even, &q, &r);
    assert_int_equal(r.message.n_searches, 0);
    reply_release(&r);
    answer(&admin, &q, &r);
    assert_int_equal(r.message.n_searches, 1);
    verb.since = r.message.commit;
    reply_release(&r);
    answer(&admin, &q, &r);
    assert_int_equal(r.message.n_searches, 0);
    reply_release(&r);
}

static void boards_are_whole(void **state)
{
    (void)state;
    struct rpc_reply r;
    static struct sched_board_info board[BOARDS_OF_WORKER];
    for (int w = 0; w < WORKERS; w++) {
        char name[16];
        struct sonata_error err = {{0}};
        snprintf(name, sizeof name, "w%d", w);
        for (int i = 0; i < BOARDS_OF_WORKER; i++) {
            snprintf(board[i].id, sizeof board[i].id, "b-%d-%d", w, i);
            copy_string(board[i].type, sizeof board[i].type, "pi");
        }
        struct sched_report report = {.worker = name, .incarnation = 1, .boards = board, .n_boards = BOARDS_OF_WORKER};
        assert_int_equal(engine_hello(farm.run, &report, &err), 0);
    }
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__ListBoards verb = SONATA__LIST_BOARDS__INIT;
    q.verb_case = SONATA__REQUEST__VERB_BOARDS;
    q.boards = &verb;
    assert_int_equal(follow(&even, &q, &r), 2);
    assert_int_equal(r.message.n_boards, WORKERS * BOARDS_OF_WORKER);
    assert_string_equal(r.message.boards[WORKERS * BOARDS_OF_WORKER - 1]->info->id, "b-19-63");
    reply_release(&r);
    verb.from = UINT32_MAX;
    answer(&even, &q, &r);
    assert_int_equal(r.message.n_boards, 0);
    assert_false(r.message.more);
    reply_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(searches_are_whole_for_each, open_master, close_master),
        cmocka_unit_test_setup_teardown(a_cursor_of_nobody_is_harmless, open_master, close_master),
        cmocka_unit_test_setup_teardown(keys_teams_and_audit_are_whole, open_master, close_master),
        cmocka_unit_test_setup_teardown(questions_that_wait_hold_nothing, open_master, close_master),
        cmocka_unit_test_setup_teardown(boards_are_whole, open_master, close_master),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
