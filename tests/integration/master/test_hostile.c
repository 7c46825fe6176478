/* Hostile peers at a real master with CURVE, one test each: beside every one of them a search of an honest team on an honest worker goes on, the
 * master answers, and its memory stays bounded. At the end the store is sound. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "support/client.h"
#include "support/farm_keys.h"
#include "support/table_farm.h"

enum { BOARDS_OF_A_WORKER = 64, ANSWER_MS = 15000, PROGRESS_MS = 30000, MEMORY_GROWTH_KIB = 400 << 10, CONNECTIONS = 200, SILENT = 300, PER_ADDRESS = 250, FLOOD = 100000,
       READERS = 40, READ_REQUESTS = 150, READERS_GROWTH_KIB = 48 << 10, STRANGERS = 100, STRANGERS_LOG = 64 << 10 };

static struct table_farm farm;
static char master_path[512], worker_path[512];
static struct farm_key admin, honest, hostile, lab, foreign; /* foreign: a worker key of another host */
static uint64_t search;
static long memory_kib;
static void *context;

/* --- the farm */

static void in_farm(const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", farm.folder, name);
}

static bool read_endpoints(void)
{
    char path[128], line[160];
    in_farm("master/endpoints", path);
    FILE *in = fopen(path, "r");
    bool w = false, c = false;
    while (in && fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = '\0';
        w |= !strncmp(line, "worker=", 7) && copy_string(farm.worker, sizeof farm.worker, line + 7);
        c |= !strncmp(line, "client=", 7) && copy_string(farm.client, sizeof farm.client, line + 7);
    }
    if (in)
        fclose(in);
    return w && c;
}

static void start_master(void)
{
    char state[128], log[128];
    in_farm("master", state);
    in_farm("master.log", log);
    const char *const argv[] = {master_path, "--state", state, "--worker-endpoint", "tcp://127.0.0.1:0", "--client-endpoint", "tcp://127.0.0.1:0",
                                "--security", "curve", "--connections-per-address", "250", "--connection-rate", "100", NULL};
    farm.master_pid = process_start(argv, log);
    for (int i = 0; i < 100 * TEST_PATIENCE && !read_endpoints(); i++)
        usleep(100000);
    assert_true(read_endpoints());
}

static void start_worker(void)
{
    char state[128], log[128], board[300];
    in_farm("w", state);
    in_farm("worker.log", log);
    snprintf(board, sizeof board, "tab:table:%s/table.csv,accuracy=accuracy,latency=latency,delay=100ms", farm.folder);
    const char *const argv[] = {worker_path, "--master", farm.worker, "--key", lab.path, "--state", state, "--name", "lab", "--board", board, NULL};
    farm.worker_pid[0] = process_start(argv, log);
}

/* --- honest requests */

static uint64_t submit_as(const struct farm_key *who, const struct search_spec *spec, const uint8_t *id)
{
    uint64_t number = 0;
    client_use_keys(&who->security);
    assert_int_equal(client_submit_spec(farm.client, spec, id, &number, ANSWER_MS), 0);
    return number;
}

static uint32_t told(void)
{
    client_use_keys(&honest.security);
    Sonata__Reply *reply = client_show_search(farm.client, search, ANSWER_MS);
    assert_non_null(reply);
    uint32_t n = reply->searches[0]->told;
    sonata__reply__free_unpacked(reply, NULL);
    return n;
}

static long resident_kib(void)
{
    char path[64], line[128];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)farm.master_pid);
    FILE *in = fopen(path, "r");
    while (in && fgets(line, sizeof line, in))
        sscanf(line, "VmRSS: %ld", &kib);
    if (in)
        fclose(in);
    return kib;
}

