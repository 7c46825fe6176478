/* What one team learns of another: nothing. Team a does the same things twice at a master of its own, alone and beside a busy team b; every answer to every
 * verb, errors too, must be the same but for times and for how busy the boards are. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "support/client.h"
#include "support/farm_keys.h"

enum { ANSWER_MS = 20000, ANSWERS_MAX = 200, BLOB_SIZE = 600 << 10, SEARCH_BUDGET = 40 };

struct answers {
    unsigned n;
    struct answer {
        char what[64];
        struct bytes packed;
        char text[256];
    } at[ANSWERS_MAX];
};

static struct table_farm farm;
static struct farm_key admin, key_a, key_b, key_worker;
static uint8_t blob[BLOB_SIZE], blob_hash[HASH_SIZE];

static void blur_board(Sonata__BoardStatus *b)
{
    assert_true(b->anonymous);
    b->busy_share = 0;
    if (b->phase[0]) /* an empty one is not ours to write to */
        b->phase[0] = '\0';
    if (b->info->state[0])
        b->info->state[0] = '\0';
}

/* A line of a fingerprint that says how it was at the moment of the measurement: load, clock, heat, durations. */
static bool is_condition(const char *line)
{
    static const char *const start[] = {"load1=", "clock_", "temperature_", "throttle", "foreign_share=", "involuntary_"};
    size_t n = strcspn(line, "=\n");
    for (size_t i = 0; i < sizeof start / sizeof *start; i++) {
        if (!strncmp(line, start[i], strlen(start[i])))
            return true;
    }
    return n > 3 && !strncmp(line + n - 3, "_ms", 3);
}

static void blur_conditions(char *fingerprint)
{
    char *to = fingerprint;
    for (const char *line = fingerprint; *line;) {
        size_t n = strcspn(line, "\n"), whole = n + (line[n] == '\n');
        bool keep = !is_condition(line);
        if (keep)
            memmove(to, line, whole);
        to += keep ? whole : 0;
        line += whole;
    }
    if (to != fingerprint)
        *to = '\0';
}

/* What may differ: times, and how busy boards are. */
static void blur(Sonata__Reply *r)
{
    for (size_t i = 0; i < r->n_searches; i++) {
        Sonata__SearchStatus *s = r->searches[i];
        s->created_wall_ns = s->finished_wall_ns = s->active_ns = s->board_ns = 0;
    }
    for (size_t i = 0; i < r->n_individuals; i++)
        r->individuals[i]->told_wall_ns = 0;
    for (size_t i = 0; i < r->n_measurements; i++) {
        r->measurements[i]->started_wall_ns = r->measurements[i]->duration_ns = 0;
        blur_conditions(r->measurements[i]->fingerprint);
    }
    for (size_t i = 0; i < r->n_teams; i++)
        r->teams[i]->created_wall_ns = r->teams[i]->board_ns = r->teams[i]->day_ns = r->teams[i]->boards = 0;
    for (size_t i = 0; i < r->n_uploads; i++)
        r->uploads[i]->wall_ns = 0;
    for (size_t i = 0; i < r->n_boards; i++)
        blur_board(r->boards[i]);
}

/* Asks as team a and keeps the answer. Returns its code. */
static int ask(struct answers *out, const char *what, Sonata__Request *q)
{
    client_use_keys(&key_a.security);
    Sonata__Reply *reply = client_ask(farm.client, q, ANSWER_MS);
    if (!reply)
        fail_msg("%s: no answer", what);
    int code = reply->code;
    assert_true(out->n < ANSWERS_MAX);
    struct answer *a = &out->at[out->n++];
    copy_string(a->what, sizeof a->what, what);
    copy_string(a->text, sizeof a->text, reply->text);
    blur(reply);
    free(reply->id.data);
    reply->id = (ProtobufCBinaryData){0, NULL};
    sonata__reply__pack(reply, bytes_append(&a->packed, NULL, sonata__reply__get_packed_size(reply)));
    sonata__reply__free_unpacked(reply, NULL);
    return code;
}

static int control(struct answers *out, const char *action, uint64_t search, uint32_t evaluations)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Control c = SONATA__CONTROL__INIT;
    char what[64];
    snprintf(what, sizeof what, "%s %llu", action, (unsigned long long)search);
    c.search = search;
    c.action = (char *)(uintptr_t)action;
    c.evaluations = evaluations;
    q.verb_case = SONATA__REQUEST__VERB_CONTROL;
    q.control = &c;
    return ask(out, what, &q);
}

