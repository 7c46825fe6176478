/* What teams may tell of each other: searches are numbered within the team, uploads belong to a pool, all of it kept over a crash. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "codec/codec.h"
#include "farm.h"

static struct farm farm;

static int open_farm(void **state)
{
    (void)state;
    farm_open(&farm, 1);
    return 0;
}

static int close_farm(void **state)
{
    (void)state;
    farm_close(&farm);
    return 0;
}

static uint64_t submit_of(const char *team)
{
    struct sonata_error err = {{0}};
    struct search_spec *spec = farm_spec("s", "random", 5, 1);
    uint64_t id = 0;
    engine_set_time(farm.run, farm.now, farm.wall);
    if (engine_submit(farm.run, spec, &(struct engine_owner){.team = team}, &id, &err))
        fail_msg("%s", err.text);
    free(spec);
    return id;
}

static void expect_numbers(void)
{
    static const struct {
        const char *team;
        uint64_t number, id;
    } want[] = {{"a", 1, 1}, {"b", 1, 2}, {"b", 2, 3}, {"a", 2, 4}, {"", 1, 5}, {"a", 3, 0}, {"b", 0, 0}, {"nobody", 1, 0}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_int_equal(engine_search_of_team(farm.run, want[i].team, want[i].number), want[i].id);
}

static void test_numbers_within_the_team(void **state)
{
    (void)state;
    submit_of("a");
    submit_of("b");
    submit_of("b");
    submit_of("a");
    submit_of("");
    expect_numbers();
    farm_turn(&farm);
    assert_int_equal(farm_check(&farm), 0);
    uint64_t lost = submit_of("a"); /* not committed: never told to anybody */
    assert_int_equal(engine_search_by_id(farm.run, lost)->number, 3);
    farm_crash(&farm);
    farm_start(&farm);
    expect_numbers();
    assert_int_equal(engine_search_by_id(farm.run, submit_of("a"))->number, 3);
    assert_int_equal(engine_search_by_id(farm.run, submit_of("b"))->number, 3);
}

static void test_uploads_belong_to_a_pool(void **state)
{
    (void)state;
    static const char content[] = "weights";
    struct sonata_error err = {{0}};
    struct search_spec *spec = farm_spec("s", "random", 5, 1);
    uint64_t id;
    hash_content(content, sizeof content, spec->supernet_hash);
    engine_add_upload(farm.run, spec->supernet_hash, "a", "a", content, sizeof content);
    for (int again = 0; again < 2; again++) {
        assert_true(engine_has_upload(farm.run, spec->supernet_hash, "a"));
        assert_false(engine_has_upload(farm.run, spec->supernet_hash, "b"));
        assert_false(engine_has_upload(farm.run, spec->supernet_hash, ""));
        engine_set_time(farm.run, farm.now, farm.wall);
        assert_int_equal(engine_submit(farm.run, spec, &(struct engine_owner){.team = "b", .pool = "b"}, &id, &err), -ENOENT);
        farm_turn(&farm);
        farm_crash(&farm);
        farm_start(&farm);
    }
    engine_set_time(farm.run, farm.now, farm.wall);
    assert_int_equal(engine_submit(farm.run, spec, &(struct engine_owner){.team = "a", .pool = "a"}, &id, &err), 0);
    uint64_t blobs = store_count(farm.store, STORE_BLOB);
    engine_add_upload(farm.run, spec->supernet_hash, "b", "b", content, sizeof content);
    farm_turn(&farm);
    assert_int_equal(store_count(farm.store, STORE_BLOB), blobs + 1); /* the space of the search; the content itself once */
    assert_int_equal(store_count(farm.store, STORE_BLOB_POOL), 2);
    assert_int_equal(farm_check(&farm), 0);
    free(spec);
}

static uint64_t listed, listed_in_use;

static void count_upload(void *user, const struct engine_upload *u)
{
    (void)user;
    listed += u->bytes;
    listed_in_use += u->searches;
}

static uint32_t pages(const char *team, uint32_t max)
{
    struct engine_page page = {.max = max, .more = true};
    uint32_t n = 0;
    listed = listed_in_use = 0;
    for (; page.more; n++) {
        assert_int_equal(engine_list_uploads(farm.run, team, &page, count_upload), 0);
        page.from = page.next;
    }
    return n;
}

