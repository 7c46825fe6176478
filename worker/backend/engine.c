/* The engine backend: a sub-network of the supernet with inherited weights, run in this process (engine_network.h).
 *
 * Data sets are decoded once, when the board opens; the candidates share those pages. A candidate builds its network (batch norm
 * recalibrated), is timed under the latency protocol while contention is watched, and then classifies the test set. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "backend/canary_network.h"
#include "backend/energy.h"
#include "backend/engine_network.h"
#include "backend/timing.h"
#include "base/clock.h"
#include "base/memory.h"
#include "power/fingerprint.h"
#include "runtime/dataset.h"

struct engine_board {
    const struct board_config *config;
    uint32_t n_datasets;
    struct dataset dataset[BOARD_DATASETS_MAX];
};

static const char *const engine_metrics[] = {"accuracy", "latency", "latency_p90",   "latency_p99",   "latency_min",
                                             "params",   "macs",    "flash_weights", "ram_activation"};

static void close_engine(void *backend)
{
    struct engine_board *b = backend;
    for (uint32_t i = 0; i < b->n_datasets; i++)
        dataset_fini(&b->dataset[i]);
    free(b);
}

static int open_engine(const struct board_config *config, void **ret_backend, struct sonata_error *err)
{
    static const char *const standard[] = {"fashion-mnist"};
    struct engine_board *b = xcalloc(1, sizeof *b);
    b->config = config;
    uint32_t n = config->n_datasets ? config->n_datasets : 1;
    for (uint32_t i = 0; i < n; i++) {
        int r = dataset_load(config->n_datasets ? config->dataset[i] : standard[i], &b->dataset[i], err);
        if (r) {
            close_engine(b);
            return r;
        }
        b->n_datasets++;
    }
    *ret_backend = b;
    return 0;
}

static void offer(const void *backend, struct board_offer *o)
{
    const struct engine_board *b = backend;
    o->n_metrics = sizeof engine_metrics / sizeof *engine_metrics;
    for (uint32_t i = 0; i < o->n_metrics; i++)
        copy_string(o->metric[i], METRIC_NAME_MAX, engine_metrics[i]);
    for (uint32_t i = 0; i < ENERGY_METRICS && b->config->power.driver[0]; i++)
        copy_string(o->metric[o->n_metrics++], METRIC_NAME_MAX, energy_metric[i]);
    o->n_datasets = b->n_datasets;
    for (uint32_t i = 0; i < b->n_datasets; i++)
        copy_string(o->dataset[i], BOARD_DATASET_MAX, b->dataset[i].name);
    snprintf(o->detail, sizeof o->detail, "executor=%s", b->config->executor[0] ? b->config->executor : "best");
}

static const struct dataset *find_dataset(const struct engine_board *b, const char *name)
{
    for (uint32_t i = 0; i < b->n_datasets; i++) {
        if (!name[0] || !strcmp(b->dataset[i].name, name))
            return &b->dataset[i];
    }
    return NULL;
}

static bool offers(const struct engine_board *b, const char *metric)
{
    if (b->config->power.driver[0] && is_energy_metric(metric))
        return true;
    for (size_t i = 0; i < sizeof engine_metrics / sizeof *engine_metrics; i++) {
        if (!strcmp(engine_metrics[i], metric))
            return true;
    }
    return false;
}

static int prepare(void *backend, const struct backend_job *job, struct sonata_error *err)
{
    const struct engine_board *b = backend;
    if (!job->space->network.family[0])
        return sonata_error_set(err, -EINVAL, "space '%s' describes no network, so the engine cannot build one", job->space->name);
    if (!job->supernet)
        return sonata_error_set(err, -EINVAL, "the engine needs a supernet; the search names none");
    if (!find_dataset(b, job->job->dataset) && !engine_network_without_pictures(job->space))
        return sonata_error_set(err, -ENOENT, "data set '%s' is not one of this board's", job->job->dataset);
    for (uint32_t i = 0; i < job->job->n_metrics; i++) {
        if (!offers(b, job->job->metric[i]))
            return sonata_error_set(err, -EINVAL, "the engine does not supply metric '%s'", job->job->metric[i]);
        int r = is_energy_metric(job->job->metric[i]) ? energy_possible(b->config, job->tier, err) : 0;
        if (r)
            return r;
    }
    return 0;
}

static const char *executor_of(const struct engine_board *b) { return b->config->executor[0] ? b->config->executor : NULL; }

static int measure_accuracy(struct engine_network *n, const struct backend_job *job, struct measurement *m, struct sonata_error *err)
{
    struct metric_value v;
    job->phase(job->phase_user, "accuracy");
    int64_t start = clock_monotonic_ns();
    int r = engine_network_accuracy(n, &v, err);
    if (r)
        return r;
    measurement_add(m, "accuracy", v.value, v.low, v.high, v.n);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "accuracy_ms=%lld", (long long)((clock_monotonic_ns() - start) / SONATA_MS));
    return 0;
}

static enum outcome outcome_of(int r)
{
    if (r == -ENOMEM)
        return OUTCOME_INFEASIBLE;
    return r == -ENOENT || r == -EINVAL || r == -EBADMSG ? OUTCOME_CONFIG : OUTCOME_BUG;
}

static void report_exact(struct measurement *m, const char *name, double value) { measurement_add(m, name, value, value, value, 0); }

/* Counts, and memory of the float network in this process: larger than what an int8 firmware needs, and every tensor has its own place
 * (docs/WORKER.md, "Backends"). */
