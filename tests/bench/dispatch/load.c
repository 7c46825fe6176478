/* Load generator: N simulated workers in one process, real sockets, real protocol, against a running sonata-master.
 *
 *     bench_dispatch WORKER_ENDPOINT CLIENT_ENDPOINT WORKERS SECONDS JOB_MS [MASTER_PID [WORKER_KEY_FILE CLIENT_KEY_FILE]]
 *
 * Connects WORKERS DEALER sockets with one board each, submits a random search over a made-up space, answers every Assign after JOB_MS (0: at
 * once, which saturates the master) and counts acknowledged results. A result is acknowledged only after its transaction is durable, so the rate
 * is of durable results. The gap is the time a board stands idle: from sending a result to holding the next job (0 when one was prefetched).
 * Memory of the master is taken before the workers connect, when all are welcomed, and at the end. Prints one line. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/parse.h"
#include "codec/codec.h"
#include "net/keyfile.h"
#include "net/net_internal.h"

enum { WORKERS_MAX = 20000, QUEUE_MAX = 4, GAPS_MAX = 2000000 };

struct worker {
    void *socket;
    char name[32], board[40];
    struct evaluation_job queue[QUEUE_MAX]; /* jobs held, the first is being run */
    unsigned held;
    int64_t idle_since, due_ns;
    bool welcome;
    uint64_t acked;
};

struct load {
    struct worker *worker;
    unsigned n;
    uint64_t sent, acked, refused;
    unsigned n_welcome;
    int64_t job_ns;
    float *gap_ms;
    size_t n_gaps;
};

static void send_envelope(void *socket, Sonata__Envelope *e)
{
    struct bytes out = {0};
    envelope_pack(e, &out);
    if (zmq_send(socket, out.data, out.size, ZMQ_DONTWAIT) < 0)
        fprintf(stderr, "send: %s\n", zmq_strerror(errno));
    bytes_fini(&out);
}

static Sonata__Envelope *receive_envelope(void *socket, int flags)
{
    zmq_msg_t m;
    zmq_msg_init(&m);
    Sonata__Envelope *e = NULL;
    if (zmq_msg_recv(&m, socket, flags) >= 0) {
        bool other;
        struct sonata_error err = {""};
        e = envelope_unpack(zmq_msg_data(&m), zmq_msg_size(&m), &other, &err);
        if (!e)
            fprintf(stderr, "the master sent something else: %s\n", err.text);
    }
    zmq_msg_close(&m);
    return e;
}

static char state_ready[] = "ready", software[] = "bench", table_type[] = "bench", table_backend[] = "table", metric_error[] = "error", metric_latency[] = "latency";

static void describe(struct worker *w, Sonata__BoardInfo *b, char **metrics)
{
    sonata__board_info__init(b);
    metrics[0] = metric_error;
    metrics[1] = metric_latency;
    b->id = w->board;
    b->type = table_type;
    b->backend = table_backend;
    b->n_metrics = 2;
    b->metrics = metrics;
    b->state = state_ready;
}

static void say_hello(struct worker *w)
{
    Sonata__Envelope e;
    Sonata__Hello h;
    Sonata__BoardInfo b, *boards[1] = {&b};
    char *metrics[2];
    sonata__envelope__init(&e);
    sonata__hello__init(&h);
    describe(w, &b, metrics);
    h.worker = w->name;
    h.software = software;
    h.incarnation = 1;
    h.n_boards = 1;
    h.boards = boards;
    e.body_case = SONATA__ENVELOPE__BODY_HELLO;
    e.hello = &h;
    send_envelope(w->socket, &e);
}

static void beat(struct worker *w)
{
    Sonata__Envelope e;
    Sonata__Heartbeat h;
    Sonata__RunningAttempt running[QUEUE_MAX], *list[QUEUE_MAX];
    sonata__envelope__init(&e);
    sonata__heartbeat__init(&h);
    for (unsigned i = 0; i < w->held; i++) {
        sonata__running_attempt__init(&running[i]);
        running[i].attempt = w->queue[i].attempt;
        running[i].epoch = w->queue[i].epoch;
        running[i].board = w->board;
        list[i] = &running[i];
    }
    h.incarnation = 1;
    h.n_running = w->held;
    h.running = list;
    e.body_case = SONATA__ENVELOPE__BODY_HEARTBEAT;
    e.heartbeat = &h;
    send_envelope(w->socket, &e);
}

