/* The model backend: boards that run model files (ONNX), by the engine, its plain C oracle or ONNX Runtime (worker/model). A candidate loads the
 * file, is timed under the latency protocol and, where the board has a sensor, under the energy protocol. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "backend/canary_network.h"
#include "backend/energy.h"
#include "backend/timing.h"
#include "base/clock.h"
#include "base/memory.h"
#include "model/model.h"
#include "power/fingerprint.h"

struct model_board {
    const struct board_config *config;
    char runtime[40]; /* version of ONNX Runtime; "" it is not here */
};

static const char *const model_metrics[] = {"latency", "latency_p90", "latency_p99", "latency_min", "params", "macs", "memory", "ram_activation"};

static void close_model(void *backend) { free(backend); }

static int open_model(const struct board_config *config, void **ret_backend, struct sonata_error *err)
{
    struct model_board *b = xcalloc(1, sizeof *b);
    b->config = config;
    int r = onnxruntime_version(config->library[0] ? config->library : NULL, b->runtime, sizeof b->runtime, err);
    if (r && !strcmp(config->executor, "onnxruntime")) {
        free(b);
        return r;
    }
    *ret_backend = b;
    return 0;
}

static const char *executor_of(const struct model_board *b, const struct backend_job *job)
{
    const char *asked = job ? job->job->run.executor : "";
    if (asked[0])
        return asked;
    return b->config->executor[0] ? b->config->executor : "engine";
}

static void offer(const void *backend, struct board_offer *o)
{
    const struct model_board *b = backend;
    for (size_t i = 0; i < sizeof model_metrics / sizeof *model_metrics; i++)
        copy_string(o->metric[o->n_metrics++], METRIC_NAME_MAX, model_metrics[i]);
    for (uint32_t i = 0; i < ENERGY_METRICS && b->config->power.driver[0]; i++)
        copy_string(o->metric[o->n_metrics++], METRIC_NAME_MAX, energy_metric[i]);
    snprintf(o->detail, sizeof o->detail, "executor=%s threads=%d onnxruntime=%s", executor_of(b, NULL), board_config_core_count(b->config),
             b->runtime[0] ? b->runtime : "none");
}

static bool offers(const struct model_board *b, const char *metric)
{
    if (b->config->power.driver[0] && is_energy_metric(metric))
        return true;
    for (size_t i = 0; i < sizeof model_metrics / sizeof *model_metrics; i++) {
        if (!strcmp(model_metrics[i], metric))
            return true;
    }
    return false;
}

static int prepare(void *backend, const struct backend_job *job, struct sonata_error *err)
{
    const struct model_board *b = backend;
    if (!job->model)
        return sonata_error_set(err, -EINVAL, "board '%s' runs model files; the search names no board that builds them (model: {board: …})",
                                b->config->id);
    if (!strcmp(executor_of(b, job), "onnxruntime") && !b->runtime[0])
        return sonata_error_set(err, -ENOENT, "board '%s' has no ONNX Runtime: give its `library` in worker.yaml", b->config->id);
    if ((int)job->job->run.threads > board_config_core_count(b->config))
        return sonata_error_set(err, -EINVAL, "board '%s' has %d core%s for models, not %u: `threads` in worker.yaml", b->config->id,
                                board_config_core_count(b->config), board_config_core_count(b->config) == 1 ? "" : "s", job->job->run.threads);
    for (uint32_t i = 0; i < job->job->n_metrics; i++) {
        if (!offers(b, job->job->metric[i]))
            return sonata_error_set(err, -EINVAL, "a board that runs model files does not supply metric '%s'", job->job->metric[i]);
        int r = is_energy_metric(job->job->metric[i]) ? energy_possible(b->config, job->tier, err) : 0;
        if (r)
            return r;
    }
    return 0;
}

static int infer(void *user)
{
    struct sonata_error err = {{0}};
    return executor_run(user, &err);
}

/* The model is at fault in all but these: final, it would be so again. */
static enum outcome outcome_of(int r)
{
    if (r == -ENOENT || r == -EACCES)
        return OUTCOME_CONFIG;
    return r == -EIO ? OUTCOME_BUG : OUTCOME_INFEASIBLE;
}

/* Resident memory in KiB, now or the most so far (both of this process); 0: the kernel does not say. */
static long resident_kib(const char *which)
{
    long kib = 0;
    size_t n = strlen(which);
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f)) {
        if (!strncmp(line, which, n) && line[n] == ':')
            kib = strtol(line + n + 1, NULL, 10);
    }
    if (f)
        fclose(f);
    return kib;
}

/* From now on the most is counted anew. */
static void forget_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (f) {
        fputs("5", f);
        fclose(f);
    }
}

static void add_exact(struct measurement *m, const char *name, double value) { measurement_add(m, name, value, value, value, 0); }

static int load(const struct model_board *b, const struct backend_job *job, struct executor **ret, struct measurement *m, struct sonata_error *err)
{
    struct model_options o = {.executor = executor_of(b, job),
                              .threads = job->job->run.threads ? job->job->run.threads : (unsigned)board_config_core_count(b->config),
                              .library = b->config->library[0] ? b->config->library : NULL,
                              .provider = b->config->provider[0] ? b->config->provider : NULL};
    job->phase(job->phase_user, "load");
    int64_t start = clock_monotonic_ns();
    int r = model_open(job->model, &o, ret, err);
    if (r)
        return r;
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "executor=%s", o.executor);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "executor_version=%.60s", (*ret)->version);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "threads=%u", o.threads);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "load_ms=%lld", (long long)((clock_monotonic_ns() - start) / SONATA_MS));
    model_fill(*ret);
    return executor_run(*ret, err);
}

static void report_size(const struct executor *e, long before_kib, struct measurement *m)
{
    long grown = resident_kib("VmHWM") - before_kib;
    double memory = grown > 0 ? (double)grown * 1024 : 0;
    add_exact(m, "params", e->params);
    add_exact(m, "macs", e->macs);
    add_exact(m, "ram_activation", (double)e->tensor_bytes);
    measurement_add(m, "memory", memory, memory, memory, 1);
}

static void run(void *backend, const struct backend_job *job, struct measurement *m)
{
    const struct model_board *b = backend;
    struct executor *e = NULL;
    struct sonata_error err = {0};
    forget_peak();
    long before = resident_kib("VmRSS");
    int r = load(b, job, &e, m, &err);
    if (!r) {
        report_size(e, before, m);
        r = timing_wanted(job, "latency") ? timing_measure(job, &(struct timing){infer, e, NULL}, m, &err) : 0;
    }
    if (!r && !job->latency_only && (timing_wanted(job, "energy") || timing_wanted(job, "power_")))
        r = energy_measure(b->config, job, infer, e, m, &err);
    executor_free(e);
    if (r)
        measurement_fail(m, outcome_of(r), "%s", err.text);
}

static int canary(void *backend, bool timed, double *ret_latency_us, struct sonata_error *err)
{
    const struct board_config *c = ((const struct model_board *)backend)->config;
    return canary_on_engine(NULL, timed ? c->health.canary_ns : 0, ret_latency_us, err);
}

const struct backend_ops backend_model = {.open = open_model, .offer = offer, .prepare = prepare, .run = run, .canary = canary, .close = close_model};
