/* The evaluator backend: a program of the user's that is started once per board and asked for one architecture after another, by JSON lines on its
 * stdin and stdout (docs/ADAPTERS.md).
 *
 *     board process: open -> start the program, handshake        prepare, revive -> start it anew when it died or an answer is still due
 *     candidate (a fork of the board process): write the request, read progress and the answer
 *
 * Only one candidate at a time talks to it. A shared flag says that an answer is due: a candidate that was killed leaves it set. */
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "backend/backend.h"
#include "base/clock.h"
#include "base/memory.h"
#include "power/fingerprint.h"
#include "process/process.h"

enum { LINE_MAX_BYTES = 1 << 20 };
static const int64_t READY_NS = 300 * SONATA_SECOND;

struct evaluator {
    const struct board_config *config;
    struct board_offer offer;
    pid_t pid; /* 0: not running */
    int in, out;
    bool *due; /* shared with candidates */
    char version[96];
    char why[160]; /* it does not run: what it said */
};

static void stop(struct evaluator *e)
{
    if (!e->pid)
        return;
    close(e->in);
    close(e->out);
    kill(-e->pid, SIGKILL);
    waitpid(e->pid, NULL, 0);
    e->pid = 0;
}

static void close_evaluator(void *backend)
{
    struct evaluator *e = backend;
    stop(e);
    munmap(e->due, sizeof *e->due);
    free(e);
}

static _Noreturn void program(const struct evaluator *e, const struct command *command, int in, int out, pid_t parent)
{
    struct core_set cores = {{0}};
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(in, 0) < 0 || dup2(out, 1) < 0)
        _exit(127);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    board_config_cores(e->config, &cores);
    if (core_set_count(&cores))
        (void)cpu_pin_set(&cores);
    execvp(command->argv[0], (char *const *)(uintptr_t)command->argv);
    _exit(127);
}

static int spawn(struct evaluator *e, struct sonata_error *err)
{
    struct command command;
    int to[2], from[2], r = command_parse(e->config->adapter.command, &command, err);
    if (r)
        return r;
    if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC)) {
        command_fini(&command);
        return sonata_error_set(err, -errno, "no pipe for the evaluator: %s", strerror(errno));
    }
    pid_t parent = getpid();
    e->pid = fork();
    if (!e->pid)
        program(e, &command, to[0], from[1], parent);
    r = e->pid < 0 ? sonata_error_set(err, -errno, "no process for the evaluator: %s", strerror(errno)) : 0;
    e->pid = r ? 0 : e->pid;
    close(to[0]);
    close(from[1]);
    e->in = to[1];
    e->out = from[0];
    if (r) {
        close(e->in);
        close(e->out);
    }
    command_fini(&command);
    return r;
}

/* Writes a line; -EPIPE when the program is gone. */
static int say(const struct evaluator *e, cJSON *message)
{
    char *text = cJSON_PrintUnformatted(message);
    cJSON_Delete(message);
    size_t n = strlen(text), done = 0;
    int r = 0;
    text[n++] = '\n'; /* in place of the terminating zero */
    while (!r && done < n) {
        ssize_t k = write(e->in, text + done, n - done);
        if (k >= 0)
            done += (size_t)k;
        else if (errno != EINTR)
            r = -errno;
    }
    free(text);
    return r;
}

/* Reads the next line as JSON. -ETIMEDOUT, -EPIPE: it ended; -EBADMSG: not JSON, or endless. Whatever follows the line in one read stays in *in. */
static int hear(const struct evaluator *e, struct bytes *in, int64_t deadline_ns, cJSON **ret_message)
{
    for (;;) {
        char *end = in->size ? memchr(in->data, '\n', in->size) : NULL;
        if (end) {
            *ret_message = cJSON_ParseWithLength((const char *)in->data, (size_t)(end - (char *)in->data));
            size_t used = (size_t)(end - (char *)in->data) + 1;
            memmove(in->data, in->data + used, in->size - used);
            in->size -= used;
            return cJSON_IsObject(*ret_message) ? 0 : (cJSON_Delete(*ret_message), -EBADMSG);
        }
        int64_t left = deadline_ns - clock_monotonic_ns();
        struct pollfd fd = {.fd = e->out, .events = POLLIN};
        if (left <= 0)
            return -ETIMEDOUT;
        if (in->size > LINE_MAX_BYTES)
            return -EBADMSG;
        uint8_t chunk[4096];
        if (poll(&fd, 1, left > SONATA_SECOND ? 1000 : (int)(left / SONATA_MS) + 1) <= 0)
            continue;
        ssize_t n = read(e->out, chunk, sizeof chunk);
        if (n > 0)
            bytes_append(in, chunk, (size_t)n);
        else if (!n || errno != EINTR)
            return -EPIPE;
    }
}