/* Answers the first held job with made-up numbers that depend on the genotype. */
static void finish_first(struct load *l, struct worker *w)
{
    struct evaluation_job job = w->queue[0];
    memmove(&w->queue[0], &w->queue[1], --w->held * sizeof w->queue[0]);
    double sum = 0;
    for (unsigned i = 0; i < job.n_genes; i++)
        sum += job.genotype.allele[i] * (1.0 + 0.01 * i);
    struct measurement m = {.attempt = job.attempt, .epoch = job.epoch, .duration_ns = SONATA_MS, .started_wall_ns = clock_wall_ns()};
    copy_string(m.board, sizeof m.board, w->board);
    copy_string(m.board_type, sizeof m.board_type, table_type);
    double error = 100 - sum * 0.2 + (double)(hash64(job.genotype.allele, job.n_genes) % 1000) / 20; /* mostly chance: a front of a few dozen */
    measurement_add(&m, metric_error, error, error, error, 1);
    measurement_add(&m, metric_latency, sum, sum, sum, 1);
    Sonata__Envelope e;
    Sonata__Result r;
    sonata__envelope__init(&e);
    sonata__result__init(&r);
    r.measurement = measurement_to_message(&m);
    e.body_case = SONATA__ENVELOPE__BODY_RESULT;
    e.result = &r;
    send_envelope(w->socket, &e);
    sonata__measurement__free_unpacked(r.measurement, NULL);
    l->sent++;
    w->idle_since = clock_monotonic_ns();
    w->due_ns = w->idle_since + l->job_ns;
    if (w->held && l->n_gaps < GAPS_MAX)
        l->gap_ms[l->n_gaps++] = 0;
}

static void take_job(struct load *l, struct worker *w, const Sonata__Assign *assign)
{
    struct sonata_error err = {""};
    if (w->held == QUEUE_MAX || job_from_message(assign, &w->queue[w->held], &err)) {
        l->refused++;
        return;
    }
    if (w->held++)
        return;
    int64_t now = clock_monotonic_ns();
    w->due_ns = now + l->job_ns;
    if (w->idle_since && l->n_gaps < GAPS_MAX)
        l->gap_ms[l->n_gaps++] = (float)((double)(now - w->idle_since) / 1e6);
}

/* Reads what there is. */
static void listen_to(struct load *l, struct worker *w)
{
    for (Sonata__Envelope *e; (e = receive_envelope(w->socket, ZMQ_DONTWAIT));) {
        if (e->body_case == SONATA__ENVELOPE__BODY_ASSIGN)
            take_job(l, w, e->assign);
        else if (e->body_case == SONATA__ENVELOPE__BODY_RESULT_ACK)
            l->acked++, w->acked++;
        else if (e->body_case == SONATA__ENVELOPE__BODY_WELCOME && !w->welcome)
            w->welcome = true, l->n_welcome++;
        else if (e->body_case == SONATA__ENVELOPE__BODY_FAULT)
            fprintf(stderr, "%s: %s\n", w->name, e->fault->text);
        envelope_free(e);
    }
}

/* A send may have taken the signal of what came in meanwhile, so it is followed by a look. */
static void serve(struct load *l, struct worker *w)
{
    listen_to(l, w);
    while (w->held && clock_monotonic_ns() >= w->due_ns) {
        finish_first(l, w);
        listen_to(l, w);
    }
}

