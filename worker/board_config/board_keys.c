/* The keys of a board: one table for each part of struct board_config. Text of a command line and worker.yaml both come here. */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "board_config/board_config.h"

static int take_core(void *settings, const char *text, struct sonata_error *err)
{
    static const struct option_def number = {.type = OPTION_COUNT, .max = CPU_CORES_MAX - 1};
    struct board_config *c = settings;
    uint32_t core;
    bool any = !strcmp(text, "any");
    if (!any && option_read(&number, text, &core, NULL))
        return sonata_error_set(err, -EINVAL, "'%.80s' is here; expected a CPU number from 0 to %d, or any", text, CPU_CORES_MAX - 1);
    c->core = any ? BOARD_CORE_ANY : (int)core;
    return 0;
}

static int take_memory(void *settings, const char *text, struct sonata_error *err)
{
    static const struct option_def size = {.type = OPTION_SIZE, .offset = offsetof(struct board_config, memory_max), .min = 1 << 20, .max = 1e15};
    struct board_config *c = settings;
    if (strcmp(text, "none"))
        return option_read(&size, text, c, err);
    c->memory_max = BOARD_MEMORY_NONE;
    return 0;
}

static int take_dataset(void *settings, const char *text, struct sonata_error *err)
{
    struct board_config *c = settings;
    if (c->n_datasets == BOARD_DATASETS_MAX)
        return sonata_error_set(err, -EINVAL, "at most %d data sets are expected", BOARD_DATASETS_MAX);
    if (!text[0] || !copy_string(c->dataset[c->n_datasets], BOARD_DATASET_MAX, text))
        return sonata_error_set(err, -EINVAL, "'%.80s' is here; expected 1 to %d characters", text, BOARD_DATASET_MAX - 1);
    c->n_datasets++;
    return 0;
}

#define ON(kind) (1U << (kind))
enum { PROGRAMS = ON(BACKEND_COMMAND) | ON(BACKEND_EVALUATOR), TABLES = ON(BACKEND_TABLE) };

#define AT(member) .offset = offsetof(struct board_config, member)
#define TEXT(member) .type = OPTION_BUFFER, AT(member), .size = sizeof((struct board_config *)0)->member
#define SHARE(key, member, text)                                                                                                                     \
    {                                                                                                                                                \
        .name = key, .type = OPTION_NUMBER, AT(member), .min = 0, .max = 1, .argument = "P", .help = text                                            \
    }
static const struct option_def board_keys[] = {
    {.name = "type", TEXT(type), .argument = "TYPE", .help = "what objectives name; boards of one type are interchangeable; default: the id"},
    {.name = "core",
     .type = OPTION_OWN,
     .take = take_core,
     .argument = "N|any",
     .help = "measuring core (the highest, with more threads); default: the highest one free; any: not bound, as training programs are by default"},
    {.name = "memory",
     .type = OPTION_OWN,
     .take = take_memory,
     .argument = "SIZE|none",
     .help = "a candidate may take this much more than what is loaded; default 1Gi, for training programs none, for an evaluator 3/4 of the host's"},
    {.name = "limit",
     .type = OPTION_DURATION,
     AT(time_limit_ns),
     .min = 0.001,
     .max = 30 * 86400,
     .argument = "TIME",
     .help = "of one attempt, whatever the master allows; default: what it says (10m), for training programs 24h"},
    {.name = "nice",
     .type = OPTION_INT,
     AT(nice),
     .min = -20,
     .max = 19,
     .argument = "N",
     .help = "priority of candidates; default -10 (where the worker may) on boards that time, else 0"},
    {.name = "max_celsius",
     .type = OPTION_NUMBER,
     AT(max_celsius),
     .min = 20,
     .max = 150,
     .argument = "DEGREES",
     .help = "hottest a measurement may start at; default 60, on a PC 85"},
    {.name = "space", TEXT(space), .argument = "SPACE", .help = "the table is checked against this space at start-up"},
    {.name = "sysfs", TEXT(sysfs), .argument = "DIR", .help = "stands before the paths /sys and /proc (tests)"},
    {0}};

