/* sonata-supernet train. Flow: options -> space and data set -> trainer (from the checkpoint when resuming) -> epochs, each followed by validation of
 * the largest and smallest network and a checkpoint -> test accuracy of the largest -> safetensors file with its metadata. */
#include "train/command.h"

#include <cblas.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "conf/space_file.h"
#include "domain/analytic.h"
#include "runtime/accuracy.h"
#include "runtime/engine.h"
#include "runtime/runtime.h"
#include "supernet/build.h"
#include "supernet/safetensors.h"
#include "train/trainer.h"

enum { CHECKPOINT_MAX = 1 << 28, COMMAND_MAX = 1024, BAR_WIDTH = 24 };

struct settings {
    bool help, version, json, resume;
    const char *space, *dataset, *alone, *checkpoint;
    int64_t epochs, stop_after, warmup, batch, random, pictures, validation, seed;
    double lean, rate, decay, smoothing;
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
     .help = "data set by name (SONATA_DATASETS, /usr/share/datasets) or a folder of IDX files"},
    {.name = "epochs",
     .type = OPTION_INT,
     .offset = AT(epochs),
     .argument = "N",
     .standard = "20",
     .min = 1,
     .max = 1000,
     .help = "passes over the training pictures; the learning rate falls to 0 over them"},
    {.name = "stop-after",
     .type = OPTION_INT,
     .offset = AT(stop_after),
     .argument = "N",
     .standard = "0",
     .min = 0,
     .max = 1000,
     .help = "stop after this epoch with the checkpoint only; 0: never. Resuming may give another --epochs, whose schedule then goes on"},
    {.name = "warmup",
     .type = OPTION_INT,
     .offset = AT(warmup),
     .argument = "N",
     .standard = "0",
     .min = 0,
     .max = 1000,
     .help = "first epochs that train the largest network alone"},
    {.name = "batch",
     .type = OPTION_INT,
     .offset = AT(batch),
     .argument = "N",
     .standard = "32",
     .min = 8,
     .max = 1024,
     .help = "pictures of a step"},
    {.name = "random",
     .type = OPTION_INT,
     .offset = AT(random),
     .argument = "N",
     .standard = "4",
     .min = 0,
     .max = 16,
     .help = "random networks of a step, beside the largest and the smallest"},
    {.name = "lean",
     .type = OPTION_NUMBER,
     .offset = AT(lean),
     .argument = "X",
     .standard = "-1",
     .min = -1,
     .max = 0.99,
     .help = "a random network draws a share from X to 1 and takes each larger choice with that probability; -1: every gene by itself"},
    {.name = "pictures",
     .type = OPTION_INT,
     .offset = AT(pictures),
     .argument = "N",
     .standard = "0",
     .min = 0,
     .max = 10000000,
     .help = "training pictures used, 0: all"},
    {.name = "validation",
     .type = OPTION_INT,
     .offset = AT(validation),
     .argument = "N",
     .standard = "5000",
     .min = 0,
     .max = 1000000,
     .help = "training pictures held out for the accuracy shown"},
    {.name = "rate",
     .type = OPTION_NUMBER,
     .offset = AT(rate),
     .argument = "X",
     .standard = "0.1",
     .min = 1e-9,
     .max = 10,
     .help = "highest learning rate"},
    {.name = "decay",
     .type = OPTION_NUMBER,
     .offset = AT(decay),
     .argument = "X",
     .standard = "0.0001",
     .min = 0,
     .max = 0.5,
     .help = "weight decay"},
    {.name = "smoothing",
     .type = OPTION_NUMBER,
     .offset = AT(smoothing),
     .argument = "X",
     .standard = "0.1",
     .min = 0,
     .max = 0.9,
     .help = "label smoothing of the largest network"},
    {.name = "seed",
     .type = OPTION_INT,
     .offset = AT(seed),
     .argument = "N",
     .standard = "1",
     .min = 0,
     .max = 9e15,
     .help = "same seed and options, same bytes"},
    {.name = "alone",
     .type = OPTION_TEXT,
     .offset = AT(alone),
     .argument = "GENOTYPE",
     .help = "train only this sub-network (\"d1=1 w1=8 …\"), on the labels"},
    {.name = "checkpoint", .type = OPTION_TEXT, .offset = AT(checkpoint), .argument = "FILE", .help = "write the whole state here after every epoch"},
    {.name = "resume", .type = OPTION_FLAG, .offset = AT(resume), .help = "go on from the checkpoint when it exists"},
    {.name = "json", .type = OPTION_FLAG, .offset = AT(json), .help = "one JSON object a line instead of text"},
    {0}};

