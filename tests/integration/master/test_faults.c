/* What must not hurt: garbage and foreign versions on the ports, taken ports and folders, a full disk, a frozen worker, two workers with one board.
 * Each against real programs with a search under way; at the end the search is complete and `--check` is clean. */
#define _GNU_SOURCE
#include <errno.h>
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

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "net/net.h"
#include "support/client.h"
#include "support/table_farm.h"

enum { ANSWER_MS = 20000, FINISH_S = 60 * TEST_PATIENCE };

static struct table_farm farm;

static int setup(void **state)
{
    (void)state;
    table_farm_open(&farm, SONATA_BINARY_DIR "/bin", 2, 10);
    table_farm_start_master(&farm);
    table_farm_start_worker(&farm, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    table_farm_close(&farm, false);
    return 0;
}

static uint64_t submit(uint32_t budget)
{
    struct search_spec *spec = table_farm_spec("s", "random", budget, 1);
    uint64_t id = 0;
    assert_int_equal(client_submit_spec(farm.client, spec, NULL, &id, ANSWER_MS), 0);
    free(spec);
    return id;
}

static uint32_t told(uint64_t id, char state[16])
{
    Sonata__Reply *r = client_show_search(farm.client, id, ANSWER_MS);
    assert_non_null(r);
    uint32_t n = r->searches[0]->told;
    if (state)
        copy_string(state, 16, r->searches[0]->state);
    sonata__reply__free_unpacked(r, NULL);
    return n;
}

static void finish(uint64_t id, uint32_t budget)
{
    char state[16] = "";
    for (int64_t end = clock_monotonic_ns() + FINISH_S * SONATA_SECOND; strcmp(state, "done");) {
        if (clock_monotonic_ns() > end) {
            table_farm_print_log(&farm, "master.log");
            fail_msg("the search is %s after %d s", state, FINISH_S);
        }
        clock_sleep_ns(20 * SONATA_MS);
        told(id, state);
    }
    assert_int_equal(told(id, NULL), budget);
    assert_true(table_farm_stop(&farm));
    if (table_farm_check(&farm)) {
        table_farm_print_log(&farm, "check.log");
        fail_msg("--check found problems");
    }
}

static bool log_says(const char *name, const char *text)
{
    struct bytes b = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/%s", farm.folder, name);
    if (file_read(path, 64 << 20, &b, NULL))
        return false;
    bytes_put_u8(&b, 0);
    bool found = strstr((char *)b.data, text) != NULL;
    bytes_fini(&b);
    return found;
}

static bool wait_for_log(const char *text)
{
    for (int i = 0; i < 200 * TEST_PATIENCE && !log_says("master.log", text); i++)
        clock_sleep_ns(50 * SONATA_MS);
    return log_says("master.log", text);
}

static int ping(void)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Ping verb = SONATA__PING__INIT;
    q.verb_case = SONATA__REQUEST__VERB_PING;
    q.ping = &verb;
    Sonata__Reply *r = client_ask(farm.client, &q, ANSWER_MS);
    int code = r ? r->code : -ETIMEDOUT;
    if (r)
        sonata__reply__free_unpacked(r, NULL);
    return code;
}

static void test_garbage_on_both_ports(void **state)
{
    (void)state;
    uint64_t id = submit(150);
    struct rng rng = rng_seeded(7, 0);
    const char *const port[] = {farm.worker, farm.client};
    for (int p = 0; p < 2; p++) {
        struct net_client *c;
        assert_int_equal(net_client_new(port[p], NULL, &c, NULL), 0);
        for (int i = 0; i < 300; i++) {
            uint8_t junk[600];
            size_t n = rng_below(&rng, sizeof junk);
            for (size_t k = 0; k < n; k++)
                junk[k] = (uint8_t)rng_u64(&rng);
            net_client_send(c, junk, n);
        }
        net_client_free(c);
        /* a frame over the limit: the connection is dropped, nothing else */
        assert_int_equal(net_client_new(port[p], NULL, &c, NULL), 0);
        uint8_t *huge = xcalloc(1, 6 << 20);
        net_client_send(c, huge, 6 << 20);
        free(huge);
        net_client_free(c);
    }
    assert_int_equal(ping(), 0);
    finish(id, 150);
    assert_true(log_says("master.log", "message ignored"));
}

static void test_other_version_is_told_so(void **state)
{
    (void)state;
    const char *const port[] = {farm.worker, farm.client};
    for (int p = 0; p < 2; p++) {
        struct net_client *c;
        static const uint8_t envelope[] = {0x08, 99}; /* major = 99 */
        uint8_t *data;
        size_t n;
        bool other;
        assert_int_equal(net_client_new(port[p], NULL, &c, NULL), 0);
        assert_int_equal(net_client_send(c, envelope, sizeof envelope), 0);
        assert_int_equal(net_client_receive(c, ANSWER_MS, &data, &n), 0);
        Sonata__Envelope *e = envelope_unpack(data, n, &other, NULL);
        assert_non_null(e);
        assert_int_equal(e->body_case, SONATA__ENVELOPE__BODY_FAULT);
        assert_int_equal(e->fault->code, -EPROTONOSUPPORT);
        assert_non_null(strstr(e->fault->text, "99"));
        envelope_free(e);
        free(data);
        net_client_free(c);
    }
}