static int put_blob(struct answers *out, const struct farm_key *key, size_t offset, size_t n)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__PutBlob put = SONATA__PUT_BLOB__INIT;
    char what[64];
    snprintf(what, sizeof what, "blob at %zu, %zu bytes", offset, n);
    put.hash = (ProtobufCBinaryData){HASH_SIZE, blob_hash};
    put.offset = offset;
    put.total = sizeof blob;
    put.data = (ProtobufCBinaryData){n, blob + offset};
    q.verb_case = SONATA__REQUEST__VERB_PUT_BLOB;
    q.put_blob = &put;
    if (out)
        return ask(out, what, &q);
    client_use_keys(&key->security);
    Sonata__Reply *reply = client_ask(farm.client, &q, ANSWER_MS);
    assert_non_null(reply);
    int code = reply->code;
    sonata__reply__free_unpacked(reply, NULL);
    return code;
}

static int submit(struct answers *out, const char *name, uint64_t seed, bool with_supernet)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Submit verb = SONATA__SUBMIT__INIT;
    struct search_spec *spec = table_farm_spec(name, "nsga2", SEARCH_BUDGET, seed);
    copy_string(spec->option[0].name, sizeof spec->option[0].name, "order");
    copy_string(spec->option[0].value, sizeof spec->option[0].value, "proposal");
    spec->n_options = 1;
    if (with_supernet) {
        copy_string(spec->supernet, sizeof spec->supernet, "net");
        memcpy(spec->supernet_hash, blob_hash, sizeof blob_hash);
    }
    verb.spec = spec_to_message(spec);
    q.verb_case = SONATA__REQUEST__VERB_SUBMIT;
    q.submit = &verb;
    int code = ask(out, with_supernet ? "submit with supernet" : "submit", &q);
    sonata__search_spec__free_unpacked(verb.spec, NULL);
    free(spec);
    return code;
}

static void wait_done(const struct farm_key *key, uint64_t search, uint32_t told)
{
    client_use_keys(&key->security);
    for (int64_t end = clock_monotonic_ns() + 60 * TEST_PATIENCE * SONATA_SECOND; clock_monotonic_ns() < end; clock_sleep_ns(20 * SONATA_MS)) {
        Sonata__Reply *r = client_show_search(farm.client, search, ANSWER_MS);
        assert_non_null(r);
        bool done = r->searches[0]->told >= told;
        sonata__reply__free_unpacked(r, NULL);
        if (done)
            return;
    }
    fail_msg("search %llu did not come to %u evaluations", (unsigned long long)search, told);
}

static uint64_t submit_as_b(uint64_t seed)
{
    uint64_t number = 0;
    struct search_spec *spec = table_farm_spec("of-b", "nsga2", SEARCH_BUDGET, seed);
    client_use_keys(&key_b.security);
    assert_int_equal(client_submit_spec(farm.client, spec, NULL, &number, ANSWER_MS), 0);
    free(spec);
    return number;
}

/* Each verb about a search. */
static void ask_about(struct answers *out, uint64_t search)
{
    char what[64];
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__ShowSearch show = SONATA__SHOW_SEARCH__INIT;
    Sonata__GetIndividuals page = SONATA__GET_INDIVIDUALS__INIT;
    Sonata__GetMeasurement measurement = SONATA__GET_MEASUREMENT__INIT;
    Sonata__GetInsight insight = SONATA__GET_INSIGHT__INIT;
    show.search = page.search = measurement.search = insight.search = search;
    snprintf(what, sizeof what, "show %llu", (unsigned long long)search);
    q.verb_case = SONATA__REQUEST__VERB_SHOW;
    q.show = &show;
    ask(out, what, &q);
    for (int front = 0; front < 2; front++) {
        snprintf(what, sizeof what, "individuals of %llu, front only: %d", (unsigned long long)search, front);
        page.front_only = front;
        q.verb_case = SONATA__REQUEST__VERB_INDIVIDUALS;
        q.individuals = &page;
        ask(out, what, &q);
    }
    for (uint64_t id = 0; id <= 1000; id += id < 5 ? 1 : 995) {
        snprintf(what, sizeof what, "measurement of %llu, %llu", (unsigned long long)search, (unsigned long long)id);
        measurement.individual = id;
        q.verb_case = SONATA__REQUEST__VERB_MEASUREMENT;
        q.measurement = &measurement;
        ask(out, what, &q);
    }
    snprintf(what, sizeof what, "insight of %llu", (unsigned long long)search);
    q.verb_case = SONATA__REQUEST__VERB_INSIGHT;
    q.insight = &insight;
    ask(out, what, &q);
    control(out, "pause", search, 0);
    control(out, "resume", search, 0);
    control(out, "priority", search, 0);
    control(out, "nonsense", search, 0);
    control(out, "retry", search, 0); /* what failed: nothing */
}

