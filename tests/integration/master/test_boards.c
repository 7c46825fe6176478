/* Boards through the real master and over the wire: events stored before they are acknowledged and only once, orders that outlive kill -9, history by
 * pages, candidates that kill boards; and, with a real worker, draining and the quarantine of a board that fails everything. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/net.h"
#include "support/client.h"
#include "support/table_farm.h"

enum { ANSWER_MS = 20000, STEPS = 3000, BOARDS = 2 };

static struct table_farm farm;

/* A worker with two boards of type tab, played by the test. */
static struct player {
    struct net_client *link;
    uint64_t incarnation, sequence;
    struct {
        uint64_t attempt;
        uint32_t epoch;
        uint8_t genes[6];
    } held[BOARDS][8];
    unsigned n_held[BOARDS];
    char command[64][40]; /* "p-0 drain" */
    unsigned n_commands;
    uint64_t acked;       /* highest sequence */
    int64_t invalid_from, invalid_to; /* told with events, 0: none */
    bool liar;            /* board 1 says latencies a thousand times too high */
    bool welcome;
} player;

static const char *board_name(unsigned i)
{
    static char name[BOARDS][8] = {"p-0", "p-1"};
    return name[i];
}

static void say(Sonata__Envelope *e)
{
    struct bytes b = {0};
    envelope_pack(e, &b);
    (void)net_client_send(player.link, b.data, b.size);
    bytes_fini(&b);
}

struct inventory {
    Sonata__BoardInfo board[BOARDS], *boards[BOARDS];
    Sonata__RunningAttempt running[BOARDS * 8], *list[BOARDS * 8];
    size_t n;
};

static char accuracy[] = "accuracy", latency[] = "latency", *metrics[] = {accuracy, latency};

static void take_stock(struct inventory *v)
{
    v->n = 0;
    for (unsigned i = 0; i < BOARDS; i++) {
        sonata__board_info__init(&v->board[i]);
        v->board[i].id = (char *)board_name(i);
        v->board[i].type = (char *)"tab";
        v->board[i].state = (char *)"ready";
        v->board[i].n_metrics = 2;
        v->board[i].metrics = metrics;
        v->boards[i] = &v->board[i];
        for (unsigned k = 0; k < player.n_held[i]; k++) {
            Sonata__RunningAttempt *r = v->list[v->n] = &v->running[v->n];
            v->n++;
            sonata__running_attempt__init(r);
            r->attempt = player.held[i][k].attempt;
            r->epoch = player.held[i][k].epoch;
            r->board = (char *)board_name(i);
            r->phase = (char *)(k ? "queued" : "measuring");
        }
    }
}

static void say_hello(void)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Hello hello = SONATA__HELLO__INIT;
    struct inventory v;
    take_stock(&v);
    hello.worker = (char *)"player";
    hello.incarnation = player.incarnation;
    hello.n_boards = BOARDS;
    hello.boards = v.boards;
    hello.n_running = v.n;
    hello.running = v.list;
    e.body_case = SONATA__ENVELOPE__BODY_HELLO;
    e.hello = &hello;
    say(&e);
}

static void beat(void)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Heartbeat heartbeat = SONATA__HEARTBEAT__INIT;
    struct inventory v;
    take_stock(&v);
    heartbeat.incarnation = player.incarnation;
    heartbeat.n_boards = BOARDS;
    heartbeat.boards = v.boards;
    heartbeat.n_running = v.n;
    heartbeat.running = v.list;
    e.body_case = SONATA__ENVELOPE__BODY_HEARTBEAT;
    e.heartbeat = &heartbeat;
    say(&e);
}

static void forget(uint64_t attempt)
{
    for (unsigned i = 0; i < BOARDS; i++) {
        for (unsigned k = player.n_held[i]; k-- > 0;) {
            if (player.held[i][k].attempt == attempt)
                memmove(&player.held[i][k], &player.held[i][k + 1], (--player.n_held[i] - k) * sizeof player.held[i][0]);
        }
    }
}

