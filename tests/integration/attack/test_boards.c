/* Workers that lie about boards: another's board, results of it, spans, epochs and times. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "support/liar.h"
#include "support/client.h"
#include "support/cmocka.h"
#include "support/farm_keys.h"

enum { ANSWER_MS = 10000, BUDGET = 30, VERDICT = 32 };

static char bin[512];
static struct table_farm farm;
static struct farm_key admin, team, victim, thief;

static uint64_t submit(const char *type, uint32_t budget)
{
    uint64_t id = 0;
    struct search_spec *spec = table_farm_spec("s", "random", budget, 3);
    copy_string(spec->objective[1].board, sizeof spec->objective[1].board, type);
    client_use_keys(&team.security);
    assert_int_equal(client_submit_spec(farm.client, spec, NULL, &id, ANSWER_MS), 0);
    free(spec);
    return id;
}

static Sonata__SearchStatus status_of(uint64_t search)
{
    static Sonata__Reply *last;
    if (last)
        sonata__reply__free_unpacked(last, NULL);
    client_use_keys(&team.security);
    last = client_show_search(farm.client, search, ANSWER_MS);
    assert_non_null(last);
    return *last->searches[0];
}

static int order(const char *board, const char *action, int64_t from, int64_t to)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__BoardControl c = SONATA__BOARD_CONTROL__INIT;
    c.board = (char *)(uintptr_t)board;
    c.action = (char *)(uintptr_t)action;
    c.from_wall_ns = from;
    c.to_wall_ns = to;
    q.verb_case = SONATA__REQUEST__VERB_BOARD_CONTROL;
    q.board_control = &c;
    client_use_keys(&admin.security);
    Sonata__Reply *reply = client_ask(farm.client, &q, ANSWER_MS);
    assert_non_null(reply);
    int code = reply->code;
    sonata__reply__free_unpacked(reply, NULL);
    return code;
}

static void event_of_span(struct liar *l, const char *board, int64_t from, int64_t to)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__BoardEvent event = SONATA__BOARD_EVENT__INIT;
    event.sequence = (uint64_t)clock_wall_ns();
    event.board = (char *)(uintptr_t)board;
    event.wall_ns = clock_wall_ns();
    event.kind = (char *)"state";
    event.state = (char *)"drift";
    event.invalid_from_wall_ns = from;
    event.invalid_to_wall_ns = to;
    e.body_case = SONATA__ENVELOPE__BODY_BOARD_EVENT;
    e.board_event = &event;
    liar_send(l, &e);
    envelope_free(liar_expect(l, SONATA__ENVELOPE__BODY_BOARD_EVENT_ACK, ANSWER_MS));
}

/* Whoever has a worker key says hello with a board of another key whose worker is away, and takes its results back. */
static void another_key_does_not_get_a_board(void **state)
{
    (void)state;
    uint64_t search = submit("tab", BUDGET);
    assert_true(client_wait_told(farm.client, search, BUDGET, 30));
    process_stop(farm.worker_pid[0], 5000);
    farm.worker_pid[0] = 0;
    struct liar l;
    liar_open(&l, farm.worker, &thief.security, "thief");
    assert_int_equal(liar_hello_fault(&l, "tab-0-0", "tab", 0), -EADDRINUSE);
    event_of_span(&l, "tab-0-0", 1, clock_wall_ns() + 3600 * SONATA_SECOND);
    clock_sleep_ns(500 * SONATA_MS);
    Sonata__SearchStatus s = status_of(search);
    assert_string_equal(s.state, "done");
    assert_int_equal(s.retold, 0);
    assert_int_equal(order("tab-0-0", "disown", 0, 0), 0); /* an admin may give it away */
    assert_int_equal(liar_hello_fault(&l, "tab-0-0", "tab", 0), 0);
    liar_close(&l);
    assert_int_equal(order("tab-0-0", "disown", 0, 0), 0);
}

/* A result that is said to have taken 146 years, one that was begun after the end of time, an epoch at the end of its numbers. */
static void numbers_without_end(void **state)
{
    (void)state;
    struct liar l;
    char verdict[VERDICT];
    uint64_t search = submit("odd", BUDGET), other = 0;
    liar_open(&l, farm.worker, &thief.security, "thief");
    assert_int_equal(liar_hello_fault(&l, "odd-1", "odd", UINT32_MAX), 0);
    for (int i = 0; i < BUDGET; i++) {
        Sonata__Envelope *e = liar_expect(&l, SONATA__ENVELOPE__BODY_ASSIGN, ANSWER_MS);
        assert_non_null(e);
        assert_true(e->assign->epoch && e->assign->epoch < 1000);
        struct measurement m = liar_measurement(e->assign, 90 + i, 1 + i);
        m.duration_ns = INT64_C(1) << 62;
        m.started_wall_ns = i % 2 ? INT64_MAX : m.started_wall_ns;
        liar_result(&l, &m, verdict);
        assert_string_equal(verdict, "accepted");
        envelope_free(e);
        if (!i)
            other = submit("odd", 2); /* of the same team: it is not starved */
    }
    assert_true(client_wait_told(farm.client, search, 1, 10));
    assert_true(status_of(search).board_ns < 60 * SONATA_SECOND);
    assert_true(status_of(other).told > 0);
    liar_close(&l);
}

