/* Argument vectors by tool and version: a table of words with placeholders, each valid for a range of versions and, for trtexec, a precision.
 *
 * trtexec changed under its users: --buildOnly became --skipInference in 8.6; --percentile took one value before 8.5; from 11 on CUDA graphs, spin
 * wait and "no data transfers" are the default and the precision flags are gone. The table makes the same measurement of all of them. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/adapter_internal.h"
#include "base/medium.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"

#define EVER 0xFFFFFFFFU
#define TRT_11 110000U

struct word {
    enum adapter_tool tool;
    enum adapter_step step;
    const char *text;
    unsigned from, before;   /* version numbers; before EVER */
    const char *precision;   /* only for this one */
};

static const struct word words[] = {
    {ADAPTER_TRTEXEC, STEP_BUILD, "--onnx={model}", 0, EVER, NULL},
    {ADAPTER_TRTEXEC, STEP_BUILD, "--saveEngine={out}/model.engine", 0, EVER, NULL},
    {ADAPTER_TRTEXEC, STEP_BUILD, "--buildOnly", 0, 80600, NULL},
    {ADAPTER_TRTEXEC, STEP_BUILD, "--skipInference", 80600, EVER, NULL},
    {ADAPTER_TRTEXEC, STEP_BUILD, "--fp16", 0, TRT_11, "fp16"},
    {ADAPTER_TRTEXEC, STEP_BUILD, "--int8", 0, TRT_11, "int8"},
    {ADAPTER_TRTEXEC, STEP_RUN, "--loadEngine={out}/model.engine", 0, EVER, NULL},
    {ADAPTER_TRTEXEC, STEP_RUN, "--warmUp={warmup_ms}", 0, EVER, NULL},
    {ADAPTER_TRTEXEC, STEP_RUN, "--duration={window_s}", 0, EVER, NULL},
    {ADAPTER_TRTEXEC, STEP_RUN, "--iterations={min_inferences}", 0, EVER, NULL},
    {ADAPTER_TRTEXEC, STEP_RUN, "--percentile=99", 0, 80500, NULL},
    {ADAPTER_TRTEXEC, STEP_RUN, "--percentile=50,90,95,99", 80500, EVER, NULL},
    {ADAPTER_TRTEXEC, STEP_RUN, "--exportTimes={out}/times.json", 0, EVER, NULL},
    {ADAPTER_TRTEXEC, STEP_RUN, "--useCudaGraph", 0, TRT_11, NULL},
    {ADAPTER_TRTEXEC, STEP_RUN, "--useSpinWait", 0, TRT_11, NULL},
    {ADAPTER_TRTEXEC, STEP_RUN, "--noDataTransfers", 0, TRT_11, NULL},

    {ADAPTER_BENCHMARK_MODEL, STEP_RUN, "--graph={model}", 0, EVER, NULL},
    {ADAPTER_BENCHMARK_MODEL, STEP_RUN, "--num_threads={threads}", 0, EVER, NULL},
    {ADAPTER_BENCHMARK_MODEL, STEP_RUN, "--warmup_runs=10", 0, EVER, NULL},
    {ADAPTER_BENCHMARK_MODEL, STEP_RUN, "--warmup_min_secs={warmup_s}", 0, EVER, NULL},
    {ADAPTER_BENCHMARK_MODEL, STEP_RUN, "--num_runs={min_inferences}", 0, EVER, NULL},
    {ADAPTER_BENCHMARK_MODEL, STEP_RUN, "--min_secs={window_s}", 0, EVER, NULL},
    {ADAPTER_BENCHMARK_MODEL, STEP_RUN, "--max_secs={max_s}", 0, EVER, NULL},

    {ADAPTER_BENCHNCNN, STEP_RUN, "{min_inferences}", 0, EVER, NULL},
    {ADAPTER_BENCHNCNN, STEP_RUN, "{threads}", 0, EVER, NULL},
    {ADAPTER_BENCHNCNN, STEP_RUN, "2", 0, EVER, NULL},  /* powersave: big cores */
    {ADAPTER_BENCHNCNN, STEP_RUN, "-1", 0, EVER, NULL}, /* no GPU */
    {ADAPTER_BENCHNCNN, STEP_RUN, "0", 0, EVER, NULL},  /* no 10 s of cooling down: the protocol cools */
    {ADAPTER_BENCHNCNN, STEP_RUN, "param={model}", 0, EVER, NULL},
    {ADAPTER_BENCHNCNN, STEP_RUN, "shape={shape}", 0, EVER, NULL},

    {ADAPTER_ORT_PERF_TEST, STEP_RUN, "-e", 0, EVER, NULL},
    {ADAPTER_ORT_PERF_TEST, STEP_RUN, "{provider}", 0, EVER, NULL},
    {ADAPTER_ORT_PERF_TEST, STEP_RUN, "-m", 0, EVER, NULL},
    {ADAPTER_ORT_PERF_TEST, STEP_RUN, "duration", 0, EVER, NULL},
    {ADAPTER_ORT_PERF_TEST, STEP_RUN, "-t", 0, EVER, NULL},
    {ADAPTER_ORT_PERF_TEST, STEP_RUN, "{total_s}", 0, EVER, NULL},
    {ADAPTER_ORT_PERF_TEST, STEP_RUN, "-x", 0, EVER, NULL},
    {ADAPTER_ORT_PERF_TEST, STEP_RUN, "{threads}", 0, EVER, NULL},
    {ADAPTER_ORT_PERF_TEST, STEP_RUN, "-y", 0, EVER, NULL},
    {ADAPTER_ORT_PERF_TEST, STEP_RUN, "1", 0, EVER, NULL},
    {ADAPTER_ORT_PERF_TEST, STEP_RUN, "-I", 0, EVER, NULL}, /* generated input */
    {ADAPTER_ORT_PERF_TEST, STEP_RUN, "-s", 0, EVER, NULL},
    {ADAPTER_ORT_PERF_TEST, STEP_RUN, "{model}", 0, EVER, NULL},
    {ADAPTER_ORT_PERF_TEST, STEP_RUN, "{out}/result.csv", 0, EVER, NULL},

    {ADAPTER_EXECUTOR_RUNNER, STEP_RUN, "--model_path={model}", 0, EVER, NULL},
    {ADAPTER_EXECUTOR_RUNNER, STEP_RUN, "--num_executions={executions}", 0, EVER, NULL},
};

