/* Connections that end at the worst moment. libzmq's checks of its own state end the process when a peer is gone while its queue is full and there is
 * something to write to it: a ping that was already read is enough. No master may end so, nor one that runs out of descriptors.
 * Usage: attack_connection [BIN] [RESETS] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "support/client.h"
#include "support/cmocka.h"
#include "support/table_farm.h"
#include "support/zmtp.h"

enum { ANSWER_MS = 15000, MESSAGES = 60, CROWD = 220 };

static char bin[512];
static int n_resets = 100;

static bool answers(const struct table_farm *f)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Ping ping = SONATA__PING__INIT;
    q.verb_case = SONATA__REQUEST__VERB_PING;
    q.ping = &ping;
    Sonata__Reply *reply = client_ask(f->client, &q, ANSWER_MS);
    bool good = reply && !reply->code;
    sonata__reply__free_unpacked(reply, NULL);
    return good;
}

/* More messages than the queue takes, a ping behind them, all in one packet, and gone. */
static void fill_ping_and_go(const char *endpoint)
{
    cleanup_bytes struct bytes out = {0};
    int fd = zmtp_open(endpoint);
    assert_true(fd >= 0);
    for (int i = 0; i < MESSAGES; i++) {
        zmtp_put_message(&out, "not an envelope", 15);
        zmtp_put_ping(&out);
    }
    (void)zmtp_send(fd, &out);
    zmtp_reset(fd);
}

/* A folder with a sonata-master that has no more descriptors than that, and cannot have more. */
static const char *bin_with_few(const struct table_farm *f, unsigned descriptors)
{
    static char folder[96];
    char path[128];
    snprintf(folder, sizeof folder, "%s/few", f->folder);
    snprintf(path, sizeof path, "%s/sonata-master", folder);
    assert_int_equal(mkdir(folder, 0755), 0);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fprintf(out, "#!/bin/sh\nulimit -n %u && exec %s/sonata-master \"$@\"\n", descriptors, bin);
    fclose(out);
    assert_int_equal(chmod(path, 0755), 0);
    return folder;
}

static void start(struct table_farm *f, bool tcp, unsigned descriptors)
{
    table_farm_open(f, bin, 1, 0);
    f->bin = bin_with_few(f, descriptors);
    if (tcp) {
        snprintf(f->client, sizeof f->client, "tcp://127.0.0.1:%d", 21000 + (int)(getpid() % 10000));
        snprintf(f->worker, sizeof f->worker, "tcp://127.0.0.1:%d", 31000 + (int)(getpid() % 10000));
        f->security = "none";
    }
    table_farm_start_master(f);
    assert_true(answers(f));
}

static void stop(struct table_farm *f)
{
    assert_true(answers(f));
    assert_true(table_farm_stop(f));
    f->bin = bin;
    assert_int_equal(table_farm_check(f), 0);
    table_farm_close(f, false);
}

static void resets(bool tcp)
{
    struct table_farm f;
    start(&f, tcp, 1024);
    for (int i = 0; i < n_resets; i++) {
        fill_ping_and_go(i % 2 ? f.client : f.worker);
        assert_int_equal(process_wait(f.master_pid, 0), -1);
    }
    stop(&f);
}

static void peers_that_go_with_a_full_queue_over_ipc(void **state)
{
    (void)state;
    resets(false);
}

static void peers_that_go_with_a_full_queue_over_tcp(void **state)
{
    (void)state;
    resets(true);
}

/* More connections than descriptors, at once. */
static void crowd(bool tcp, unsigned descriptors)
{
    static int fd[CROWD];
    struct table_farm f;
    start(&f, tcp, descriptors);
    for (int i = 0; i < CROWD; i++)
        fd[i] = zmtp_connect(i % 2 ? f.client : f.worker);
    clock_sleep_ns(300 * SONATA_MS);
    assert_int_equal(process_wait(f.master_pid, 0), -1);
    for (int i = 0; i < CROWD; i++) {
        if (fd[i] >= 0)
            close(fd[i]);
    }
    stop(&f);
}

static void more_connections_than_descriptors(void **state)
{
    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        crowd(tcp, 64);
        crowd(tcp, 128);
        crowd(tcp, 256);
    }
}

/* A user may have so few processes that libzmq's threads cannot be started. Root may have any number, so it is another user. */
static void no_threads_are_an_error(void **state)
{
    (void)state;
    char master[600], client[600];
    struct table_farm f;
    if (geteuid())
        skip();
    table_farm_open(&f, bin, 1, 0);
    assert_int_equal(chmod(f.folder, 0777), 0);
    snprintf(master, sizeof master, "%s/sonata-master", bin);
    snprintf(client, sizeof client, "%s/sonata", bin);
    char state_folder[128], log[128];
    snprintf(state_folder, sizeof state_folder, "%s/m", f.folder);
    snprintf(log, sizeof log, "%s/few.log", f.folder);
    const char *const few[] = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/prlimit", "--nproc=1"};
    const char *const program[][6] = {{master, "--state", state_folder, "-w", f.worker, "--security=none"}, {client, "list", "--server", f.client}};
    for (size_t i = 0; i < sizeof program / sizeof *program; i++) {
        const char *argv[16];
        size_t n = 0;
        for (size_t k = 0; k < sizeof few / sizeof *few; k++)
            argv[n++] = few[k];
        for (size_t k = 0; k < 6 && program[i][k]; k++)
            argv[n++] = program[i][k];
        argv[n] = NULL;
        assert_int_equal(process_run(argv, log, 20000), 1);
    }
    table_farm_close(&f, false);
}

int main(int argc, char **argv)
{
    snprintf(bin, sizeof bin, "%s", argc > 1 ? argv[1] : SONATA_BINARY_DIR "/bin");
    n_resets = argc > 2 ? atoi(argv[2]) : n_resets;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers_that_go_with_a_full_queue_over_ipc),
        cmocka_unit_test(peers_that_go_with_a_full_queue_over_tcp),
        cmocka_unit_test(more_connections_than_descriptors),
        cmocka_unit_test(no_threads_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
