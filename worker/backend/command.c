/* The command backend: an external tool or the user's evaluator (worker/adapter, docs/ADAPTERS.md).
 *
 * The candidate makes a private folder, writes what the tool needs into it (the network as ONNX when the space describes one and the search brings a
 * supernet; the supernet itself), runs the adapter, and turns windows and metrics into a measurement. The folder is removed in every case. The
 * adapter's programs run in this candidate's process as children in their own group; the board's core is given to them by affinity. */
#define _GNU_SOURCE /* nftw */
#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapter/adapter.h"
#include "backend/backend.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/time.h"
#include "measure/statistics.h"
#include "measure/windows.h"
#include "power/fingerprint.h"
#include "process/process.h"
#include "runtime/dataset.h"
#include "runtime/engine.h"
#include "runtime/onnx_writer.h"
#include "supernet/build.h"

struct command_board {
    const struct board_config *config;
    struct adapter_version version;
    char cgroup[512];
    struct board_offer offer;
};

struct files {
    char folder[64], model[96], supernet[96], genotype[2048];
};

static void close_command(void *backend) { free(backend); }

/* "latency,accuracy" into the offer. */
static int parse_offers(const char *text, struct board_offer *o, struct sonata_error *err)
{
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, ",");
        if (!n || n >= METRIC_NAME_MAX || o->n_metrics == OFFER_METRICS_MAX)
            return sonata_error_set(err, -EINVAL, "offers: '%s' is not a comma list of at most %d metric names", text, OFFER_METRICS_MAX);
        memcpy(o->metric[o->n_metrics], p, n);
        o->metric[o->n_metrics++][n] = '\0';
        p += n + (p[n] == ',');
    }
    return 0;
}

static int open_command(const struct board_config *config, void **ret_backend, struct sonata_error *err)
{
    struct command_board *b = xcalloc(1, sizeof *b);
    const struct adapter_config *a = &config->adapter;
    b->config = config;
    const char *standard = a->tool == ADAPTER_CUSTOM ? "latency" : "latency,latency_min,latency_p90";
    int r = adapter_probe(a, &b->version, err);
    if (!r)
        r = parse_offers(a->offers[0] ? a->offers : standard, &b->offer, err);
    if (r) {
        close_command(b);
        return r;
    }
    for (uint32_t i = 0; i < config->n_datasets; i++)
        copy_string(b->offer.dataset[b->offer.n_datasets++], BOARD_DATASET_MAX, config->dataset[i]);
    snprintf(b->offer.detail, sizeof b->offer.detail, "tool=%s version=%s", adapter_tool_name(a->tool), b->version.text);
    if (process_cgroup_find("", b->cgroup, sizeof b->cgroup))
        b->cgroup[0] = '\0';
    *ret_backend = b;
    return 0;
}

static void offer(const void *backend, struct board_offer *o) { *o = ((const struct command_board *)backend)->offer; }

/* A program of the user's own that was mended meanwhile is taken up as it is now; another binary of a measuring tool is another instrument. */
static void revive(void *backend)
{
    struct command_board *b = backend;
    struct adapter_version now;
    if (b->config->adapter.tool == ADAPTER_CUSTOM && !adapter_probe(&b->config->adapter, &now, NULL))
        b->version = now;
}

static bool can_build(const struct backend_job *job) { return job->space->network.family[0] && job->supernet; }

static int prepare(void *backend, const struct backend_job *job, struct sonata_error *err)
{
    const struct command_board *b = backend;
    revive(backend);
    for (uint32_t i = 0; i < job->job->n_metrics; i++) {
        bool found = false;
        for (uint32_t k = 0; k < b->offer.n_metrics; k++)
            found |= !strcmp(b->offer.metric[k], job->job->metric[i]);
        if (!found)
            return sonata_error_set(err, -EINVAL, "the tool of board '%s' does not supply metric '%s'", b->config->id, job->job->metric[i]);
    }
    if (b->config->adapter.tool != ADAPTER_CUSTOM && !can_build(job))
        return sonata_error_set(err, -EINVAL, "%s needs a network: a space that describes one and a supernet",
                                adapter_tool_name(b->config->adapter.tool));
    if (!adapter_reads_onnx(&b->config->adapter))
        return sonata_error_set(err, -EINVAL, "%s does not read ONNX: set `convert` (docs/ADAPTERS.md)", adapter_tool_name(b->config->adapter.tool));
    return 0;
}