bool adapter_has_step(enum adapter_tool t, enum adapter_step step)
{
    return step == STEP_RUN || (step == STEP_BUILD && t == ADAPTER_TRTEXEC);
}

bool converted_path(const struct adapter_config *c, const struct adapter_job *job, char *path, size_t size)
{
    static const char *const suffix[ADAPTER_TOOL_COUNT] = {
        [ADAPTER_TRTEXEC] = "onnx",       [ADAPTER_BENCHMARK_MODEL] = "tflite", [ADAPTER_BENCHNCNN] = "param",
        [ADAPTER_ORT_PERF_TEST] = "onnx", [ADAPTER_EXECUTOR_RUNNER] = "pte",    [ADAPTER_CUSTOM] = "bin"};
    int n = snprintf(path, size, "%s/converted.%s", job->work_dir ? job->work_dir : ".", suffix[c->tool]);
    return n > 0 && (size_t)n < size;
}

/* Value of a placeholder that is a number. */
static bool placeholder_number(const char *name, size_t n, const struct adapter_config *c, const struct adapter_job *job, char *text, size_t size)
{
    const unsigned threads = max_of(c->threads, 1u);
    const unsigned inferences = job->min_inferences ? job->min_inferences : 10;
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"threads", threads},
                   {"warmup_s", job->warmup_s},
                   {"warmup_ms", ceil(job->warmup_s * 1e3)},
                   {"window_s", ceil(job->window_s)},
                   {"total_s", ceil(job->warmup_s + job->window_s) + 1},
                   {"max_s", 4 * ceil(job->window_s) + 30},
                   {"windows", job->windows},
                   {"min_inferences", inferences},
                   {"executions", 10 * inferences},
                   {"seed", (double)(job->seed & 0x7FFFFFFF)}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strlen(numbers[i].name) == n && !strncmp(numbers[i].name, name, n)) {
            snprintf(text, size, "%.10g", numbers[i].value);
            return true;
        }
    }
    return false;
}