static void hear(const Sonata__Envelope *e)
{
    switch (e->body_case) {
    case SONATA__ENVELOPE__BODY_WELCOME:
        player.welcome = true;
        break;
    case SONATA__ENVELOPE__BODY_FAULT:
        if (e->fault->code == -ENOTCONN)
            say_hello();
        break;
    case SONATA__ENVELOPE__BODY_ASSIGN: {
        unsigned i = e->assign->board[2] == '1';
        assert_true(player.n_held[i] < 8);
        unsigned k = player.n_held[i]++;
        player.held[i][k].attempt = e->assign->attempt;
        player.held[i][k].epoch = e->assign->epoch;
        assert_int_equal(e->assign->genotype.len, 6);
        memcpy(player.held[i][k].genes, e->assign->genotype.data, 6);
        break;
    }
    case SONATA__ENVELOPE__BODY_CANCEL:
        forget(e->cancel->attempt);
        break;
    case SONATA__ENVELOPE__BODY_BOARD_COMMAND:
        assert_true(player.n_commands < 64);
        snprintf(player.command[player.n_commands++], sizeof player.command[0], "%.8s %.30s", e->board_command->board, e->board_command->action);
        break;
    case SONATA__ENVELOPE__BODY_BOARD_EVENT_ACK:
        player.acked = e->board_event_ack->sequence > player.acked ? e->board_event_ack->sequence : player.acked;
        break;
    default:
        break;
    }
}

/* Hears for about ms, and gives signs of life. */
static void live(int ms)
{
    static int64_t beaten_ns;
    for (int64_t end = clock_monotonic_ns() + ms * SONATA_MS; clock_monotonic_ns() < end;) {
        if (clock_monotonic_ns() - beaten_ns > 100 * SONATA_MS) {
            beaten_ns = clock_monotonic_ns();
            beat();
        }
        uint8_t *data;
        size_t n;
        if (net_client_receive(player.link, 10, &data, &n))
            continue;
        bool other;
        cleanup_envelope Sonata__Envelope *e = envelope_unpack(data, n, &other, NULL);
        free(data);
        assert_non_null(e);
        hear(e);
    }
}

static void connect_player(void)
{
    if (player.link)
        net_client_free(player.link);
    player.link = NULL;
    player.welcome = false;
    assert_int_equal(net_client_new(farm.worker, NULL, &player.link, NULL), 0);
    for (int i = 0; i < STEPS && !player.welcome; i++) {
        if (i % 50 == 0)
            say_hello();
        live(10);
    }
    assert_true(player.welcome);
}

/* sequence 0: a new one. Does not wait for the acknowledgement. */
static uint64_t tell(unsigned board, const char *kind, const char *state, double us, uint64_t sequence, int64_t wall_ns)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__BoardEvent event = SONATA__BOARD_EVENT__INIT;
    event.sequence = sequence ? sequence : ++player.sequence;
    event.board = (char *)board_name(board);
    event.wall_ns = wall_ns;
    event.kind = (char *)kind;
    event.state = (char *)state;
    event.text = (char *)"job 7 of somebody";
    event.latency_us = us;
    event.reference_us = us > 0 ? 100 : 0;
    event.invalid_from_wall_ns = player.invalid_from;
    event.invalid_to_wall_ns = player.invalid_to;
    e.body_case = SONATA__ENVELOPE__BODY_BOARD_EVENT;
    e.board_event = &event;
    say(&e);
    return event.sequence;
}

static void tell_and_wait(unsigned board, const char *kind, const char *state, double us)
{
    int64_t wall = clock_wall_ns();
    uint64_t sequence = tell(board, kind, state, us, 0, wall);
    for (int i = 0; i < STEPS && player.acked < sequence; i++) {
        live(10);
        if (i % 100 == 99)
            tell(board, kind, state, us, sequence, wall); /* as a worker does */
    }
    assert_true(player.acked >= sequence);
}