static void report_counts(const struct engine_network *n, struct measurement *m)
{
    struct engine_counts c = engine_network_counts(n);
    report_exact(m, "params", c.params);
    report_exact(m, "macs", c.macs);
    report_exact(m, "flash_weights", (double)c.weight_bytes);
    report_exact(m, "ram_activation", (double)c.tensor_bytes);
}

static void describe(const struct engine_network *n, int64_t build_ns, struct measurement *m)
{
    char text[400] = "";
    engine_network_fingerprint(n, text, sizeof text);
    for (char *line = text, *end; *line; line = end + (*end != '\0')) {
        end = line + strcspn(line, "\n");
        fingerprint_add(m->fingerprint, sizeof m->fingerprint, "%.*s", (int)(end - line), line);
    }
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "threads=1");
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "build_ms=%lld", (long long)(build_ns / SONATA_MS));
}

/* Pictures of the job; NULL when nothing in it needs them. */
static const struct dataset *pictures_of(const struct engine_board *b, const struct backend_job *job)
{
    bool needless = engine_network_without_pictures(job->space) && (job->latency_only || !timing_wanted(job, "accuracy"));
    return needless ? NULL : find_dataset(b, job->job->dataset);
}

static void run(void *backend, const struct backend_job *job, struct measurement *m)
{
    const struct engine_board *b = backend;
    struct engine_network n = {.family = NULL};
    struct sonata_error err = {0};
    job->phase(job->phase_user, "build");
    int64_t start = clock_monotonic_ns();
    int r = engine_network_open(job, pictures_of(b, job), executor_of(b), &n, &err);
    if (!r) {
        describe(&n, clock_monotonic_ns() - start, m);
        report_counts(&n, m);
        r = timing_wanted(job, "latency") ? timing_measure(job, &(struct timing){engine_network_infer, &n, executor_of(b)}, m, &err) : 0;
    }
    if (!r && !job->latency_only && timing_wanted(job, "accuracy"))
        r = measure_accuracy(&n, job, m, &err);
    if (!r && !job->latency_only && (timing_wanted(job, "energy") || timing_wanted(job, "power_")))
        r = energy_measure(b->config, job, engine_network_infer, &n, m, &err);
    engine_network_close(&n);
    if (r)
        measurement_fail(m, outcome_of(r), "%s", err.text);
}

static int canary(void *backend, bool timed, double *ret_latency_us, struct sonata_error *err)
{
    const struct board_config *c = ((const struct engine_board *)backend)->config;
    const char *executor = c->executor[0] ? c->executor : NULL;
    return canary_on_engine(executor, timed ? c->health.canary_ns : 0, ret_latency_us, err);
}

const struct backend_ops backend_engine = {
    .open = open_engine, .offer = offer, .prepare = prepare, .run = run, .canary = canary, .close = close_engine};