/* The verbs about no search, and those that are for admins. */
static void ask_the_rest(struct answers *out)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__ListSearches list = SONATA__LIST_SEARCHES__INIT;
    Sonata__ListBoards boards = SONATA__LIST_BOARDS__INIT;
    Sonata__Ping ping = SONATA__PING__INIT;
    Sonata__Keys keys = SONATA__KEYS__INIT;
    Sonata__Teams teams = SONATA__TEAMS__INIT;
    Sonata__Uploads uploads = SONATA__UPLOADS__INIT;
    Sonata__GetAudit audit = SONATA__GET_AUDIT__INIT;
    Sonata__BoardControl board = SONATA__BOARD_CONTROL__INIT;
#define ASK(which, CASE, what)                           \
    q.verb_case = SONATA__REQUEST__VERB_##CASE;          \
    q.which = &which;                                    \
    ask(out, what, &q)
    ASK(list, LIST, "list");
    ASK(boards, BOARDS, "boards");
    ASK(ping, PING, "ping");
    keys.action = (char *)"list";
    ASK(keys, KEYS, "keys list");
    teams.action = (char *)"list";
    ASK(teams, TEAMS, "teams list");
    uploads.action = (char *)"list";
    ASK(uploads, UPLOADS, "uploads list");
    uploads.action = (char *)"remove";
    uploads.hash = (ProtobufCBinaryData){HASH_SIZE, blob_hash};
    ASK(uploads, UPLOADS, "uploads remove");
    teams.action = (char *)"set";
    ASK(teams, TEAMS, "teams set");
    ASK(audit, AUDIT, "audit");
#undef ASK
    board.board = (char *)"tab-0-0";
    board.action = (char *)"drain";
    q.verb_case = SONATA__REQUEST__VERB_BOARD_CONTROL;
    q.board_control = &board;
    ask(out, "board control", &q);
    q.verb_case = SONATA__REQUEST__VERB__NOT_SET;
    ask(out, "no verb", &q);
}

/* Team b, before a: an upload of the very content that a will upload, half an upload more, searches, and changes to one. */
static void work_as_b(void)
{
    assert_int_equal(put_blob(NULL, &key_b, 0, BLOB_SIZE / 2), 0);
    assert_int_equal(put_blob(NULL, &key_b, BLOB_SIZE / 2, BLOB_SIZE / 2), 0);
    uint64_t first = submit_as_b(1), second = submit_as_b(2);
    assert_int_equal(first, 1);
    assert_int_equal(second, 2); /* b counts its own, too */
    wait_done(&key_b, first, SEARCH_BUDGET);
}

/* Until the worker is there: a refusal of what no known board supplies would come or not come with it. */
static void wait_board(void)
{
    client_use_keys(&admin.security);
    for (bool online = false; !online; clock_sleep_ns(20 * SONATA_MS)) {
        Sonata__Request q = SONATA__REQUEST__INIT;
        Sonata__ListBoards boards = SONATA__LIST_BOARDS__INIT;
        q.verb_case = SONATA__REQUEST__VERB_BOARDS;
        q.boards = &boards;
        Sonata__Reply *r = client_ask(farm.client, &q, ANSWER_MS);
        assert_non_null(r);
        online = r->n_boards == 1 && r->boards[0]->online;
        sonata__reply__free_unpacked(r, NULL);
    }
}