static void add_upload(const char *team, uint8_t first, size_t size, uint8_t ret_hash[HASH_SIZE])
{
    struct bytes b = {0};
    memset(bytes_append(&b, NULL, size), first, size);
    hash_content(b.data, size, ret_hash);
    engine_add_upload(farm.run, ret_hash, team, team, b.data, size);
    bytes_fini(&b);
}

static void restart(void)
{
    farm_turn(&farm);
    farm_crash(&farm);
    farm_start(&farm);
    engine_set_time(farm.run, farm.now, farm.wall);
}

static void test_uploads_count_until_they_are_removed(void **state)
{
    (void)state;
    enum { BIG = 100000 };
    struct sonata_error err = {{0}};
    uint8_t small[HASH_SIZE], big[HASH_SIZE];
    add_upload("a", 1, 10, small);
    add_upload("a", 2, BIG, big);
    add_upload("a", 2, BIG, big);
    add_upload("b", 2, BIG, big);
    assert_int_equal(engine_uploaded(farm.run, "a"), engine_upload_charge(10) + BIG);
    assert_int_equal(engine_remove_upload(farm.run, small, "b", &err), -ENOENT);
    restart();
    assert_int_equal(engine_uploaded(farm.run, "a"), engine_upload_charge(10) + BIG);
    assert_int_equal(engine_uploaded(farm.run, "b"), BIG);
    assert_int_equal(pages("a", 10), 1);
    assert_int_equal(listed, 10 + BIG);
    assert_int_equal(pages(NULL, 1), 3);
    assert_int_equal(listed, 10 + 2 * BIG);

    /* the content goes with the last upload of it, also when another one came in the same turn */
    assert_int_equal(engine_remove_upload(farm.run, big, "a", &err), 0);
    assert_int_equal(engine_remove_upload(farm.run, big, "a", &err), -ENOENT);
    assert_int_equal(engine_remove_upload(farm.run, big, NULL, &err), 0);
    add_upload("a", 2, BIG, big);
    restart();
    assert_int_equal(engine_uploaded(farm.run, "b"), 0);
    assert_int_equal(store_count(farm.store, STORE_BLOB), 2);
    assert_int_equal(farm_check(&farm), 0);
    assert_int_equal(engine_remove_upload(farm.run, big, "a", &err), 0);
    assert_int_equal(engine_remove_upload(farm.run, small, "a", &err), 0);
    restart();
    assert_int_equal(engine_uploaded(farm.run, "a"), 0);
    assert_int_equal(store_count(farm.store, STORE_BLOB), 0);
}

/* A search keeps its supernet while it goes on; afterwards it can go on only with it. What is the space of a search stays, whoever uploaded the same
 * bytes. */
static void test_what_searches_rest_on_is_not_removed(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    struct search_spec *spec = farm_spec("s", "random", 5, 1);
    struct bytes space = {0};
    uint8_t space_hash[HASH_SIZE];
    uint64_t id;
    farm_add_board(&farm, "pi-1", "pi", "accuracy latency");
    farm_hello(&farm);
    space_encode(&spec->space, &space);
    hash_content(space.data, space.size, space_hash);
    engine_add_upload(farm.run, space_hash, "a", "a", space.data, space.size);
    add_upload("a", 7, 1000, spec->supernet_hash);
    assert_int_equal(engine_submit(farm.run, spec, &(struct engine_owner){.team = "a", .pool = "a"}, &id, &err), 0);
    farm_turn(&farm);
    assert_int_equal(engine_remove_upload(farm.run, spec->supernet_hash, "a", &err), -EBUSY);
    assert_int_equal(pages("a", 10), 1);
    assert_int_equal(listed_in_use, 1);
    farm_work(&farm, id, 1000);
    assert_int_equal(engine_search_by_id(farm.run, id)->state, SEARCH_DONE);
    restart();
    assert_int_equal(engine_remove_upload(farm.run, spec->supernet_hash, "a", &err), 0);
    assert_int_equal(engine_remove_upload(farm.run, space_hash, "a", &err), 0);
    restart();
    assert_int_equal(store_count(farm.store, STORE_BLOB), 1);
    assert_int_equal(engine_control(farm.run, id, ENGINE_EXTEND, 5, &err), -ENOENT);
    assert_int_equal(engine_search_by_id(farm.run, id)->state, SEARCH_DONE);
    add_upload("a", 7, 1000, spec->supernet_hash);
    assert_int_equal(engine_control(farm.run, id, ENGINE_EXTEND, 5, &err), 0);
    farm_turn(&farm);
    assert_int_equal(farm_check(&farm), 0);
    bytes_fini(&space);
    free(spec);
}

