/* sonata measure: the options; the work is worker/model's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/measure_farm.h"
#include "domain/metric.h"
#include "model/measure_files.h"

struct settings {
    struct cli_common common;
    const char *executor, *threads, *library, *provider, *max, *board, *metric;
    enum tier tier;
    int64_t batch;
    struct option_list dim, input, output;
    bool layers, once, csv, compare;
};

const struct option_def measure_options[] = {
    {.name = "board",
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, board),
     .argument = "TYPE,…",
     .help = "On boards of these types of a master, instead of on this machine."},
    {.name = "metric",
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, metric),
     .argument = "NAME,…",
     .help = "With --board: latency, energy, memory or what else the boards supply.",
     .standard = "latency"},
    {.name = "compare",
     .type = OPTION_FLAG,
     .offset = offsetof(struct settings, compare),
     .help = "With --board: how much the second of two files differs."},
    {.name = "csv", .type = OPTION_FLAG, .offset = offsetof(struct settings, csv), .help = "With --board: rows of values separated by commas."},
    CLI_SERVER_OPTIONS(struct settings),
    {.name = "executor",
     .letter = 'x',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, executor),
     .argument = "NAME,…",
     .help = "engine, onnxruntime, ref (plain C, slow); default engine, with --board what each board is configured with."},
    {.name = "threads",
     .letter = 't',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, threads),
     .argument = "N,…",
     .help = "Numbers of threads to measure with, one after the other; default 1, with --board as many as each board is configured with."},
    {.name = "tier",
     .type = OPTION_WORD,
     .offset = offsetof(struct settings, tier),
     .argument = "TIER",
     .help = "How long and how exactly.",
     .standard = "search",
     .choices = "screen|search|report"},
    {.name = "batch",
     .letter = 'b',
     .type = OPTION_INT,
     .offset = offsetof(struct settings, batch),
     .argument = "N",
     .help = "Size of the batch where the file leaves it open.",
     .standard = "1",
     .min = 1,
     .max = 65536},
    {.name = "dim", .type = OPTION_LIST, .offset = offsetof(struct settings, dim), .argument = "NAME=N", .help = "Size of another open dimension."},
    {.name = "input",
     .letter = 'i',
     .type = OPTION_LIST,
     .offset = offsetof(struct settings, input),
     .argument = "[NAME=]FILE",
     .help = "Values of an input (.npy) instead of random ones."},
    {.name = "output",
     .letter = 'o',
     .type = OPTION_LIST,
     .offset = offsetof(struct settings, output),
     .argument = "[NAME=]FILE",
     .help = "Writes what comes out (.npy); with --once nothing is measured."},
    {.name = "once", .type = OPTION_FLAG, .offset = offsetof(struct settings, once), .help = "Runs each file once, for its output or its error."},
    {.name = "layers", .letter = 'l', .type = OPTION_FLAG, .offset = offsetof(struct settings, layers), .help = "Time of every layer, too."},
    {.name = "max",
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, max),
     .argument = "latency=TIME",
     .help = "Exit code 1 when a model is slower: latency=5ms."},
    {.name = "library",
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, library),
     .argument = "FILE",
     .help = "ONNX Runtime's library; else libonnxruntime.so.1 of the system."},
    {.name = "provider",
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, provider),
     .argument = "NAME",
     .help = "ONNX Runtime's execution provider, e.g. CUDA."},
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

/* "NAME=N" into the request; the name is cut out of `text`. */
static int take_dimension(struct measure_request *r, char *text, struct sonata_error *err)
{
    char *sign = strchr(text, '=');
    uint64_t size;
    if (!sign || sign == text || r->n_dimensions >= MEASURE_NAMES_MAX || parse_u64(sign + 1, 1, UINT64_C(1) << 28, &size))
        return sonata_error_set(err, -EINVAL, "--dim '%s': NAME=SIZE, at most %d times", text, MEASURE_NAMES_MAX);
    *sign = 0;
    r->dimension[r->n_dimensions++] = (struct onnx_dimension){text, (int64_t)size};
    return 0;
}

static int take_limit(struct measure_request *r, const char *text, struct sonata_error *err)
{
    int64_t ns;
    if (!text)
        return 0;
    if (strncmp(text, "latency=", 8) || parse_duration_ns(text + 8, &ns) || ns <= 0)
        return sonata_error_set(err, -EINVAL, "--max '%s': latency=TIME, as in latency=5ms", text);
    r->max_latency_ms = (double)ns * 1e-6;
    return 0;
}

