/* Running a tool: probe once, build where needed, one invocation per window, and the classification of how each ended.
 *
 * Flow of adapter_run(): arguments -> process_run() -> classify(): killed, out of memory, exit code, signs of the candidate's fault -> parser ->
 * window. The first bad end stops the run. */
#include "adapter/adapter.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapter/adapter_internal.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"

enum { PROGRAM_SIZE_MAX = 512 << 20, LAST_LINE_MAX = 101 };

static int (*const parsers[ADAPTER_TOOL_COUNT])(const struct tool_output *, struct adapter_result *, struct adapter_window *,
                                                struct sonata_error *) = {
    [ADAPTER_TRTEXEC] = parse_trtexec,
    [ADAPTER_BENCHMARK_MODEL] = parse_benchmark_model,
    [ADAPTER_BENCHNCNN] = parse_benchncnn,
    [ADAPTER_ORT_PERF_TEST] = parse_ort,
    [ADAPTER_EXECUTOR_RUNNER] = parse_executor_runner,
    [ADAPTER_CUSTOM] = parse_sonata_result,
};

/* First 8 digits of the program's content hash. */
static void hash_program(const char *path, char digits[9])
{
    struct bytes data = {0};
    uint8_t hash[HASH_SIZE];
    char hex[HASH_HEX];
    copy_string(digits, 9, "unknown");
    if (file_read(path, PROGRAM_SIZE_MAX, &data, NULL))
        return;
    hash_content(data.data, data.size, hash);
    hash_to_hex(hash, HASH_SIZE, hex);
    hex[8] = '\0';
    copy_string(digits, 9, hex);
    bytes_fini(&data);
}

static int ask_trtexec(const char *path, unsigned *ret_number, struct sonata_error *err)
{
    const char *argv[] = {path, "--help", NULL};
    struct process_limits limits = {.time_ns = 30 * SONATA_SECOND};
    struct process_result p;
    int r = process_run(argv, &limits, &p, err);
    if (r)
        return r;
    *ret_number = trtexec_version((const char *)p.out.data);
    if (!*ret_number)
        *ret_number = trtexec_version((const char *)p.err.data);
    process_result_fini(&p);
    return *ret_number ? 0 : sonata_error_set(err, -EBADMSG, "%s does not tell its version (`[TensorRT vNNNN]` is not in its output)", path);
}

int adapter_probe(const struct adapter_config *c, struct adapter_version *ret_version, struct sonata_error *err)
{
    char path[1024], name[512], digits[9];
    int r = adapter_config_check(c, err);
    if (r)
        return r;
    copy_string(name, sizeof name, c->program[0] ? c->program : adapter_tool_name(c->tool));
    if (c->tool == ADAPTER_CUSTOM) {
        struct command_line split;
        r = command_parse(c->command, &split, err);
        if (r)
            return r;
        copy_string(name, sizeof name, split.argv[0]);
        command_fini(&split);
    }
    if (!command_find(name, path, sizeof path))
        return sonata_error_set(err, -ENOENT, "%s: no such program; install it or set `program` to its path", name);
    struct adapter_version v = {0};
    if (c->tool == ADAPTER_TRTEXEC && (r = ask_trtexec(path, &v.number, err)))
        return r;
    hash_program(path, digits);
    if (v.number)
        snprintf(v.text, sizeof v.text, "%u.%u.%u binary:%s", v.number / 10000, v.number / 100 % 100, v.number % 100, digits);
    else
        snprintf(v.text, sizeof v.text, "binary:%s", digits);
    *ret_version = v;
    return 0;
}

void adapter_result_init(struct adapter_result *r)
{
    *r = (struct adapter_result){.init_us = NAN, .peak_bytes = NAN};
}

void adapter_result_fini(struct adapter_result *r)
{
    for (unsigned i = 0; i < r->n_windows; i++)
        free(r->window[i].samples_us);
    r->n_windows = 0;
}

static void fail(struct adapter_result *r, enum adapter_status status, const char *text)
{
    r->status = status;
    copy_string(r->reason, sizeof r->reason, text);
}