/* The service goes on: three more results, and memory within bounds. */
static void assert_service_goes_on(void)
{
    uint32_t before = told(), now = before;
    int64_t end = clock_monotonic_ns() + PROGRESS_MS * TEST_PATIENCE * SONATA_MS;
    while (now < before + 3 && clock_monotonic_ns() < end) {
        usleep(100000);
        now = told();
    }
    assert_in_range(now, before + 3, UINT32_MAX);
    assert_in_range(resident_kib(), 1, memory_kib + MEMORY_GROWTH_KIB * TEST_PATIENCE); /* a sanitizer keeps what was freed */
}

/* --- hostile sockets */

/* Not connected yet. */
static void *open_socket(void *in, const struct keyfile *keys)
{
    void *s = zmq_socket(in, ZMQ_DEALER);
    int zero = 0;
    zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof zero);
    if (keys) {
        zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, keys->server_key, 41);
        zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, keys->public_key, 41);
        zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, keys->secret_key, 41);
    }
    return s;
}

/* prepare (may be NULL) sets further options before the connection. */
static void *hostile_socket(const char *endpoint, const struct keyfile *keys, void (*prepare)(void *socket))
{
    void *s = open_socket(context, keys);
    if (prepare)
        prepare(s);
    assert_int_equal(zmq_connect(s, endpoint), 0);
    return s;
}

static void pack_request(Sonata__Request *q, struct bytes *out)
{
    static uint8_t id[16];
    assert_int_equal(getrandom(id, sizeof id, 0), sizeof id);
    q->id.data = id;
    q->id.len = sizeof id;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_REQUEST;
    e.request = q;
    envelope_pack(&e, out);
}

static void pack_ping(struct bytes *out)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Ping ping = SONATA__PING__INIT;
    q.verb_case = SONATA__REQUEST__VERB_PING;
    q.ping = &ping;
    pack_request(&q, out);
}

static void send_bytes(void *socket, const struct bytes *b)
{
    zmq_send(socket, b->data, b->size, ZMQ_DONTWAIT);
}

/* Next message within timeout_ms, or NULL. */
static Sonata__Envelope *receive(void *socket, int timeout_ms)
{
    zmq_msg_t m;
    bool other;
    zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
    if (zmq_poll(&item, 1, timeout_ms * TEST_PATIENCE) <= 0)
        return NULL;
    zmq_msg_init(&m);
    Sonata__Envelope *e = zmq_msg_recv(&m, socket, ZMQ_DONTWAIT) >= 0 ? envelope_unpack(zmq_msg_data(&m), zmq_msg_size(&m), &other, NULL) : NULL;
    zmq_msg_close(&m);
    return e;
}

/* Waits for a Fault with that code among the answers. */
static bool is_faulted(void *socket, int code, int timeout_ms)
{
    int64_t end = clock_monotonic_ns() + timeout_ms * TEST_PATIENCE * SONATA_MS;
    bool found = false;
    while (!found && clock_monotonic_ns() < end) {
        Sonata__Envelope *e = receive(socket, 200);
        found = e && e->body_case == SONATA__ENVELOPE__BODY_FAULT && e->fault->code == code;
        envelope_free(e);
    }
    return found;
}

static void pack_hello(const char *worker, const char *board, struct bytes *out)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Hello h = SONATA__HELLO__INIT;
    Sonata__BoardInfo b = SONATA__BOARD_INFO__INIT, *boards[1] = {&b};
    char *metrics[] = {(char *)"accuracy", (char *)"latency"};
    b.id = (char *)board;
    b.type = (char *)"tab";
    b.backend = (char *)"table";
    b.state = (char *)"quarantined"; /* never gets a job */
    b.n_metrics = 2;
    b.metrics = metrics;
    h.worker = (char *)worker;
    h.incarnation = 7;
    h.n_boards = 1;
    h.boards = boards;
    e.body_case = SONATA__ENVELOPE__BODY_HELLO;
    e.hello = &h;
    envelope_pack(&e, out);
}

