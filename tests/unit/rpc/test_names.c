/* Names of workers: of a key for good once they measured; forgotten after a day when they are away and never did; bounded for a key. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../run/farm.h"
#include "access/access.h"
#include "base/time.h"
#include "rpc/verbs.h"
#include "support/cmocka.h"

#define ALICE "alice-key-00000000000000000000000000000000"
#define BOB "bob-key-0000000000000000000000000000000000"

static struct farm farm;
static struct access *keys;
static struct rpc *rpc;

static void open_rpc(void)
{
    struct sonata_error err = {{0}};
    farm_start(&farm);
    assert_int_equal(access_new(farm.store, &keys, &err), 0);
    rpc = rpc_new();
    rpc->run = farm.run;
    rpc->config.access = keys;
    assert_int_equal(worker_load_names(rpc, &err), 0);
}

static void close_rpc(void)
{
    rpc_free(rpc);
    access_free(keys);
    farm_crash(&farm);
}

static int open_master(void **state)
{
    (void)state;
    static const char *const public[] = {ALICE, BOB};
    struct sonata_error err = {{0}};
    farm_open(&farm, 1);
    farm_crash(&farm);
    open_rpc();
    for (int i = 0; i < 2; i++) {
        struct access_key k = {.role = ACCESS_WORKER, .label = "k"};
        snprintf(k.public_key, sizeof k.public_key, "%.40s", public[i]);
        assert_int_equal(access_add_key(keys, 1, "test", &k, &err), 0);
    }
    return 0;
}

static int close_master(void **state)
{
    (void)state;
    close_rpc();
    farm_start(&farm);
    farm_close(&farm);
    return 0;
}

static struct rpc_worker *take(const char *name, const char *key)
{
    static uint8_t next;
    char public_key[KEY_TEXT_MAX];
    struct net_peer peer = {.size = 2, .id = {1, ++next}};
    snprintf(public_key, sizeof public_key, "%.40s", key);
    return worker_take_name(rpc, &peer, name, public_key);
}

static bool is_taken_from_bob(const char *name)
{
    char bob[KEY_TEXT_MAX];
    snprintf(bob, sizeof bob, "%.40s", BOB);
    return worker_name_is_taken(rpc, name, bob);
}

static void pass(int64_t ns)
{
    farm.now += ns;
    farm.wall += ns;
    engine_set_time(farm.run, farm.now, farm.wall);
    rpc->names_due_ns = 1;
    worker_names_turn(rpc);
    farm_turn(&farm);
}

static void say_hello(const char *worker)
{
    struct sonata_error err = {{0}};
    engine_set_time(farm.run, farm.now, farm.wall);
    assert_int_equal(engine_hello(farm.run, &(struct sched_report){.worker = worker, .incarnation = 1}, &err), 0);
}

static void one_that_never_measured_is_forgotten(void **state)
{
    (void)state;
    assert_non_null(take("idle", ALICE));
    struct rpc_worker *busy = take("busy", ALICE);
    worker_note_measured(rpc, busy);
    farm_turn(&farm);
    pass(23 * 3600 * SONATA_SECOND);
    assert_true(is_taken_from_bob("idle"));
    pass(2 * 3600 * SONATA_SECOND);
    assert_false(is_taken_from_bob("idle"));
    assert_true(is_taken_from_bob("busy"));
    close_rpc(); /* and so after a restart, which knows who measured */
    open_rpc();
    pass(SONATA_DAY);
    assert_null(worker_with_name(rpc, "idle"));
    assert_true(is_taken_from_bob("busy"));
    assert_int_equal(store_count(farm.store, STORE_WORKER), 1);
}

static void one_that_is_here_stays(void **state)
{
    (void)state;
    assert_non_null(take("here", ALICE));
    farm_turn(&farm);
    farm.now += 2 * SONATA_DAY;
    farm.wall += 2 * SONATA_DAY;
    say_hello("here");
    rpc->names_due_ns = 1;
    worker_names_turn(rpc);
    assert_true(is_taken_from_bob("here"));
    engine_goodbye(farm.run, "here");
    pass(SONATA_SECOND);
    assert_false(is_taken_from_bob("here"));
}

