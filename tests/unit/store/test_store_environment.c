/* The environment: durability by commit only, growth, the lock, a full disk, another schema. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "store/store.h"

static char folder[64];
static struct store *store;
static const struct store_options small = {.map_start = 128 << 10};

static void reopen(void)
{
    struct sonata_error err = {{0}};
    store_close(store);
    store = NULL;
    if (store_open(folder, &small, &store, &err))
        fail_msg("%s", err.text);
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sonata-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    reopen();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_close(store);
    store = NULL;
    static const char *const file[] = {"data.mdb", "lock.mdb", "master.lock"};
    char path[128];
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, file[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static void commit(void)
{
    struct sonata_error err = {{0}};
    if (store_commit(store, &err))
        fail_msg("%s", err.text);
}

static void test_only_commit_is_durable(void **state)
{
    (void)state;
    struct bytes b = {0};
    store_put(store, STORE_SEARCH, key_u64(1), "one", 3);
    assert_int_equal(store_get(store, STORE_SEARCH, key_u64(1), &b), 0); /* own write */
    assert_int_equal(store_get_committed(store, STORE_SEARCH, key_u64(1), &b), -ENOENT);
    commit();
    assert_int_equal(store_pending(store), 0);
    store_put(store, STORE_SEARCH, key_u64(2), "two", 3);
    store_erase(store, STORE_SEARCH, key_u64(1));
    assert_int_equal(store_get(store, STORE_SEARCH, key_u64(1), &b), -ENOENT);
    reopen(); /* dies before the commit */
    assert_int_equal(store_get(store, STORE_SEARCH, key_u64(1), &b), 0);
    assert_memory_equal(b.data, "one", 3);
    assert_int_equal(store_get(store, STORE_SEARCH, key_u64(2), &b), -ENOENT);
    bytes_fini(&b);
}

struct seen {
    uint64_t last;
    int n;
};

static bool in_order(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct seen *s = user;
    uint64_t k = key_read_u64(key, n_key, 1);
    (void)value;
    (void)n_value;
    assert_int_equal(key_read_u64(key, n_key, 0), 7);
    assert_true(!s->n || k > s->last);
    s->last = k;
    return ++s->n < 250;
}

static void test_scan_is_in_numeric_order_within_its_prefix(void **state)
{
    (void)state;
    for (uint64_t i = 300; i-- > 0;) {
        store_put(store, STORE_EVENT, key_u64_pair(7, i * 3), "x", 1);
        store_put(store, STORE_EVENT, key_u64_pair(8, i), "x", 1);
    }
    commit();
    struct seen s = {0};
    assert_int_equal(store_scan(store, STORE_EVENT, key_u64_pair(7, 301), 8, in_order, &s), 0);
    assert_int_equal(s.n, 300 - 101);
    s = (struct seen){0};
    assert_int_equal(store_scan(store, STORE_EVENT, key_u64_pair(7, 0), 8, in_order, &s), 0);
    assert_int_equal(s.n, 250); /* stopped by the callback */
    assert_int_equal(store_count(store, STORE_EVENT), 600);
}

struct backward {
    uint64_t at[8];
    uint32_t n, stop;
};

static bool go_back(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct backward *b = user;
    (void)value;
    (void)n_value;
    assert_int_equal(n_key, 24);
    b->at[b->n++] = key_read_u64(key, n_key, 1) * 10 + key_read_u64(key, n_key, 2);
    return b->n != b->stop;
}

static struct backward back_from(struct store_key before, uint32_t stop)
{
    struct backward b = {.stop = stop};
    assert_int_equal(store_scan_back(store, STORE_BOARD_EVENT, before, 8, go_back, &b), 0);
    return b;
}