static void report(unsigned board, unsigned k, uint32_t outcome)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Result result = SONATA__RESULT__INIT;
    struct measurement m = {.attempt = player.held[board][k].attempt, .epoch = player.held[board][k].epoch, .outcome = (enum outcome)outcome,
                            .started_wall_ns = clock_wall_ns() - 2 * SONATA_MS, .duration_ns = SONATA_MS};
    copy_string(m.board, sizeof m.board, board_name(board));
    copy_string(m.board_type, sizeof m.board_type, "tab");
    if (outcome == OUTCOME_OK) {
        measurement_add(&m, "accuracy", 50 + player.held[board][k].genes[0], 50, 60, 1);
        double lie = player.liar && board == 1 ? 1000 : 0;
        measurement_add(&m, "latency", 1 + lie + player.held[board][k].genes[1], 1, 9, 1);
    } else {
        copy_string(m.reason, sizeof m.reason, "infra: the board does not answer");
    }
    result.measurement = measurement_to_message(&m);
    e.body_case = SONATA__ENVELOPE__BODY_RESULT;
    e.result = &result;
    say(&e);
    sonata__measurement__free_unpacked(result.measurement, NULL);
    forget(m.attempt);
}

static void restart_master(void)
{
    process_kill(farm.master_pid);
    table_farm_start_master(&farm);
    connect_player();
}

static int order(const char *board, const char *action, const uint8_t *id)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__BoardControl control = SONATA__BOARD_CONTROL__INIT;
    control.board = (char *)board;
    control.action = (char *)action;
    control.reason = (char *)"a test";
    q.verb_case = SONATA__REQUEST__VERB_BOARD_CONTROL;
    q.board_control = &control;
    if (id)
        q.id = (ProtobufCBinaryData){16, (uint8_t *)(uintptr_t)id};
    Sonata__Reply *reply = client_ask(farm.client, &q, ANSWER_MS);
    assert_non_null(reply);
    int code = reply->code;
    sonata__reply__free_unpacked(reply, NULL);
    return code;
}

/* All events of a board, by pages; free with free_history(). */
struct taken {
    Sonata__BoardEvent *event[400];
    size_t n;
};

static struct taken history(const char *board, uint32_t page)
{
    struct taken t = {.n = 0};
    uint8_t cursor[64];
    size_t n_cursor = 0;
    for (bool more = true; more;) {
        Sonata__Request q = SONATA__REQUEST__INIT;
        Sonata__GetBoardHistory get = SONATA__GET_BOARD_HISTORY__INIT;
        get.board = (char *)board;
        get.max = page;
        get.cursor = (ProtobufCBinaryData){n_cursor, cursor};
        q.verb_case = SONATA__REQUEST__VERB_BOARD_HISTORY;
        q.board_history = &get;
        Sonata__Reply *reply = client_ask(farm.client, &q, ANSWER_MS);
        assert_non_null(reply);
        assert_int_equal(reply->code, 0);
        assert_true(reply->n_board_events <= page);
        for (size_t i = 0; i < reply->n_board_events; i++) {
            assert_true(t.n < 400);
            t.event[t.n++] = reply->board_events[i];
        }
        reply->n_board_events = 0;
        more = reply->more;
        n_cursor = reply->cursor.len;
        assert_true(n_cursor <= sizeof cursor && (!more || n_cursor));
        if (n_cursor)
            memcpy(cursor, reply->cursor.data, n_cursor);
        sonata__reply__free_unpacked(reply, NULL);
    }
    return t;
}

static void free_history(struct taken *t)
{
    for (size_t i = 0; i < t->n; i++)
        sonata__board_event__free_unpacked(t->event[i], NULL);
}

static size_t count_events(const char *board)
{
    struct taken t = history(board, 100);
    free_history(&t);
    return t.n;
}

/* The board's `held`, into text. */
static void held(const char *board, char text[128])
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__ListBoards list = SONATA__LIST_BOARDS__INIT;
    q.verb_case = SONATA__REQUEST__VERB_BOARDS;
    q.boards = &list;
    Sonata__Reply *reply = client_ask(farm.client, &q, ANSWER_MS);
    assert_non_null(reply);
    text[0] = '\0';
    for (size_t i = 0; i < reply->n_boards; i++) {
        if (!strcmp(reply->boards[i]->info->id, board))
            snprintf(text, 128, "%s", reply->boards[i]->held);
    }
    sonata__reply__free_unpacked(reply, NULL);
}

static uint64_t submit(const char *name, uint32_t budget)
{
    uint64_t id = 0;
    struct search_spec *spec = table_farm_spec(name, "random", budget, 3);
    assert_int_equal(client_submit_spec(farm.client, spec, NULL, &id, ANSWER_MS), 0);
    free(spec);
    return id;
}