static int write_model(const struct backend_job *job, struct files *f, struct measurement *m, struct sonata_error *err)
{
    struct engine_request request = {.space = job->space,
                                     .genotype = &job->job->genotype,
                                     .supernet = job->supernet,
                                     .supernet_size = job->supernet_size,
                                     .dataset_name = job->job->dataset[0] ? job->job->dataset : "fashion-mnist"};
    struct network net = {0};
    struct bytes onnx = {0};
    int r = engine_build_network(&request, &net, err);
    if (r)
        return r;
    measurement_add(m, "params", net.params, net.params, net.params, 0);
    measurement_add(m, "macs", net.macs, net.macs, net.macs, 0);
    onnx_write(&net, "candidate", &onnx);
    network_free(&net);
    snprintf(f->model, sizeof f->model, "%s/model.onnx", f->folder);
    r = file_write_atomic(f->model, onnx.data, onnx.size, err);
    bytes_fini(&onnx);
    return r;
}

static int make_folder(struct files *f, struct sonata_error *err)
{
    const char *base = getenv("TMPDIR");
    snprintf(f->folder, sizeof f->folder, "%.40s/sonata-XXXXXX", base && base[0] && strlen(base) < 40 ? base : "/tmp");
    if (!mkdtemp(f->folder))
        return sonata_error_set(err, -errno, "%s: cannot create a work folder: %s", f->folder, strerror(errno));
    return 0;
}

/* Only what the command line asks for is written: a supernet is megabytes. */
static int write_files(const struct command_board *b, const struct backend_job *job, struct files *f, struct measurement *m, struct sonata_error *err)
{
    const struct adapter_config *a = &b->config->adapter;
    int r = make_folder(f, err);
    if (r)
        return r;
    genotype_format(job->space, &job->job->genotype, f->genotype, sizeof f->genotype);
    if (can_build(job) && (a->tool != ADAPTER_CUSTOM || strstr(a->command, "{model}") || a->convert[0]))
        r = write_model(job, f, m, err);
    if (!r && job->supernet && (strstr(a->command, "{supernet}") || strstr(a->convert, "{supernet}"))) {
        snprintf(f->supernet, sizeof f->supernet, "%s/supernet.safetensors", f->folder);
        r = file_write_atomic(f->supernet, job->supernet, job->supernet_size, err);
    }
    return r;
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

/* How the adapter's end is told to the master. A time-out is infeasible only when the board is well afterwards: the supervisor's canary decides, so
 * it is reported as infra here unless the user's own limit was hit. */
static enum outcome outcome_of(enum adapter_status s)
{
    switch (s) {
    case ADAPTER_OK:
        return OUTCOME_OK;
    case ADAPTER_INFEASIBLE:
        return OUTCOME_INFEASIBLE;
    case ADAPTER_INVALID:
        return OUTCOME_INVALID;
    case ADAPTER_BUG:
        return OUTCOME_BUG;
    case ADAPTER_BAD_CONFIG:
        return OUTCOME_CONFIG;
    case ADAPTER_CANCELED:
        return OUTCOME_CANCELED;
    case ADAPTER_INFRA:
    case ADAPTER_TIMEOUT:
    case ADAPTER_STUCK:
        break;
    }
    return OUTCOME_INFRA;
}

static void take_samples(const struct adapter_result *r, struct measurement *m)
{
    size_t n = 0;
    for (unsigned i = 0; i < r->n_windows; i++)
        n += r->window[i].n_samples;
    n = n < SAMPLES_MAX ? n : SAMPLES_MAX;
    m->samples_us = n ? xcalloc(n, sizeof *m->samples_us) : NULL;
    for (unsigned i = 0; i < r->n_windows && m->n_samples < n; i++) {
        size_t k = r->window[i].n_samples < n - m->n_samples ? r->window[i].n_samples : n - m->n_samples;
        if (k)
            memcpy(m->samples_us + m->n_samples, r->window[i].samples_us, k * sizeof *m->samples_us);
        m->n_samples += (uint32_t)k;
    }
}

/* Median of the windows' values with the exact order-statistics interval over them (docs/WORKER.md, "The interval"). */
static void report_latency(const struct adapter_result *r, const struct latency_protocol *protocol, struct measurement *m)
{
    double v[ADAPTER_WINDOWS_MAX], min = INFINITY, p90[ADAPTER_WINDOWS_MAX];
    unsigned n = r->n_windows, n_p90 = 0;
    struct windows_summary s;
    for (unsigned i = 0; i < n; i++) {
        v[i] = r->window[i].value_us;
        m->window_median_us[i] = (float)v[i];
        min = fmin(min, r->window[i].min_us);
        if (isfinite(r->window[i].p90_us))
            p90[n_p90++] = r->window[i].p90_us;
    }
    m->n_windows = n;
    windows_summarise(v, n, &s);
    measurement_add(m, "latency", s.median_us / 1e3, s.low_us / 1e3, s.high_us / 1e3, n);
    if (isfinite(min))
        measurement_add(m, "latency_min", min / 1e3, min / 1e3, min / 1e3, n);
    sort_doubles(p90, n_p90);
    if (n_p90)
        measurement_add(m, "latency_p90", sorted_median(p90, n_p90) / 1e3, p90[0] / 1e3, p90[n_p90 - 1] / 1e3, n_p90);
    if (!windows_accepted(protocol, &s))
        m->flags |= FLAG_NOISY;
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "windows=%u", n);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "interval_coverage=%.4f", s.coverage);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "window_cv=%.5f", s.cv);
    take_samples(r, m);
}