static const struct option_def data_keys[] = {{.name = "dataset",
                                               .type = OPTION_OWN,
                                               .take = take_dataset,
                                               .joins = true,
                                               .argument = "NAME",
                                               .help = "data set the board has; may be repeated, or be a list"},
                                              {0}};

static const struct option_def engine_keys[] = {
    {.name = "executor", TEXT(executor), .argument = "NAME", .help = "xnnpack or ref; default the best built in"}, {0}};

static const struct option_def model_keys[] = {
    {.name = "executor", TEXT(executor), .argument = "NAME", .help = "engine (default), onnxruntime, or ref (plain C, slow)"},
    {.name = "library", TEXT(library), .argument = "FILE", .help = "of ONNX Runtime; default libonnxruntime.so.1 where the system finds it"},
    {.name = "provider", TEXT(provider), .argument = "NAME", .help = "ONNX Runtime's execution provider, e.g. CUDA; default the processor"},
    {.name = "threads",
     .type = OPTION_COUNT,
     AT(threads),
     .min = 1,
     .max = BOARD_THREADS_MAX,
     .argument = "N",
     .help = "most that a model may use: so many cores are kept for it; default 1"},
    {0}};

static const struct option_def table_keys[] = {
    {.name = "file",
     TEXT(table.path),
     .is_file = true,
     .argument = "FILE",
     .help = "the table, .csv or .csv.gz; on a command line after the backend: ID:table:FILE"},
    {.name = "delay", .type = OPTION_DURATION, AT(table.delay_ns), .max = 3600, .argument = "TIME", .help = "what one evaluation takes"},
    {.name = "delay.noise", .type = OPTION_NUMBER, AT(table.delay_noise), .max = 2, .argument = "SIGMA", .help = "of the lognormal factor on it"},
    SHARE("fail", table.fail, "probability that the board fails"),
    SHARE("crash", table.crash, "probability that a candidate dies"),
    SHARE("hang", table.hang, "probability that it never ends"),
    {0}};
#undef SHARE
#undef TEXT
#undef AT

/* The tables, where what they set lies, and how their keys begin. Where two rows hold the same table, the beginning may be left out. */
static const struct part {
    const char *prefix;
    const struct option_def *keys;
    size_t offset;
    unsigned backends; /* 0: all */
    const char *title; /* for help; NULL: the same table again */
} parts[] = {
    {"", board_keys, 0, 0, "Any board"},
    {"", engine_keys, 0, ON(BACKEND_ENGINE), "Backend engine"},
    {"", model_keys, 0, ON(BACKEND_MODEL), "Backend model (docs/ADAPTERS.md)"},
    {"", data_keys, 0, ~(unsigned)TABLES, "Any backend but table"},
    {"", health_keys, offsetof(struct board_config, health), 0, "Any board: how it is watched over (docs/WORKER.md)"},
    {"power.", power_keys, offsetof(struct board_config, power), 0, "Power sensor of an engine or model board (docs/SENSORS.md)"},
    {"", adapter_keys, offsetof(struct board_config, adapter), PROGRAMS, "Backends command and evaluator (docs/ADAPTERS.md)"},
    {"command.", adapter_keys, offsetof(struct board_config, adapter), PROGRAMS, NULL},
    {"", evaluator_keys, offsetof(struct board_config, evaluator), ON(BACKEND_EVALUATOR), "Backend evaluator"},
    {"command.", evaluator_keys, offsetof(struct board_config, evaluator), ON(BACKEND_EVALUATOR), NULL},
    {"", mcu_keys, offsetof(struct board_config, mcu), ON(BACKEND_MCU), "Backend mcu (docs/MCU.md)"},
    {"mcu.", mcu_keys, offsetof(struct board_config, mcu), ON(BACKEND_MCU), NULL},
    {"", table_keys, 0, TABLES, "Backend table"},
};
enum { PARTS = sizeof parts / sizeof *parts };

/* canary.interval is canary_interval too. */
static bool is_key(const char *name, const char *key)
{
    while (*name && (*name == *key || (*name == '.' && *key == '_')))
        name++, key++;
    return *name == *key;
}

static bool fits(const struct part *p, const struct board_config *c) { return !p->backends || p->backends & ON(c->backend); }

