/* A job cycle through a common job queue, beside which ours is measured:
 *
 *     bench_queues beanstalkd|redis|redis-stream PORT CONNECTIONS SECONDS
 *
 * Every connection goes round: hand in a result, take the next job, be done with it; each step waits for the server's answer, so with a server that
 * syncs before it answers every counted cycle is durable. beanstalkd: put, reserve, delete. Redis: RPUSH to a list of results and LMOVE from the jobs
 * to the running ones in one round trip, then LREM. Redis streams: XADD of a result and XREADGROUP of a job in one round trip, then XACK. The server
 * listens on 127.0.0.1. Prints one line. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parse.h"

enum { CONNECTIONS_MAX = 1000, TEXT_MAX = 512, PAYLOAD = 40, JOBS_A_SECOND = 40000, JOBS_A_WRITE = 500 };
static const char payload[] = "0123456789012345678901234567890123456789";

struct connection {
    int fd;
    unsigned step;
    char in[TEXT_MAX];
    size_t n_in;
    char job[32]; /* beanstalkd, Redis streams: id of the job it holds */
};

/* How one kind of server is spoken to. */
struct queue {
    const char *name;
    unsigned steps;
    /* The text of a step into out. */
    void (*ask)(const struct connection *c, char *out, size_t size);
    /* Length of the complete answer to the step at the start of c->in; 0: not all there; < 0: not the answer expected. */
    long (*answered)(struct connection *c);
    const char *add_group, *add_job; /* commands that make the jobs beforehand, the first with two answers; NULL: none needed */
    unsigned lines_added;            /* of the answer to add_job */
};

/* Length of the first line with its end, 0 when there is none yet. */
static size_t line_length(const char *text)
{
    const char *end = strstr(text, "\r\n");
    return end ? (size_t)(end - text) + 2 : 0;
}

static void beanstalkd_ask(const struct connection *c, char *out, size_t size)
{
    if (c->step == 0)
        snprintf(out, size, "put 0 0 60 %d\r\n%s\r\n", PAYLOAD, payload);
    else if (c->step == 1)
        snprintf(out, size, "reserve\r\n");
    else
        snprintf(out, size, "delete %s\r\n", c->job);
}

static long beanstalkd_answered(struct connection *c)
{
    static const char *expected[] = {"INSERTED ", "RESERVED ", "DELETED"};
    size_t n = line_length(c->in);
    if (n == 0)
        return 0;
    if (strncmp(c->in, expected[c->step], strlen(expected[c->step])) != 0)
        return -1;
    if (c->step == 1) {
        n += PAYLOAD + 2;
        if (c->n_in < n)
            return 0;
        if (sscanf(c->in, "RESERVED %31[0-9]", c->job) != 1)
            return -1;
    }
    return (long)n;
}

static void redis_ask(const struct connection *c, char *out, size_t size)
{
    if (c->step == 0)
        snprintf(out, size, "RPUSH results %s\r\nLMOVE jobs running LEFT RIGHT\r\n", payload);
    else
        snprintf(out, size, "LREM running 1 %s\r\n", payload);
}

static long redis_answered(struct connection *c)
{
    size_t n = line_length(c->in);
    if (n == 0)
        return 0;
    if (c->in[0] != ':')
        return -1;
    if (c->step == 1)
        return (long)n;
    const char *bulk = c->in + n; /* $40 CRLF payload CRLF */
    size_t header = line_length(bulk);
    if (header == 0)
        return 0;
    if (strncmp(bulk, "$40\r\n", 5) != 0)
        return -1;
    n += header + PAYLOAD + 2;
    return c->n_in < n ? 0 : (long)n;
}

static void stream_ask(const struct connection *c, char *out, size_t size)
{
    if (c->step == 0)
        snprintf(out, size, "XADD done * r %s\r\nXREADGROUP GROUP boards one COUNT 1 STREAMS work >\r\n", payload);
    else
        snprintf(out, size, "XACK work boards %s\r\n", c->job);
}

static long stream_answered(struct connection *c)
{
    size_t n = line_length(c->in);
    if (n == 0)
        return 0;
    if (c->step == 1)
        return c->in[0] == ':' ? (long)n : -1;
    size_t id = line_length(c->in + n); /* of the result, after its length */
    if (id == 0)
        return 0;
    const char *jobs = c->in + n + id, *end = strstr(jobs, payload);
    if (c->in[0] != '$')
        return -1;
    if (!end || c->n_in < (size_t)(end - c->in) + PAYLOAD + 2)
        return 0;
    if (sscanf(jobs, "*1 *2 $4 work *1 *2 $%*d %31[0-9-]", c->job) != 1)
        return -1;
    return end - c->in + PAYLOAD + 2;
}

static const struct queue queues[] = {
    {.name = "beanstalkd", .steps = 3, .ask = beanstalkd_ask, .answered = beanstalkd_answered},
    {.name = "redis", .steps = 2, .ask = redis_ask, .answered = redis_answered, .add_job = "RPUSH jobs", .lines_added = 1},
    {.name = "redis-stream", .steps = 2, .ask = stream_ask, .answered = stream_answered, .add_group = "DEL work done\r\nXGROUP CREATE work boards 0 MKSTREAM\r\n",
     .add_job = "XADD work * r", .lines_added = 2},
};