static void add_tool_flags(struct measurement *m, unsigned flags)
{
    const char *partial = flags & ADAPTER_PARTIAL_DELEGATE ? "partial_delegate " : "";
    const char *mean = flags & ADAPTER_MEAN_ONLY ? "mean_only " : "";
    const char *min = flags & ADAPTER_MIN_ONLY ? "min_only" : "";
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "tool_flags=%s%s%s", partial, mean, min);
}

_Static_assert((int)ADAPTER_OUTPUT_MAX <= (int)OUTPUT_MAX, "what a program said is kept whole");

static void report(const struct command_board *b, const struct backend_job *job, const struct adapter_result *r, struct measurement *m)
{
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "tool=%s %s", adapter_tool_name(b->config->adapter.tool), b->version.text);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "tool_argv=%.200s", r->argv);
    if (r->flags & ADAPTER_NOISY)
        m->flags |= FLAG_NOISY;
    if (r->flags & ~(unsigned)ADAPTER_NOISY)
        add_tool_flags(m, r->flags);
    if (r->status != ADAPTER_OK) {
        measurement_fail(m, outcome_of(r->status), "%s", r->reason);
        copy_string(m->output, sizeof m->output, r->output);
        return;
    }
    if (r->n_windows)
        report_latency(r, job->protocol, m);
    for (unsigned i = 0; i < r->n_metrics; i++)
        measurement_add(m, r->metric[i].name, r->metric[i].value, r->metric[i].low, r->metric[i].high, r->metric[i].n);
}

static struct process_limits limits_of(const struct command_board *b)
{
    const struct board_config *c = b->config;
    struct process_limits l = {.memory_max = board_config_memory(c),
                               .tasks_max = board_config_trains(c) ? 0 : 1024,
                               .file_max = board_config_trains(c) ? 0 : UINT64_C(4) << 30,
                               .cgroup_parent = b->cgroup[0] ? b->cgroup : NULL};
    if (c->adapter.tool == ADAPTER_CUSTOM && board_config_limit_ns(c, -1) != BOARD_TIME_LIMIT_NS)
        l.time_ns = board_config_limit_ns(c, -1) + 10 * SONATA_SECOND; /* the board's own limit ends the attempt first, and says so */
    board_config_cores(c, &l.cores);
    l.pin = core_set_count(&l.cores) > 0;
    return l;
}

