/* What teams may tell of each other: searches are numbered within the team, uploads belong to a pool, all of it kept over a crash. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
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
    run_set_time(farm.run, farm.now, farm.wall);
    if (run_submit(farm.run, spec, &(struct run_owner){.team = team}, &id, &err))
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
        assert_int_equal(run_search_of_team(farm.run, want[i].team, want[i].number), want[i].id);
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
    assert_int_equal(run_search_by_id(farm.run, lost)->number, 3);
    farm_crash(&farm);
    farm_start(&farm);
    expect_numbers();
    assert_int_equal(run_search_by_id(farm.run, submit_of("a"))->number, 3);
    assert_int_equal(run_search_by_id(farm.run, submit_of("b"))->number, 3);
}

static void test_uploads_belong_to_a_pool(void **state)
{
    (void)state;
    static const char content[] = "weights";
    struct sonata_error err = {{0}};
    struct search_spec *spec = farm_spec("s", "random", 5, 1);
    uint64_t id;
    hash_content(content, sizeof content, spec->supernet_hash);
    run_add_blob(farm.run, spec->supernet_hash, "a", content, sizeof content);
    for (int again = 0; again < 2; again++) {
        assert_true(run_has_blob(farm.run, spec->supernet_hash, "a"));
        assert_false(run_has_blob(farm.run, spec->supernet_hash, "b"));
        assert_false(run_has_blob(farm.run, spec->supernet_hash, ""));
        run_set_time(farm.run, farm.now, farm.wall);
        assert_int_equal(run_submit(farm.run, spec, &(struct run_owner){.team = "b", .pool = "b"}, &id, &err), -ENOENT);
        farm_turn(&farm);
        farm_crash(&farm);
        farm_start(&farm);
    }
    run_set_time(farm.run, farm.now, farm.wall);
    assert_int_equal(run_submit(farm.run, spec, &(struct run_owner){.team = "a", .pool = "a"}, &id, &err), 0);
    uint64_t blobs = store_count(farm.store, STORE_BLOB);
    run_add_blob(farm.run, spec->supernet_hash, "b", content, sizeof content);
    farm_turn(&farm);
    assert_int_equal(store_count(farm.store, STORE_BLOB), blobs + 1); /* the space of the search; the content itself once */
    assert_int_equal(store_count(farm.store, STORE_BLOB_POOL), 2);
    assert_int_equal(farm_check(&farm), 0);
    free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_numbers_within_the_team, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_uploads_belong_to_a_pool, open_farm, close_farm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