/* Says hello and is welcomed. */
static void join(void *socket, const char *worker, const char *board)
{
    cleanup_bytes struct bytes hello = {0};
    pack_hello(worker, board, &hello);
    zmq_send(socket, hello.data, hello.size, 0);
    Sonata__Envelope *welcome = receive(socket, ANSWER_MS);
    assert_non_null(welcome);
    assert_int_equal(welcome->body_case, SONATA__ENVELOPE__BODY_WELCOME);
    envelope_free(welcome);
}

/* --- the tests */

/* Floods and reads what comes back meanwhile, until the master says that it is too much: it says so once in ten seconds, and drops it when the peer's queue
 * of answers is full. */
static bool is_refused(void *socket, const struct bytes *message)
{
    int64_t end = clock_monotonic_ns() + 4 * ANSWER_MS * TEST_PATIENCE * SONATA_MS;
    bool refused = false;
    while (!refused && clock_monotonic_ns() < end) {
        for (int i = 0; i < 50; i++)
            send_bytes(socket, message);
        for (Sonata__Envelope *e; !refused && (e = receive(socket, 1)); envelope_free(e))
            refused = e->body_case == SONATA__ENVELOPE__BODY_FAULT && e->fault->code == -EBUSY;
    }
    return refused;
}

static void flood_of_requests(void **state)
{
    (void)state;
    void *s = hostile_socket(farm.client, &hostile.keys, NULL);
    cleanup_bytes struct bytes ping = {0};
    pack_ping(&ping);
    for (int i = 0; i < FLOOD; i++)
        send_bytes(s, &ping);
    assert_service_goes_on();
    assert_true(is_refused(s, &ping));
    assert_service_goes_on();
    zmq_close(s);
}

static void flood_of_heartbeats(void **state)
{
    (void)state;
    void *s = hostile_socket(farm.worker, &foreign.keys, NULL);
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Heartbeat beat = SONATA__HEARTBEAT__INIT;
    cleanup_bytes struct bytes text = {0};
    beat.incarnation = 1;
    e.body_case = SONATA__ENVELOPE__BODY_HEARTBEAT;
    e.heartbeat = &beat;
    envelope_pack(&e, &text);
    for (int i = 0; i < FLOOD; i++)
        send_bytes(s, &text);
    assert_service_goes_on();
    assert_true(is_refused(s, &text));
    assert_service_goes_on();
    zmq_close(s);
}

static void huge_frames(void **state)
{
    (void)state;
    struct bytes huge = {0};
    bytes_append(&huge, NULL, 8 << 20);
    void *worker = hostile_socket(farm.worker, &foreign.keys, NULL), *client = hostile_socket(farm.client, &hostile.keys, NULL);
    for (int i = 0; i < 20; i++) {
        send_bytes(worker, &huge);
        send_bytes(client, &huge);
        usleep(20000);
    }
    bytes_fini(&huge);
    assert_service_goes_on();
    zmq_close(worker);
    zmq_close(client);
}

static void read_one_ahead(void *s)
{
    int one = 1;
    zmq_setsockopt(s, ZMQ_RCVHWM, &one, sizeof one);
}

static void slow_reader(void **state)
{
    (void)state;
    void *s = hostile_socket(farm.client, &honest.keys, read_one_ahead); /* of the team that has something to read */
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__GetIndividuals get = SONATA__GET_INDIVIDUALS__INIT;
    get.search = search;
    get.max = 1000;
    q.verb_case = SONATA__REQUEST__VERB_INDIVIDUALS;
    q.individuals = &get;
    cleanup_bytes struct bytes text = {0};
    pack_request(&q, &text);
    for (int i = 0; i < 1500; i++) { /* below the rate, so that it is answered; nothing is ever read */
        send_bytes(s, &text);
        usleep(2000);
    }
    assert_service_goes_on();
    zmq_close(s);
}

