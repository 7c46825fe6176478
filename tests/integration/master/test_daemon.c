/* sonata-master as a program: options, readiness, orderly end, the one-shot modes. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/store.h"
#include "support/client.h"
#include "support/table_farm.h"

enum { ANSWER_MS = 20000 };

static struct table_farm farm;
static char program[512], log_path[128], state_path[128];

static int setup(void **state)
{
    (void)state;
    table_farm_open(&farm, SONATA_BINARY_DIR "/bin", 1, 5);
    snprintf(program, sizeof program, "%s/sonata-master", farm.bin);
    snprintf(log_path, sizeof log_path, "%s/out.log", farm.folder);
    snprintf(state_path, sizeof state_path, "%s/state", farm.folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    table_farm_close(&farm, false);
    return 0;
}

static bool output_says(const char *text)
{
    struct bytes b = {0};
    if (file_read(log_path, 1 << 20, &b, NULL))
        return false;
    bytes_put_u8(&b, 0);
    bool found = strstr((char *)b.data, text) != NULL;
    bytes_fini(&b);
    return found;
}

static int run(const char *a, const char *b, const char *c, const char *d)
{
    const char *const argv[] = {program, a, b, c, d, NULL};
    unlink(log_path);
    return process_run(argv, log_path, 20000);
}

static void test_options(void **state)
{
    (void)state;
    assert_int_equal(run("--help", NULL, NULL, NULL), 0);
    assert_true(output_says("--worker-endpoint"));
    assert_int_equal(run("--version", NULL, NULL, NULL), 0);
    assert_int_equal(run("--check-config", NULL, NULL, NULL), 0);
    assert_int_equal(run("--no-such-option", NULL, NULL, NULL), 2);
    assert_int_equal(run("surplus", NULL, NULL, NULL), 2);
    assert_true(output_says("surplus"));
    assert_int_equal(run("--check-config", "--lease", "1s", NULL), 2);
    assert_true(output_says("ordered"));
    assert_int_equal(run("--check-config", "--client-endpoint", "http://x", NULL), 2);
    assert_true(output_says("ipc://PATH"));
    assert_int_equal(run("--check", "--state", "/nonexistent/state", NULL), 1);
}

/* So few that the event loop cannot be made (with fewer libuv aborts; how many that is depends on those inherited): an error. */
static void test_start_without_descriptors(void **state)
{
    (void)state;
    bool told = false;
    for (int n = 5; n < 60 && !told; n++) {
        char command[1024];
        snprintf(command, sizeof command, "ulimit -n %d; exec '%s' --state '%s' --worker-endpoint ipc://%s/w --client-endpoint ipc://%s/c", n, program,
                 state_path, farm.folder, farm.folder);
        const char *const argv[] = {"/bin/sh", "-c", command, NULL};
        unlink(log_path);
        int status = process_run(argv, log_path, 5000);
        told = output_says("the event loop cannot be made");
        assert_true(!told || status == 1);
    }
    assert_true(told);
}

static void test_dumped_configuration_is_read(void **state)
{
    (void)state;
    char file[160];
    assert_int_equal(run("--dump-config", "--retry-infra", "7", NULL), 0);
    snprintf(file, sizeof file, "%s/master.conf", farm.folder);
    assert_int_equal(rename(log_path, file), 0);
    assert_int_equal(run("--config", file, "--dump-config", NULL), 0);
    assert_true(output_says("retry-infra: 7"));
    struct bytes b = {0};
    bytes_append(&b, "no-such-key: 1\n", 15);
    assert_int_equal(file_write_atomic(file, b.data, b.size, NULL), 0);
    bytes_fini(&b);
    assert_int_equal(run("--config", file, "--check-config", NULL), 2);
    assert_true(output_says("no-such-key"));
}

static int bind_notify(char path[108])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(path, 108, "%s/notify", farm.folder);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    struct timeval limit = {.tv_sec = 20};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    return fd;
}

static void expect_notice(int fd, const char *text)
{
    char got[64] = "";
    for (;;) {
        ssize_t n = recv(fd, got, sizeof got - 1, 0);
        assert_true(n > 0);
        got[n] = '\0';
        if (strcmp(got, "WATCHDOG=1") || !strcmp(text, got))
            break;
    }
    assert_string_equal(got, text);
}

