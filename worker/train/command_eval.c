/* sonata-supernet eval. Flow: options -> space, data set, supernet file -> the networks asked for, each: recalibrate, fold, accuracy over the test
 * set
 * -> a line each, then a summary of the random ones. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "conf/share.h"
#include "conf/space_file.h"
#include "domain/analytic.h"
#include "runtime/accuracy.h"
#include "runtime/engine.h"
#include "runtime/onnx_writer.h"
#include "runtime/runtime.h"
#include "supernet/build.h"
#include "supernet/safetensors.h"
#include "train/command.h"

enum { FILE_MAX = 1 << 28, GENOTYPE_TEXT = 1024, RANDOM_MAX = 10000 };

struct settings {
    bool help, version, json;
    const char *space, *dataset, *executor, *onnx;
    int64_t random, seed, recalibration;
    struct option_list genotypes;
};

#define AT(field) offsetof(struct settings, field)
static const struct option_def table[] = {
    {.name = "help", .letter = 'h', .type = OPTION_FLAG, .offset = AT(help), .help = "show this text"},
    {.name = "version", .type = OPTION_FLAG, .offset = AT(version), .help = "show the version"},
    {.name = "space", .type = OPTION_TEXT, .offset = AT(space), .argument = "NAME", .standard = "fmnist-mbconv", .help = "preset or space file"},
    {.name = "dataset",
     .type = OPTION_TEXT,
     .offset = AT(dataset),
     .argument = "NAME",
     .standard = "fashion-mnist",
     .help = "data set by name or a folder"},
    {.name = "genotype",
     .letter = 'g',
     .type = OPTION_LIST,
     .offset = AT(genotypes),
     .argument = "GENOTYPE",
     .help = "\"d1=1 w1=8 …\", 'largest' or 'smallest'; may be given several times"},
    {.name = "random",
     .letter = 'n',
     .type = OPTION_INT,
     .offset = AT(random),
     .argument = "N",
     .standard = "0",
     .min = 0,
     .max = RANDOM_MAX,
     .help = "random networks, drawn gene by gene"},
    {.name = "seed",
     .type = OPTION_INT,
     .offset = AT(seed),
     .argument = "N",
     .standard = "1",
     .min = 0,
     .max = 9e15,
     .help = "of the random networks"},
    {.name = "executor",
     .type = OPTION_CHOICE,
     .offset = AT(executor),
     .argument = "NAME",
     .standard = "xnnpack",
     .choices = "xnnpack|ref",
     .help = "engine that runs the networks"},
    {.name = "recalibration",
     .type = OPTION_INT,
     .offset = AT(recalibration),
     .argument = "N",
     .standard = "512",
     .min = 2,
     .max = 8192,
     .help = "training pictures behind the batch-norm statistics"},
    {.name = "onnx", .type = OPTION_TEXT, .offset = AT(onnx), .argument = "FILE", .help = "write the first network as ONNX"},
    {.name = "json", .type = OPTION_FLAG, .offset = AT(json), .help = "one JSON object a line instead of text"},
    {0}};

struct job {
    struct settings s;
    struct space space;
    struct dataset dataset;
    struct supernet supernet;
    const struct runtime_ops *ops;
    unsigned done;
};

/* A path, or the name of a shipped supernet. */
static int load(struct job *j, const char *file, struct sonata_error *err)
{
    char path[1024];
    struct bytes b = {0};
    int r = space_file_read(j->s.space, &j->space, err);
    r = r ? r : dataset_load(j->s.dataset, &j->dataset, err);
    r = r ? r : supernet_init(&j->supernet, &j->space, err);
    if (r)
        return r;
    if (!strchr(file, '/') && !file_exists(file) && share_find("supernets", file, ".safetensors", path, sizeof path))
        file = path;
    r = file_read(file, FILE_MAX, &b, err);
    r = r ? r : safetensors_load_supernet(b.data, b.size, file, &j->supernet, err);
    bytes_fini(&b);
    return r;
}

static void show(const struct job *j, const struct genotype *g, const struct metric_value *a, const struct analytic *n, double seconds)
{
    char text[GENOTYPE_TEXT];
    genotype_format(&j->space, g, text, sizeof text);
    if (j->s.json)
        printf("{\"genotype\":\"%s\",\"accuracy\":%.2f,\"low\":%.2f,\"high\":%.2f,\"macs\":%.0f,\"params\":%.0f,\"ram\":%.0f,\"flash\":%.0f,"
               "\"seconds\":%.3f}\n",
               text, a->value, a->low, a->high, n->macs, n->params, n->ram, n->flash, seconds);
    else
        printf("%6.2f %% [%.2f, %.2f]  %7.3f MMAC  %6.1f k parameters  %5.0f ms  %s\n", a->value, a->low, a->high, n->macs * 1e-6, n->params * 1e-3,
               seconds * 1e3, text);
    fflush(stdout);
}

