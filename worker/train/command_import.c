/* sonata-supernet import. Flow: options -> weights file -> the space it belongs to -> tensors into their places -> a safetensors file with where it
 * came from. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"
#include "checkpoint/checkpoint.h"
#include "conf/space_file.h"
#include "domain/elastic.h"
#include "import/import.h"
#include "supernet/safetensors.h"
#include "train/command.h"

enum { PRESETS_TEXT = 2048 };

struct settings {
    bool help, version, quiet;
    const char *space, *output, *licence, *recipe;
};

#define AT(field) offsetof(struct settings, field)
static const struct option_def table[] = {
    {.name = "help", .letter = 'h', .type = OPTION_FLAG, .offset = AT(help), .help = "show this text"},
    {.name = "version", .type = OPTION_FLAG, .offset = AT(version), .help = "show the version"},
    {.name = "space",
     .type = OPTION_TEXT,
     .offset = AT(space),
     .argument = "NAME",
     .help = "preset or space file; else the preset that fits is found"},
    {.name = "output",
     .letter = 'o',
     .type = OPTION_TEXT,
     .offset = AT(output),
     .argument = "FILE",
     .help = "else FILE with the ending .safetensors"},
    {.name = "recipe",
     .type = OPTION_CHOICE,
     .offset = AT(recipe),
     .argument = "NAME",
     .standard = "once-for-all",
     .choices = "once-for-all|attentivenas",
     .help =
         "how its batch-norm statistics are to be measured: 2,000 pictures in batches of 200, or 16,384 in batches of 256 with unbiased variances"},
    {.name = "licence", .type = OPTION_TEXT, .offset = AT(licence), .argument = "TEXT", .help = "of the weights; kept in the file"},
    {.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .offset = AT(quiet), .help = "no progress bar"},
    {0}};

struct job {
    struct settings s;
    const char *file;
    struct checkpoint weights;
    struct space space;
    struct supernet supernet;
};

/* ---- which space ---- */

static int open_space(struct job *j, const char *name, struct sonata_error *err)
{
    int r = space_file_read(name, &j->space, err);
    if (!r && strcmp(j->space.network.family, "elastic"))
        return sonata_error_set(err, -EINVAL, "space '%s' has no network of family elastic, so nothing can be imported into it", j->space.name);
    return r ? r : supernet_init(&j->supernet, &j->space, err);
}

/* Tensors of a preset that the file has; *ret_all: how many it needs. 0 for what is no elastic space. */
static unsigned matches_of(struct job *j, const char *name, unsigned *ret_all)
{
    unsigned n = 0;
    *ret_all = 0;
    if (!open_space(j, name, NULL)) {
        n = import_matches(&j->weights, &j->supernet);
        for (unsigned i = 0; i < j->supernet.n_tensors; i++)
            *ret_all += strstr(j->supernet.tensor[i].name, ".depthwise.k") == NULL;
    }
    supernet_fini(&j->supernet);
    return n;
}

/* The preset that most tensors fit. -ENOENT: none fits any. */
static int find_space(struct job *j, struct sonata_error *err)
{
    char names[PRESETS_TEXT], best[SPACE_NAME_MAX] = "";
    double share = 0;
    space_presets(names, sizeof names);
    char *rest;
    for (char *name = strtok_r(names, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest)) {
        unsigned all, n = matches_of(j, name, &all);
        if (all && (double)n / all > share) {
            share = (double)n / all;
            copy_string(best, sizeof best, name);
        }
    }
    if (!best[0])
        return sonata_error_set(err, -ENOENT,
                                "%s: its tensors fit none of the spaces %s; describe its structure in a space file and name it with --space", j->file,
                                "that come with this program");
    int r = open_space(j, best, err);
    if (!r)
        printf("%s: the structure of space '%s'\n", j->file, best);
    return r;
}

/* ---- the file ---- */

static void show_progress(void *context, unsigned done, unsigned all)
{
    enum { WIDTH = 40 };
    static const char full[] = "########################################", empty[] = "........................................";
    (void)context;
    int n = (int)(WIDTH * done / all);
    fprintf(stderr, "\rimport [%.*s%.*s] %u of %u layers%s", n, full, WIDTH - n, empty, done, all, done == all ? "\n" : "");
}

static int write_file(const struct job *j, struct sonata_error *err)
{
    char path[1024], hash[HASH_HEX], space_hash[HASH_HEX], size[32];
    uint8_t digest[HASH_SIZE];
    hash_content(j->weights.file.data, j->weights.file.size, digest);
    hash_to_hex(digest, sizeof digest, hash);
    supernet_space_hash(&j->space, digest);
    hash_to_hex(digest, sizeof digest, space_hash);
    snprintf(size, sizeof size, "%zu", j->weights.file.size);
    const char *base = strrchr(j->file, '/');
    size_t stem = strlen(j->file) - (strrchr(j->file, '.') > base ? strlen(strrchr(j->file, '.')) : 0);
    snprintf(path, sizeof path, "%.*s.safetensors", (int)stem, j->file);
    const struct safetensors_text metadata[] = {{"format", "sonata-supernet-2"}, {"space", j->space.name},
                                                {"space_hash", space_hash},      {"source", base ? base + 1 : j->file},
                                                {"source_bytes", size},          {"source_hash", hash},
                                                {"recipe", j->s.recipe},         {"licence", j->s.licence ? j->s.licence : "not stated"}};
    struct bytes out = {0};
    safetensors_write_supernet(&j->supernet, metadata, sizeof metadata / sizeof *metadata, &out);
    const char *to = j->s.output ? j->s.output : path;
    int r = file_write_atomic(to, out.data, out.size, err);
    if (!r)
        printf("%s: %u tensors, %.1f MB\n", to, j->supernet.n_tensors, (double)out.size * 1e-6);
    bytes_fini(&out);
    return r;
}

static int run(struct job *j, struct sonata_error *err)
{
    struct elastic_plan plan;
    bool bar = !j->s.quiet && isatty(STDERR_FILENO);
    int r = checkpoint_open(j->file, &j->weights, err);
    if (!r)
        r = j->s.space ? open_space(j, j->s.space, err) : find_space(j, err);
    if (!r)
        r = import_supernet(&j->weights, &j->supernet, bar ? show_progress : NULL, NULL, err);
    r = r ? r : elastic_plan(&j->space, NULL, &plan, err);
    if (r)
        return r;
    printf("largest network: %u layers, %.2f M parameters, %.1f MMAC at %u pixels\n", plan.n_layers, plan.params * 1e-6, plan.macs * 1e-6,
           plan.input_size);
    return write_file(j, err);
}

int command_import(int argc, char **argv)
{
    struct job *j = xcalloc(1, sizeof *j);
    struct sonata_error err = {{0}};
    int rest, status = command_options(table, "import [options] FILE", argc, argv, &j->s, &rest);
    if (status < 0 && argc - rest != 1) {
        fputs("sonata-supernet import: one FILE (of torch.save(), or .safetensors) is expected (see --help)\n", stderr);
        status = 2;
    }
    if (status < 0) {
        j->file = argv[rest];
        status = run(j, &err) ? train_fail(&err) : 0;
    }
    supernet_fini(&j->supernet);
    checkpoint_fini(&j->weights);
    free(j);
    return status;
}