struct progress {
    uint32_t told, infeasible, failed;
    bool done;
};

static struct progress progress(uint64_t search)
{
    Sonata__Reply *r = client_show_search(farm.client, search, ANSWER_MS);
    assert_non_null(r);
    const Sonata__SearchStatus *s = r->searches[0];
    struct progress p = {s->told, s->infeasible, s->failed, !strcmp(s->state, "done")};
    sonata__reply__free_unpacked(r, NULL);
    return p;
}

/* Measures whatever is given out until the search has `told` results, or is done. */
static void measure_until(uint64_t search, uint32_t told)
{
    for (int i = 0; i < STEPS; i++) {
        live(5);
        for (unsigned b = 0; b < BOARDS; b++) {
            if (player.n_held[b])
                report(b, 0, OUTCOME_OK);
        }
        struct progress p = progress(search);
        if (p.done || p.told >= told)
            return;
    }
    fail_msg("search %llu does not come to %u results", (unsigned long long)search, told);
}

/* Individuals with a value that only the liar says. */
static uint32_t count_lies(uint64_t search)
{
    size_t n;
    uint32_t lies = 0;
    Sonata__Individual **all = client_all_individuals(farm.client, search, false, &n);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < all[i]->n_metrics; k++)
            lies += all[i]->metrics[k]->value > 900;
        sonata__individual__free_unpacked(all[i], NULL);
    }
    free(all);
    return lies;
}

static int replay(const char *search)
{
    char program[512], state[128], log[128];
    snprintf(program, sizeof program, "%s/sonata-master", farm.bin);
    snprintf(state, sizeof state, "%s/master", farm.folder);
    snprintf(log, sizeof log, "%s/check.log", farm.folder);
    const char *const argv[] = {program, "--state", state, "--replay", search, NULL};
    return process_run(argv, log, 60000);
}

static int open_farm(void **state)
{
    (void)state;
    table_farm_open(&farm, SONATA_BINARY_DIR "/bin", 1, 5);
    farm.quarantine = "0s";
    player = (struct player){.incarnation = (uint64_t)clock_wall_ns()};
    return 0;
}

static int close_farm(void **state)
{
    (void)state;
    bool good = table_farm_stop(&farm) && !table_farm_check(&farm);
    if (!good) {
        table_farm_print_log(&farm, "master.log");
        table_farm_print_log(&farm, "check.log");
    }
    if (player.link)
        net_client_free(player.link);
    player.link = NULL;
    table_farm_close(&farm, false);
    return good ? 0 : -1;
}

static void test_events(void **state)
{
    (void)state;
    table_farm_start_master(&farm);
    connect_player();
    for (int i = 0; i < 40; i++)
        tell_and_wait(0, "canary", "ready", 100 + 0.1 * i);
    assert_int_equal(count_events("p-0"), 40);
    uint64_t killed_at = player.sequence;
    int64_t wall = clock_wall_ns();
    uint64_t last = tell(0, "state", "suspect", 0, 0, wall); /* killed at some point before, in or after the commit: it comes again until acknowledged */
    live(1);
    restart_master();
    for (int i = 0; i < STEPS && player.acked < last; i++) {
        if (i % 20 == 0)
            tell(0, "state", "suspect", 0, last, wall);
        live(10);
    }
    assert_true(player.acked > killed_at);
    tell(0, "state", "suspect", 0, last, wall);
    live(50);
    assert_int_equal(count_events("p-0"), 41);
    tell(0, "state", "ready", 0, 999, -5); /* never to be stored; acknowledged, or it would come for ever */
    for (int i = 0; i < STEPS && player.acked < 999; i++)
        live(10);
    assert_int_equal(player.acked, 999);
    struct taken all = history("p-0", 100), paged = history("p-0", 7);
    assert_int_equal(all.n, 41);
    assert_int_equal(paged.n, 41);
    assert_string_equal(all.event[0]->state, "suspect"); /* newest first */
    for (size_t i = 0; i < all.n; i++)
        assert_true(all.event[i]->sequence == paged.event[i]->sequence);
    free_history(&all);
    free_history(&paged);
}