static int write_onnx(const struct job *j, const struct network *net, struct sonata_error *err)
{
    struct bytes b = {0};
    onnx_write(net, j->space.name, &b);
    int r = file_write_atomic(j->s.onnx, b.data, b.size, err);
    bytes_fini(&b);
    return r;
}

static int evaluate(struct job *j, const struct genotype *g, double *ret_accuracy, struct sonata_error *err)
{
    struct network net = {0};
    struct analytic counts;
    uint32_t right = 0, n = j->dataset.test.n;
    int64_t start = clock_monotonic_ns();
    int r = engine_build_from(&(struct engine_source){&j->supernet, &j->dataset, j->ops, (uint32_t)j->s.recalibration}, g, &net, err);
    r = r ? r : accuracy_count(j->ops, &net, &j->dataset, &j->dataset.test, NULL, n, &right, err);
    if (!r) {
        struct metric_value a = accuracy_metric(right, n);
        analytic_of_network(&net, &counts);
        show(j, g, &a, &counts, (double)(clock_monotonic_ns() - start) * 1e-9);
        *ret_accuracy = a.value;
        if (j->s.onnx && !j->done++)
            r = write_onnx(j, &net, err);
    }
    network_free(&net);
    return r;
}

static int evaluate_text(struct job *j, const char *text, struct sonata_error *err)
{
    struct genotype g;
    double accuracy;
    int r = 0;
    if (!strcmp(text, "largest"))
        g = space_last(&j->space);
    else if (!strcmp(text, "smallest"))
        g = space_first(&j->space);
    else
        r = genotype_parse(&j->space, text, &g, err);
    return r ? r : evaluate(j, &g, &accuracy, err);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Value at the p-th part of n sorted ones, between neighbours. */
static double quantile(const double *sorted, size_t n, double p)
{
    double at = p * (double)(n - 1);
    size_t i = (size_t)at;
    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

static void summarize(const struct job *j, double *accuracy, size_t n)
{
    qsort(accuracy, n, sizeof *accuracy, compare);
    double low = quantile(accuracy, n, 0.05), middle = quantile(accuracy, n, 0.5), high = quantile(accuracy, n, 0.95);
    if (j->s.json)
        printf("{\"networks\":%zu,\"p5\":%.2f,\"median\":%.2f,\"p95\":%.2f,\"spread\":%.2f}\n", n, low, middle, high, high - low);
    else
        printf("%zu random networks: 5 %% %.2f, median %.2f, 95 %% %.2f: spread %.2f points\n", n, low, middle, high, high - low);
}

static int run(struct job *j, struct sonata_error *err)
{
    double accuracy[RANDOM_MAX];
    size_t n = (size_t)j->s.random;
    struct rng rng = rng_seeded((uint64_t)j->s.seed, 0);
    int r = 0;
    j->ops = runtime_find(j->s.executor);
    if (!j->s.genotypes.n && !n)
        r = evaluate_text(j, "largest", err);
    for (unsigned i = 0; i < j->s.genotypes.n && !r; i++)
        r = evaluate_text(j, j->s.genotypes.item[i], err);
    for (size_t i = 0; i < n && !r; i++) {
        struct genotype g = space_random(&j->space, &rng);
        r = evaluate(j, &g, &accuracy[i], err);
    }
    if (!r && n)
        summarize(j, accuracy, n);
    return r;
}

int command_eval(int argc, char **argv)
{
    struct job *j = xcalloc(1, sizeof *j);
    struct sonata_error err = {{0}};
    int rest, status = command_options(table, "eval [options] SUPERNET", argc, argv, &j->s, &rest);
    if (status < 0 && argc - rest != 1) {
        fputs("sonata-supernet eval: one SUPERNET (a file, or the name of a shipped one) is expected (see --help)\n", stderr);
        status = 2;
    }
    if (status < 0) {
        int r = load(j, argv[rest], &err);
        r = r ? r : run(j, &err);
        status = r ? train_fail(&err) : 0;
    }
    supernet_fini(&j->supernet);
    dataset_fini(&j->dataset);
    free(j);
    return status;
}
