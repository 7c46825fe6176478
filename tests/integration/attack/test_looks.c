/* Looks at a store by the real program: one that is interrupted leaves no reader behind, which would hold every page set free after it; one at a
 * damaged store tells of it and ends by no signal, and neither does a master that is started on it. */
#include <errno.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "store/store.h"
#include "support/cmocka.h"
#include "support/process.h"

enum { RECORDS = 60000, WAIT_MS = 20000, DAMAGES = 12 };

static char folder[64], log_file[96];
static const char master[] = SONATA_BINARY_DIR "/bin/sonata-master";

static int make_store(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    struct store *s;
    snprintf(folder, sizeof folder, "/tmp/sonata-looks-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(log_file, sizeof log_file, "%s/log", folder);
    if (store_open(folder, NULL, &s, &err))
        return -1;
    uint8_t value[600] = {1};
    for (uint64_t i = 0; i < RECORDS; i++)
        store_put(s, STORE_EVENT, key_u64_pair(1, i), value, sizeof value);
    int r = store_commit(s, &err);
    store_close(s);
    return r;
}

static int remove_store(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

static int count_line(const char *line, void *n)
{
    const char *end = strchr(line, '\0');
    *(int *)n += end > line && line[0] != '(' && !strstr(line, "pid"); /* neither the heading nor "(no active readers)" */
    return 0;
}

static int readers(MDB_env *env)
{
    int n = 0;
    mdb_reader_list(env, count_line, &n);
    return n;
}

static void wait_for_reader(MDB_env *env)
{
    for (int i = 0; i < WAIT_MS && !readers(env); i++)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    assert_true(readers(env) > 0);
}

/* Interrupted in the middle, by each way a person or a machine has. */
static void an_interrupted_look_leaves_no_reader(void **state)
{
    (void)state;
    static const int by[] = {SIGINT, SIGTERM, SIGHUP};
    MDB_env *env;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, folder, MDB_RDONLY | MDB_NOTLS, 0600), 0);
    for (size_t i = 0; i < sizeof by / sizeof *by; i++) {
        const char *const argv[] = {master, "--check", "--state", folder, NULL};
        pid_t pid = process_start(argv, log_file);
        wait_for_reader(env);
        kill(pid, by[i]);
        assert_int_equal(process_wait(pid, WAIT_MS), 128 + by[i]);
        assert_int_equal(readers(env), 0);
    }
    mdb_env_close(env);
}

static void change_file(const struct bytes *whole, struct rng *rng, int n)
{
    char path[96];
    struct bytes file = {0};
    struct sonata_error err = {{0}};
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    bytes_append(&file, whole->data, whole->size);
    size_t page = 2 + rng_below(rng, (uint32_t)(whole->size / 4096 - 2));
    if (n % 3 == 0)
        file.size = page * 4096;
    else if (n % 3 == 1)
        memset(file.data + page * 4096, 0, 4096);
    else
        memmove(file.data + page * 4096, file.data + (page == 2 ? 3 : page - 1) * 4096, 4096);
    assert_int_equal(file_write_atomic(path, file.data, file.size, &err), 0);
    bytes_fini(&file);
}

static void a_damaged_store_is_told_and_not_served(void **state)
{
    (void)state;
    char path[96], worker[96], client[96];
    struct bytes whole = {0}, said = {0};
    struct sonata_error err = {{0}};
    struct rng rng = rng_seeded(3, 1);
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    snprintf(worker, sizeof worker, "ipc://%s/worker", folder);
    snprintf(client, sizeof client, "ipc://%s/client", folder);
    assert_int_equal(file_read(path, 256 << 20, &whole, &err), 0);
    for (int n = 0; n < DAMAGES; n++) {
        const char *const check[] = {master, "--check", "--state", folder, NULL};
        const char *const serve[] = {master, "--state", folder, "--worker-endpoint", worker, "--client-endpoint", client, NULL};
        change_file(&whole, &rng, n);
        unlink(log_file);
        assert_int_equal(process_run(check, log_file, WAIT_MS), 1);
        assert_int_equal(file_read(log_file, 1 << 20, &said, &err), 0);
        bytes_put_u8(&said, 0);
        assert_non_null(strstr((char *)said.data, "PROBLEM"));
        unlink(log_file);
        assert_int_equal(process_run(serve, log_file, WAIT_MS), 1);
        assert_int_equal(file_read(log_file, 1 << 20, &said, &err), 0);
        bytes_put_u8(&said, 0);
        assert_non_null(strstr((char *)said.data, "is damaged"));
        assert_non_null(strstr((char *)said.data, "backup"));
    }
    bytes_fini(&whole);
    bytes_fini(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_interrupted_look_leaves_no_reader),
                                       cmocka_unit_test(a_damaged_store_is_told_and_not_served)};
    return cmocka_run_group_tests(tests, make_store, remove_store);
}
