/* The mcu backend: sub-network -> int8 -> microcontroller over a serial line (mcu/session.h).
 *
 * The candidate builds its network as the engine does, quantises it with training pictures, sends it to the board, has the logits of some test
 * pictures compared and the latency measured in the board's own ticks. Accuracy is that of the int8 network over the whole test set, computed
 * here by the kernels the board runs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "backend/canary_network.h"
#include "power/fingerprint.h"
#include "base/clock.h"
#include "base/memory.h"
#include "measure/windows.h"
#include "mcu/int8_net.h"
#include "mcu/quantize.h"
#include "mcu/session.h"
#include "runtime/accuracy.h"
#include "runtime/dataset.h"
#include "runtime/engine.h"
#include "supernet/build.h"

struct mcu_board {
    int64_t canary_ns;
    struct mcu_options options;
    uint32_t n_datasets;
    struct dataset dataset[BOARD_DATASETS_MAX];
};

/* The four memory fields are bytes on this board; ticks are the board's, of one inference. */
static const char *const mcu_metrics[] = {"accuracy", "latency",       "ticks",          "params",     "macs",
                                          "flash_code", "flash_weights", "ram_activation", "ram_runtime"};

static void close_mcu(void *backend)
{
    struct mcu_board *b = backend;
    for (uint32_t i = 0; i < b->n_datasets; i++)
        dataset_fini(&b->dataset[i]);
    free(b);
}

static int open_mcu(const struct board_config *config, void **ret_backend, struct sonata_error *err)
{
    struct mcu_board *b = xcalloc(1, sizeof *b);
    uint32_t n = config->n_datasets ? config->n_datasets : 1;
    int r = 0;
    b->options = config->mcu;
    b->canary_ns = config->health.canary_ns;
    mcu_options_complete(&b->options);
    for (uint32_t i = 0; i < n && !r; i++) {
        r = dataset_load(config->n_datasets ? config->dataset[i] : "fashion-mnist", &b->dataset[i], err);
        b->n_datasets += !r;
    }
    if (r)
        close_mcu(b);
    else
        *ret_backend = b;
    return r;
}

static void offer(const void *backend, struct board_offer *o)
{
    const struct mcu_board *b = backend;
    o->n_metrics = sizeof mcu_metrics / sizeof *mcu_metrics;
    for (uint32_t i = 0; i < o->n_metrics; i++)
        copy_string(o->metric[i], METRIC_NAME_MAX, mcu_metrics[i]);
    o->n_datasets = b->n_datasets;
    for (uint32_t i = 0; i < b->n_datasets; i++)
        copy_string(o->dataset[i], BOARD_DATASET_MAX, b->dataset[i].name);
    snprintf(o->detail, sizeof o->detail, "port=%s name=%s", b->options.port, b->options.name[0] ? b->options.name : "any");
}

static const struct dataset *find_dataset(const struct mcu_board *b, const char *name)
{
    for (uint32_t i = 0; i < b->n_datasets; i++) {
        if (!name[0] || !strcmp(b->dataset[i].name, name))
            return &b->dataset[i];
    }
    return NULL;
}

static bool offers(const char *metric)
{
    for (size_t i = 0; i < sizeof mcu_metrics / sizeof *mcu_metrics; i++) {
        if (!strcmp(mcu_metrics[i], metric))
            return true;
    }
    return false;
}

static int prepare(void *backend, const struct backend_job *job, struct sonata_error *err)
{
    const struct mcu_board *b = backend;
    if (!job->space->network.family[0])
        return sonata_error_set(err, -EINVAL, "space '%s' describes no network, so there is nothing to quantise", job->space->name);
    if (!job->supernet)
        return sonata_error_set(err, -EINVAL, "an mcu board needs a supernet; the search names none");
    if (!find_dataset(b, job->job->dataset))
        return sonata_error_set(err, -ENOENT, "data set '%s' is not one of this board's", job->job->dataset);
    for (uint32_t i = 0; i < job->job->n_metrics; i++) {
        if (!offers(job->job->metric[i]))
            return sonata_error_set(err, -EINVAL, "an mcu board does not supply metric '%s'", job->job->metric[i]);
    }
    return 0;
}

