/* The evaluator backend: a program of the user's that is started once per board and asked for one architecture after another, by JSON lines on its
 * stdin and stdout (docs/ADAPTERS.md).
 *
 *     board process: open -> start the program, handshake        prepare, revive -> start it anew when it died, grew, or still owes an answer
 *     candidate (a fork of the board process): write the request, read progress and the answer; SIGTERM asks the program to give up
 *     canary (another fork): after a death, the last architecture it was well with has to be answered again
 *
 * Only one candidate at a time talks to it. What candidates leave for the next is in shared memory: whether an answer is due, what was well. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/evaluator_messages.h"
#include "backend/evaluator_process.h"
#include "backend/model_file.h"
#include "backend/stamp.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/part.h"
#include "power/fingerprint.h"
#include "process/process.h"

enum { KNOWN_MAX = 120 << 10, LOOK_MS = 250, LAST_LINE_MAX = 101, CHECK_ID = 0 };
static const int64_t PHASE_NS = 200 * SONATA_MS;

struct shared {
    bool due;          /* it owes an answer: to a candidate that was killed, or it answered wrong */
    bool doubtful;     /* it died, or its candidate was killed: the next canary asks it something */
    uint64_t requests; /* since its start */
    size_t n_known;
    char known[KNOWN_MAX]; /* the last request it answered well, as JSON; n_known 0: none */
    struct evaluator_log log;
};

struct evaluator {
    const struct board_config *config;
    struct evaluator_options options;
    struct board_offer offer;
    struct evaluator_process process;
    struct shared *shared;
    uint64_t resident; /* when it was ready */
    uint64_t stamp;    /* of its files when it was started */
    uint64_t said;     /* bytes it had written to stderr before the job */
    char version[96];
    char why[200]; /* it does not run: what it said */
};

static volatile sig_atomic_t told_to_stop;

static void on_term(int signum)
{
    (void)signum;
    told_to_stop = 1;
}

static uint64_t memory_limit(const struct evaluator *e)
{
    uint64_t physical = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    return e->config->memory_max ? e->config->memory_max : physical / 4 * 3;
}

/* ": its last words", when there are any. */
static const char *last_words(struct evaluator *e, bool to_end, char text[LAST_LINE_MAX + 2])
{
    char line[LAST_LINE_MAX];
    evaluator_log_last(&e->shared->log, to_end, line, sizeof line);
    snprintf(text, LAST_LINE_MAX + 2, "%s%s", line[0] ? ": " : "", line);
    return text;
}

static void describe(struct evaluator *e, int r, struct sonata_error *err)
{
    char words[LAST_LINE_MAX + 2];
    last_words(e, r == -EPIPE, words);
    if (r == -EPIPE)
        sonata_error_set(err, r, "it ended before it was ready%s", words);
    else if (r == -ETIMEDOUT)
        sonata_error_set(err, r, "not ready within %.3g s (the board's option 'ready')%s", (double)e->options.ready_ns / 1e9, words);
    else if (r == -EMSGSIZE)
        sonata_error_set(err, r, "it wrote a line of more than %d bytes to stdout", EVALUATOR_LINE_MAX);
    else
        sonata_error_set(err, r, "it wrote something to stdout that is not a JSON object a line; what is not an answer belongs on stderr%s", words);
}

static int hear_ready(struct evaluator *e, cJSON **ret_message)
{
    struct evaluator_lines lines = {{0}, 0};
    int64_t end = clock_monotonic_ns() + e->options.ready_ns;
    int r = -EAGAIN;
    while (r == -EAGAIN && clock_monotonic_ns() < end) {
        r = evaluator_hear(e->process.out, &lines, LOOK_MS, ret_message);
        if (r == -EAGAIN && process_tree_usage(e->process.pid).below > e->options.tasks)
            break;
    }
    bytes_fini(&lines.in);
    return r == -EAGAIN ? -ETIMEDOUT : r;
}

static int start(struct evaluator *e, struct sonata_error *err)
{
    cJSON *ready = NULL;
    e->stamp = command_stamp(e->config->adapter.command);
    e->said = 0;
    int r = evaluator_process_start(&e->process, e->config, &e->options, &e->shared->log, err);
    if (!r) {
        r = evaluator_say(e->process.in, evaluator_hello(e->config));
        r = r == -EPIPE || !r ? hear_ready(e, &ready) : r;
        if (r)
            describe(e, r, err);
        else
            r = evaluator_take_ready(ready, &e->offer, e->version, sizeof e->version, err);
        cJSON_Delete(ready);
    }
    if (r) {
        sonata_error_prefix(err, r, "evaluator '%.60s'", e->config->adapter.command);
        evaluator_process_stop(&e->process, false);
        return r;
    }
    e->resident = process_tree_usage(e->process.pid).resident;
    e->shared->due = false;
    e->shared->requests = 0;
    return 0;
}