static void test_taken_port_and_folder(void **state)
{
    (void)state;
    char program[512], log[128], other[128], taken[128];
    assert_int_equal(ping(), 0);
    snprintf(program, sizeof program, "%s/sonata-master", farm.bin);
    snprintf(log, sizeof log, "%s/second.log", farm.folder);
    snprintf(taken, sizeof taken, "%s/master", farm.folder);
    snprintf(other, sizeof other, "%s/other", farm.folder);
    const char *const same_folder[] = {program, "--state", taken, "--worker-endpoint", "tcp://127.0.0.1:0", "--client-endpoint", "tcp://127.0.0.1:0", NULL};
    assert_int_equal(process_run(same_folder, log, 10000), 1);
    assert_true(log_says("second.log", "is in use by another master"));
    /* two masters on one TCP port */
    const char *const first[] = {program, "--state", other, "--worker-endpoint", "tcp://127.0.0.1:0", "--client-endpoint", "tcp://127.0.0.1:0", NULL};
    char first_log[128], endpoints[160], text[64];
    snprintf(first_log, sizeof first_log, "%s/first.log", farm.folder);
    pid_t pid = process_start(first, first_log);
    struct bytes b = {0};
    snprintf(endpoints, sizeof endpoints, "%s/endpoints", other);
    for (int i = 0; i < 500 * TEST_PATIENCE && file_read(endpoints, 4096, &b, NULL); i++)
        clock_sleep_ns(20 * SONATA_MS);
    bytes_put_u8(&b, 0);
    assert_int_equal(sscanf((char *)b.data, "worker=%63s", text), 1);
    bytes_fini(&b);
    char third[128];
    snprintf(third, sizeof third, "%s/third", farm.folder);
    const char *const same_port[] = {program, "--state", third, "--worker-endpoint", text, "--client-endpoint", "tcp://127.0.0.1:0", NULL};
    assert_int_equal(process_run(same_port, log, 10000), 1);
    assert_true(log_says("second.log", text));
    assert_true(log_says("second.log", "ddress already in use"));
    assert_int_equal(process_stop(pid, 5000), 0);
}

static void limit_file_size(pid_t pid, rlim_t size)
{
    struct rlimit limit;
    assert_int_equal(prlimit(pid, RLIMIT_FSIZE, NULL, &limit), 0);
    limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
    assert_int_equal(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0);
}

static void test_full_disk_pauses_and_goes_on(void **state)
{
    (void)state;
    uint64_t id = submit(300);
    assert_true(client_wait_told(farm.client, id, 40, 60));
    struct stat st;
    char path[128];
    snprintf(path, sizeof path, "%s/master/data.mdb", farm.folder);
    assert_int_equal(stat(path, &st), 0);
    limit_file_size(farm.master_pid, (rlim_t)st.st_size);
    struct search_spec *spec = table_farm_spec("refused", "random", 10, 2);
    int code = 0;
    for (int i = 0; i < 400 && code != -ENOSPC; i++) { /* until the free pages of the file are used up */
        uint64_t other;
        char name[16];
        snprintf(name, sizeof name, "r%d", i);
        copy_string(spec->name, sizeof spec->name, name);
        code = client_submit_spec(farm.client, spec, NULL, &other, ANSWER_MS);
    }
    free(spec);
    assert_int_equal(code, -ENOSPC);
    assert_int_equal(ping(), 0); /* reading goes on */
    uint32_t before = told(id, NULL);
    clock_sleep_ns(SONATA_SECOND);
    assert_true(told(id, NULL) <= before + 2);
    assert_true(log_says("master.log", "store cannot be written"));
    limit_file_size(farm.master_pid, RLIM_INFINITY);
    assert_true(wait_for_log("store can be written again"));
    finish(id, 300);
}

/* The disk of a live master fails and comes back: nothing is acknowledged meanwhile, reading and the workers go on, and so does the search afterwards. */
static void break_disk(uint64_t id, int error)
{
    char order[128], number[16], text[64];
    struct sonata_error err = {{0}};
    snprintf(order, sizeof order, "%s/disk-fault", farm.folder);
    int n = snprintf(number, sizeof number, "%d", error);
    snprintf(text, sizeof text, "%s", strerror(error));
    assert_false(log_says("master.log", text));
    assert_int_equal(file_write_atomic(order, number, (size_t)n, &err), 0);
    assert_true(wait_for_log(text));
    struct search_spec *spec = table_farm_spec("refused", "random", 10, 2);
    uint64_t other;
    assert_int_equal(client_submit_spec(farm.client, spec, NULL, &other, ANSWER_MS), -ENOSPC);
    free(spec);
    assert_int_equal(ping(), 0);
    uint32_t before = told(id, NULL);
    clock_sleep_ns(SONATA_SECOND);
    assert_true(told(id, NULL) <= before + 2);
    assert_int_equal(unlink(order), 0);
    assert_true(client_wait_told(farm.client, id, before + 20, 60));
}