struct job {
    struct settings s;
    const char *output;
    struct space space;
    struct dataset dataset;
    struct supernet supernet;
    struct train_options options;
    struct trainer *trainer;
    bool terminal;
    double flop, seconds;
};

static struct train_options options_of(const struct settings *s)
{
    return (struct train_options){.epochs = (uint32_t)s->epochs,
                                  .warmup_epochs = (uint32_t)s->warmup,
                                  .batch = (uint32_t)s->batch,
                                  .random = (uint32_t)s->random,
                                  .lean = s->lean,
                                  .pictures = (uint32_t)s->pictures,
                                  .validation = (uint32_t)s->validation,
                                  .rate = s->rate,
                                  .decay = s->decay,
                                  .smoothing = s->smoothing,
                                  .seed = (uint64_t)s->seed};
}

/* One command of those that make the same file: every option that has a say in the bytes. until 0: the one that finishes. */
static void put_command(const struct settings *s, uint32_t epochs, uint32_t until, bool resumed, struct bytes *out)
{
    char text[COMMAND_MAX];
    int n = snprintf(text, sizeof text,
                     "sonata-supernet train --space %s --dataset %s --epochs %u --warmup %lld --batch %lld --random %lld --lean %g --pictures %lld "
                     "--validation %lld "
                     "--rate %g --decay %g --smoothing %g --seed %lld",
                     s->space, s->dataset, epochs, (long long)s->warmup, (long long)s->batch, (long long)s->random, s->lean, (long long)s->pictures,
                     (long long)s->validation, s->rate, s->decay, s->smoothing, (long long)s->seed);
    bytes_append(out, text, n > 0 && n < COMMAND_MAX ? (size_t)n : 0);
    if (s->alone)
        bytes_printf(out, " --alone '%s'", s->alone);
    if (until || resumed)
        bytes_printf(out, " --checkpoint CHECKPOINT");
    if (resumed)
        bytes_printf(out, " --resume");
    n = snprintf(text, sizeof text, until ? " --stop-after %u OUTPUT && " : " OUTPUT", until);
    bytes_append(out, text, (size_t)n);
}

/* The commands, one for each learning-rate schedule used. */
static void command_line(const struct job *j, struct bytes *out)
{
    struct train_phase phase[TRAIN_PHASES_MAX];
    uint32_t n = trainer_phases(j->trainer, phase);
    for (uint32_t i = 0; i < n; i++)
        put_command(&j->s, phase[i].epochs, phase[i].until, i > 0, out);
    put_command(&j->s, j->options.epochs, 0, n > 0, out);
    bytes_put_u8(out, 0);
}

static int prepare(struct job *j, struct sonata_error *err)
{
    int r = space_file_read(j->s.space, &j->space, err);
    r = r ? r : dataset_load(j->s.dataset, &j->dataset, err);
    if (r)
        return r;
    const struct space_network *n = &j->space.network;
    if (n->input_size != j->dataset.size || n->input_channels != j->dataset.channels || n->classes != j->dataset.classes)
        return sonata_error_set(err, -EINVAL, "space '%s' is for %ux%u pictures of %u classes, data set '%s' has %ux%u of %u", j->space.name,
                                n->input_size, n->input_size, n->classes, j->dataset.name, j->dataset.size, j->dataset.size, j->dataset.classes);
    j->options = options_of(&j->s);
    if (j->s.alone) {
        j->options.alone = true;
        r = genotype_parse(&j->space, j->s.alone, &j->options.genotype, err);
    }
    if (!r && j->s.stop_after && !j->s.checkpoint)
        r = sonata_error_set(err, -EINVAL, "--stop-after needs --checkpoint FILE");
    r = r ? r : train_options_check(&j->options, &j->dataset, err);
    r = r ? r : supernet_init(&j->supernet, &j->space, err);
    if (!r)
        j->trainer = trainer_new(&j->supernet, &j->dataset, &j->options);
    return r;
}