/* A user's own program that says no is the program's failure. A shell's 126 and 127 mean that something could not be started: the board lacks it. */
static enum adapter_status status_of_exit(bool own_program, int exit_code)
{
    return own_program && exit_code != 126 && exit_code != 127 ? ADAPTER_BUG : ADAPTER_INFRA;
}

/* What a program does to itself; SIGKILL and SIGTERM come from others. */
static bool is_crash(int signum) { return signum == SIGSEGV || signum == SIGABRT || signum == SIGBUS || signum == SIGFPE || signum == SIGILL; }

/* Sets status and reason unless the process ended well. own_program: the user's, not one of the known tools. */
static void classify(struct adapter_result *r, const char *tool, bool own_program, const struct process_result *p)
{
    char text[ADAPTER_REASON_MAX + 64], detail[ADAPTER_REASON_MAX];
    const char *out = (const char *)p->out.data, *err = (const char *)p->err.data;
    switch (p->end) {
    case PROCESS_TIMEOUT:
        snprintf(text, sizeof text, "%s was ended after %.1f s, its limit", tool, (double)p->duration_ns / 1e9);
        fail(r, ADAPTER_TIMEOUT, text);
        return;
    case PROCESS_CANCELED:
        fail(r, ADAPTER_CANCELED, "canceled");
        return;
    case PROCESS_STUCK:
        r->stuck_pid = (int)p->pid;
        fail(r, ADAPTER_STUCK, "did not end on SIGKILL: uninterruptible in the kernel");
        return;
    case PROCESS_OOM:
        fail(r, ADAPTER_INFEASIBLE, "ram: killed for memory");
        return;
    case PROCESS_OUTPUT:
        fail(r, ADAPTER_BUG, "floods its output");
        return;
    case PROCESS_SIGNALLED:
        snprintf(text, sizeof text, "%s died by signal %d (%s)", tool, p->signal, strsignal(p->signal));
        fail(r, own_program && is_crash(p->signal) ? ADAPTER_BUG : ADAPTER_INFRA, text);
        break;
    case PROCESS_EXITED:
        if (!p->exit_code)
            return;
        const char *said = err[0] ? err : out;
        text_last_line(said, strlen(said), detail, LAST_LINE_MAX);
        snprintf(text, sizeof text, "%s: exit code %d: %s", tool, p->exit_code, detail);
        fail(r, status_of_exit(own_program, p->exit_code), text);
        break;
    }
    if (failure_of_candidate(out, err, detail, sizeof detail))
        fail(r, ADAPTER_INFEASIBLE, detail);
}

static void keep_output(struct adapter_result *r, const struct process_result *p)
{
    const struct bytes *said = p->err.size ? &p->err : &p->out;
    text_last_lines((const char *)said->data, said->size, r->output, sizeof r->output);
}

static int64_t default_limit_ns(const struct adapter_job *job, enum adapter_step step)
{
    double seconds = step != STEP_RUN ? 600 : 60 + 4 * (job->warmup_s + job->window_s);
    return (int64_t)(seconds * 1e9);
}

/* Files of an earlier invocation must not be taken for this one's. */
static void remove_old_files(const char *folder)
{
    static const char *const name[] = {"times.json", "result.csv"};
    char path[1024];
    for (size_t i = 0; folder && i < sizeof name / sizeof name[0]; i++)
        if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name[i]) < sizeof path)
            unlink(path);
}

/* A custom evaluator may report a failure in its result line and exit non-zero as well. */
static void take_own_verdict(const struct tool_output *output, struct adapter_result *r)
{
    struct adapter_result own;
    struct adapter_window ignored;
    adapter_result_init(&own);
    if (!parse_sonata_result(output, &own, &ignored, NULL) && own.status != ADAPTER_OK)
        fail(r, own.status, own.reason);
    else
        free(ignored.samples_us);
}