static void test_readiness_and_orderly_end(void **state)
{
    (void)state;
    char notify[108], endpoints[160], text[200] = "";
    int fd = bind_notify(notify), ready[2];
    assert_int_equal(pipe(ready), 0);
    char ready_fd[16];
    snprintf(ready_fd, sizeof ready_fd, "%d", ready[1]);
    setenv("NOTIFY_SOCKET", notify, 1);
    setenv("WATCHDOG_USEC", "200000", 1);
    const char *const argv[] = {program,     "--state",          state_path, "--worker-endpoint", "tcp://127.0.0.1:0", "--client-endpoint",
                                "tcp://127.0.0.1:0", "--ready-fd", ready_fd,   "--exit-with-parent", NULL};
    pid_t pid = process_start(argv, log_path);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    close(ready[1]);
    assert_true(read(ready[0], text, sizeof text - 1) > 0);
    close(ready[0]);
    assert_non_null(strstr(text, "client=tcp://127.0.0.1:"));
    assert_null(strstr(text, "127.0.0.1:0\n"));
    expect_notice(fd, "READY=1");
    expect_notice(fd, "WATCHDOG=1");
    snprintf(endpoints, sizeof endpoints, "%s/endpoints", state_path);
    assert_true(file_exists(endpoints));
    int64_t begin = clock_monotonic_ns();
    assert_int_equal(process_stop(pid, 5000), 0);
    assert_true(clock_monotonic_ns() - begin < 5 * TEST_PATIENCE * SONATA_SECOND);
    expect_notice(fd, "STOPPING=1");
    assert_false(file_exists(endpoints));
    assert_false(output_says("handles are left open"));
    close(fd);
}

/* A process between the test and the master dies: so does the master. */
static void test_exit_with_parent(void **state)
{
    (void)state;
    char command[1400], text[64] = "", path[160];
    snprintf(path, sizeof path, "%s/endpoints", state_path);
    snprintf(command, sizeof command, "'%s' --state '%s' --worker-endpoint ipc://%s/w2 --client-endpoint ipc://%s/c2 --exit-with-parent & wait", program, state_path,
             farm.folder, farm.folder);
    const char *const shell[] = {"/bin/sh", "-c", command, NULL};
    pid_t pid = process_start(shell, log_path);
    struct bytes b = {0};
    for (int i = 0; i < 500 * TEST_PATIENCE && file_read(path, 4096, &b, NULL); i++)
        clock_sleep_ns(20 * SONATA_MS);
    bytes_put_u8(&b, 0);
    const char *at = strstr((char *)b.data, "pid=");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "pid=%63[0-9]", text), 1);
    bytes_fini(&b);
    pid_t master = (pid_t)strtol(text, NULL, 10);
    assert_int_equal(kill(master, 0), 0);
    process_kill(pid);
    for (int i = 0; i < 250 && file_exists(path); i++)
        clock_sleep_ns(20 * SONATA_MS);
    assert_false(file_exists(path)); /* it went in order */
}

static void test_check_replay_and_backup(void **state)
{
    (void)state;
    char master[128], copy[128];
    uint64_t id = 0;
    snprintf(master, sizeof master, "%s/master", farm.folder);
    snprintf(copy, sizeof copy, "%s/copy", farm.folder);
    table_farm_start_master(&farm);
    table_farm_start_worker(&farm, 0);
    struct search_spec *spec = table_farm_spec("s", "nsga2", 60, 1);
    assert_int_equal(client_submit_spec(farm.client, spec, NULL, &id, ANSWER_MS), 0);
    free(spec);
    assert_true(client_wait_told(farm.client, id, 30, 60));
    assert_int_equal(run("--state", master, "--backup", copy), 0); /* of a live master */
    assert_int_equal(run("--state", master, "--check", NULL), 0);  /* beside it */
    assert_int_equal(run("--state", copy, "--check", NULL), 0);
    assert_true(output_says("running"));
    assert_int_equal(run("--state", copy, "--replay", "1"), 0);
    assert_true(output_says("proposals identical"));
    assert_int_equal(run("--state", copy, "--replay", "99"), 1);
    assert_true(output_says("no search 99"));
    assert_int_equal(run("--state", master, "--backup", copy), 1);
    assert_true(table_farm_stop(&farm));
}

/* Whether it runs that program by now: the argument is its. */
static bool runs_with(pid_t pid, const char *argument)
{
    char path[64], text[2000];
    snprintf(path, sizeof path, "/proc/%ld/cmdline", (long)pid);
    FILE *in = fopen(path, "r");
    size_t n = in ? fread(text, 1, sizeof text - 1, in) : 0;
    if (in)
        fclose(in);
    text[n] = '\0';
    for (const char *p = text; p < text + n; p += strlen(p) + 1) {
        if (!strcmp(p, argument))
            return true;
    }
    return false;
}