/* CURVE when there are keys. */
static void secure(void *socket, const struct keyfile *k)
{
    struct net_security security = keyfile_security(k);
    struct sonata_error err = {{0}};
    if (k->secret_key[0] && net_set_security(socket, &security, false, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
}

/* Ten genes of eight choices: 10^9 architectures. */
static struct search_spec made_up_search(void)
{
    struct search_spec s = {.n_objectives = 2, .budget_evaluations = 1000000, .seed = (uint64_t)clock_wall_ns()};
    copy_string(s.name, sizeof s.name, "dispatch-bench");
    copy_string(s.algorithm, sizeof s.algorithm, "random");
    copy_string(s.tier, sizeof s.tier, "screen");
    copy_string(s.objective[0].metric, METRIC_NAME_MAX, metric_error);
    copy_string(s.objective[1].metric, METRIC_NAME_MAX, metric_latency);
    copy_string(s.space.name, sizeof s.space.name, "dispatch-bench");
    s.space.n_genes = 10;
    for (unsigned j = 0; j < s.space.n_genes; j++) {
        struct gene *g = &s.space.gene[j];
        *g = (struct gene){.n_choices = 8, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1};
        snprintf(g->name, sizeof g->name, "g%u", j);
        for (unsigned v = 0; v < 8; v++) {
            snprintf(g->label[v], sizeof g->label[v], "%u", v);
            g->value[v] = v;
        }
    }
    return s;
}

static int submit(void *context, const char *endpoint, const struct keyfile *key)
{
    void *socket = zmq_socket(context, ZMQ_DEALER);
    int linger = 0, wait = 20000;
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait, sizeof wait);
    secure(socket, key);
    if (zmq_connect(socket, endpoint)) {
        fprintf(stderr, "%s: %s\n", endpoint, zmq_strerror(errno));
        return -1;
    }
    struct search_spec *spec = xmalloc(sizeof *spec);
    *spec = made_up_search();
    uint8_t id[16];
    memcpy(id, &spec->seed, 8);
    memset(id + 8, 7, 8);
    Sonata__Envelope e;
    Sonata__Request q;
    Sonata__Submit s;
    sonata__envelope__init(&e);
    sonata__request__init(&q);
    sonata__submit__init(&s);
    s.spec = spec_to_message(spec);
    q.id.data = id;
    q.id.len = sizeof id;
    q.verb_case = SONATA__REQUEST__VERB_SUBMIT;
    q.submit = &s;
    e.body_case = SONATA__ENVELOPE__BODY_REQUEST;
    e.request = &q;
    send_envelope(socket, &e);
    Sonata__Envelope *answer = receive_envelope(socket, 0);
    int r = answer && answer->body_case == SONATA__ENVELOPE__BODY_REPLY ? answer->reply->code : -ETIMEDOUT;
    if (r)
        fprintf(stderr, "submit: %s\n", answer && answer->reply ? answer->reply->text : "no answer");
    if (answer)
        envelope_free(answer);
    sonata__search_spec__free_unpacked(s.spec, NULL);
    free(spec);
    zmq_close(socket);
    return r;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static long resident_kib(const char *pid)
{
    char path[64], line[128];
    snprintf(path, sizeof path, "/proc/%s/status", pid);
    FILE *f = fopen(path, "r");
    long kib = -1;
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    }
    if (f)
        fclose(f);
    return kib;
}

/* Milliseconds until the next running job is done, at most 100. */
static long next_due_ms(const struct load *l, int64_t now)
{
    int64_t next = now + 100 * SONATA_MS;
    for (unsigned i = 0; l->job_ns && i < l->n; i++) {
        if (l->worker[i].held && l->worker[i].due_ns < next)
            next = l->worker[i].due_ns;
    }
    return next > now ? (long)((next - now) / SONATA_MS) : 0;
}

/* One epoll set of the sockets' descriptors: zmq_poll() looks at every socket at every call, which costs more than the master at 5,000. */
static int watch_all(const struct load *l)
{
    int set = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < l->n; i++) {
        int fd;
        size_t size = sizeof fd;
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};
        if (set < 0 || zmq_getsockopt(l->worker[i].socket, ZMQ_FD, &fd, &size) || epoll_ctl(set, EPOLL_CTL_ADD, fd, &e)) {
            fprintf(stderr, "the sockets cannot be watched: %s\n", strerror(errno));
            exit(1);
        }
    }
    return set;
}

static void beat_all(struct load *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        beat(&l->worker[i]);
        serve(l, &l->worker[i]);
    }
}

/* Works for so long, or until all workers are welcomed. */
static void run(struct load *l, int64_t duration_ns, bool only_welcome)
{
    struct epoll_event event[256];
    int set = watch_all(l);
    int64_t now = clock_monotonic_ns(), end = now + duration_ns, next_beat = now + 2 * SONATA_SECOND;
    for (unsigned i = 0; i < l->n; i++)
        serve(l, &l->worker[i]); /* what came before they were watched */
    for (; now < end && !(only_welcome && l->n_welcome == l->n); now = clock_monotonic_ns()) {
        if (now >= next_beat) {
            beat_all(l);
            next_beat += 2 * SONATA_SECOND;
        }
        int n = epoll_wait(set, event, sizeof event / sizeof *event, (int)next_due_ms(l, now));
        for (int k = 0; k < n; k++)
            serve(l, &l->worker[event[k].data.u32]);
        now = clock_monotonic_ns();
        for (unsigned i = 0; l->job_ns && i < l->n; i++) {
            if (l->worker[i].held && now >= l->worker[i].due_ns)
                serve(l, &l->worker[i]);
        }
    }
    close(set);
}