static void names_of_a_key_make_room_for_its_own(void **state)
{
    (void)state;
    char name[32];
    assert_non_null(take("of-bob", BOB));
    for (int i = 0; i <= RPC_WORKERS_PER_KEY; i++) {
        snprintf(name, sizeof name, "w-%d", i);
        assert_non_null(take(name, ALICE));
    }
    char alice[KEY_TEXT_MAX];
    snprintf(alice, sizeof alice, "%.40s", ALICE);
    assert_true(worker_names_of(rpc, alice) <= RPC_WORKERS_PER_KEY);
    assert_non_null(worker_with_name(rpc, "of-bob"));
}

static void say_hello_as(const char *worker, const char *board, const char *type)
{
    static uint8_t next = 100;
    struct net_peer peer = {.size = 2, .id = {2, ++next}};
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Hello hello = SONATA__HELLO__INIT;
    Sonata__BoardInfo info = SONATA__BOARD_INFO__INIT, *infos[] = {&info};
    cleanup_bytes struct bytes packed = {0};
    char key[KEY_TEXT_MAX];
    snprintf(key, sizeof key, "%.40s", ALICE);
    hello.worker = (char *)worker;
    hello.incarnation = 1;
    hello.boards = infos;
    hello.n_boards = 1;
    info.id = (char *)board;
    info.type = (char *)type;
    info.state = (char *)"ready";
    e.body_case = SONATA__ENVELOPE__BODY_HELLO;
    e.hello = &hello;
    envelope_pack(&e, &packed);
    worker_message(rpc, &peer, key, packed.data, packed.size);
    farm_turn(&farm);
}

static bool is_online(const char *board)
{
    struct sched_board_view v;
    return sched_board_named(engine_sched(farm.run), board, &v) && v.online;
}

/* What the master has known since before there was a grammar comes back under its name; what is new keeps to it. */
static void only_new_names_keep_to_the_grammar(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    struct sched_board_info old = {.id = "-b(1)", .type = "pi:4"};
    assert_int_equal(engine_hello(farm.run, &(struct sched_report){.worker = "-w", .incarnation = 1, .boards = &old, .n_boards = 1}, &err), 0);
    assert_non_null(take("-w", ALICE));
    farm_turn(&farm);
    close_rpc();
    open_rpc();
    say_hello_as("-x", "b-2", "pi");
    assert_null(worker_with_name(rpc, "-x"));
    say_hello_as("-w", "-b(2)", "pi");
    assert_false(is_online("-b(2)"));
    say_hello_as("-w", "-b(1)", "other:type");
    assert_false(is_online("-b(1)"));
    say_hello_as("-w", "-b(1)", "pi:4");
    assert_true(is_online("-b(1)"));
}

/* A record of before it was noted: perhaps it measured. */
static void an_older_record_stays(void **state)
{
    (void)state;
    struct worker_name w = {.name = "old", .since_wall_ns = 1}, got;
    snprintf(w.public_key, sizeof w.public_key, "%.40s", ALICE);
    cleanup_bytes struct bytes b = {0};
    worker_name_encode(&w, &b);
    assert_int_equal(worker_name_decode(b.data, b.size, &got), 0);
    assert_false(got.measured);
    b.data[0] = 3;
    assert_int_equal(worker_name_decode(b.data, b.size - 1, &got), 0);
    assert_true(got.measured);
    assert_int_equal(worker_name_decode(b.data, b.size, &got), -EBADMSG);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_master, close_master)

int main(void)
{
    const struct CMUnitTest tests[] = {T(one_that_never_measured_is_forgotten), T(one_that_is_here_stays), T(names_of_a_key_make_room_for_its_own),
                                       T(only_new_names_keep_to_the_grammar), cmocka_unit_test(an_older_record_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