/* The row of the key: one that this board has, else one that others have. */
static const struct option_def *find(const char *key, const struct board_config *c, const struct part **ret_part)
{
    const struct option_def *found = NULL;
    if (!strcmp(key, "datasets"))
        key = "dataset";
    if (!strcmp(key, "power"))
        key = "power.driver";
    for (const struct part *p = parts; p < parts + PARTS; p++) {
        size_t n = strlen(p->prefix);
        if (strncmp(key, p->prefix, n) || (found && !fits(p, c)))
            continue;
        for (const struct option_def *d = p->keys; d->name; d++) {
            if (!is_key(d->name, key + n))
                continue;
            found = d;
            *ret_part = p;
        }
    }
    return found;
}

const struct option_def *board_config_key(struct board_config *c, const char *key, void **ret_settings)
{
    const struct part *p;
    const struct option_def *d = find(key, c, &p);
    if (!d || !fits(p, c))
        return NULL;
    *ret_settings = (char *)c + p->offset;
    return d;
}

int board_config_unknown(const struct board_config *c, const char *key, struct sonata_error *err)
{
    const struct part *p;
    char names[360];
    struct text_builder t = text_begin(names, sizeof names);
    if (find(key, c, &p))
        return sonata_error_set(err, -EINVAL, "a board of backend '%s' has no '%s'", backend_kind_name(c->backend), key);
    for (p = parts; p < parts + PARTS; p++) {
        for (const struct option_def *d = p->keys; p->title && fits(p, c) && d->name; d++)
            text_join(&t, ", ", "%s%s", p->prefix, d->name);
    }
    return sonata_error_set(err, -EINVAL, "'%.60s' is not a key of a board of backend '%s'; expected %s", key, backend_kind_name(c->backend), names);
}

/* METRIC=COLUMN, column.METRIC=COLUMN and noise.METRIC=SIGMA of a table, in any order. */
static int set_metric(struct table_options *t, const char *key, const char *value, struct sonata_error *err)
{
    static const struct option_def sigma = {.type = OPTION_NUMBER, .offset = offsetof(struct table_metric, noise), .min = 0, .max = 2};
    static const struct option_def column = {
        .type = OPTION_BUFFER, .offset = offsetof(struct table_metric, column), .size = sizeof((struct table_metric *)0)->column};
    bool noise = !strncmp(key, "noise.", 6);
    const char *name = noise ? key + 6 : key;
    name += strncmp(name, "column.", 7) ? 0 : 7;
    uint32_t i = 0;
    while (i < t->n_metrics && strcmp(t->metric[i].name, name))
        i++;
    if (i == METRICS_MAX || (i == t->n_metrics && !copy_string(t->metric[i].name, METRIC_NAME_MAX, name)))
        return sonata_error_set(err, -EINVAL, "%s: too many metrics, or too long a name", key);
    t->n_metrics += i == t->n_metrics;
    return option_read(noise ? &sigma : &column, value, &t->metric[i], err);
}

int board_config_set(struct board_config *c, const char *key, const char *value, struct sonata_error *err)
{
    void *settings;
    const struct option_def *d = board_config_key(c, key, &settings);
    if (!d && (c->backend != BACKEND_TABLE || find(key, c, &(const struct part *){NULL})))
        return board_config_unknown(c, key, err);
    int r = d ? option_read(d, value, settings, err) : set_metric(&c->table, key, value, err);
    return r ? sonata_error_prefix(err, r, "%s", key) : 0;
}

void board_config_help(FILE *out)
{
    for (const struct part *p = parts; p < parts + PARTS; p++) {
        if (p->title)
            fprintf(out, "\n%s:\n", p->title);
        for (const struct option_def *d = p->keys; p->title && d->name; d++)
            option_help(d, p->prefix, "=", out);
    }
    option_help(&(struct option_def){.name = "METRIC", .argument = "COLUMN", .help = "the metric stands in this column of the table"}, "", "=", out);
    option_help(&(struct option_def){.name = "noise.METRIC", .argument = "SIGMA", .help = "of the lognormal factor on it, 0 to 2"}, "", "=", out);
}