static bool wanted(const struct backend_job *job, const char *name)
{
    for (uint32_t i = 0; i < job->job->n_metrics; i++) {
        if (!strcmp(job->job->metric[i], name))
            return true;
    }
    return false;
}

static void add_exact(struct measurement *m, const char *name, double value)
{
    measurement_add(m, name, value, value, value, 0);
}

/* Builds the float network and quantises it with the first training pictures. */
static int build_blob(const struct mcu_board *b, const struct backend_job *job, struct bytes *blob, struct measurement *m, struct sonata_error *err)
{
    const struct dataset *d = find_dataset(b, job->job->dataset);
    struct engine_request request = {.space = job->space, .genotype = &job->job->genotype, .supernet = job->supernet,
                                     .supernet_size = job->supernet_size, .dataset = d};
    struct network net = {0};
    int r = engine_build_network(&request, &net, err);
    if (r)
        return r;
    add_exact(m, "params", net.params);
    add_exact(m, "macs", net.macs);
    uint32_t n = b->options.calibration < d->train.n ? b->options.calibration : d->train.n;
    float *pictures = xcalloc((size_t)n * d->size * d->size * d->channels, sizeof *pictures);
    dataset_pictures(d, &d->train, 0, n, pictures);
    r = quantize_network(&net, pictures, n, blob, err);
    free(pictures);
    network_free(&net);
    return r;
}

/* The first test pictures as the board takes them. */
static int8_t *board_inputs(const struct dataset *d, const struct int8_net *net, uint32_t n)
{
    size_t count = int8_net_header(net)->input_count;
    int8_t *input = xcalloc(n, count);
    float *picture = xcalloc(count, sizeof *picture);
    for (uint32_t i = 0; i < n; i++) {
        dataset_picture(d, &d->test, i, picture);
        int8_net_input(net, picture, input + i * count);
    }
    free(picture);
    return input;
}

static void report(const struct mcu_result *result, bool emulated, const struct backend_job *job, struct measurement *m)
{
    struct windows_summary s;
    windows_summarise(result->window_us, result->n_windows, &s);
    measurement_add(m, "latency", s.median_us * 1e-3, s.low_us * 1e-3, s.high_us * 1e-3, result->n_windows);
    add_exact(m, "ticks", (double)result->ticks);
    add_exact(m, "flash_code", (double)result->memory.flash_code);
    add_exact(m, "flash_weights", (double)result->memory.weights);
    add_exact(m, "ram_activation", (double)result->memory.ram_activation);
    add_exact(m, "ram_runtime", (double)result->memory.ram_runtime);
    m->n_windows = result->n_windows;
    for (uint32_t i = 0; i < result->n_windows; i++)
        m->window_median_us[i] = (float)result->window_us[i];
    if (!windows_accepted(job->protocol, &s))
        m->flags |= FLAG_NOISY;
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "windows=%u", result->n_windows);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "window_cv=%.5f", s.cv);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "interval_coverage=%.4f", s.coverage);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "inferences=%llu", (unsigned long long)result->inferences);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "mcu=%s", result->board);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "mcu_hz=%u", result->info.tick_hz);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "mcu_emulated=%s", emulated ? "yes" : "no");
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "mcu_firmware=extension %u, format %u, code %u", result->info.extension,
                    result->info.format, result->info.flash_code);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "mcu_logits_compared=%u", result->compared);
}

/* The host's rule (measure/windows.h) on the board's windows, with the time they took by the board's clock. */
static bool want_more(void *user, const struct mcu_result *so_far)
{
    struct windows_summary s;
    windows_summarise(so_far->window_us, so_far->n_windows, &s);
    return windows_want_more(user, &s, so_far->n_windows, (int64_t)(so_far->measured_us * 1e3));
}