/* A search that is long to describe: its ShowSearch is the largest answer a client can have at any time. */
static uint64_t submit_large(void)
{
    struct search_spec *spec = table_farm_spec("large", "random", 5, 1);
    spec->space.n_genes = SPACE_GENES_MAX;
    for (int i = 0; i < SPACE_GENES_MAX; i++) {
        struct gene *g = &spec->space.gene[i];
        *g = (struct gene){.ordinal = true, .n_choices = SPACE_CHOICES_MAX, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1};
        snprintf(g->name, sizeof g->name, "gene%d", i);
        for (int c = 0; c < SPACE_CHOICES_MAX; c++)
            snprintf(g->label[c], sizeof g->label[c], "%d.%025d", c, i);
    }
    uint64_t number = submit_as(&honest, spec, NULL);
    free(spec);
    return number;
}

/* The same by many connections of one key, of the team that has something large to read: what waits for it is bounded in all, not for each. */
static void many_slow_readers(void **state)
{
    (void)state;
    static void *s[READERS];
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__ShowSearch show = SONATA__SHOW_SEARCH__INIT;
    struct farm_key reader;
    farm_keys_new(&farm, &admin, "team", "good", "reader", &reader);
    show.search = submit_large();
    q.verb_case = SONATA__REQUEST__VERB_SHOW;
    q.show = &show;
    long before = resident_kib(), most = before;
    for (int i = 0; i < READERS; i++)
        s[i] = hostile_socket(farm.client, &reader.keys, read_one_ahead);
    for (int k = 0; k < READ_REQUESTS; k++) {
        for (int i = 0; i < READERS; i++) {
            cleanup_bytes struct bytes text = {0};
            pack_request(&q, &text);
            send_bytes(s[i], &text);
        }
        usleep(30000);
        long now = resident_kib();
        most = now > most ? now : most;
    }
    fprintf(stderr, "%d readers that do not read: %+ld KiB at most\n", READERS, most - before);
    assert_in_range(most, 1, before + READERS_GROWTH_KIB * TEST_PATIENCE * TEST_PATIENCE); /* without the bound five times as much as with it; a sanitizer frees late */
    assert_service_goes_on();
    for (int i = 0; i < READERS; i++)
        zmq_close(s[i]);
    assert_service_goes_on();
}

static void garbage(void **state)
{
    (void)state;
    void *worker = hostile_socket(farm.worker, &foreign.keys, NULL), *client = hostile_socket(farm.client, &hostile.keys, NULL);
    uint8_t noise[512];
    for (int i = 0; i < 4000; i++) {
        assert_int_equal(getrandom(noise, sizeof noise, 0), sizeof noise);
        size_t n = noise[0] * 2u;
        zmq_send(worker, noise, n, ZMQ_DONTWAIT);
        zmq_send(client, noise, n, ZMQ_DONTWAIT);
        zmq_send(client, noise, 3, ZMQ_DONTWAIT | ZMQ_SNDMORE); /* more parts than a message has */
        zmq_send(client, noise, n, ZMQ_DONTWAIT);
        usleep(500);
    }
    assert_service_goes_on();
    zmq_close(worker);
    zmq_close(client);
}

static void keys_that_do_not_fit(void **state)
{
    (void)state;
    struct keyfile unknown = hostile.keys, wrong_server = hostile.keys;
    assert_int_equal(net_new_keys(unknown.public_key, unknown.secret_key), 0);
    char secret[41];
    assert_int_equal(net_new_keys(wrong_server.server_key, secret), 0);
    const struct {
        const char *endpoint;
        const struct keyfile *keys;
    } wrong[] = {
        {farm.client, &unknown}, {farm.worker, &unknown}, {farm.client, &wrong_server}, {farm.client, NULL}, {farm.worker, NULL},
        {farm.client, &foreign.keys}, /* a worker's key at the client port */
        {farm.worker, &hostile.keys}, /* a team's key at the worker port */
    };
    cleanup_bytes struct bytes ping = {0}, hello = {0};
    pack_ping(&ping);
    pack_hello("intruder", "intruder", &hello);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        void *s = hostile_socket(wrong[i].endpoint, wrong[i].keys, NULL);
        zmq_send(s, ping.data, ping.size, 0);
        zmq_send(s, hello.data, hello.size, 0);
        assert_null(receive(s, 700));
        zmq_close(s);
    }
    assert_service_goes_on();
}