int main(int argc, char **argv)
{
    uint64_t workers, seconds, job_ms;
    if (argc < 6 || parse_u64(argv[3], 1, WORKERS_MAX, &workers) || parse_u64(argv[4], 1, 3600, &seconds) ||
        parse_u64(argv[5], 0, 60000, &job_ms)) {
        fprintf(stderr, "usage: %s WORKER_ENDPOINT CLIENT_ENDPOINT WORKERS(1..%d) SECONDS JOB_MS [MASTER_PID [WORKER_KEY CLIENT_KEY]]\n", argv[0], WORKERS_MAX);
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    void *context = zmq_ctx_new();
    zmq_ctx_set(context, ZMQ_MAX_SOCKETS, (int)workers + 16);
    long before = argc > 6 ? resident_kib(argv[6]) : -1;
    struct keyfile worker_key = {.server_key = ""}, client_key = {.server_key = ""};
    struct sonata_error err = {""};
    if (argc > 8 && (keyfile_read(argv[7], &worker_key, &err) || keyfile_read(argv[8], &client_key, &err))) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    struct load l = {.job_ns = (int64_t)job_ms * SONATA_MS, .worker = xcalloc(workers, sizeof *l.worker), .n = (unsigned)workers, .gap_ms = xreallocarray(NULL, GAPS_MAX, sizeof(float))};
    for (unsigned i = 0; i < l.n; i++) {
        struct worker *w = &l.worker[i];
        snprintf(w->name, sizeof w->name, "bench-%u", i);
        snprintf(w->board, sizeof w->board, "bench-%u-b", i);
        w->socket = zmq_socket(context, ZMQ_DEALER);
        int linger = 0;
        zmq_setsockopt(w->socket, ZMQ_LINGER, &linger, sizeof linger);
        zmq_setsockopt(w->socket, ZMQ_ROUTING_ID, w->name, strlen(w->name));
        secure(w->socket, &worker_key);
        if (!w->socket || zmq_connect(w->socket, argv[1])) {
            fprintf(stderr, "worker %u: %s\n", i, zmq_strerror(errno));
            return 1;
        }
        say_hello(w);
    }
    run(&l, 60 * SONATA_SECOND, true);
    if (l.n_welcome < l.n)
        fprintf(stderr, "only %u of %u workers are welcomed after a minute\n", l.n_welcome, l.n);
    long connected = argc > 6 ? resident_kib(argv[6]) : -1;
    if (submit(context, argv[2], &client_key))
        return 1;
    int64_t start = clock_monotonic_ns();
    run(&l, (int64_t)seconds * SONATA_SECOND, false);
    double elapsed = (double)(clock_monotonic_ns() - start) / 1e9;
    qsort(l.gap_ms, l.n_gaps, sizeof(float), by_value);
    printf("workers=%u job_ms=%" PRIu64 " seconds=%.1f durable_results=%" PRIu64 " per_second=%.0f gap_p50_ms=%.2f gap_p99_ms=%.2f refused=%" PRIu64, l.n, job_ms, elapsed,
           l.acked, (double)l.acked / elapsed, l.n_gaps ? l.gap_ms[l.n_gaps / 2] : -1.0, l.n_gaps ? l.gap_ms[l.n_gaps * 99 / 100] : -1.0, l.refused);
    if (before >= 0) {
        long after = resident_kib(argv[6]);
        printf(" master_kib=%ld kib_per_worker=%.1f kib_per_1000_results=%.0f", after, (double)(connected - before) / l.n,
               (double)(after - connected) / ((double)l.acked / 1000));
    }
    printf("\n");
    for (unsigned i = 0; i < l.n; i++)
        zmq_close(l.worker[i].socket);
    zmq_ctx_term(context);
    free(l.worker);
    free(l.gap_ms);
    return 0;
}