static int run_on_board(const struct mcu_board *b, const struct backend_job *job, const struct bytes *blob, const struct int8_net *net,
                        struct measurement *m, struct sonata_error *err)
{
    const struct dataset *d = find_dataset(b, job->job->dataset);
    const struct latency_protocol *p = job->protocol;
    bool timed = wanted(job, "latency");
    uint32_t n = b->options.samples < d->test.n ? b->options.samples : d->test.n;
    int8_t *input = board_inputs(d, net, n);
    struct mcu_request request = {
        .options = &b->options,
        .blob = blob->data,
        .size = blob->size,
        .input = input,
        .n_inputs = n,
        .windows = 1,
        .min_inferences = 1,
        .want_more_user = (void *)p,
        .scale = p->scale,
        .scale_floor_us = (double)p->scale_floor_ns * 1e-3,
        .phase = job->phase,
        .phase_user = job->phase_user,
    };
    if (timed) {
        request.windows = p->windows;
        request.want_more = want_more;
        request.warmup_us = (double)p->warmup_ns * 1e-3;
        request.window_us = (double)p->window_ns * 1e-3;
        request.warmup_inferences = p->warmup_inferences;
        request.min_inferences = p->min_inferences;
    }
    struct mcu_result *result = xcalloc(1, sizeof *result);
    int r = mcu_run(&request, result, err);
    if (!r)
        report(result, b->options.emulated, job, m);
    free(result);
    free(input);
    return r;
}

static void measure_accuracy(const struct mcu_board *b, const struct backend_job *job, struct int8_net *net, struct measurement *m)
{
    const struct dataset *d = find_dataset(b, job->job->dataset);
    const struct q8_header *h = int8_net_header(net);
    float *picture = xcalloc(h->input_count, sizeof *picture);
    uint32_t right = 0, ties = 0;
    int64_t start = clock_monotonic_ns();
    job->phase(job->phase_user, "accuracy");
    for (uint32_t i = 0; i < d->test.n; i++) {
        struct int8_accuracy one;
        dataset_picture(d, &d->test, i, picture);
        one = int8_net_accuracy(net, picture, d->test.labels + i, 1);
        right += (uint32_t)one.correct;
        ties += (uint32_t)one.ties;
    }
    free(picture);
    struct metric_value v = accuracy_metric(right, d->test.n);
    measurement_add(m, "accuracy", v.value, v.low, v.high, v.n);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "accuracy_ties=%u", ties);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "accuracy_ms=%lld", (long long)((clock_monotonic_ns() - start) / SONATA_MS));
}

/* Whose fault it was (mcu/session.h). */
static enum outcome outcome_of(int r)
{
    switch (r) {
    case -ENOSPC:
    case -ERANGE:
    case -EBADMSG:
        return OUTCOME_INFEASIBLE;
    case -EINVAL:
    case -ENOTSUP:
        return OUTCOME_CONFIG;
    case -EILSEQ:
        return OUTCOME_BUG;
    default:
        return OUTCOME_INFRA;
    }
}

static void run(void *backend, const struct backend_job *job, struct measurement *m)
{
    const struct mcu_board *b = backend;
    struct sonata_error err = {0};
    struct bytes blob = {0};
    struct int8_net net = {0};
    job->phase(job->phase_user, "build");
    int r = build_blob(b, job, &blob, m, &err);
    enum outcome failure = r == -ERANGE ? OUTCOME_INFEASIBLE : OUTCOME_CONFIG;
    if (!r) {
        r = int8_net_init(&net, blob.data, blob.size, &err);
        failure = OUTCOME_BUG;
    }
    if (!r) {
        r = run_on_board(b, job, &blob, &net, m, &err);
        failure = outcome_of(r);
    }
    if (r)
        measurement_fail(m, failure, "%s", err.text);
    else if (wanted(job, "accuracy"))
        measure_accuracy(b, job, &net, m);
    int8_net_fini(&net);
    bytes_fini(&blob);
}

static int canary(void *backend, bool timed, double *ret_latency_us, struct sonata_error *err)
{
    const struct mcu_board *b = backend;
    return canary_on_mcu(&b->options, timed ? b->canary_ns : 0, ret_latency_us, err);
}

const struct backend_ops backend_mcu = {
    .open = open_mcu, .offer = offer, .prepare = prepare, .run = run, .canary = canary, .close = close_mcu};