static void many_connections(void **state)
{
    (void)state;
    void *s[CONNECTIONS];
    cleanup_bytes struct bytes ping = {0};
    pack_ping(&ping);
    for (int i = 0; i < CONNECTIONS; i++) {
        s[i] = hostile_socket(farm.client, &hostile.keys, NULL);
        zmq_send(s[i], ping.data, ping.size, 0);
    }
    assert_service_goes_on();
    for (int i = 0; i < CONNECTIONS; i++)
        zmq_close(s[i]);
    assert_service_goes_on();
}

static int silent_connection(const char *endpoint, const char *from)
{
    unsigned port = 0;
    assert_int_equal(sscanf(endpoint, "tcp://127.0.0.1:%u", &port), 1);
    struct sockaddr_in a = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    assert_int_equal(inet_pton(AF_INET, from, &a.sin_addr), 1);
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &to.sin_addr), 1);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static unsigned closed_ones(const int *fd, unsigned n)
{
    unsigned closed = 0;
    for (unsigned i = 0; i < n; i++) {
        char data[256];
        ssize_t got;
        while ((got = recv(fd[i], data, sizeof data, MSG_DONTWAIT)) > 0)
            continue;
        closed += got == 0 || errno == ECONNRESET;
    }
    return closed;
}

/* Connections that say nothing, to both ports, from one address: those beyond the bound are closed at once. */
static void silent_connections(void **state)
{
    (void)state;
    int fd[2][SILENT];
    const char *const endpoint[] = {farm.worker, farm.client};
    for (int port = 0; port < 2; port++) {
        for (int i = 0; i < SILENT; i++)
            fd[port][i] = silent_connection(endpoint[port], "127.0.0.2");
    }
    int64_t end = clock_monotonic_ns() + ANSWER_MS * TEST_PATIENCE * SONATA_MS;
    for (int port = 0; port < 2; port++) {
        while (closed_ones(fd[port], SILENT) < SILENT - PER_ADDRESS && clock_monotonic_ns() < end)
            usleep(50000);
        assert_int_equal(closed_ones(fd[port], SILENT), SILENT - PER_ADDRESS);
    }
    assert_service_goes_on();
    for (int port = 0; port < 2; port++) {
        for (int i = 0; i < SILENT; i++)
            close(fd[port][i]);
    }
    assert_service_goes_on();
}

static off_t log_size(void)
{
    char path[128];
    struct stat s;
    in_farm("master.log", path);
    assert_int_equal(stat(path, &s), 0);
    return s.st_size;
}

/* Makes connections with keys nobody knows, as fast as it can, until it is stopped. */
struct stranger {
    char to[160];
    atomic_bool stop;
    pthread_t thread;
};

static void *knock(void *arg)
{
    struct stranger *t = arg;
    void *own = zmq_ctx_new();
    struct keyfile k = hostile.keys;
    while (!atomic_load(&t->stop)) {
        void *s[STRANGERS];
        net_new_keys(k.public_key, k.secret_key);
        for (int i = 0; i < STRANGERS; i++) {
            s[i] = open_socket(own, &k);
            zmq_connect(s[i], t->to);
        }
        usleep(50000);
        for (int i = 0; i < STRANGERS; i++)
            zmq_close(s[i]);
    }
    zmq_ctx_term(own);
    return NULL;
}

static void start_stranger(struct stranger *t, const char *endpoint, const char *from)
{
    snprintf(t->to, sizeof t->to, "tcp://%s:0;%s", from, endpoint + strlen("tcp://"));
    atomic_init(&t->stop, false);
    assert_int_equal(pthread_create(&t->thread, NULL, knock, t), 0);
}

static void stop_stranger(struct stranger *t)
{
    atomic_store(&t->stop, true);
    pthread_join(t->thread, NULL);
}