static int resume(struct job *j, struct sonata_error *err)
{
    if (!j->s.resume)
        return 0;
    if (!j->s.checkpoint)
        return sonata_error_set(err, -EINVAL, "--resume needs --checkpoint FILE");
    if (!file_exists(j->s.checkpoint))
        return 0;
    struct bytes b = {0};
    int r = file_read(j->s.checkpoint, CHECKPOINT_MAX, &b, err);
    r = r ? r : trainer_load(j->trainer, b.data, b.size, err);
    bytes_fini(&b);
    return r ? sonata_error_prefix(err, r, "%s", j->s.checkpoint) : 0;
}

static int save_checkpoint(const struct job *j, struct sonata_error *err)
{
    if (!j->s.checkpoint)
        return 0;
    struct bytes b = {0};
    trainer_save(j->trainer, &b);
    int r = file_write_atomic(j->s.checkpoint, b.data, b.size, err);
    bytes_fini(&b);
    return r;
}

/* Accuracy in percent of one sub-network as it stands; index NULL: the test part. */
static int measure(const struct job *j, const struct genotype *g, bool test, double *ret_accuracy, struct sonata_error *err)
{
    const struct runtime_ops *ops = runtime_find(NULL);
    const struct dataset *d = &j->dataset;
    uint32_t right = 0, n = test ? d->test.n : j->options.validation;
    struct network net = {0};
    *ret_accuracy = NAN;
    if (!n)
        return 0;
    int r = engine_build_from(&(struct engine_source){&j->supernet, d, ops, 0}, g, &net, err);
    const struct dataset_part *part = test ? &d->test : &d->train;
    const uint32_t *pictures = test ? NULL : trainer_validation(j->trainer);
    r = r ? r : accuracy_count(ops, &net, d, part, pictures, n, &right, err);
    network_free(&net);
    if (!r)
        *ret_accuracy = 100.0 * right / n;
    return r;
}

static struct genotype largest(const struct job *j)
{
    return j->options.alone ? j->options.genotype : space_last(&j->space);
}

/* The bar, redrawn in place on a terminal. */
static void show_progress(void *context, double part, double loss)
{
    const struct job *j = context;
    if (!j->terminal)
        return;
    char bar[BAR_WIDTH + 1];
    double done = (trainer_epoch(j->trainer) + part) / j->options.epochs;
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < (int)(done * BAR_WIDTH) ? '#' : '.';
    bar[BAR_WIDTH] = 0;
    fprintf(stderr, "\r[%s] epoch %u/%u %3.0f %%  loss %.4f ", bar, trainer_epoch(j->trainer) + 1, j->options.epochs, 100 * part, loss);
    fflush(stderr);
}

static void number(char text[32], double v, const char *format)
{
    if (isnan(v))
        copy_string(text, 32, "null");
    else
        snprintf(text, 32, format, v);
}

static void show_epoch(const struct job *j, const struct train_epoch *e, double accuracy, double smallest)
{
    if (j->terminal)
        fputs("\r\033[K", stderr);
    if (!j->s.json) {
        printf("epoch %u/%u  loss %.4f  validation %.2f %%", trainer_epoch(j->trainer), j->options.epochs, e->loss_largest, accuracy);
        if (!j->options.alone)
            printf(" (smallest network %.2f %%)", smallest);
        printf("  %.1f s CPU  %.1f GFLOP/s\n", e->seconds, e->flop / e->seconds * 1e-9);
    } else {
        char loss_smallest[32], a[32], b[32];
        number(loss_smallest, e->loss_smallest, "%.6f");
        number(a, accuracy, "%.3f");
        number(b, smallest, "%.3f");
        printf("{\"epoch\":%u,\"epochs\":%u,\"loss\":%.6f,\"loss_smallest\":%s,\"validation_accuracy\":%s,\"validation_accuracy_smallest\":%s,"
               "\"cpu_seconds\":%.3f,\"gflops\":%.2f}\n",
               trainer_epoch(j->trainer), j->options.epochs, e->loss_largest, loss_smallest, a, b, e->seconds, e->flop / e->seconds * 1e-9);
    }
    fflush(stdout);
}

static uint32_t last_epoch(const struct job *j)
{
    uint32_t stop = (uint32_t)j->s.stop_after;
    return stop && stop < j->options.epochs ? stop : j->options.epochs;
}