static const char *text_of(const cJSON *o, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return text ? text : "";
}

static const char *trouble(int r)
{
    return r == -ETIMEDOUT ? "no answer in time" : r == -EPIPE ? "it ended (its stderr is in the worker's log)" : "its answer is not a line of JSON";
}

static int take_ready(struct evaluator *e, const cJSON *m, struct sonata_error *err)
{
    const cJSON *metric, *metrics = cJSON_GetObjectItemCaseSensitive(m, "metrics");
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(m, "ready")))
        return sonata_error_set(err, -EIO, "%.200s", text_of(m, "error")[0] ? text_of(m, "error") : "it does not say that it is ready");
    e->offer.n_metrics = 0;
    cJSON_ArrayForEach(metric, metrics)
    {
        const char *name = cJSON_GetStringValue(metric);
        if (!name || e->offer.n_metrics == OFFER_METRICS_MAX || !copy_string(e->offer.metric[e->offer.n_metrics], METRIC_NAME_MAX, name))
            return sonata_error_set(err, -EBADMSG, "'metrics' is not a list of at most %d short names", OFFER_METRICS_MAX);
        e->offer.n_metrics++;
    }
    if (!e->offer.n_metrics)
        return sonata_error_set(err, -EBADMSG, "it names no metrics");
    snprintf(e->version, sizeof e->version, "%.40s %.40s", text_of(m, "name"), text_of(m, "version"));
    return 0;
}

static int start(struct evaluator *e, struct sonata_error *err)
{
    struct bytes in = {0};
    cJSON *answer = NULL, *hello = cJSON_CreateObject();
    int r = spawn(e, err);
    if (r) {
        cJSON_Delete(hello);
        return r;
    }
    cJSON_AddNumberToObject(hello, "sonata", 1);
    cJSON *init = cJSON_AddObjectToObject(hello, "init");
    cJSON_AddStringToObject(init, "board", e->config->id);
    cJSON_AddNumberToObject(init, "threads", board_config_core_count(e->config));
    cJSON_AddStringToObject(init, "dataset", e->config->n_datasets ? e->config->dataset[0] : "");
    r = say(e, hello);
    r = r ? r : hear(e, &in, clock_monotonic_ns() + READY_NS, &answer);
    if (r)
        sonata_error_set(err, r, "%s", trouble(r));
    else
        r = take_ready(e, answer, err);
    cJSON_Delete(answer);
    bytes_fini(&in);
    if (r) {
        sonata_error_prefix(err, r, "evaluator '%.60s'", e->config->adapter.command);
        stop(e);
    }
    *e->due = false;
    return r;
}