/* The backup writes to a pipe that nobody reads: it would wait for ever. */
static void test_tasks_end_with_a_killed_master(void **state)
{
    (void)state;
    char part[240], copy[200];
    struct sonata_error err = {{0}};
    snprintf(copy, sizeof copy, "%s/master/backups/b", farm.folder);
    assert_int_equal(file_make_dirs(copy, true, &err), 0);
    snprintf(part, sizeof part, "%s/data.mdb.part", copy);
    assert_int_equal(mkfifo(part, 0600), 0);
    snprintf(copy, sizeof copy, "%s/master/backups/b/data.mdb", farm.folder);
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Ping ping = SONATA__PING__INIT;
    Sonata__Task task = SONATA__TASK__INIT;
    q.verb_case = SONATA__REQUEST__VERB_PING;
    q.ping = &ping;
    table_farm_start_master(&farm);
    Sonata__Reply *r = client_ask(farm.client, &q, ANSWER_MS); /* it has opened its store */
    assert_non_null(r);
    sonata__reply__free_unpacked(r, NULL);
    task.action = (char *)"backup";
    task.name = (char *)"b";
    q.verb_case = SONATA__REQUEST__VERB_TASK;
    q.task = &task;
    r = client_ask(farm.client, &q, ANSWER_MS);
    assert_non_null(r);
    assert_int_equal(r->code, 0);
    sonata__reply__free_unpacked(r, NULL);
    pid_t child = 0;
    for (int i = 0; i < 500 * TEST_PATIENCE && !runs_with(child, "--backup"); i++, clock_sleep_ns(20 * SONATA_MS))
        child = process_child_of(farm.master_pid);
    assert_true(child > 0 && runs_with(child, "--backup"));
    process_kill(farm.master_pid);
    farm.master_pid = 0;
    bool gone = process_is_gone(child, 10000);
    if (!gone)
        kill(child, SIGKILL);
    assert_true(gone);
    assert_false(file_exists(copy));
    char self[16], store[128];
    snprintf(self, sizeof self, "%ld", (long)getpid());
    snprintf(store, sizeof store, "--state=%s/master", farm.folder);
    assert_int_equal(run("--exit-with", self, store, "--check"), 0);
    assert_int_equal(run("--exit-with", "1", store, "--check"), 1); /* as if that had ended before the first instruction here */
    assert_true(output_says("has ended"));
}

/* Replies are remembered for a week, also by a master that never starts anew. */
static void test_old_replies_are_forgotten(void **state)
{
    (void)state;
    enum { OLD = 20, YOUNG = 3, NEW = 6 };
    char folder[128];
    struct sonata_error err = {{0}};
    struct store *store;
    snprintf(folder, sizeof folder, "%s/master", farm.folder);
    if (store_open(folder, &(struct store_options){0}, &store, &err))
        fail_msg("%s", err.text);
    for (uint64_t i = 0; i < OLD + YOUNG; i++) {
        struct bytes b = {0};
        bytes_put_u8(&b, 1);
        bytes_put_u64(&b, (uint64_t)(clock_wall_ns() - (i < OLD ? 8 : 6) * SONATA_DAY));
        store_put(store, STORE_REQUEST, key_u64_triple(i * UINT64_C(0x0b00000000000000), i, 0), b.data, b.size);
        bytes_fini(&b);
    }
    assert_int_equal(store_commit(store, &err), 0);
    store_close(store);
    table_farm_start_master(&farm);
    for (unsigned i = 0; i < NEW; i++) {
        struct search_spec *spec = table_farm_spec("s", "random", 5, i + 1);
        uint64_t id;
        assert_int_equal(client_submit_spec(farm.client, spec, NULL, &id, ANSWER_MS), 0);
        free(spec);
    }
    assert_true(table_farm_stop(&farm));
    assert_int_equal(store_open(folder, &(struct store_options){.read_only = true}, &store, &err), 0);
    assert_int_equal(store_count(store, STORE_REQUEST), YOUNG + NEW);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(test_options), T(test_start_without_descriptors), T(test_dumped_configuration_is_read), T(test_readiness_and_orderly_end), T(test_exit_with_parent), T(test_check_replay_and_backup),
        T(test_tasks_end_with_a_killed_master), T(test_old_replies_are_forgotten),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
