/* Reads that cannot be hindered and that do no harm: dead readers give their pages back, others cannot take our slots, and a record that cannot be
 * read is not taken for one that is not there. */
#include <errno.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/time.h"
#include "store/store.h"
#include "support/cmocka.h"

enum { SLOTS = 64 };

static char folder[64];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sonata-readers-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static struct store *open_store(size_t map, int64_t readers_check_ns)
{
    struct sonata_error err = {{0}};
    struct store *s = NULL;
    struct store_options options = {.map_start = map, .readers_check_ns = readers_check_ns};
    if (store_open(folder, &options, &s, &err))
        fail_msg("%s", err.text);
    return s;
}

static void commit(struct store *s)
{
    struct sonata_error err = {{0}};
    if (store_commit(s, &err))
        fail_msg("%s", err.text);
}

/* A process that holds n read transactions of the moment, until it is killed. */
static pid_t hold_readers(int n)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (!child) {
        MDB_env *env;
        MDB_txn *txn;
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when an assertion ends the test */
        mdb_env_create(&env);
        mdb_env_open(env, folder, MDB_RDONLY | MDB_NOTLS, 0600);
        while (n-- && !mdb_txn_begin(env, NULL, MDB_RDONLY, &txn))
            continue;
        (void)!write(ready[1], &byte, 1);
        for (;;)
            pause();
    }
    assert_true(child > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* The same few records again and again: the pages of a turn are free after the next. */
static uint64_t write_turns(struct store *s, int n)
{
    uint8_t value[4000] = {0};
    char path[96];
    struct stat st;
    for (int t = 0; t < n; t++) {
        memset(value, t, sizeof value);
        for (uint64_t i = 0; i < 4; i++)
            store_put(s, STORE_BOARD, key_u64(i), value, sizeof value);
        commit(s);
    }
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    assert_int_equal(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}

static void dead_readers_are_cleared_before_the_map_grows(void **state)
{
    (void)state;
    struct store *s = open_store(1 << 20, 3600 * SONATA_SECOND);
    write_turns(s, 4);
    end(hold_readers(1));
    assert_in_range(write_turns(s, 200), 1, 1 << 20); /* it held every page that 200 turns set free: 3 MiB */
    store_close(s);
}

static void dead_readers_are_cleared_now_and_then(void **state)
{
    (void)state;
    struct store *s = open_store(64 << 20, 1);
    uint64_t before = write_turns(s, 8);
    end(hold_readers(1));
    assert_in_range(write_turns(s, 200), before, before + (128 << 10));
    store_close(s);
}

static void nobody_takes_our_slots(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct store *s = open_store(0, 0);
    store_put(s, STORE_ATTEMPT, key_u64(7), "seven", 5);
    commit(s);
    pid_t greedy = hold_readers(SLOTS);
    for (int i = 0; i < 100; i++)
        assert_int_equal(store_get(s, STORE_ATTEMPT, key_u64(7), &b), 0);
    assert_int_equal(store_count(s, STORE_ATTEMPT), 1);
    assert_int_equal(store_get(s, STORE_ATTEMPT, key_u64(8), &b), -ENOENT);
    store_put(s, STORE_ATTEMPT, key_u64(8), "eight", 5);
    commit(s);
    end(greedy);
    assert_int_equal(store_get(s, STORE_ATTEMPT, key_u64(8), &b), 0);
    bytes_fini(&b);
    store_close(s);
}

static void a_failed_read_blocks_until_the_next_start(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct sonata_error err = {{0}};
    struct store *s = open_store(0, 0);
    store_put(s, STORE_ATTEMPT, key_u64(7), "seven", 5);
    commit(s);
    assert_int_equal(store_failure(s, &err), 0);
    store_report_damage(s, STORE_ATTEMPT, key_u64(7), -EBADMSG);
    assert_int_equal(store_failure(s, &err), -EBADMSG);
    assert_int_equal(store_failed_reads(s), 1);
    assert_int_equal(store_commit(s, &err), -EBADMSG); /* also with nothing to write: what was answered rests on that read */
    store_put(s, STORE_ATTEMPT, key_u64(8), "eight", 5);
    assert_int_equal(store_commit(s, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "attempt"));
    assert_non_null(strstr(err.text, "backup"));
    store_close(s);
    s = open_store(0, 0);
    assert_int_equal(store_get(s, STORE_ATTEMPT, key_u64(8), &b), -ENOENT);
    assert_int_equal(store_get(s, STORE_ATTEMPT, key_u64(7), &b), 0);
    commit(s);
    bytes_fini(&b);
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(dead_readers_are_cleared_before_the_map_grows, setup, teardown),
        cmocka_unit_test_setup_teardown(dead_readers_are_cleared_now_and_then, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_takes_our_slots, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_read_blocks_until_the_next_start, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