static struct adapter_job job_of(const struct command_board *b, const struct backend_job *job, const struct files *f)
{
    const struct latency_protocol *p = job->protocol;
    uint32_t windows = p->windows ? p->windows : 1;
    return (struct adapter_job){.model = f->model[0] ? f->model : NULL,
                                .genotype = f->genotype,
                                .space = job->space->name,
                                .supernet = f->supernet[0] ? f->supernet : NULL,
                                .dataset = job->job->dataset,
                                .tier = tier_name(job->tier),
                                .work_dir = f->folder,
                                .warmup_s = (double)p->warmup_ns / 1e9,
                                .window_s = (double)p->window_ns / 1e9,
                                .windows = windows,
                                .min_inferences = (p->min_inferences + windows - 1) / windows,
                                .seed = job->job->attempt,
                                .phase = job->phase,
                                .phase_user = job->phase_user,
                                .limits = limits_of(b)};
}

static void run(void *backend, const struct backend_job *job, struct measurement *m)
{
    const struct command_board *b = backend;
    struct files f = {{0}, {0}, {0}, {0}};
    struct sonata_error err = {0};
    job->phase(job->phase_user, "build");
    int r = write_files(b, job, &f, m, &err);
    if (r) {
        enum outcome other = r == -ENOSPC ? OUTCOME_INFRA : OUTCOME_CONFIG;
        measurement_fail(m, r == -ENOMEM ? OUTCOME_INFEASIBLE : other, "%s", err.text);
    } else {
        struct adapter_job a = job_of(b, job, &f);
        struct adapter_result result;
        adapter_run(&b->config->adapter, &b->version, &a, &result);
        report(b, job, &result, m);
        adapter_result_fini(&result);
    }
    if (f.folder[0])
        nftw(f.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Middle one of the windows of the canary's own evaluator. */
static int median_window(const struct adapter_result *r, double *ret_us, struct sonata_error *err)
{
    double us[ADAPTER_WINDOWS_MAX];
    for (unsigned i = 0; i < r->n_windows; i++)
        us[i] = r->window[i].value_us;
    if (r->status != ADAPTER_OK || !r->n_windows)
        return sonata_error_set(err, -EIO, "canary.command: %s: %s", adapter_status_name(r->status), r->reason);
    sort_doubles(us, r->n_windows);
    *ret_us = sorted_median(us, r->n_windows);
    return 0;
}

/* canary.command is an evaluator as in docs/ADAPTERS.md that needs no candidate. */
static int run_canary_command(const struct command_board *b, bool timed, double *ret_us, struct sonata_error *err)
{
    struct adapter_config c = {.tool = ADAPTER_CUSTOM};
    struct adapter_version version;
    struct adapter_result result;
    struct files f = {{0}, {0}, {0}, {0}};
    copy_string(c.command, sizeof c.command, b->config->health.command);
    int r = adapter_probe(&c, &version, err);
    r = r ? r : make_folder(&f, err);
    if (r)
        return r;
    double window_s = (double)b->config->health.canary_ns / 4e9;
    struct adapter_job a = {.genotype = "",
                            .space = "canary",
                            .tier = "canary",
                            .work_dir = f.folder,
                            .warmup_s = window_s,
                            .window_s = window_s,
                            .windows = timed ? 3 : 1,
                            .min_inferences = 1,
                            .limits = limits_of(b)};
    a.limits.time_ns = 25 * SONATA_SECOND;
    adapter_run(&c, &version, &a, &result);
    double us = 0;
    r = median_window(&result, &us, err);
    if (!r && timed)
        *ret_us = us;
    adapter_result_fini(&result);
    nftw(f.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return r;
}

/* The program is still there and answers its version; and the canary's evaluator, where there is one, does its work. */
static int canary(void *backend, bool timed, double *ret_latency_us, struct sonata_error *err)
{
    const struct command_board *b = backend;
    struct adapter_version now;
    int r = adapter_probe(&b->config->adapter, &now, err);
    if (!r && strcmp(now.text, b->version.text))
        r = sonata_error_set(err, -ESTALE, "the tool changed from %s to %s: another instrument, `sonata board %s power-cycle` opens it anew",
                             b->version.text, now.text, b->config->id);
    if (!r && b->config->health.command[0])
        r = run_canary_command(b, timed, ret_latency_us, err);
    return r;
}

const struct backend_ops backend_command = {
    .open = open_command, .offer = offer, .revive = revive, .prepare = prepare, .run = run, .canary = canary, .close = close_command};