static void test_orders(void **state)
{
    (void)state;
    static const uint8_t id[16] = {7, 7, 7};
    char text[128];
    table_farm_start_master(&farm);
    connect_player();
    assert_int_equal(order("p-9", "drain", NULL), -ENOENT);
    assert_int_equal(order("p-0", "dance", NULL), -EINVAL);
    uint64_t search = submit("orders", 30);
    for (int i = 0; i < STEPS && (player.n_held[0] < 2 || player.n_held[1] < 2); i++)
        live(10);
    assert_int_equal(player.n_held[0], 2);
    live(200); /* a heartbeat says which has begun */
    assert_int_equal(order("p-0", "drain", id), 0);
    assert_int_equal(order("p-0", "drain", id), 0); /* asked again: done once */
    for (int i = 0; i < STEPS && (!player.n_commands || player.n_held[0] > 1); i++)
        live(10);
    assert_int_equal(player.n_commands, 1);
    assert_string_equal(player.command[0], "p-0 drain");
    assert_int_equal(player.n_held[0], 1); /* it goes on with what it is at */
    assert_int_equal(count_events("p-0"), 1);
    restart_master();
    for (int i = 0; i < STEPS && player.n_commands < 2; i++)
        live(10);
    assert_string_equal(player.command[1], "p-0 drain");
    report(0, 0, OUTCOME_OK);
    for (int i = 0; i < STEPS && progress(search).told < 1; i++)
        live(10);
    held("p-0", text);
    assert_string_equal(text, "drain");
    for (int i = 0; i < 20; i++) { /* the other board works on */
        live(20);
        if (player.n_held[1])
            report(1, 0, OUTCOME_OK);
        assert_int_equal(player.n_held[0], 0);
    }
    assert_int_equal(order("p-0", "release", NULL), 0);
    for (int i = 0; i < STEPS && !player.n_held[0]; i++)
        live(10);
    assert_true(player.n_held[0] > 0);
    assert_int_equal(order("p-1", "retire", NULL), 0);
    assert_int_equal(order("p-1", "release", NULL), -EPERM);
}

static uint8_t killer[6];

static bool is_killer(unsigned board, unsigned k)
{
    return !memcmp(player.held[board][k].genes, killer, sizeof killer);
}

/* Answers what is held; the board on which the killer was the one to be run, or BOARDS. */
static unsigned work(void)
{
    for (unsigned i = 0; i < BOARDS; i++) {
        if (!player.n_held[i])
            continue;
        bool kills = is_killer(i, 0);
        report(i, 0, kills ? OUTCOME_INFRA : OUTCOME_OK);
        live(10);
        if (kills)
            return i;
    }
    live(20);
    return BOARDS;
}

static unsigned work_until_killed(void)
{
    for (int i = 0; i < STEPS; i++) {
        unsigned board = work();
        if (board < BOARDS)
            return board;
    }
    fail_msg("the killer was not given out");
    return BOARDS;
}

static void test_a_candidate_that_kills_boards(void **state)
{
    (void)state;
    table_farm_start_master(&farm);
    connect_player();
    for (unsigned i = 0; i < BOARDS; i++)
        tell_and_wait(i, "calibrated", "ready", 100);
    uint64_t search = submit("poison", 40);
    for (int i = 0; i < STEPS && !player.n_held[0]; i++)
        live(10);
    memcpy(killer, player.held[0][0].genes, sizeof killer);
    unsigned first = work_until_killed();
    tell_and_wait(first, "canary", "ready", 101);
    unsigned second = work_until_killed();
    assert_int_not_equal(first, second);
    assert_int_equal(progress(search).infeasible, 0);
    live(100);
    restart_master(); /* the suspicion survives */
    tell_and_wait(second, "canary", "ready", 99);
    for (int i = 0; i < STEPS && !progress(search).done; i++) {
        unsigned again = work();
        assert_int_equal(again, BOARDS); /* nobody gets it once more */
    }
    struct progress p = progress(search);
    assert_true(p.done);
    assert_int_equal(p.infeasible, 1);
    assert_int_equal(p.failed, 0);
    size_t n;
    Sonata__Individual **x = client_all_individuals(farm.client, search, false, &n);
    unsigned found = 0;
    for (size_t i = 0; i < n; i++) {
        found += !strncmp(x[i]->reason, "infeasible:kills_board", 22) && !memcmp(x[i]->genotype.data, killer, 6);
        sonata__individual__free_unpacked(x[i], NULL);
    }
    free(x);
    assert_int_equal(found, 1);
}