static void close_evaluator(void *backend)
{
    struct evaluator *e = backend;
    evaluator_process_stop(&e->process, !e->shared->due);
    munmap(e->shared, sizeof *e->shared);
    free(e);
}

static int open_evaluator(const struct board_config *config, void **ret_backend, struct sonata_error *err)
{
    struct evaluator *e = xcalloc(1, sizeof *e);
    e->config = config;
    e->options = config->evaluator;
    evaluator_options_complete(&e->options);
    signal(SIGPIPE, SIG_IGN);
    e->shared = mmap(NULL, sizeof *e->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (e->shared == MAP_FAILED) {
        free(e);
        return sonata_error_set(err, -ENOMEM, "no shared pages for the evaluator");
    }
    int r = start(e, err);
    if (r) {
        close_evaluator(e);
        return r;
    }
    for (uint32_t i = 0; i < config->n_datasets; i++)
        copy_string(e->offer.dataset[e->offer.n_datasets++], BOARD_DATASET_MAX, config->dataset[i]);
    snprintf(e->offer.detail, sizeof e->offer.detail, "evaluator=%s", e->version);
    *ret_backend = e;
    return 0;
}

static void offer(const void *backend, struct board_offer *o) { *o = ((const struct evaluator *)backend)->offer; }

static size_t keeps(const void *backend, pid_t pid[BACKEND_KEEPS_MAX])
{
    const struct evaluator *e = backend;
    pid[0] = e->process.pid;
    pid[1] = e->process.log_pid;
    return e->process.pid ? 2 : 0;
}

/* Why it has to be started anew; NULL: it has not. */
static const char *why_anew(const struct evaluator *e)
{
    if (!evaluator_process_alive(&e->process))
        return "it ended";
    if (e->stamp != command_stamp(e->config->adapter.command))
        return "its files were changed";
    if (e->shared->due)
        return "it owes an answer";
    if (evaluator_process_spoke(&e->process))
        return "it speaks without having been asked";
    if (e->options.restart_requests && e->shared->requests >= e->options.restart_requests)
        return "it has answered as many requests as it may";
    struct process_usage now = e->options.growth ? process_tree_usage(e->process.pid) : (struct process_usage){0};
    return now.resident > e->resident + e->options.growth ? "it has grown more than it may" : NULL;
}

static void revive(void *backend)
{
    struct evaluator *e = backend;
    struct sonata_error why = {0};
    const char *reason = why_anew(e);
    if (!reason)
        return;
    log_info("the evaluator is started anew", "board=%s reason=\"%s\"", e->config->id, reason);
    if (e->stamp != command_stamp(e->config->adapter.command))
        e->shared->n_known = 0; /* what another program was well with says nothing of this one */
    evaluator_process_stop(&e->process, !e->shared->due);
    if (start(e, &why)) {
        copy_string(e->why, sizeof e->why, why.text);
        log_warn("the evaluator does not start", "board=%s reason=\"%s\"", e->config->id, why.text);
    }
}

static void said(void *backend, char *text, size_t size)
{
    struct evaluator *e = backend;
    evaluator_log_lines(&e->shared->log, e->said, text, size);
}

/* It does not start, or ended over the first that it was asked: nothing shows that it ever works. */
static const char *fault(const void *backend)
{
    const struct evaluator *e = backend;
    if (!e->process.pid)
        return e->why;
    return e->shared->doubtful && !e->shared->n_known ? "" : NULL;
}

static int prepare(void *backend, const struct backend_job *job, struct sonata_error *err)
{
    struct evaluator *e = backend;
    e->said = evaluator_log_written(&e->shared->log);
    revive(e); /* where it fails that is the program's failure, not the job's: run() says it */
    for (uint32_t i = 0; i < job->job->n_metrics && e->process.pid; i++) {
        bool found = false;
        for (uint32_t k = 0; k < e->offer.n_metrics; k++)
            found |= !strcmp(e->offer.metric[k], job->job->metric[i]);
        if (!found)
            return sonata_error_set(err, -EINVAL, "the evaluator of board '%s' does not supply metric '%s'", e->config->id, job->job->metric[i]);
    }
    return 0;
}

/* A conversation about one request. */
struct talk {
    struct evaluator *e;
    const struct backend_job *job; /* NULL: of a canary */
    uint64_t id;
    struct evaluator_lines lines;
    int64_t sign_ns, phase_ns; /* last sign of life; last progress passed on */
    int64_t looked_ns;         /* last look at what it takes */
    bool asked_to_stop;
    char folder[PART_PATH_MAX]; /* where it builds a model; "": it does not */
};

/* Over a limit: the program is ended and the reason is in the measurement. */
static bool over_limit(struct talk *t, struct measurement *m)
{
    struct evaluator *e = t->e;
    struct process_usage u = process_tree_usage(e->process.pid);
    if (u.resident > memory_limit(e))
        measurement_fail(m, OUTCOME_INFEASIBLE, "evaluator: ram: it took %llu MiB, its limit is %llu MiB (the board's option 'memory')",
                         (unsigned long long)(u.resident >> 20), (unsigned long long)(memory_limit(e) >> 20));
    else if (u.below > e->options.tasks)
        measurement_fail(m, OUTCOME_BUG, "evaluator: it started more than %u processes (the board's option 'tasks')", e->options.tasks);
    else if (e->options.quiet_ns && clock_monotonic_ns() - t->sign_ns > e->options.quiet_ns)
        measurement_fail(m, OUTCOME_BUG, "evaluator: neither answer nor progress for %.3g s (the board's option 'quiet')",
                         (double)e->options.quiet_ns / 1e9);
    else
        return false;
    kill(-e->process.pid, SIGKILL);
    return true;
}

static bool look_is_due(struct talk *t)
{
    int64_t now = clock_monotonic_ns();
    if (now - t->looked_ns < LOOK_MS * SONATA_MS)
        return false;
    t->looked_ns = now;
    return true;
}

static void show_progress(struct talk *t, double progress)
{
    char phase[24];
    int64_t now = clock_monotonic_ns();
    t->sign_ns = now;
    if (!t->job || now - t->phase_ns < PHASE_NS)
        return;
    t->phase_ns = now;
    snprintf(phase, sizeof phase, "evaluate %.0f%%", 100 * progress);
    t->job->phase(t->job->phase_user, phase);
}

static void ask_to_stop(struct talk *t)
{
    if (!told_to_stop || t->asked_to_stop)
        return;
    cJSON *m = cJSON_CreateObject();
    cJSON_AddNumberToObject(m, "cancel", (double)t->id);
    (void)!evaluator_say(t->e->process.in, m);
    t->asked_to_stop = true;
}

/* Until the answer. 0: the measurement has it, or its lack; -EPIPE: it ended; -ECANCELED: it gave up. */
static int converse(struct talk *t, struct measurement *m)
{
    for (;;) {
        cJSON *answer = NULL;
        double progress = 0;
        ask_to_stop(t);
        int r = evaluator_hear(t->e->process.out, &t->lines, LOOK_MS, &answer);
        if (look_is_due(t) && over_limit(t, m)) { /* also while it shows progress all the time */
            cJSON_Delete(answer);
            return 0;
        }
        if (r == -EAGAIN)
            continue;
        if (r == -EPIPE)
            return r;
        if (r) {
            struct sonata_error err = {0};
            describe(t->e, r, &err);
            measurement_fail(m, OUTCOME_BUG, "evaluator: %.140s", err.text);
            return 0;
        }
        enum evaluator_said said = evaluator_take(answer, t->id, &progress, m);
        if (said == EVALUATOR_ANSWER && t->job && t->folder[0] && m->outcome == OUTCOME_OK)
            evaluator_take_model(t->job, answer, m);
        cJSON_Delete(answer);
        if (said == EVALUATOR_PROGRESS)
            show_progress(t, progress);
        else if (said != EVALUATOR_CONFUSED)
            t->e->shared->due = t->lines.in.size > 0; /* more than an answer: it is not to be trusted */
        if (said == EVALUATOR_ANSWER || said == EVALUATOR_CONFUSED)
            return 0;
        if (said == EVALUATOR_CANCELED)
            return -ECANCELED;
    }
}

/* What it was well with can be asked again; only the last such request is kept. */
static void remember(struct shared *s, const char *request)
{
    size_t n = strlen(request);
    if (n >= sizeof s->known)
        return;
    memcpy(s->known, request, n + 1);
    s->n_known = n;
}

static int ask(struct talk *t, cJSON *request, struct measurement *m)
{
    struct shared *s = t->e->shared;
    struct sigaction term = {.sa_handler = on_term};
    sigaction(SIGTERM, &term, NULL);
    s->due = true;
    s->requests++;
    t->sign_ns = t->looked_ns = clock_monotonic_ns();
    int r = evaluator_say(t->e->process.in, request);
    r = r ? r : converse(t, m);
    bytes_fini(&t->lines.in);
    return r;
}

static bool is_build(const struct backend_job *job) { return job->job->n_metrics == 1 && !strcmp(job->job->metric[0], METRIC_MODEL); }

static void run(void *backend, const struct backend_job *job, struct measurement *m)
{
    struct evaluator *e = backend;
    struct talk t = {.e = e, .job = job, .id = job->job->attempt};
    char words[LAST_LINE_MAX + 2], why[REASON_MAX];
    if (!e->process.pid) {
        measurement_fail(m, OUTCOME_BUG, "%s", e->why);
        return;
    }
    struct sonata_error err = {0};
    if (is_build(job) && model_scratch(job, t.folder, sizeof t.folder, &err)) {
        measurement_fail(m, OUTCOME_INFRA, "%.140s", err.text);
        return;
    }
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "evaluator=%s", e->version);
    job->phase(job->phase_user, t.folder[0] ? "build" : "evaluate");
    cJSON *request = evaluator_request(job, t.folder[0] ? t.folder : NULL, board_config_limit_ns(e->config, job->job->time_limit_ns));
    char *text = cJSON_PrintUnformatted(request);
    e->shared->doubtful = true; /* until it answers */
    int r = ask(&t, request, m);
    if (t.folder[0])
        model_scratch_remove(t.folder);
    if (r == -EPIPE) {
        snprintf(why, sizeof why, "the evaluator ended over it%s", last_words(e, true, words));
        job->died(job->phase_user, why);
    }
    if (r == -ECANCELED)
        e->shared->doubtful = false;
    if (r)
        _exit(70); /* no result: the board process looks whether it is well afterwards, or has canceled it */
    if (!e->shared->due)
        e->shared->doubtful = false;
    if (m->outcome == OUTCOME_OK)
        remember(e->shared, text);
    free(text);
}