/* As they were written before they had a size: it is that of the content. */
static void test_uploads_of_before(void **state)
{
    (void)state;
    enum { SIZE = 70000 };
    struct sonata_error err = {{0}};
    uint8_t hash[HASH_SIZE], key[HASH_SIZE + 8];
    struct bytes content = {0}, record = {0};
    uint64_t pool = hash64_text("a");
    memset(bytes_append(&content, NULL, SIZE), 3, SIZE);
    hash_content(content.data, SIZE, hash);
    memcpy(key, hash, sizeof hash);
    memcpy(key + HASH_SIZE, &pool, sizeof pool);
    bytes_put_u8(&record, 1);
    bytes_put_string(&record, "a");
    store_put(farm.store, STORE_BLOB, key_bytes(hash, sizeof hash), content.data, SIZE);
    store_put(farm.store, STORE_BLOB_POOL, key_bytes(key, sizeof key), record.data, record.size);
    restart();
    assert_true(engine_has_upload(farm.run, hash, "a"));
    assert_int_equal(engine_uploaded(farm.run, "a"), SIZE);
    farm_turn(&farm); /* noted once, in the turn after the start */
    bytes_clear(&record);
    assert_int_equal(store_get_committed(farm.store, STORE_BLOB_POOL, key_bytes(key, sizeof key), &record), 0);
    assert_int_equal(record.data[0], 2);
    assert_int_equal(pages("a", 10), 1);
    assert_int_equal(listed, SIZE);
    assert_int_equal(engine_remove_upload(farm.run, hash, "a", &err), 0);
    assert_int_equal(engine_uploaded(farm.run, "a"), 0);
    bytes_fini(&content);
    bytes_fini(&record);
}

static int try_submit(const char *team)
{
    struct sonata_error err = {{0}};
    struct search_spec *spec = farm_spec("s", "random", 5, 1);
    uint64_t id = 0;
    int rc = engine_submit(farm.run, spec, &(struct engine_owner){.team = team}, &id, &err);
    free(spec);
    return rc;
}

/* Without any quota one team leaves places to others, and a script that submits and cancels is slowed down. */
static void test_one_team_does_not_take_all_places(void **state)
{
    (void)state;
    farm.config.searches_max = 40;
    engine_reconfigure(farm.run, &farm.config);
    uint32_t n = 0;
    while (n < 100 && !try_submit("greedy"))
        n++;
    assert_in_range(n, 15, 20);
    assert_int_equal(try_submit("greedy"), -EBUSY);
    assert_int_equal(try_submit("other"), 0);
    assert_int_equal(try_submit(""), 0);
}

static void test_submissions_have_a_rate(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    uint32_t n = 0;
    for (; n < 1000; n++) {
        if (try_submit("script"))
            break;
        assert_int_equal(engine_control(farm.run, n + 1, ENGINE_CANCEL, 0, &err), 0);
        farm_turn(&farm);
    }
    assert_int_equal(n, 100);
    assert_int_equal(try_submit("other"), 0);
    farm.now += 25 * SONATA_SECOND;
    engine_set_time(farm.run, farm.now, farm.wall);
    assert_int_equal(try_submit("script"), 0);
    assert_int_equal(try_submit("script"), 0);
    assert_int_equal(try_submit("script"), -EBUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_team_does_not_take_all_places, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_submissions_have_a_rate, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_numbers_within_the_team, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_uploads_belong_to_a_pool, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_uploads_count_until_they_are_removed, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_what_searches_rest_on_is_not_removed, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_uploads_of_before, open_farm, close_farm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