/* Handshakes of unknown keys without end: the others are served, a few lines say so, and beyond its rate the address is not listened to. */
static void flood_of_unknown_keys(void **state)
{
    (void)state;
    off_t log = log_size();
    long before = resident_kib();
    static struct stranger stranger[2];
    start_stranger(&stranger[0], farm.client, "127.0.0.3");
    start_stranger(&stranger[1], farm.worker, "127.0.0.3");
    int64_t end = clock_monotonic_ns() + 6 * SONATA_SECOND, slowest = 0;
    unsigned asked = 0;
    for (; clock_monotonic_ns() < end; asked++) {
        int64_t start = clock_monotonic_ns();
        told();
        int64_t took = clock_monotonic_ns() - start;
        slowest = took > slowest ? took : slowest;
    }
    assert_service_goes_on();
    int fd = silent_connection(farm.client, "127.0.0.3");
    end = clock_monotonic_ns() + ANSWER_MS * TEST_PATIENCE * SONATA_MS;
    while (!closed_ones(&fd, 1) && clock_monotonic_ns() < end) { /* it may have come in time */
        close(fd);
        fd = silent_connection(farm.client, "127.0.0.3");
        usleep(20000);
    }
    unsigned closed = closed_ones(&fd, 1);
    close(fd);
    for (int i = 0; i < 2; i++)
        stop_stranger(&stranger[i]);
    assert_int_equal(closed, 1);
    fprintf(stderr, "unknown keys: %u requests answered meanwhile, slowest %.0f ms; log %+ld bytes, memory %+ld KiB\n", asked, (double)slowest / SONATA_MS,
            (long)(log_size() - log), resident_kib() - before);
    assert_in_range(log_size() - log, 0, STRANGERS_LOG);
    assert_service_goes_on();
}

static void another_workers_name_and_board(void **state)
{
    (void)state;
    void *s = hostile_socket(farm.worker, &foreign.keys, NULL);
    cleanup_bytes struct bytes name = {0}, board = {0};
    pack_hello("lab", "tab", &name);
    zmq_send(s, name.data, name.size, 0);
    assert_true(is_faulted(s, -EADDRINUSE, ANSWER_MS));
    pack_hello("intruder", "tab", &board);
    zmq_send(s, board.data, board.size, 0);
    assert_true(is_faulted(s, -EADDRINUSE, ANSWER_MS));
    assert_service_goes_on();
    zmq_close(s);
}

/* Names and boards are not for the taking either. */
static void many_names(void **state)
{
    (void)state;
    void *s = hostile_socket(farm.worker, &foreign.keys, NULL);
    cleanup_bytes struct bytes hello = {0};
    join(s, "name-0", "own-0");
    for (int i = 1; i < 300; i++) {
        char name[32], board[32];
        snprintf(name, sizeof name, "name-%d", i);
        snprintf(board, sizeof board, "own-%d", i);
        bytes_clear(&hello);
        pack_hello(i % 2 ? name : "name-0", board, &hello);
        zmq_send(s, hello.data, hello.size, 0);
    }
    assert_true(is_faulted(s, -EEXIST, ANSWER_MS));
    assert_service_goes_on();
    zmq_close(s);
}

/* A hello of n boards whose names are as long as names may be and differ in their ends. */
static void pack_many_boards(const char *worker, size_t n, struct bytes *out)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Hello h = SONATA__HELLO__INIT;
    Sonata__BoardInfo *info = xcalloc(n, sizeof *info), **boards = xcalloc(n, sizeof *boards);
    char(*name)[BOARD_NAME_MAX] = xcalloc(n, sizeof *name);
    for (size_t i = 0; i < n; i++) {
        sonata__board_info__init(&info[i]);
        snprintf(name[i], sizeof *name, "%0*zu", BOARD_NAME_MAX - 1, i);
        info[i].id = name[i];
        info[i].type = (char *)"tab";
        info[i].state = (char *)"quarantined";
        boards[i] = &info[i];
    }
    h.worker = (char *)worker;
    h.incarnation = 7;
    h.n_boards = n;
    h.boards = boards;
    e.body_case = SONATA__ENVELOPE__BODY_HELLO;
    e.hello = &h;
    envelope_pack(&e, out);
    free(name);
    free(boards);
    free(info);
}