static void test_scan_back(void **state)
{
    (void)state;
    assert_int_equal(back_from(key_u64_triple(2, UINT64_MAX, UINT64_MAX), 0).n, 0);
    for (uint64_t board = 1; board <= 3; board++) {
        for (uint64_t at = 1; at <= 2; at++) {
            for (uint64_t id = 1; id <= 2; id++)
                store_put(store, STORE_BOARD_EVENT, key_u64_triple(board, at, id), "x", 1);
        }
    }
    commit();
    static const uint64_t all[] = {22, 21, 12, 11};
    for (uint64_t board = 1; board <= 3; board++) { /* 3: its end is the end of the database */
        struct backward b = back_from(key_u64_triple(board, UINT64_MAX, UINT64_MAX), 0);
        assert_int_equal(b.n, 4);
        assert_memory_equal(b.at, all, sizeof all);
    }
    struct backward b = back_from(key_u64_triple(2, 2, 1), 0); /* below it, not at it */
    assert_int_equal(b.n, 2);
    assert_int_equal(b.at[0], 12);
    assert_int_equal(back_from(key_u64_triple(2, 2, 1), 1).n, 1);
    assert_int_equal(back_from(key_u64_triple(1, 0, 0), 0).n, 0);
}

static void test_map_grows(void **state)
{
    (void)state;
    uint8_t *blob = xcalloc(1, 3 << 20);
    struct bytes b = {0};
    for (uint64_t i = 0; i < 3; i++) {
        blob[i] = (uint8_t)(i + 1);
        store_put(store, STORE_BLOB, key_u64(i), blob, 3 << 20);
        commit();
    }
    reopen(); /* opened with a start size far below the file */
    assert_int_equal(store_get(store, STORE_BLOB, key_u64(2), &b), 0);
    assert_int_equal(b.size, 3 << 20);
    assert_int_equal(b.data[2], 3);
    store_put(store, STORE_BLOB, key_u64(3), blob, 3 << 20);
    commit();
    bytes_fini(&b);
    free(blob);
}

static void test_second_master_is_refused(void **state)
{
    (void)state;
    struct store *other;
    struct sonata_error err = {{0}};
    assert_int_equal(store_open(folder, &small, &other, &err), -EBUSY);
    char pid[32];
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_non_null(strstr(err.text, pid));
    assert_non_null(strstr(err.text, "--state"));
}