static int open_evaluator(const struct board_config *config, void **ret_backend, struct sonata_error *err)
{
    struct evaluator *e = xcalloc(1, sizeof *e);
    e->config = config;
    e->due = mmap(NULL, sizeof *e->due, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (e->due == MAP_FAILED) {
        free(e);
        return sonata_error_set(err, -ENOMEM, "no shared page");
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

static pid_t keeps(const void *backend) { return ((const struct evaluator *)backend)->pid; }

static bool is_alive(const struct evaluator *e)
{
    struct pollfd fd = {.fd = e->out, .events = POLLIN};
    return e->pid && !(poll(&fd, 1, 0) > 0 && fd.revents & (POLLHUP | POLLERR));
}

/* Started anew when it ended or still owes an answer to a candidate that is gone. */
static void revive(void *backend)
{
    struct evaluator *e = backend;
    struct sonata_error why = {0};
    if (is_alive(e) && !*e->due)
        return;
    stop(e);
    if (start(e, &why))
        copy_string(e->why, sizeof e->why, why.text);
}

static int prepare(void *backend, const struct backend_job *job, struct sonata_error *err)
{
    struct evaluator *e = backend;
    for (uint32_t i = 0; i < job->job->n_metrics; i++) {
        bool found = false;
        for (uint32_t k = 0; k < e->offer.n_metrics; k++)
            found |= !strcmp(e->offer.metric[k], job->job->metric[i]);
        if (!found)
            return sonata_error_set(err, -EINVAL, "the evaluator of board '%s' does not supply metric '%s'", e->config->id, job->job->metric[i]);
    }
    revive(e); /* where it fails that is the program's failure, not the job's: run() says it */
    return 0;
}

/* {"a": 1, "b": "k3"}: a choice that is a number is one. */
static cJSON *genes_of(const struct backend_job *job)
{
    cJSON *genes = cJSON_CreateObject();
    for (uint32_t j = 0; j < job->space->n_genes; j++) {
        const struct gene *g = &job->space->gene[j];
        const char *label = g->label[job->job->genotype.allele[j]];
        char *end;
        double v = strtod(label, &end);
        if (label[0] && !*end && isfinite(v))
            cJSON_AddNumberToObject(genes, g->name, v);
        else
            cJSON_AddStringToObject(genes, g->name, label);
    }
    return genes;
}

static cJSON *request_of(const struct backend_job *job)
{
    cJSON *m = cJSON_CreateObject();
    cJSON_AddNumberToObject(m, "id", (double)job->job->attempt);
    cJSON_AddItemToObject(m, "genotype", genes_of(job));
    cJSON *metrics = cJSON_AddArrayToObject(m, "metrics");
    for (uint32_t i = 0; i < job->job->n_metrics; i++)
        cJSON_AddItemToArray(metrics, cJSON_CreateString(job->job->metric[i]));
    cJSON_AddStringToObject(m, "tier", job->job->tier[0] ? job->job->tier : "search");
    cJSON_AddStringToObject(m, "dataset", job->job->dataset);
    return m;
}

static void take_metrics(const cJSON *metrics, struct measurement *m)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, metrics)
    {
        if (!cJSON_IsNumber(v) || !isfinite(v->valuedouble)) {
            measurement_fail(m, OUTCOME_BUG, "evaluator: metric '%.40s' is not a finite number", v->string);
            return;
        }
        measurement_add(m, v->string, v->valuedouble, v->valuedouble, v->valuedouble, 1);
    }
    m->outcome = OUTCOME_OK;
}

/* False: only progress, go on reading. */
static bool take_answer(const struct backend_job *job, const cJSON *a, struct measurement *m)
{
    static const struct {
        const char *key;
        enum outcome outcome;
    } ends[] = {{"infeasible", OUTCOME_INFEASIBLE}, {"invalid", OUTCOME_INVALID}, {"error", OUTCOME_BUG}};
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(a, "id"), *progress = cJSON_GetObjectItemCaseSensitive(a, "progress"),
                *metrics = cJSON_GetObjectItemCaseSensitive(a, "metrics");
    if (!cJSON_IsNumber(id) || id->valuedouble != (double)job->job->attempt) {
        measurement_fail(m, OUTCOME_BUG, "evaluator: its answer is not about what it was asked (id)");
        return true;
    }
    if (cJSON_IsNumber(progress)) {
        char phase[24];
        snprintf(phase, sizeof phase, "evaluate %.0f%%", 100 * fmax(0, fmin(1, progress->valuedouble)));
        job->phase(job->phase_user, phase);
        return false;
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (!cJSON_HasObjectItem(a, ends[i].key))
            continue;
        measurement_fail(m, ends[i].outcome, "evaluator: %.130s", text_of(a, ends[i].key));
        return true;
    }
    if (cJSON_IsObject(metrics))
        take_metrics(metrics, m);
    else
        measurement_fail(m, OUTCOME_BUG, "evaluator: its answer has neither metrics nor error");
    return true;
}

static void run(void *backend, const struct backend_job *job, struct measurement *m)
{
    struct evaluator *e = backend;
    struct bytes in = {0};
    if (!e->pid) {
        measurement_fail(m, OUTCOME_INFRA, "%s", e->why);
        return;
    }
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "evaluator=%s", e->version);
    job->phase(job->phase_user, "evaluate");
    *e->due = true;
    signal(SIGPIPE, SIG_IGN);
    int r = say(e, request_of(job));
    for (bool done = false; !r && !done;) {
        cJSON *answer = NULL;
        r = hear(e, &in, INT64_MAX, &answer); /* the board process keeps the time */
        done = !r && take_answer(job, answer, m);
        cJSON_Delete(answer);
    }
    bytes_fini(&in);
    if (r == -EPIPE)
        _exit(70); /* it died over this candidate: the board process looks whether it is well afterwards */
    if (r)
        measurement_fail(m, OUTCOME_BUG, "evaluator: %s", trouble(r));
    *e->due = r != 0;
}

/* It runs: the board process has just seen to it. */
static int canary(void *backend, bool timed, double *ret_latency_us, struct sonata_error *err)
{
    struct evaluator *e = backend;
    (void)timed, (void)ret_latency_us;
    return is_alive(e) ? 0 : sonata_error_set(err, -EIO, "%s", e->why[0] ? e->why : "the evaluator ended");
}

const struct backend_ops backend_evaluator = {
    .open = open_evaluator, .offer = offer, .keeps = keeps, .prepare = prepare, .run = run, .canary = canary, .close = close_evaluator};