static int run_epochs(struct job *j, struct sonata_error *err)
{
    int r = 0;
    while (!r && trainer_epoch(j->trainer) < last_epoch(j)) {
        struct train_epoch e;
        struct genotype big = largest(j), small = space_first(&j->space);
        double accuracy = NAN, smallest = NAN;
        r = trainer_run_epoch(j->trainer, show_progress, j, &e, err);
        r = r ? r : measure(j, &big, false, &accuracy, err);
        r = r || j->options.alone ? r : measure(j, &small, false, &smallest, err);
        r = r ? r : save_checkpoint(j, err);
        if (!r) {
            j->flop += e.flop;
            j->seconds += e.seconds;
            show_epoch(j, &e, accuracy, smallest);
        }
    }
    return r;
}

static int write_output(struct job *j, double accuracy, struct sonata_error *err)
{
    char space_hash[HASH_HEX], dataset_hash[HASH_HEX], epochs[16], seed[32], percent[32];
    uint8_t hash[HASH_SIZE];
    struct bytes command = {0};
    supernet_space_hash(&j->space, hash);
    hash_to_hex(hash, sizeof hash, space_hash);
    hash_to_hex(j->dataset.hash, sizeof j->dataset.hash, dataset_hash);
    command_line(j, &command);
    snprintf(epochs, sizeof epochs, "%u", j->options.epochs);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)j->options.seed);
    snprintf(percent, sizeof percent, "%.2f", accuracy);
    const struct safetensors_text metadata[] = {
        {"format", "sonata-supernet-1"}, {"generator", "sonata-supernet " SONATA_VERSION}, {"space", j->space.name}, {"space_hash", space_hash},
        {"dataset", j->dataset.name}, {"dataset_hash", dataset_hash}, {"command", (const char *)command.data}, {"epochs", epochs}, {"seed", seed},
        {"test_accuracy_largest", percent}};
    struct bytes b = {0};
    safetensors_write_supernet(&j->supernet, metadata, sizeof metadata / sizeof *metadata, &b);
    int r = file_write_atomic(j->output, b.data, b.size, err);
    bytes_fini(&b);
    bytes_fini(&command);
    return r;
}

static int finish(struct job *j, struct sonata_error *err)
{
    struct genotype g = largest(j);
    double accuracy;
    if (trainer_epoch(j->trainer) < j->options.epochs) {
        fprintf(stderr, "stopped after epoch %u of %u; --resume goes on from %s\n", trainer_epoch(j->trainer), j->options.epochs, j->s.checkpoint);
        return 0;
    }
    int r = measure(j, &g, true, &accuracy, err);
    r = r ? r : write_output(j, accuracy, err);
    if (r)
        return r;
    double speed = j->seconds > 0 ? j->flop / j->seconds * 1e-9 : 0;
    if (j->s.json)
        printf("{\"output\":\"%s\",\"test_accuracy\":%.2f,\"cpu_seconds\":%.1f,\"gflops\":%.2f}\n", j->output, accuracy, j->seconds, speed);
    else
        printf("%s: test accuracy of the %s %.2f %%, %.0f s CPU, %.1f GFLOP/s\n", j->output, j->options.alone ? "network" : "largest network",
               accuracy, j->seconds, speed);
    return 0;
}

int command_train(int argc, char **argv)
{
    struct job *j = xcalloc(1, sizeof *j);
    struct sonata_error err = {{0}};
    int rest, status = command_options(table, "train [options] OUTPUT", argc, argv, &j->s, &rest);
    if (status < 0 && argc - rest != 1) {
        fputs("sonata-supernet train: one OUTPUT file is expected (see --help)\n", stderr);
        status = 2;
    }
    if (status < 0) {
        openblas_set_num_threads(1); /* one thread: the same bytes every time */
        j->output = argv[rest];
        j->terminal = !j->s.json && isatty(STDERR_FILENO) && isatty(STDOUT_FILENO);
        int r = prepare(j, &err);
        r = r ? r : resume(j, &err);
        r = r ? r : run_epochs(j, &err);
        r = r ? r : finish(j, &err);
        status = r ? train_fail(&err) : 0;
    }
    trainer_free(j->trainer);
    supernet_fini(&j->supernet);
    dataset_fini(&j->dataset);
    free(j);
    return status;
}