/* Settings to a request. The copies of what is cut apart go to owned[]. */
static int request_of(const struct settings *s, struct measure_request *r, char *owned[2 + OPTION_LIST_MAX], struct sonata_error *err)
{
    *r = (struct measure_request){.batch = s->batch,
                                  .library = s->library,
                                  .provider = s->provider,
                                  .tier = s->tier,
                                  .layers = s->layers,
                                  .json = s->common.json,
                                  .once = s->once,
                                  .n_inputs = s->input.n,
                                  .n_outputs = s->output.n};
    memcpy(r->input, s->input.item, s->input.n * sizeof *r->input);
    memcpy(r->output, s->output.item, s->output.n * sizeof *r->output);
    int e = measure_executors(r, owned[0] = xstrdup(s->executor ? s->executor : "engine"), err);
    if (!e)
        e = measure_threads(r, owned[1] = xstrdup(s->threads ? s->threads : "1"), err);
    for (unsigned i = 0; i < s->dim.n && !e; i++)
        e = take_dimension(r, owned[2 + i] = xstrdup(s->dim.item[i]), err);
    return e ? e : take_limit(r, s->max, err);
}

/* The words between commas, cut out of `text`; *ret_n of them. */
static int words(const char *option, char *text, const char *word[FARM_LIST_MAX], unsigned *ret_n, struct sonata_error *err)
{
    for (char *next = text; next;) {
        if (*ret_n == FARM_LIST_MAX)
            return sonata_error_set(err, -EINVAL, "--%s: at most %d are expected", option, FARM_LIST_MAX);
        word[(*ret_n)++] = next;
        next = strchr(next, ',');
        if (next)
            *next++ = 0;
        if (!*word[*ret_n - 1])
            return sonata_error_set(err, -EINVAL, "--%s: a word is missing beside a comma", option);
    }
    return 0;
}

/* What boards of a master are asked; the numbers were read for this machine already. */
static int farm_request_of(const struct settings *s, const struct measure_request *m, struct farm_request *f, char *owned[3],
                           struct sonata_error *err)
{
    *f = (struct farm_request){.file = m->file,
                               .n_files = m->n_files,
                               .tier = tier_name(s->tier),
                               .json = s->common.json,
                               .csv = s->csv,
                               .compare = s->compare,
                               .max_latency_ms = m->max_latency_ms,
                               .n_threads = s->threads ? m->n_threads : 1};
    if (s->threads)
        memcpy(f->threads, m->threads, m->n_threads * sizeof *m->threads);
    if (s->layers || s->once || s->input.n || s->output.n || s->dim.n || s->library || s->provider)
        return sonata_error_set(err, -EINVAL,
                                "--layers, --once, --input, --output, --dim, --library and --provider are for this machine, without --board");
    if (s->compare && f->n_files != 2)
        return sonata_error_set(err, -EINVAL, "--compare: two files are expected, not %zu", f->n_files);
    int e = words("board", owned[0] = xstrdup(s->board), f->board, &f->n_boards, err);
    e = e ? e : words("metric", owned[1] = xstrdup(s->metric), f->metric, &f->n_metrics, err);
    if (!e && f->n_metrics > OBJECTIVES_MAX)
        e = sonata_error_set(err, -EINVAL, "--metric: at most %d are expected", OBJECTIVES_MAX);
    if (!e && s->executor)
        return words("executor", owned[2] = xstrdup(s->executor), f->executor, &f->n_executors, err);
    f->executor[f->n_executors++] = "";
    return e;
}

static int measure_on_farm(const struct command *self, const struct settings *s, const struct measure_request *m)
{
    struct farm_request f;
    struct sonata_error err = {{0}};
    char *owned[3] = {NULL};
    int code, e = farm_request_of(s, m, &f, owned, &err);
    if (e) {
        code = command_fail(self, CLI_USAGE, "%s", err.text);
    } else {
        e = measure_farm(&s->common, &f, &err);
        code = e == -EDOM ? CLI_FAILURE : CLI_OK;
        if (e && e != -EDOM)
            code = command_fail(self, exit_of(e), "%s", err.text);
    }
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    return code;
}

int cmd_measure(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    struct measure_request r;
    struct sonata_error err = {{0}};
    char *owned[2 + OPTION_LIST_MAX] = {NULL};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    int e = request_of(&s, &r, owned, &err);
    if (e) {
        code = command_fail(self, CLI_USAGE, "%s", err.text);
    } else {
        r.file = (const char *const *)argv + rest;
        r.n_files = (size_t)(argc - rest);
        e = s.board ? 0 : measure_files(&r, stdout, stderr);
        code = e && e != -EDOM ? exit_of(e) : CLI_OK;
        code = e == -EDOM ? CLI_FAILURE : code;
        if (s.board)
            code = measure_on_farm(self, &s, &r);
    }
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    return code;
}
