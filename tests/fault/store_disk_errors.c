/* A disk that fails: the Nth write, truncate or sync of a commit returns ENOSPC or EIO, for N = 1, 2, … until a commit passes untouched. Each
 * failed commit is refused with that error, loses nothing that was pending, and passes once the disk works again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "fault/disk.h"
#include "store/store.h"
#include "support/cmocka.h"

static char folder[] = "/tmp/sonata-disk-errors-XXXXXX";

static void put_turn(struct store *s, uint64_t t)
{
    uint8_t value[9000];
    memset(value, (int)t, sizeof value);
    for (uint64_t i = 0; i < 5; i++)
        store_put(s, STORE_EVENT, key_u64_pair(t, i), value, sizeof value);
    store_set_counter(s, "turn", t);
}

static void expect_turn(struct store *s, uint64_t t)
{
    struct bytes value = {0};
    assert_int_equal(store_counter(s, "turn"), t);
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(store_get_committed(s, STORE_EVENT, key_u64_pair(t, i), &value), 0);
        assert_int_equal(value.size, 9000);
        assert_int_equal(value.data[8999], (uint8_t)t);
    }
    bytes_fini(&value);
}

static void fail_each_call(int error)
{
    struct sonata_error err = {""};
    struct store *s;
    char path[128];
    snprintf(path, sizeof path, "%s/%d", folder, error);
    assert_int_equal(store_open(path, NULL, &s, &err), 0);
    uint64_t t = 1, refused = 0;
    for (uint64_t nth = 1;; nth++, t++) {
        assert_true(nth < 1000);
        put_turn(s, t);
        size_t pending = store_pending(s);
        disk_fail_after(nth, error);
        err.text[0] = '\0';
        int r = store_commit(s, &err);
        uint64_t failures = disk_failures();
        disk_fail_after(0, 0);
        if (!failures) {
            assert_int_equal(r, 0);
            expect_turn(s, t);
            break;
        }
        assert_true(r < 0);
        assert_true(err.text[0]);
        assert_int_equal(store_pending(s), pending);
        refused++;
        assert_int_equal(store_commit(s, &err), 0);
        expect_turn(s, t);
    }
    store_close(s);
    assert_int_equal(store_open(path, NULL, &s, &err), 0);
    expect_turn(s, t);
    store_close(s);
    assert_true(refused > 1);
    print_message("errno %d: %llu commits refused and repeated, nothing lost\n", error, (unsigned long long)refused);
}

static void disk_full(void **state)
{
    (void)state;
    fail_each_call(ENOSPC);
}

static void input_output_error(void **state)
{
    (void)state;
    fail_each_call(EIO);
}

/* A write that fails at any place while the file cannot be opened either: LMDB's way out of some is to open it again. */
static void fail_each_call_and_opening(struct store *s, uint64_t nth, uint64_t t)
{
    struct sonata_error err = {""};
    struct bytes value = {0};
    put_turn(s, t);
    size_t pending = store_pending(s);
    disk_fail_after(nth, EIO);
    disk_fail_open(EMFILE);
    int first = store_commit(s, &err), second = first ? store_commit(s, &err) : 0;
    int read = store_get_committed(s, STORE_EVENT, key_u64_pair(0, 0), &value);
    (void)store_count(s, STORE_EVENT);
    disk_fail_after(0, 0);
    disk_fail_open(0);
    if (first) {
        assert_true(second < 0);
        assert_true(read == 0 || read == -EIO); /* never that there is no such record */
        assert_int_equal(store_pending(s), pending);
    }
    assert_int_equal(store_commit(s, &err), 0);
    expect_turn(s, t);
    bytes_fini(&value);
}

static void opening_again_fails(void **state)
{
    (void)state;
    struct sonata_error err = {""};
    struct store *s;
    char path[128];
    snprintf(path, sizeof path, "%s/opening", folder);
    assert_int_equal(store_open(path, NULL, &s, &err), 0);
    put_turn(s, 0);
    assert_int_equal(store_commit(s, &err), 0);
    for (uint64_t nth = 1; nth < 30; nth++)
        fail_each_call_and_opening(s, nth, nth);
    store_close(s);
    assert_int_equal(store_open(path, NULL, &s, &err), 0);
    expect_turn(s, 29);
    store_close(s);
}

static bool add_record(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    bytes_put_blob(user, key, n_key);
    bytes_put_blob(user, value, n_value);
    return true;
}

/* Every record but those of `meta`, in order. */
static struct bytes content(struct store *s)
{
    struct bytes all = {0};
    for (unsigned db = STORE_META + 1; db < STORE_DB_COUNT; db++)
        assert_int_equal(store_scan(s, (enum store_db)db, (struct store_key){0}, 0, add_record, &all), 0);
    return all;
}

static void place_golden(const char *path)
{
    char file[160];
    struct bytes data = {0};
    struct sonata_error err = {""};
    assert_int_equal(file_make_dirs(path, true, &err), 0);
    snprintf(file, sizeof file, "%s/data.mdb", path);
    assert_int_equal(file_read(SONATA_SOURCE_DIR "/tests/golden/store-v3/data.mdb.gz", 16 << 20, &data, &err), 0);
    assert_int_equal(file_write_atomic(file, data.data, data.size, &err), 0);
    bytes_fini(&data);
}

/* Whether the upgrade failed at that write; the next start finishes it, and nothing is lost. */
static bool upgrade_fails_at(uint64_t nth, const struct bytes *before)
{
    char path[128];
    struct sonata_error err = {""};
    struct store *s;
    snprintf(path, sizeof path, "%s/upgrade-%llu", folder, (unsigned long long)nth);
    place_golden(path);
    disk_fail_after(nth, ENOSPC);
    int rc = store_open(path, NULL, &s, &err);
    disk_fail_after(0, 0);
    if (!rc) {
        store_close(s);
        return false;
    }
    int look = store_open(path, &(struct store_options){.read_only = true}, &s, &err);
    assert_true(look == 0 || look == -EBUSY); /* not begun, or half: never read as if it were whole */
    if (!look)
        store_close(s);
    assert_int_equal(store_open(path, NULL, &s, &err), 0);
    assert_int_equal(store_counter(s, "schema"), STORE_SCHEMA);
    struct bytes after = content(s);
    assert_int_equal(after.size, before->size);
    assert_memory_equal(after.data, before->data, after.size);
    bytes_fini(&after);
    store_close(s);
    return true;
}

static void an_upgrade_that_failed_goes_on(void **state)
{
    (void)state;
    char path[128];
    struct sonata_error err = {""};
    struct store *s;
    snprintf(path, sizeof path, "%s/golden", folder);
    place_golden(path);
    assert_int_equal(store_open(path, &(struct store_options){.read_only = true}, &s, &err), 0);
    struct bytes before = content(s);
    store_close(s);
    uint64_t nth = 1;
    while (upgrade_fails_at(nth, &before))
        nth += 3;
    assert_true(nth > 60); /* many a transaction */
    print_message("an upgrade that failed at %llu places was finished by the next start\n", (unsigned long long)(nth / 3));
    bytes_fini(&before);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(disk_full), cmocka_unit_test(input_output_error), cmocka_unit_test(opening_again_fails),
                                       cmocka_unit_test(an_upgrade_that_failed_goes_on)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