static void test_drain_of_a_real_board(void **state)
{
    (void)state;
    farm.delay_ms = 100;
    table_farm_start_master(&farm);
    table_farm_start_worker(&farm, 0);
    uint64_t search = submit("drain", 400);
    for (int i = 0; i < STEPS && progress(search).told < 2; i++)
        clock_sleep_ns(10 * SONATA_MS);
    assert_int_equal(order("tab-0-0", "drain", NULL), 0);
    uint32_t at_order = progress(search).told;
    uint32_t told = at_order;
    for (int quiet = 0, i = 0; i < STEPS && quiet < 10; i++) { /* until nothing came in for a second */
        clock_sleep_ns(100 * SONATA_MS);
        uint32_t now = progress(search).told;
        quiet = now == told ? quiet + 1 : 0;
        told = now;
    }
    assert_true(told <= at_order + 2); /* what was under way and perhaps its successor, told as the order came */
    assert_int_equal(order("tab-0-0", "release", NULL), 0);
    for (int i = 0; i < STEPS && progress(search).told < told + 3; i++)
        clock_sleep_ns(10 * SONATA_MS);
    assert_true(progress(search).told >= told + 3);
}

static void test_quarantine_of_a_real_board(void **state)
{
    (void)state;
    char text[128] = "";
    farm.board_options = ",fail=1";
    farm.quarantine = "1h";
    table_farm_start_master(&farm);
    table_farm_start_worker(&farm, 0);
    uint64_t search = submit("broken", 50);
    for (int i = 0; i < STEPS && strncmp(text, "quarantine", 10); i++) {
        clock_sleep_ns(10 * SONATA_MS);
        held("tab-0-0", text);
    }
    assert_int_equal(strncmp(text, "quarantine for 3", 16), 0);
    process_kill(farm.master_pid);
    table_farm_start_master(&farm);
    held("tab-0-0", text);
    assert_int_equal(strncmp(text, "quarantine for 3", 16), 0);
    assert_int_equal(progress(search).told, 0); /* nothing was given up: jobs wait for a board that works */
    assert_int_equal(progress(search).failed, 0);
}

/* A board lies for a while; its canary finds out when a search is done and another is not. What it measured since its last good canary is measured again,
 * whoever was told it, over a death of the master. */
static void test_bad_results_are_taken_back(void **state)
{
    (void)state;
    table_farm_start_master(&farm);
    connect_player();
    tell_and_wait(1, "canary", "ready", 100);
    player.invalid_from = clock_wall_ns();
    uint64_t done = submit("done", 24);
    player.liar = true;
    measure_until(done, UINT32_MAX);
    uint64_t running = submit("running", 200);
    measure_until(running, 40);
    player.liar = false;
    uint32_t lies = count_lies(done);
    assert_true(progress(done).done && !progress(running).done);
    assert_true(lies > 0 && count_lies(running) > 0);
    player.invalid_to = clock_wall_ns();
    tell_and_wait(1, "canary", "suspect", 140);
    player.invalid_from = player.invalid_to = 0;
    restart_master();
    tell_and_wait(1, "state", "ready", 0);
    measure_until(running, UINT32_MAX);
    measure_until(done, UINT32_MAX);
    assert_true(progress(done).done && progress(running).done);
    assert_int_equal(count_lies(done) + count_lies(running), 0);
    Sonata__Reply *r = client_show_search(farm.client, done, ANSWER_MS);
    assert_non_null(r);
    assert_int_equal(r->searches[0]->retold, lies);
    assert_int_equal(r->searches[0]->told, 24);
    sonata__reply__free_unpacked(r, NULL);
    assert_true(table_farm_stop(&farm));
    assert_int_equal(replay("1"), 0);
    assert_int_equal(replay("2"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, open_farm, close_farm)
        T(test_events), T(test_orders), T(test_a_candidate_that_kills_boards), T(test_drain_of_a_real_board), T(test_quarantine_of_a_real_board),
        T(test_bad_results_are_taken_back),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