static void many_boards_with_long_names(void **state)
{
    (void)state;
    void *s = hostile_socket(farm.worker, &foreign.keys, NULL);
    cleanup_bytes struct bytes some = {0}, many = {0};
    pack_many_boards("long", 2, &some);
    zmq_send(s, some.data, some.size, 0);
    assert_false(is_faulted(s, -EINVAL, 500)); /* what a worker takes for a name, the master does */
    pack_many_boards("long", BOARDS_OF_A_WORKER + 1, &many);
    zmq_send(s, many.data, many.size, 0);
    bool told = false;
    for (Sonata__Envelope *e; !told && (e = receive(s, ANSWER_MS)); envelope_free(e))
        told = e->body_case == SONATA__ENVELOPE__BODY_FAULT && strstr(e->fault->text, "at most 64 boards");
    assert_true(told);
    assert_service_goes_on();
    zmq_close(s);
}

static void set_routing_id(void *s)
{
    assert_int_equal(zmq_setsockopt(s, ZMQ_ROUTING_ID, "same", 4), 0);
}

/* A routing id that is in use is not to be had: its owner goes on getting the answers. */
static void another_workers_connection(void **state)
{
    (void)state;
    cleanup_bytes struct bytes thief_hello = {0}, get = {0};
    pack_hello("thief", "thief-board", &thief_hello);
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__BlobGet blob = SONATA__BLOB_GET__INIT;
    uint8_t hash[32] = {1};
    blob.hash.data = hash;
    blob.hash.len = sizeof hash;
    e.body_case = SONATA__ENVELOPE__BODY_BLOB_GET;
    e.blob_get = &blob;
    envelope_pack(&e, &get);
    void *owner = hostile_socket(farm.worker, &foreign.keys, set_routing_id);
    join(owner, "owner", "owner-board");
    void *thief = hostile_socket(farm.worker, &foreign.keys, set_routing_id);
    zmq_send(thief, thief_hello.data, thief_hello.size, 0);
    assert_null(receive(thief, 1000));
    for (int i = 0; i < 5; i++) {
        zmq_send(owner, get.data, get.size, 0);
        Sonata__Envelope *chunk = receive(owner, ANSWER_MS);
        assert_non_null(chunk);
        assert_int_equal(chunk->body_case, SONATA__ENVELOPE__BODY_BLOB_CHUNK);
        envelope_free(chunk);
    }
    assert_null(receive(thief, 200));
    assert_service_goes_on();
    zmq_close(owner);
    zmq_close(thief);
}

static void results_nobody_asked_for(void **state)
{
    (void)state;
    void *s = hostile_socket(farm.worker, &foreign.keys, NULL);
    join(s, "intruder", "intruder-board");
    unsigned unknown = 0, taken = 0;
    for (uint64_t attempt = 1; attempt <= 200; attempt++) { /* those of the honest worker among them, as if replayed */
        struct measurement m = {.attempt = attempt,
                                .epoch = attempt % 2 ? 1 : (uint32_t)attempt, /* on one board epochs count as attempts do */
                                .duration_ns = SONATA_MS, .started_wall_ns = clock_wall_ns()};
        copy_string(m.board, sizeof m.board, attempt % 2 ? "intruder-board" : "tab");
        copy_string(m.board_type, sizeof m.board_type, "tab");
        measurement_add(&m, "accuracy", 1000, 1000, 1000, 1);
        measurement_add(&m, "latency", 0, 0, 0, 1);
        Sonata__Envelope e = SONATA__ENVELOPE__INIT;
        Sonata__Result r = SONATA__RESULT__INIT;
        cleanup_bytes struct bytes text = {0};
        r.measurement = measurement_to_message(&m);
        e.body_case = SONATA__ENVELOPE__BODY_RESULT;
        e.result = &r;
        envelope_pack(&e, &text);
        sonata__measurement__free_unpacked(r.measurement, NULL);
        zmq_send(s, text.data, text.size, 0);
        Sonata__Envelope *ack = receive(s, ANSWER_MS);
        assert_non_null(ack);
        assert_int_equal(ack->body_case, SONATA__ENVELOPE__BODY_RESULT_ACK);
        taken += !strcmp(ack->result_ack->verdict, "accepted") || !strcmp(ack->result_ack->verdict, "replicate");
        unknown += !strcmp(ack->result_ack->verdict, "unknown");
        envelope_free(ack);
    }
    assert_int_equal(taken, 0);
    assert_in_range(unknown, 1, 200);
    assert_service_goes_on();
    zmq_close(s);
}