/* Value of a placeholder into text[size]; false when it is unknown or has no value here. */
static bool placeholder(const char *name, size_t n, const struct adapter_config *c, const struct adapter_job *job, char *text, size_t size)
{
    if (n == 9 && !strncmp(name, "converted", 9))
        return converted_path(c, job, text, size);
    const struct {
        const char *name, *value;
        bool foreign; /* from who submitted the search: never an option of the tool */
    } texts[] = {{"model", job->model, false},
                 {"out", job->work_dir, false},
                 {"genotype", job->genotype, true},
                 {"space", job->space, true},
                 {"supernet", job->supernet, true},
                 {"dataset", job->dataset, true},
                 {"tier", job->tier, true},
                 {"shape", c->shape[0] ? c->shape : NULL, false},
                 {"provider", c->provider[0] ? c->provider : "cpu", false}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strlen(texts[i].name) != n || strncmp(texts[i].name, name, n))
            continue;
        bool known = texts[i].value && copy_string(text, size, texts[i].value);
        if (known && texts[i].foreign)
            argument_text(text);
        return known;
    }
    return placeholder_number(name, n, c, job, text, size);
}

/* One word with its placeholders replaced; owned by the caller. A brace without a closing one, or around other than a lower-case name, is kept. */
static char *expand(const char *word, const struct adapter_config *c, const struct adapter_job *job, struct sonata_error *err)
{
    struct bytes out = {0};
    for (const char *p = word; *p;) {
        size_t n = *p == '{' ? strspn(p + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
        if (!n || p[n + 1] != '}') {
            bytes_put_u8(&out, (uint8_t)*p++);
            continue;
        }
        char value[4096];
        if (!placeholder(p + 1, n, c, job, value, sizeof value)) {
            sonata_error_set(err, -EINVAL, "placeholder {%.*s} in '%.100s' is unknown or has no value for this job", (int)n, p + 1, word);
            bytes_fini(&out);
            return NULL;
        }
        bytes_append(&out, value, strlen(value));
        p += n + 2;
    }
    bytes_put_u8(&out, 0);
    return (char *)out.data;
}

static int add(struct arguments *a, const char *word, const struct adapter_config *c, const struct adapter_job *job, struct sonata_error *err)
{
    if (a->n == COMMAND_ARGS_MAX)
        return sonata_error_set(err, -E2BIG, "more than %d arguments", COMMAND_ARGS_MAX);
    a->argv[a->n] = expand(word, c, job, err);
    if (!a->argv[a->n])
        return -EINVAL;
    a->n++;
    return 0;
}

/* The configured command line, word by word: placeholders are replaced after splitting, so a value with blanks stays one argument. */
static int add_command(struct arguments *a, const char *command, const struct adapter_config *c, const struct adapter_job *job,
                       struct sonata_error *err)
{
    struct command_line split;
    int r = command_parse(command, &split, err);
    for (size_t i = 0; !r && i < split.n; i++)
        r = add(a, split.argv[i], c, job, err);
    if (split.text)
        command_fini(&split);
    return r;
}

int arguments_make(const struct adapter_config *c, const struct adapter_version *v, const struct adapter_job *job, enum adapter_step step,
                   struct arguments *ret_args, struct sonata_error *err)
{
    struct arguments a = {0};
    int r = 0;
    if (step == STEP_CONVERT) {
        r = add_command(&a, c->convert, c, job, err);
    } else if (c->tool != ADAPTER_CUSTOM) {
        r = add(&a, c->program[0] ? c->program : adapter_tool_name(c->tool), c, job, err);
        for (size_t i = 0; !r && i < sizeof words / sizeof words[0]; i++) {
            const struct word *w = &words[i];
            if (w->tool == c->tool && w->step == step && v->number >= w->from && v->number < w->before &&
                (!w->precision || !strcmp(w->precision, c->precision)))
                r = add(&a, w->text, c, job, err);
        }
    }
    if (!r && step != STEP_CONVERT && c->command[0])
        r = add_command(&a, c->command, c, job, err);
    if (r) {
        arguments_fini(&a);
        return r;
    }
    *ret_args = a;
    return 0;
}

void arguments_fini(struct arguments *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->argv[i]);
    *a = (struct arguments){0};
}

void arguments_format(const struct arguments *a, char *text, size_t size)
{
    struct text_builder t = text_begin(text, size);
    for (size_t i = 0; i < a->n; i++) {
        bool plain = a->argv[i][0] && !strpbrk(a->argv[i], " \t\n'\"\\");
        const char *quote = plain ? "" : "'";
        text_join(&t, " ", "%s%s%s", quote, a->argv[i], quote);
    }
}