/* What a liar measured is taken back by an admin. */
static void an_admin_takes_results_back(void **state)
{
    (void)state;
    struct liar l;
    char verdict[VERDICT];
    int64_t begin = clock_wall_ns();
    uint64_t search = submit("bad", 5);
    liar_open(&l, farm.worker, &thief.security, "thief");
    assert_int_equal(liar_hello_fault(&l, "bad-1", "bad", 0), 0);
    for (int i = 0; i < 5; i++) {
        Sonata__Envelope *e = liar_expect(&l, SONATA__ENVELOPE__BODY_ASSIGN, ANSWER_MS);
        assert_non_null(e);
        struct measurement m = liar_measurement(e->assign, 99, 0.001);
        liar_result(&l, &m, verdict);
        assert_string_equal(verdict, "accepted");
        envelope_free(e);
    }
    assert_true(client_wait_told(farm.client, search, 5, 10));
    assert_int_equal(order("bad-1", "invalidate", 5, 5), -EINVAL);
    assert_int_equal(order("nobody", "invalidate", begin, clock_wall_ns()), -ENOENT);
    assert_int_equal(order("bad-1", "invalidate", begin, clock_wall_ns()), 0);
    Sonata__Envelope *again = liar_expect(&l, SONATA__ENVELOPE__BODY_ASSIGN, ANSWER_MS); /* measured anew */
    assert_non_null(again);
    envelope_free(again);
    liar_close(&l);
}

static char *warning_of(const char *board)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__ListBoards list = SONATA__LIST_BOARDS__INIT;
    char *warning = NULL;
    q.verb_case = SONATA__REQUEST__VERB_BOARDS;
    q.boards = &list;
    client_use_keys(&admin.security);
    Sonata__Reply *reply = client_ask(farm.client, &q, ANSWER_MS);
    assert_non_null(reply);
    for (size_t i = 0; i < reply->n_boards; i++) {
        if (!strcmp(reply->boards[i]->info->id, board))
            warning = xstrdup(reply->boards[i]->warning);
    }
    sonata__reply__free_unpacked(reply, NULL);
    return warning;
}

/* A copied disk: two workers of one name and key. Both learn of it, people see it, and the newer one works. */
static void a_cloned_worker_is_named(void **state)
{
    (void)state;
    struct liar first, second;
    liar_open(&first, farm.worker, &thief.security, "clone");
    liar_open(&second, farm.worker, &thief.security, "clone");
    first.incarnation = 111;
    second.incarnation = 222;
    assert_int_equal(liar_hello_fault(&first, "clone-1", "odd", 0), 0);
    assert_int_equal(liar_hello_fault(&second, "clone-1", "odd", 0), 0); /* might be a restart */
    assert_int_equal(liar_hello_fault(&first, "clone-1", "odd", 0), -EEXIST);
    Sonata__Envelope *fault = liar_expect(&second, SONATA__ENVELOPE__BODY_FAULT, ANSWER_MS);
    assert_non_null(fault);
    assert_int_equal(fault->fault->code, -EEXIST);
    envelope_free(fault);
    char *warning = warning_of("clone-1");
    assert_non_null(warning);
    assert_non_null(strstr(warning, "two workers"));
    free(warning);
    assert_int_equal(liar_hello_fault(&second, "clone-1", "odd", 0), 0);
    liar_close(&first);
    liar_close(&second);
}

static int open_farm(void **state)
{
    (void)state;
    table_farm_open(&farm, bin, 1, 1);
    farm_keys_start(&farm, &admin);
    farm_keys_team(&farm, &admin, "a", false);
    farm_keys_new(&farm, &admin, "team", "a", "a", &team);
    farm_keys_new(&farm, &admin, "worker", "", "victim", &victim);
    farm_keys_new(&farm, &admin, "worker", "", "thief", &thief);
    farm.worker_key = victim.path;
    table_farm_start_worker(&farm, 0);
    return 0;
}

static int close_farm(void **state)
{
    (void)state;
    assert_true(table_farm_stop(&farm));
    assert_int_equal(table_farm_check(&farm), 0);
    table_farm_close(&farm, false);
    return 0;
}

int main(int argc, char **argv)
{
    snprintf(bin, sizeof bin, "%s", argc > 1 ? argv[1] : SONATA_BINARY_DIR "/bin");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_key_does_not_get_a_board),
        cmocka_unit_test(numbers_without_end),
        cmocka_unit_test(an_admin_takes_results_back),
        cmocka_unit_test(a_cloned_worker_is_named),
    };
    return cmocka_run_group_tests(tests, open_farm, close_farm);
}
