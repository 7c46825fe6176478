/* Watching over the client port: an answer that waits comes with the change, numbers grow over a restart, and a team is told nothing, and at no other
 * time, because of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "support/client.h"
#include "support/farm_keys.h"

enum { ANSWER_MS = 20000 };

static struct table_farm farm;
static struct farm_key admin, key_a, key_b, key_worker;

/* With a new id; the reply is to be freed. */
static Sonata__Reply *watch(const struct farm_key *who, uint64_t since, uint32_t wait_ms)
{
    Sonata__Watch verb = SONATA__WATCH__INIT;
    Sonata__Request q = SONATA__REQUEST__INIT;
    verb.since = since;
    verb.wait_ms = wait_ms;
    q.verb_case = SONATA__REQUEST__VERB_WATCH;
    q.watch = &verb;
    client_use_keys(&who->security);
    Sonata__Reply *reply = client_ask(farm.client, &q, ANSWER_MS);
    assert_non_null(reply);
    assert_int_equal(reply->code, 0);
    return reply;
}

static uint64_t submit(const struct farm_key *who, const char *name, uint32_t budget, uint64_t seed)
{
    struct search_spec *spec = table_farm_spec(name, "random", budget, seed);
    uint64_t id = 0;
    client_use_keys(&who->security);
    assert_int_equal(client_submit_spec(farm.client, spec, NULL, &id, ANSWER_MS), 0);
    free(spec);
    return id;
}

/* Follows until the search is done. Returns the last number; every answer has something newer than the one before. */
static uint64_t follow(const struct farm_key *who, uint64_t since, const char *name, uint32_t budget)
{
    uint32_t told = 0;
    for (bool done = false; !done;) {
        Sonata__Reply *reply = watch(who, since, 10000);
        assert_true(reply->commit > since);
        assert_true(reply->n_searches >= 1);
        since = reply->commit;
        for (size_t i = 0; i < reply->n_searches; i++) {
            const Sonata__SearchStatus *s = reply->searches[i];
            if (strcmp(s->name, name))
                continue;
            assert_true(s->told >= told);
            told = s->told;
            done = !strcmp(s->state, "done");
        }
        sonata__reply__free_unpacked(reply, NULL);
    }
    assert_int_equal(told, budget);
    return since;
}

static void watching_follows_a_search(void **state)
{
    (void)state;
    Sonata__Reply *reply = watch(&key_a, 0, 0);
    assert_int_equal(reply->n_searches, 0);
    assert_int_equal(reply->commit, 0);
    sonata__reply__free_unpacked(reply, NULL);
    submit(&key_a, "mine", 60, 1);
    uint64_t number = follow(&key_a, 0, "mine", 60);
    reply = watch(&key_a, number, 0); /* nothing since, and it does not wait */
    assert_int_equal(reply->n_searches, 0);
    assert_true(reply->commit == number);
    sonata__reply__free_unpacked(reply, NULL);
}

static void an_answer_that_waits_too_long_is_empty(void **state)
{
    (void)state;
    Sonata__Reply *reply = watch(&key_a, UINT64_MAX, 1500);
    assert_int_equal(reply->n_searches, 0);
    assert_true(reply->commit == UINT64_MAX);
    sonata__reply__free_unpacked(reply, NULL);
}

/* While b is busy, a is told nothing, and its question waits as long as it said. */
static void another_team_is_not_told(void **state)
{
    (void)state;
    Sonata__Reply *all = watch(&key_a, 0, 0);
    assert_int_equal(all->n_searches, 1);
    assert_int_equal(all->searches[0]->id, 1); /* its own count */
    submit(&key_b, "theirs", 120, 2);
    int64_t start = clock_monotonic_ns();
    Sonata__Reply *reply = watch(&key_a, all->commit, 1500);
    assert_int_equal(reply->n_searches, 0);
    assert_true(reply->commit == all->commit);
    assert_true(clock_monotonic_ns() - start > 1400 * SONATA_MS);
    sonata__reply__free_unpacked(reply, NULL);
    sonata__reply__free_unpacked(all, NULL);
    follow(&key_b, 0, "theirs", 120);
    all = watch(&admin, 0, 0); /* an admin is told of both */
    assert_int_equal(all->n_searches, 2);
    sonata__reply__free_unpacked(all, NULL);
}

static void numbers_grow_over_a_restart(void **state)
{
    (void)state;
    Sonata__Reply *before = watch(&admin, 0, 0);
    process_kill(farm.master_pid);
    table_farm_start_master(&farm);
    submit(&key_a, "again", 30, 3);
    uint64_t number = follow(&key_a, before->commit, "again", 30);
    assert_true(number > before->commit);
    sonata__reply__free_unpacked(before, NULL);
}

/* Beyond 32 waiting questions of one key the next is answered at once. */
static void questions_that_wait_are_bounded(void **state)
{
    (void)state;
    struct net_client *c;
    client_use_keys(&key_a.security);
    assert_int_equal(net_client_new(farm.client, &key_a.security, &c, NULL), 0);
    unsigned answers = 0;
    for (unsigned i = 0; i < 40; i++) {
        uint8_t id[16] = {(uint8_t)i, 7};
        Sonata__Watch verb = SONATA__WATCH__INIT;
        Sonata__Request q = SONATA__REQUEST__INIT;
        Sonata__Envelope e = SONATA__ENVELOPE__INIT;
        cleanup_bytes struct bytes message = {0};
        verb.since = UINT64_MAX;
        verb.wait_ms = 60000;
        q.verb_case = SONATA__REQUEST__VERB_WATCH;
        q.watch = &verb;
        q.id = (ProtobufCBinaryData){sizeof id, id};
        e.body_case = SONATA__ENVELOPE__BODY_REQUEST;
        e.request = &q;
        envelope_pack(&e, &message);
        assert_int_equal(net_client_send(c, message.data, message.size), 0);
    }
    uint8_t *data;
    size_t n;
    while (answers < 8 && !net_client_receive(c, 5000 * TEST_PATIENCE, &data, &n)) {
        answers++;
        free(data);
    }
    assert_int_equal(answers, 8);
    assert_true(net_client_receive(c, 300, &data, &n) < 0);
    net_client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(watching_follows_a_search),       cmocka_unit_test(an_answer_that_waits_too_long_is_empty),
        cmocka_unit_test(another_team_is_not_told),        cmocka_unit_test(numbers_grow_over_a_restart),
        cmocka_unit_test(questions_that_wait_are_bounded),
    };
    table_farm_open(&farm, SONATA_BINARY_DIR "/bin", 2, 10);
    farm_keys_start(&farm, &admin);
    farm_keys_team(&farm, &admin, "a", false);
    farm_keys_team(&farm, &admin, "b", false);
    farm_keys_new(&farm, &admin, "team", "a", "key_a", &key_a);
    farm_keys_new(&farm, &admin, "team", "b", "key_b", &key_b);
    farm_keys_new(&farm, &admin, "worker", "", "key_w", &key_worker);
    farm.worker_key = key_worker.path;
    table_farm_start_worker(&farm, 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bool ended = table_farm_stop(&farm);
    if (failed || !ended)
        table_farm_print_log(&farm, "master.log");
    table_farm_close(&farm, failed != 0);
    return failed || !ended;
}
