/* The table backend: the candidate sleeps the simulated delay, then fails, crashes, hangs or answers as its noise seed says. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/backend.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parse.h"

struct table_board {
    const struct board_config *config;
    struct table *table;
};

static int open_table(const struct board_config *config, void **ret_backend, struct sonata_error *err)
{
    struct table_board *b = xcalloc(1, sizeof *b);
    b->config = config;
    int r = table_open(&config->table, &b->table, err);
    if (r)
        free(b);
    else
        *ret_backend = b;
    return r;
}

static void offer(const void *backend, struct board_offer *o)
{
    table_metrics(((const struct table_board *)backend)->table, &o->n_metrics, o->metric);
    copy_string(o->detail, sizeof o->detail, "published measurements");
}

static int prepare(void *backend, const struct backend_job *job, struct sonata_error *err)
{
    return table_use_space(((struct table_board *)backend)->table, job->space, err);
}

static void run(void *backend, const struct backend_job *job, struct measurement *m)
{
    const struct table *t = ((const struct table_board *)backend)->table;
    int64_t delay_ns;
    enum table_fate fate = table_fate(t, job->job, &delay_ns);
    if (delay_ns > 0)
        clock_sleep_ns(delay_ns);
    switch (fate) {
    case TABLE_CRASHES:
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
        break;
    case TABLE_HANGS:
        for (;;)
            pause();
    case TABLE_FAILS:
        measurement_fail(m, OUTCOME_INFRA, "simulated failure");
        break;
    case TABLE_ANSWERS:
        table_answer(t, job->job, m);
        break;
    }
}

/* The number in canary.file, a published table's stand-in for a clock that drifts; a table without one is always well. */
static int canary(void *backend, bool timed, double *ret_latency_us, struct sonata_error *err)
{
    const char *path = ((const struct table_board *)backend)->config->health.file;
    cleanup_bytes struct bytes text = {0};
    double us;
    if (!path[0])
        return 0;
    int r = file_read(path, 64, &text, err);
    if (r)
        return r;
    while (text.size && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == ' '))
        text.size--;
    bytes_put_u8(&text, 0);
    if (parse_double((const char *)text.data, &us) || !(us > 0))
        return sonata_error_set(err, -EBADMSG, "%s: a number of microseconds is expected", path);
    if (timed)
        *ret_latency_us = us;
    return 0;
}

static void close_table(void *backend)
{
    struct table_board *b = backend;
    table_close(b->table);
    free(b);
}

const struct backend_ops backend_table = {
    .open = open_table, .offer = offer, .prepare = prepare, .run = run, .canary = canary, .close = close_table};
