/* What this disk and these libraries can do at best, as the ceiling over the dispatch figures:
 *
 *     bench_limits FOLDER SECONDS
 *
 * Appends of 512 bytes each made durable by fdatasync; LMDB transactions (synchronous, as the master's) with 1 and with 100 records of 512 bytes;
 * ZeroMQ round trips between a ROUTER and 1, 10 and 100 DEALERs over TCP, without any work between. Prints one line each. */
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parse.h"

enum { RECORD = 512, DEALERS_MAX = 100 };

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_limits: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static double per_second(uint64_t n, int64_t start)
{
    return (double)n * SONATA_SECOND / (double)(clock_monotonic_ns() - start);
}

static void append(const char *folder, int64_t duration)
{
    char path[1024], record[RECORD] = {0};
    snprintf(path, sizeof path, "%s/append", folder);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        fail(path, "cannot be written");
    uint64_t n = 0;
    int64_t start = clock_monotonic_ns();
    for (; clock_monotonic_ns() < start + duration; n++)
        if (write(fd, record, sizeof record) != RECORD || fdatasync(fd) < 0)
            fail(path, "write failed");
    printf("append+fdatasync records/s=%.0f\n", per_second(n, start));
    close(fd);
    unlink(path);
}

static void check_lmdb(int rc)
{
    if (rc != MDB_SUCCESS)
        fail("LMDB", mdb_strerror(rc));
}

static void lmdb(const char *folder, unsigned batch, int64_t duration)
{
    char path[1024], record[RECORD] = {0};
    snprintf(path, sizeof path, "%s/lmdb-%u", folder, batch);
    mkdir(path, 0700);
    MDB_env *env;
    check_lmdb(mdb_env_create(&env));
    check_lmdb(mdb_env_set_mapsize(env, (size_t)4 << 30));
    check_lmdb(mdb_env_open(env, path, 0, 0600));
    uint64_t n = 0, commits = 0;
    int64_t start = clock_monotonic_ns();
    for (; clock_monotonic_ns() < start + duration; commits++) {
        MDB_txn *txn;
        MDB_dbi dbi;
        check_lmdb(mdb_txn_begin(env, NULL, 0, &txn));
        check_lmdb(mdb_dbi_open(txn, NULL, MDB_INTEGERKEY, &dbi));
        for (unsigned i = 0; i < batch; i++, n++) {
            MDB_val key = {sizeof n, &n}, value = {sizeof record, record};
            check_lmdb(mdb_put(txn, dbi, &key, &value, MDB_APPEND));
        }
        check_lmdb(mdb_txn_commit(txn));
    }
    printf("lmdb records/transaction=%u commits/s=%.0f records/s=%.0f\n", batch, per_second(commits, start), per_second(n, start));
    mdb_env_close(env);
}

static void *echo(void *router)
{
    for (;;) {
        zmq_msg_t id, body;
        zmq_msg_init(&id);
        zmq_msg_init(&body);
        if (zmq_msg_recv(&id, router, 0) < 0 || zmq_msg_recv(&body, router, 0) < 0)
            return NULL; /* the context is shut down */
        zmq_msg_send(&id, router, ZMQ_SNDMORE);
        zmq_msg_send(&body, router, 0);
    }
}

static void round_trips(unsigned dealers, int64_t duration)
{
    void *server = zmq_ctx_new(), *clients = zmq_ctx_new(), *router = zmq_socket(server, ZMQ_ROUTER), *dealer[DEALERS_MAX];
    char endpoint[128], record[RECORD] = {0};
    size_t size = sizeof endpoint;
    int none = 0;
    zmq_setsockopt(router, ZMQ_LINGER, &none, sizeof none);
    if (zmq_bind(router, "tcp://127.0.0.1:*") < 0 || zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &size) < 0)
        fail("ROUTER", zmq_strerror(zmq_errno()));
    zmq_pollitem_t item[DEALERS_MAX];
    for (unsigned i = 0; i < dealers; i++) {
        dealer[i] = zmq_socket(clients, ZMQ_DEALER);
        zmq_setsockopt(dealer[i], ZMQ_LINGER, &none, sizeof none);
        zmq_connect(dealer[i], endpoint);
        item[i] = (zmq_pollitem_t){.socket = dealer[i], .events = ZMQ_POLLIN};
    }
    pthread_t thread;
    if (pthread_create(&thread, NULL, echo, router) != 0)
        fail("thread", "cannot be started");
    for (unsigned i = 0; i < dealers; i++)
        zmq_send(dealer[i], record, sizeof record, 0);
    uint64_t n = 0;
    int64_t start = clock_monotonic_ns();
    while (clock_monotonic_ns() < start + duration) {
        zmq_poll(item, (int)dealers, 100);
        for (unsigned i = 0; i < dealers; i++)
            if (item[i].revents && zmq_recv(dealer[i], record, sizeof record, ZMQ_DONTWAIT) >= 0) {
                zmq_send(dealer[i], record, sizeof record, 0);
                n++;
            }
    }
    printf("zeromq dealers=%u round trips/s=%.0f\n", dealers, per_second(n, start));
    for (unsigned i = 0; i < dealers; i++)
        zmq_close(dealer[i]);
    zmq_ctx_term(clients);
    zmq_ctx_shutdown(server);
    pthread_join(thread, NULL);
    zmq_close(router);
    zmq_ctx_term(server);
}

int main(int argc, char **argv)
{
    uint64_t seconds = 0;
    if (argc != 3 || parse_u64(argv[2], 1, 600, &seconds) < 0) {
        fprintf(stderr, "usage: bench_limits FOLDER SECONDS\n");
        return 2;
    }
    int64_t duration = (int64_t)seconds * SONATA_SECOND;
    append(argv[1], duration);
    lmdb(argv[1], 1, duration);
    lmdb(argv[1], 100, duration);
    round_trips(1, duration);
    round_trips(10, duration);
    round_trips(100, duration);
    return 0;
}