/* A recorded submission, played back by the same key: one search, the same answer. By another key it is that key's own. */
static void replayed_submission(void **state)
{
    (void)state;
    struct search_spec *spec = table_farm_spec("replayed", "random", 5, 3);
    static const uint8_t id[16] = "0123456789abcde";
    uint64_t first = submit_as(&hostile, spec, id);
    for (int i = 1; i < 20; i++)
        assert_int_equal(submit_as(&hostile, spec, id), first);
    free(spec);
    assert_service_goes_on();
}

static int setup(void **state)
{
    (void)state;
    table_farm_open(&farm, SONATA_BINARY_DIR "/bin", 1, 100);
    snprintf(master_path, sizeof master_path, "%s/sonata-master", farm.bin);
    snprintf(worker_path, sizeof worker_path, "%s/sonata-worker", farm.bin);
    context = zmq_ctx_new();
    start_master();
    farm_keys_admin(&farm, &admin);
    farm_keys_team(&farm, &admin, "good", false);
    farm_keys_team(&farm, &admin, "bad", false);
    farm_keys_new(&farm, &admin, "team", "good", "honest", &honest);
    farm_keys_new(&farm, &admin, "team", "bad", "hostile", &hostile);
    farm_keys_new(&farm, &admin, "worker", NULL, "lab", &lab);
    farm_keys_new(&farm, &admin, "worker", NULL, "foreign", &foreign);
    start_worker();
    struct search_spec *spec = table_farm_spec("honest", "random", 4000, 1);
    search = submit_as(&honest, spec, NULL);
    free(spec);
    memory_kib = resident_kib();
    assert_service_goes_on();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zmq_ctx_shutdown(context); /* a test that failed left its sockets open */
    bool good = table_farm_stop(&farm) && !table_farm_check(&farm);
    if (!good) {
        table_farm_print_log(&farm, "master.log");
        table_farm_print_log(&farm, "check.log");
    }
    table_farm_close(&farm, false);
    alarm(20 * TEST_PATIENCE); /* the end of the context waits for sockets that a failed test left open */
    zmq_ctx_term(context);
    alarm(0);
    return good ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flood_of_requests),
        cmocka_unit_test(flood_of_heartbeats),
        cmocka_unit_test(huge_frames),
        cmocka_unit_test(slow_reader),
        cmocka_unit_test(many_slow_readers),
        cmocka_unit_test(garbage),
        cmocka_unit_test(keys_that_do_not_fit),
        cmocka_unit_test(many_connections),
        cmocka_unit_test(silent_connections),
        cmocka_unit_test(flood_of_unknown_keys),
        cmocka_unit_test(another_workers_name_and_board),
        cmocka_unit_test(many_names),
        cmocka_unit_test(many_boards_with_long_names),
        cmocka_unit_test(another_workers_connection),
        cmocka_unit_test(results_nobody_asked_for),
        cmocka_unit_test(replayed_submission),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
