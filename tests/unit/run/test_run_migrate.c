/* A store of every older schema (tests/golden/store-vN: a finished search, a running one with leases) opens, is sound, and its search goes on to the
 * end. After a change of the schema add a copy made by the last program of the old one:
 *
 *     bench_store FOLDER 60 40 && sonata-master --state FOLDER --backup COPY && gzip -9 COPY/data.mdb */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "farm.h"

static void place_golden(const struct farm *f, unsigned schema)
{
    char from[256], to[128];
    struct bytes data = {0};
    struct sonata_error err = {{0}};
    snprintf(from, sizeof from, SONATA_SOURCE_DIR "/tests/golden/store-v%u/data.mdb.gz", schema);
    snprintf(to, sizeof to, "%s/data.mdb", f->folder);
    if (file_read(from, 16 << 20, &data, &err) || file_write_atomic(to, data.data, data.size, &err))
        fail_msg("%s", err.text);
    bytes_fini(&data);
    snprintf(to, sizeof to, "%s/lock.mdb", f->folder);
    unlink(to);
}

static void ignore(void *user, const char *line)
{
    (void)user;
    (void)line;
}

static void read_only_check(const struct farm *f, unsigned schema)
{
    struct store *s;
    struct sonata_error err = {{0}};
    if (store_open(f->folder, &(struct store_options){.read_only = true}, &s, &err))
        fail_msg("%s", err.text);
    assert_int_equal(store_counter(s, "schema"), schema);
    assert_int_equal(engine_check(s, ignore, NULL), 0);
    store_close(s);
}

static void go_on(unsigned schema)
{
    struct farm f;
    farm_open(&f, 1);
    farm_crash(&f);
    place_golden(&f, schema);
    read_only_check(&f, schema);
    farm_start(&f);
    assert_int_equal(store_counter(f.store, "schema"), STORE_SCHEMA);
    assert_int_equal(farm_check(&f), 0);
    const struct search_record *s = engine_search_by_id(f.run, 1);
    assert_int_equal(s->state, SEARCH_DONE);
    assert_int_equal(s->told, 40);
    s = engine_search_by_id(f.run, 2);
    assert_int_equal(s->state, SEARCH_RUNNING);
    assert_int_equal(s->told, 20);
    for (uint64_t n = 1; n <= 2; n++) /* the numbers that they would have had */
        assert_int_equal(engine_search_of_team(f.run, engine_search_by_id(f.run, n)->team, n), n);
    farm_add_board(&f, "b1", "rpi4", "accuracy energy latency");
    farm_add_board(&f, "b2", "rpi4", "accuracy energy latency");
    farm_hello(&f);
    farm_work(&f, 2, 20000);
    s = engine_search_by_id(f.run, 2);
    assert_int_equal(s->state, SEARCH_DONE);
    assert_int_equal(s->charged, 40);
    assert_int_equal(farm_check(&f), 0);
    farm_crash(&f);
    farm_start(&f);
    assert_int_equal(farm_check(&f), 0);
    farm_close(&f);
}

static void test_every_older_schema(void **state)
{
    (void)state;
    for (unsigned schema = 1; schema < STORE_SCHEMA; schema++)
        go_on(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_older_schema)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