/* The last architecture it was well with, asked again. "check" lets the program take a short cut. */
static int check_known(struct evaluator *e, struct sonata_error *err)
{
    struct talk t = {.e = e, .id = CHECK_ID};
    struct measurement m = {0};
    cJSON *request = cJSON_ParseWithLength(e->shared->known, e->shared->n_known);
    if (!request)
        return sonata_error_set(err, -ENODATA, "the evaluator has not answered anything yet");
    cJSON_ReplaceItemInObjectCaseSensitive(request, "id", cJSON_CreateNumber(CHECK_ID));
    cJSON_AddBoolToObject(request, "check", true);
    const cJSON *build = cJSON_GetObjectItemCaseSensitive(request, "build");
    const char *folder = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(build, "folder"));
    if (folder && copy_string(t.folder, sizeof t.folder, folder))
        (void)!mkdir(folder, 0700); /* it went with the build; where it cannot be made the program says so */
    int r = ask(&t, request, &m);
    if (t.folder[0])
        model_scratch_remove(t.folder);
    if (r == -EPIPE)
        sonata_error_set(err, r, "the evaluator ended over an architecture that it was well with before");
    else if (!r && m.outcome != OUTCOME_OK)
        r = sonata_error_set(err, -EIO, "of an architecture that it was well with before: %.120s", m.reason);
    measurement_fini(&m);
    return r;
}

/* It runs: the board process has just seen to it. After a death it has to show that it works. */
static int canary(void *backend, bool timed, double *ret_latency_us, struct sonata_error *err)
{
    struct evaluator *e = backend;
    (void)timed, (void)ret_latency_us;
    if (!evaluator_process_alive(&e->process)) /* the program's failure, which jobs tell (fault()); the board has nothing else to show */
        return 0;
    if (!e->shared->doubtful || !e->shared->n_known)
        return 0;
    int r = check_known(e, err);
    e->shared->doubtful = r != 0;
    return r;
}

const struct backend_ops backend_evaluator = {.open = open_evaluator,
                                              .offer = offer,
                                              .keeps = keeps,
                                              .revive = revive,
                                              .fault = fault,
                                              .said = said,
                                              .prepare = prepare,
                                              .run = run,
                                              .canary = canary,
                                              .close = close_evaluator};