static void one_life(struct answers *out, bool with_b)
{
    table_farm_open(&farm, SONATA_BINARY_DIR "/bin", 1, 2);
    farm_keys_start(&farm, &admin);
    farm_keys_team(&farm, &admin, "a", false);
    farm_keys_team(&farm, &admin, "b", false);
    farm_keys_new(&farm, &admin, "team", "a", "key-a", &key_a);
    farm_keys_new(&farm, &admin, "team", "b", "key-b", &key_b);
    farm_keys_new(&farm, &admin, "worker", NULL, "key-w", &key_worker);
    farm.worker_key = key_worker.path;
    table_farm_start_worker(&farm, 0);
    if (with_b)
        work_as_b();
    wait_board();
    put_blob(out, NULL, 0, 0);
    submit(out, "first", 1, true);
    assert_int_equal(put_blob(out, NULL, 0, BLOB_SIZE / 2), 0);
    put_blob(out, NULL, 0, 0);
    assert_int_equal(put_blob(out, NULL, BLOB_SIZE / 2, BLOB_SIZE / 2), 0);
    put_blob(out, NULL, 0, 0);
    assert_int_equal(submit(out, "first", 1, true), 0);
    if (with_b)
        submit_as_b(3); /* beside it */
    wait_done(&key_a, 1, SEARCH_BUDGET);
    if (with_b)
        submit_as_b(1); /* what a measured, asked for by b */
    assert_int_equal(control(out, "extend", 1, 10), 0);
    wait_done(&key_a, 1, SEARCH_BUDGET + 10);
    ask_about(out, 1);
    ask_about(out, 2); /* there are searches of that id and of that number, but not of a */
    assert_int_equal(submit(out, "second", 2, false), 0);
    wait_done(&key_a, 2, SEARCH_BUDGET);
    ask_about(out, 2);
    ask_the_rest(out);
    process_kill(farm.master_pid);
    table_farm_start_master(&farm); /* the numbers are durable */
    wait_board();
    ask_about(out, 1);
    ask_about(out, 2);
    ask_about(out, 3);
    ask_the_rest(out);
    assert_true(table_farm_stop(&farm));
    assert_int_equal(table_farm_check(&farm), 0);
    table_farm_close(&farm, false);
}

static void test_a_team_learns_nothing_of_another(void **state)
{
    (void)state;
    static struct answers alone, beside;
    for (size_t i = 0; i < sizeof blob; i++)
        blob[i] = (uint8_t)(i * 31 + i / 256);
    hash_content(blob, sizeof blob, blob_hash);
    one_life(&alone, false);
    one_life(&beside, true);
    assert_int_equal(alone.n, beside.n);
    unsigned different = 0;
    for (unsigned i = 0; i < alone.n; i++) {
        const struct answer *x = &alone.at[i], *y = &beside.at[i];
        assert_string_equal(x->what, y->what);
        bool same = x->packed.size == y->packed.size && !memcmp(x->packed.data, y->packed.data, x->packed.size);
        if (!same)
            fprintf(stderr, "answer %u (%s) differs: %zu bytes \"%s\" alone, %zu bytes \"%s\" beside another team\n", i, x->what, x->packed.size, x->text,
                    y->packed.size, y->text);
        different += !same;
        bytes_fini(&alone.at[i].packed);
        bytes_fini(&beside.at[i].packed);
    }
    fprintf(stderr, "%u answers compared\n", alone.n);
    assert_int_equal(different, 0);
}

/* Teams that share have one pool of uploads, and each its own quota: none goes on with what another began, or ends it. */
static void test_an_upload_is_its_teams(void **state)
{
    (void)state;
    table_farm_open(&farm, SONATA_BINARY_DIR "/bin", 1, 2);
    farm_keys_start(&farm, &admin);
    farm_keys_team(&farm, &admin, "a", true);
    farm_keys_team(&farm, &admin, "b", true);
    farm_keys_new(&farm, &admin, "team", "a", "key-a", &key_a);
    farm_keys_new(&farm, &admin, "team", "b", "key-b", &key_b);
    assert_int_equal(put_blob(NULL, &key_a, 0, BLOB_SIZE / 2), 0);
    assert_int_equal(put_blob(NULL, &key_b, BLOB_SIZE / 2, BLOB_SIZE / 2), -EINVAL);
    assert_int_equal(put_blob(NULL, &key_b, 0, BLOB_SIZE / 4), 0);
    assert_int_equal(put_blob(NULL, &key_a, BLOB_SIZE / 2, BLOB_SIZE / 2), 0);
    assert_int_equal(put_blob(NULL, &key_b, BLOB_SIZE / 2, BLOB_SIZE / 2), 0); /* there by now, of both */
    process_kill(farm.master_pid);
    assert_int_equal(table_farm_check(&farm), 0);
    table_farm_close(&farm, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_team_learns_nothing_of_another), cmocka_unit_test(test_an_upload_is_its_teams)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