/* One invocation; the window is filled for STEP_RUN. False: the result says why. */
static bool invoke(const struct adapter_config *c, const struct adapter_version *v, const struct adapter_job *job, enum adapter_step step,
                   struct adapter_result *r, struct adapter_window *w)
{
    struct sonata_error err = {0};
    struct arguments args = {0};
    struct process_result p;
    struct process_limits limits = job->limits;
    if (!limits.time_ns)
        limits.time_ns = default_limit_ns(job, step);
    if (!limits.work_dir)
        limits.work_dir = job->work_dir;
    if (arguments_make(c, v, job, step, &args, &err)) {
        fail(r, ADAPTER_BAD_CONFIG, err.text);
        return false;
    }
    arguments_format(&args, r->argv, sizeof r->argv);
    remove_old_files(job->work_dir);
    int code = process_run((const char *const *)args.argv, &limits, &p, &err);
    if (code) {
        fail(r, code == -ENOENT || code == -EACCES ? ADAPTER_BAD_CONFIG : ADAPTER_INFRA, err.text);
        arguments_fini(&args);
        return false;
    }
    struct tool_output output = {(const char *)p.out.data, (const char *)p.err.data, job->work_dir, job->warmup_s};
    const char *tool = step == STEP_CONVERT ? args.argv[0] : adapter_tool_name(c->tool);
    classify(r, tool, c->tool == ADAPTER_CUSTOM && step == STEP_RUN, &p);
    bool failed = p.end == PROCESS_SIGNALLED || (p.end == PROCESS_EXITED && p.exit_code);
    if (failed && r->status != ADAPTER_INFEASIBLE && c->tool == ADAPTER_CUSTOM && strstr(output.out, "SONATA-RESULT "))
        take_own_verdict(&output, r);
    if (r->status == ADAPTER_OK && step == STEP_RUN && parsers[c->tool](&output, r, w, &err))
        fail(r, ADAPTER_BUG, err.text);
    if (r->status == ADAPTER_OK && step == STEP_BUILD && c->tool == ADAPTER_TRTEXEC && strstr(output.out, "&&&& FAILED"))
        fail(r, ADAPTER_INFRA, "trtexec says FAILED");
    if (r->status != ADAPTER_OK)
        keep_output(r, &p);
    if (isnan(r->peak_bytes) && p.max_rss_kib > 0)
        r->peak_bytes = 1024.0 * (double)p.max_rss_kib;
    process_result_fini(&p);
    arguments_fini(&args);
    return r->status == ADAPTER_OK;
}

static void enter_phase(const struct adapter_job *job, const char *name)
{
    if (job->phase)
        job->phase(job->phase_user, name);
}

/* Runs the conversion; the job's model becomes what it wrote, at path. */
static bool convert(const struct adapter_config *c, const struct adapter_version *v, struct adapter_job *job, struct adapter_result *r, char *path,
                    size_t size)
{
    enter_phase(job, "convert");
    if (!converted_path(c, job, path, size)) {
        fail(r, ADAPTER_BAD_CONFIG, "the path of the work folder is too long");
        return false;
    }
    unlink(path);
    if (!invoke(c, v, job, STEP_CONVERT, r, NULL))
        return false;
    if (!file_exists(path)) {
        fail(r, ADAPTER_BUG, "the conversion ended well but did not write {converted}");
        return false;
    }
    job->model = path;
    return true;
}

void adapter_run(const struct adapter_config *c, const struct adapter_version *v, const struct adapter_job *given, struct adapter_result *ret_result)
{
    struct adapter_result *r = ret_result;
    struct adapter_job copy = *given, *job = &copy;
    char converted[1024];
    adapter_result_init(r);
    if (c->convert[0] && !convert(c, v, job, r, converted, sizeof converted))
        return;
    if (adapter_has_step(c->tool, STEP_BUILD)) {
        enter_phase(job, "build");
        if (!invoke(c, v, job, STEP_BUILD, r, NULL))
            return;
    }
    enter_phase(job, "measure");
    unsigned windows = clamp_of(job->windows, 1u, (unsigned)ADAPTER_WINDOWS_MAX);
    for (unsigned i = 0; i < windows; i++) {
        struct adapter_window w = window_empty();
        if (!invoke(c, v, job, STEP_RUN, r, &w))
            return;
        if (!w.n)
            return; /* a custom evaluator that gives metrics only: once is enough */
        r->window[r->n_windows++] = w;
    }
}