static void send_text(int fd, const char *text)
{
    for (size_t at = 0, n = strlen(text); at < n;) {
        ssize_t done = write(fd, text + at, n - at);
        if (done < 0 && errno != EINTR) {
            perror("write");
            exit(EXIT_FAILURE);
        }
        at += done > 0 ? (size_t)done : 0;
    }
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
        perror("connect");
        exit(EXIT_FAILURE);
    }
    return fd;
}

/* Waits for that many lines of answer, none of which may be an error. */
static void read_lines(int fd, unsigned lines)
{
    char text[TEXT_MAX], before = '\n';
    while (lines) {
        ssize_t n = read(fd, text, sizeof text);
        for (ssize_t i = 0; i < n && lines; before = text[i++]) {
            if (before == '\n' && text[i] == '-')
                n = -1;
            lines -= text[i] == '\n';
        }
        if (n <= 0) {
            fprintf(stderr, "bench_queues: the server does not take the jobs\n");
            exit(EXIT_FAILURE);
        }
    }
}

/* Enough jobs for the whole run, many in a write, since the server syncs what came together once. */
static void fill_jobs(const struct queue *q, uint16_t port, uint64_t jobs)
{
    int fd = connect_to(port);
    if (q->add_group) {
        send_text(fd, q->add_group);
        read_lines(fd, 2);
    }
    static char text[JOBS_A_WRITE * (PAYLOAD + 32)];
    size_t n = 0;
    for (unsigned i = 0; i < JOBS_A_WRITE; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s %s\r\n", q->add_job, payload);
    for (uint64_t i = 0; i < jobs; i += JOBS_A_WRITE) {
        send_text(fd, text);
        read_lines(fd, JOBS_A_WRITE * q->lines_added);
    }
    close(fd);
}

static void ask(const struct queue *q, const struct connection *c)
{
    char text[TEXT_MAX];
    q->ask(c, text, sizeof text);
    send_text(c->fd, text);
}

/* What has come in on the connection: true when a cycle is complete. */
static bool take(const struct queue *q, struct connection *c)
{
    ssize_t n = read(c->fd, c->in + c->n_in, sizeof c->in - 1 - c->n_in);
    if (n <= 0) {
        fprintf(stderr, "bench_queues: the server closed the connection\n");
        exit(EXIT_FAILURE);
    }
    c->n_in += (size_t)n;
    c->in[c->n_in] = '\0';
    long used = q->answered(c);
    if (used == 0)
        return false;
    if (used < 0) {
        fprintf(stderr, "bench_queues: %s answered '%.60s' in step %u\n", q->name, c->in, c->step);
        exit(EXIT_FAILURE);
    }
    c->n_in -= (size_t)used;
    memmove(c->in, c->in + used, c->n_in + 1);
    c->step = (c->step + 1) % q->steps;
    ask(q, c);
    return c->step == 0;
}

int main(int argc, char **argv)
{
    const struct queue *q = NULL;
    for (size_t i = 0; argc == 5 && i < sizeof queues / sizeof *queues; i++)
        q = strcmp(argv[1], queues[i].name) == 0 ? &queues[i] : q;
    uint64_t port = 0, n = 0, seconds = 0;
    if (!q || parse_u64(argv[2], 1, UINT16_MAX, &port) < 0 || parse_u64(argv[3], 1, CONNECTIONS_MAX, &n) < 0 || parse_u64(argv[4], 1, 600, &seconds) < 0) {
        fprintf(stderr, "usage: bench_queues beanstalkd|redis|redis-stream PORT CONNECTIONS SECONDS\n");
        return 2;
    }
    if (q->add_job)
        fill_jobs(q, (uint16_t)port, seconds * JOBS_A_SECOND);
    struct connection *c = xcalloc(n, sizeof *c);
    struct pollfd *p = xcalloc(n, sizeof *p);
    for (uint64_t i = 0; i < n; i++) {
        c[i].fd = connect_to((uint16_t)port);
        p[i] = (struct pollfd){.fd = c[i].fd, .events = POLLIN};
        ask(q, &c[i]);
    }
    uint64_t cycles = 0;
    int64_t start = clock_monotonic_ns(), end = start + (int64_t)seconds * SONATA_SECOND;
    while (clock_monotonic_ns() < end) {
        if (poll(p, n, 100) < 0 && errno != EINTR)
            break;
        for (uint64_t i = 0; i < n; i++)
            if (p[i].revents)
                cycles += take(q, &c[i]) ? 1 : 0;
    }
    double s = (double)(clock_monotonic_ns() - start) / SONATA_SECOND;
    printf("%s connections=%u cycles/s=%.0f\n", q->name, (unsigned)n, (double)cycles / s);
    for (uint64_t i = 0; i < n; i++)
        close(c[i].fd);
    free(p);
    free(c);
    return 0;
}