static void test_full_disk_loses_nothing(void **state)
{
    (void)state;
    struct rlimit old, limit;
    struct stat st;
    char path[128];
    struct bytes b = {0};
    struct sonata_error err = {{0}};
    uint8_t *blob = xcalloc(1, 1 << 20);
    store_put(store, STORE_SEARCH, key_u64(1), "kept", 4);
    commit();
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    assert_int_equal(stat(path, &st), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = (rlim_t)st.st_size + 64 * 1024;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    store_put(store, STORE_BLOB, key_u64(1), blob, 1 << 20);
    store_put(store, STORE_SEARCH, key_u64(2), "waits", 5);
    for (int i = 0; i < 3; i++) {
        int r = store_commit(store, &err);
        assert_true(r == -ENOSPC || r == -EIO); /* LMDB calls a short write an I/O error */
        assert_non_null(strstr(err.text, "cannot be written"));
        assert_true(store_pending(store) > 1 << 20);
        assert_int_equal(store_get_committed(store, STORE_SEARCH, key_u64(1), &b), 0); /* reading goes on */
        assert_int_equal(store_get_committed(store, STORE_SEARCH, key_u64(2), &b), -ENOENT);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    commit(); /* there is room again */
    reopen();
    assert_int_equal(store_get(store, STORE_SEARCH, key_u64(1), &b), 0);
    assert_int_equal(store_get(store, STORE_SEARCH, key_u64(2), &b), 0);
    assert_int_equal(store_get(store, STORE_BLOB, key_u64(1), &b), 0);
    bytes_fini(&b);
    free(blob);
}

static void test_a_full_disk_does_not_keep_it_from_opening(void **state)
{
    (void)state;
    struct rlimit old, none;
    struct bytes b = {0};
    struct sonata_error err = {{0}};
    store_put(store, STORE_SEARCH, key_u64(1), "kept", 4);
    commit();
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    none = old;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    reopen();
    assert_int_equal(store_get(store, STORE_SEARCH, key_u64(1), &b), 0);
    assert_int_not_equal(store_commit(store, &err), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    commit();
    reopen();
    bytes_fini(&b);
}

static void test_another_master_is_noticed(void **state)
{
    (void)state;
    char lock[128];
    struct bytes b = {0};
    struct store *other;
    struct sonata_error err = {{0}};
    commit();
    snprintf(lock, sizeof lock, "%s/master.lock", folder);
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(store_open(folder, &small, &other, &err), 0);
    store_put(store, STORE_SEARCH, key_u64(1), "first", 5);
    assert_int_equal(store_commit(store, &err), -ESTALE);
    assert_non_null(strstr(err.text, "another master"));
    store_put(other, STORE_SEARCH, key_u64(1), "second", 6);
    assert_int_equal(store_commit(other, &err), 0);
    assert_int_equal(store_commit(store, &err), -ESTALE);
    store_close(other);
    store_close(store);
    store = NULL;
    reopen();
    assert_int_equal(store_get(store, STORE_SEARCH, key_u64(1), &b), 0);
    assert_memory_equal(b.data, "second", 6);
    bytes_fini(&b);
}

static void test_a_lost_store_is_not_begun_anew(void **state)
{
    (void)state;
    char path[128], key[128], lock[128];
    struct store *other;
    struct sonata_error err = {{0}};
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    snprintf(key, sizeof key, "%s/server.key", folder);
    snprintf(lock, sizeof lock, "%s/master.lock", folder);
    store_close(store);
    store = NULL;
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(store_open(folder, &small, &other, &err), -ENODATA);
    assert_non_null(strstr(err.text, "empty"));
    assert_int_equal(store_open(folder, &(struct store_options){.read_only = true}, &other, &err), -EBADMSG);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(store_open(folder, &small, &other, &err), -ENODATA);
    assert_non_null(strstr(err.text, "missing"));
    assert_int_equal(unlink(lock), 0);
    fclose(fopen(path, "w"));
    fclose(fopen(key, "w")); /* also when the lock file went with it */
    assert_int_equal(store_open(folder, &small, &other, &err), -ENODATA);
    assert_int_equal(unlink(key) | unlink(lock), 0);
    reopen(); /* a start that died before the first commit leaves an empty file too */
}

static void test_other_schema_is_refused(void **state)
{
    (void)state;
    struct store *other;
    struct sonata_error err = {{0}};
    store_set_counter(store, "schema", STORE_SCHEMA + 1);
    commit();
    store_close(store);
    store = NULL;
    assert_int_equal(store_open(folder, &small, &other, &err), -EPROTONOSUPPORT);
    assert_non_null(strstr(err.text, "schema"));
}

static void test_garbage_file_is_refused(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    struct store *other;
    char path[128];
    store_close(store);
    store = NULL;
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < 20000; i++)
        fputc(i * 7 & 255, f);
    fclose(f);
    assert_int_not_equal(store_open(folder, &small, &other, &err), 0);
    assert_non_null(strstr(err.text, folder));
}

static void test_counters(void **state)
{
    (void)state;
    assert_int_equal(store_counter(store, "next_search"), 0);
    store_set_counter(store, "next_search", 5);
    assert_int_equal(store_counter(store, "next_search"), 5);
    commit();
    reopen();
    assert_int_equal(store_counter(store, "next_search"), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(test_only_commit_is_durable),
        T(test_scan_is_in_numeric_order_within_its_prefix),
        T(test_scan_back),
        T(test_map_grows),
        T(test_second_master_is_refused),
        T(test_full_disk_loses_nothing),
        T(test_a_full_disk_does_not_keep_it_from_opening),
        T(test_another_master_is_noticed),
        T(test_a_lost_store_is_not_begun_anew),
        T(test_other_schema_is_refused),
        T(test_garbage_file_is_refused),
        T(test_counters),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