static void test_failing_disk_pauses_and_goes_on(void **state)
{
    (void)state;
    char order[128];
    snprintf(order, sizeof order, "%s/disk-fault", farm.folder);
    process_kill(farm.master_pid);
    setenv("SONATA_DISK_FAULT", order, 1);
    setenv("LD_PRELOAD", SONATA_DISK_PRELOAD, 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    table_farm_start_master(&farm);
    unsetenv("LD_PRELOAD");
    unsetenv("SONATA_DISK_FAULT");
    unsetenv("ASAN_OPTIONS");
    uint64_t id = submit(300);
    assert_true(client_wait_told(farm.client, id, 20, 60));
    break_disk(id, EROFS);
    break_disk(id, EIO);
    break_disk(id, ENOSPC);
    finish(id, 300);
}

static void test_frozen_worker(void **state)
{
    (void)state;
    uint64_t id = submit(120);
    assert_true(client_wait_told(farm.client, id, 20, 60));
    kill(farm.worker_pid[0], SIGSTOP);
    assert_true(wait_for_log("attempt lost"));
    kill(farm.worker_pid[0], SIGCONT);
    finish(id, 120);
}

static void test_same_request_same_answer(void **state)
{
    (void)state;
    static const uint8_t id[16] = "same request id";
    struct search_spec *spec = table_farm_spec("twice", "random", 20, 3);
    uint64_t first, again, third;
    assert_int_equal(client_submit_spec(farm.client, spec, id, &first, ANSWER_MS), 0);
    assert_int_equal(client_submit_spec(farm.client, spec, id, &again, ANSWER_MS), 0);
    assert_int_equal(first, again);
    assert_int_equal(client_submit_spec(farm.client, spec, NULL, &third, ANSWER_MS), 0);
    assert_int_not_equal(first, third);
    spec->seed = 4; /* the id again, for another request */
    assert_int_equal(client_submit_spec(farm.client, spec, id, &third, ANSWER_MS), 0);
    assert_int_not_equal(first, third);
    copy_string(spec->algorithm, sizeof spec->algorithm, "no-such");
    assert_int_not_equal(client_submit_spec(farm.client, spec, NULL, &third, ANSWER_MS), 0);
    free(spec);
    finish(first, 20);
}

static void test_worker_without_hello_and_taken_board(void **state)
{
    (void)state;
    struct net_client *c;
    uint8_t *data;
    size_t n;
    bool other;
    uint64_t id = submit(60);
    assert_true(client_wait_told(farm.client, id, 5, 60));
    assert_int_equal(net_client_new(farm.worker, NULL, &c, NULL), 0);
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Heartbeat beat = SONATA__HEARTBEAT__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_HEARTBEAT;
    e.heartbeat = &beat;
    struct bytes b = {0};
    envelope_pack(&e, &b);
    assert_int_equal(net_client_send(c, b.data, b.size), 0);
    assert_int_equal(net_client_receive(c, ANSWER_MS, &data, &n), 0);
    Sonata__Envelope *answer = envelope_unpack(data, n, &other, NULL);
    assert_int_equal(answer->body_case, SONATA__ENVELOPE__BODY_FAULT);
    assert_int_equal(answer->fault->code, -ENOTCONN);
    envelope_free(answer);
    free(data);

    Sonata__Hello hello = SONATA__HELLO__INIT;
    Sonata__BoardInfo board = SONATA__BOARD_INFO__INIT, *boards[] = {&board};
    board.id = (char *)"tab-0-0";
    board.type = (char *)"tab";
    hello.worker = (char *)"impostor";
    hello.incarnation = 1;
    hello.n_boards = 1;
    hello.boards = boards;
    e.body_case = SONATA__ENVELOPE__BODY_HELLO;
    e.hello = &hello;
    bytes_clear(&b);
    envelope_pack(&e, &b);
    assert_int_equal(net_client_send(c, b.data, b.size), 0);
    bool refused = false;
    while (!refused && !net_client_receive(c, ANSWER_MS, &data, &n)) {
        answer = envelope_unpack(data, n, &other, NULL);
        assert_non_null(answer);
        refused = answer->body_case == SONATA__ENVELOPE__BODY_FAULT && strstr(answer->fault->text, "tab-0-0");
        envelope_free(answer);
        free(data);
    }
    assert_true(refused);
    bytes_fini(&b);
    net_client_free(c);
    finish(id, 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(test_garbage_on_both_ports),
        T(test_other_version_is_told_so),
        T(test_taken_port_and_folder),
        T(test_full_disk_pauses_and_goes_on), T(test_failing_disk_pauses_and_goes_on),
        T(test_frozen_worker),
        T(test_same_request_same_answer),
        T(test_worker_without_hello_and_taken_board),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
