/* See search_file.h.
 *
 * Flow: tree, by tables of keys → the space and the supernet, which live in files of their own → objectives, constraints, algorithm, budget,
 * evaluation, each checked for meaning with the line it stands on. */
#include "conf/search_file.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/text.h"
#include "conf/share.h"
#include "conf/space_file.h"
#include "conf/yaml_options.h"
#include "domain/tier.h"

enum { SUPERNET_BYTES_MAX = 64 << 20 };

struct raw_objective {
    const char *metric, *board;
    enum goal goal;
};

struct raw_constraint {
    const char *metric, *board;
    double min, max; /* infinite: absent */
};

struct raw_option {
    const char *name, *value;
};

/* What the file says, as text where it needs a second look. Texts are the tree's. */
struct raw_search {
    const char *name, *space;
    struct raw_objective objective[OBJECTIVES_MAX];
    struct raw_constraint constraint[CONSTRAINTS_MAX];
    struct raw_option option[SPEC_OPTIONS_MAX];
    unsigned n_objectives, n_constraints, n_options;
    const char *algorithm, *policy;
    bool generational;
    uint32_t population, evaluations, replicates, replicate_budget;
    int64_t wall_ns, priority;
    uint64_t seed;
    const char *tier, *dataset, *supernet;
    const char *model_board, *executor;
    uint32_t threads;
    struct search_file *file;
};

static int take_seed(void *settings, const char *text, struct sonata_error *err)
{
    struct raw_search *raw = settings;
    if (parse_u64(text, 0, UINT64_MAX, &raw->seed))
        return sonata_error_set(err, -EINVAL, "'%.60s' is here; expected a whole number, 0 or more", text);
    return 0;
}

static int read_board(void *settings, const struct yaml_at *at, struct sonata_error *err);

#define OF(raw, member) .offset = offsetof(struct raw_##raw, member)
#define TEXT(raw, member, most) .type = OPTION_TEXT, OF(raw, member), .size = most
static const struct option_def objective_keys[] = {{.name = "metric", TEXT(objective, metric, METRIC_NAME_MAX), .required = true},
                                                   {.name = "board", TEXT(objective, board, BOARD_NAME_MAX)},
                                                   {.name = "goal", .type = OPTION_WORD, OF(objective, goal), .choices = "min|max", .required = true},
                                                   {0}};

static const struct option_def constraint_keys[] = {{.name = "metric", TEXT(constraint, metric, METRIC_NAME_MAX), .required = true},
                                                    {.name = "board", TEXT(constraint, board, BOARD_NAME_MAX)},
                                                    {.name = "min", .type = OPTION_NUMBER, OF(constraint, min)},
                                                    {.name = "max", .type = OPTION_NUMBER, OF(constraint, max)},
                                                    {0}};

static const struct option_def option_keys[] = {
    {.name = "name", TEXT(option, name, 32), .required = true}, {.name = "value", TEXT(option, value, 32), .required = true}, {0}};

static const struct option_def algorithm_keys[] = {{.name = "name", TEXT(search, algorithm, 32), .required = true},
                                                   {.name = "population", .type = OPTION_COUNT, OF(search, population)},
                                                   {.name = "generational", .type = OPTION_FLAG, OF(search, generational)},
                                                   {.name = "options",
                                                    .type = OPTION_PART,
                                                    OF(search, option),
                                                    .keys = option_keys,
                                                    .size = sizeof(struct raw_option),
                                                    .count = offsetof(struct raw_search, n_options),
                                                    .max = SPEC_OPTIONS_MAX},
                                                   {.name = "policy", TEXT(search, policy, SPEC_PATH_MAX)},
                                                   {0}};

static const struct option_def budget_keys[] = {{.name = "evaluations",
                                                 .type = OPTION_COUNT,
                                                 OF(search, evaluations),
                                                 .min = SPEC_EVALUATIONS_MIN,
                                                 .max = SPEC_EVALUATIONS_MAX,
                                                 .required = true},
                                                {.name = "wall", .type = OPTION_DURATION, OF(search, wall_ns), .min = 0.001, .max = 1e9},
                                                {0}};

static const struct option_def evaluation_keys[] = {
    {.name = "tier", TEXT(search, tier, 16)},
    {.name = "dataset", TEXT(search, dataset, 64)},
    {.name = "supernet", TEXT(search, supernet, SPEC_PATH_MAX)},
    {.name = "replicates", .type = OPTION_COUNT, OF(search, replicates), .max = REPLICATES_WANTED_MAX},
    {.name = "replicate_budget", .type = OPTION_COUNT, OF(search, replicate_budget), .max = SPEC_EVALUATIONS_MAX},
    {0}};

static const struct option_def model_keys[] = {{.name = "board", TEXT(search, model_board, BOARD_NAME_MAX), .required = true},
                                               {.name = "executor", TEXT(search, executor, 16)},
                                               {.name = "threads", .type = OPTION_COUNT, OF(search, threads), .min = 0, .max = SPEC_THREADS_MAX},
                                               {0}};

static const struct option_def search_keys[] = {
    {.name = "name", TEXT(search, name, SPEC_NAME_MAX), .required = true},
    {.name = "space", TEXT(search, space, SPEC_PATH_MAX), .required = true},
    {.name = "objectives",
     .type = OPTION_PART,
     OF(search, objective),
     .keys = objective_keys,
     .size = sizeof(struct raw_objective),
     .count = offsetof(struct raw_search, n_objectives),
     .min = 1,
     .max = OBJECTIVES_MAX,
     .required = true},
    {.name = "constraints",
     .type = OPTION_PART,
     OF(search, constraint),
     .keys = constraint_keys,
     .size = sizeof(struct raw_constraint),
     .count = offsetof(struct raw_search, n_constraints),
     .max = CONSTRAINTS_MAX},
    {.name = "algorithm", .type = OPTION_PART, .keys = algorithm_keys},
    {.name = "budget", .type = OPTION_PART, .keys = budget_keys, .required = true},
    {.name = "evaluation", .type = OPTION_PART, .keys = evaluation_keys},
    {.name = "model", .type = OPTION_PART, .keys = model_keys},
    {.name = "boards", .type = OPTION_PART, .part = read_board, .max = SEARCH_BOARDS_MAX},
    {.name = "seed", .type = OPTION_OWN, .take = take_seed},
    {.name = "priority", .type = OPTION_INT, OF(search, priority), .min = -SPEC_PRIORITY_MAX, .max = SPEC_PRIORITY_MAX},
    {0}};
#undef TEXT
#undef OF

/* As master/search/core.h; the master checks again with the search core itself. */
static const char *const algorithms[] = {"random",    "nsga2", "sonata",       "sonata+", "aging", "linas",
                                         "nsganetv2", "local", "optuna-nsga2", "ehvi",    "lamoo", "parego"};
static const char *const metrics[] = {"accuracy", "latency", "energy",     "params",        "macs",           "flash",
                                      "ram",      "weights", "flash_code", "flash_weights", "ram_activation", "ram_runtime"};
#define COUNT(a) (sizeof(a) / sizeof *(a))

struct conversion {
    const struct yaml_at *root;
    const struct raw_search *raw;
    struct search_file *file;
    struct sonata_error *err;
    bool closed;       /* nothing it names by path is opened */
    const char *space; /* text of its space file; NULL: not given */
};

static bool is_word(const char *text, const char *extra)
{
    for (const char *p = text; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr(extra, *p))
            return false;
    }
    return text[0];
}

static bool listed(const char *word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(word, list[i]))
            return true;
    }
    return false;
}

/* A metric is one of ours or any word a backend may supply; a near miss of one of ours is taken for a slip. */
static int check_metric(const struct conversion *c, const char *path, const char *metric, const char *board)
{
    const char *near = listed(metric, metrics, COUNT(metrics)) ? NULL : nearest_word(metric, metrics, COUNT(metrics));
    if (near)
        return yaml_wrong_in(c->root, c->err, path, "'%s' is not known: did you mean '%s'?", metric, near);
    if (!is_word(metric, "_-."))
        return yaml_wrong_in(c->root, c->err, path,
                             "'%s' is here; expected accuracy, latency, energy, params, macs, flash, ram, or the word a backend uses%s", metric,
                             strchr(metric, '@') ? " (the board goes into `board:`)" : "");
    if (board && metric_is_analytic(metric, board))
        return yaml_wrong_in(c->root, c->err, path, "'%s' is computed from the architecture; expected no `board:` beside it", metric);
    if (board && !is_word(board, "_-."))
        return yaml_wrong_in(c->root, c->err, path, "board '%s': expected a board type, one word", board);
    return 0;
}

static int read_objectives(struct conversion *c)
{
    struct search_spec *s = &c->file->spec;
    char path[48];
    for (unsigned i = 0; i < c->raw->n_objectives; i++) {
        const struct raw_objective *raw = &c->raw->objective[i];
        snprintf(path, sizeof path, "objectives[%u].metric", i);
        int r = check_metric(c, path, raw->metric, raw->board);
        if (r)
            return r;
        struct objective *o = &s->objective[i];
        copy_string(o->metric, sizeof o->metric, raw->metric);
        copy_string(o->board, sizeof o->board, raw->board ? raw->board : "");
        o->goal = raw->goal;
        for (unsigned k = 0; k < i; k++) {
            if (!strcmp(s->objective[k].metric, o->metric) && !strcmp(s->objective[k].board, o->board))
                return yaml_wrong_in(c->root, c->err, path, "'%s' is an objective already; expected another metric or another board", o->metric);
        }
        s->n_objectives = i + 1;
    }
    return 0;
}

static int read_constraints(struct conversion *c)
{
    struct search_spec *s = &c->file->spec;
    char path[48];
    for (unsigned i = 0; i < c->raw->n_constraints; i++) {
        const struct raw_constraint *raw = &c->raw->constraint[i];
        struct constraint *k = &s->constraint[i];
        snprintf(path, sizeof path, "constraints[%u].metric", i);
        int r = check_metric(c, path, raw->metric, raw->board);
        if (r)
            return r;
        k->min = raw->min;
        k->max = raw->max;
        snprintf(path, sizeof path, "constraints[%u]", i);
        if (isinf(raw->min) && isinf(raw->max))
            return yaml_wrong_in(c->root, c->err, path, "neither min nor max is given; expected at least one");
        if (k->min > k->max)
            return yaml_wrong_in(c->root, c->err, path, "min %.15g is above max %.15g; expected min <= max", k->min, k->max);
        copy_string(k->metric, sizeof k->metric, raw->metric);
        copy_string(k->board, sizeof k->board, raw->board ? raw->board : "");
        s->n_constraints = i + 1;
    }
    return 0;
}

static int read_policy(struct conversion *c, const char *name)
{
    struct search_spec *s = &c->file->spec;
    cleanup_bytes struct bytes data = {0};
    struct sonata_error reason = {{0}};
    char path[SPEC_PATH_MAX];
    if (c->closed)
        return yaml_wrong_in(c->root, c->err, "algorithm.policy", "a policy cannot be sent this way; use `sonata submit`");
    if (strcmp(s->algorithm, "sonata") && strcmp(s->algorithm, "sonata+"))
        return yaml_wrong_in(c->root, c->err, "algorithm.policy", "algorithm '%s' has no agent; expected no policy", s->algorithm);
    if (!yaml_beside(c->root, name, path, sizeof path))
        return yaml_wrong_in(c->root, c->err, "algorithm.policy", "the path is too long");
    if (file_read(path, SPEC_POLICY_MAX, &data, &reason))
        return yaml_wrong_in(c->root, c->err, "algorithm.policy", "%s; expected a file that `sonata bench --policy-out` wrote", reason.text);
    if (!data.size)
        return yaml_wrong_in(c->root, c->err, "algorithm.policy", "%s is empty; expected a file that `sonata bench --policy-out` wrote", path);
    s->policy_size = (uint32_t)data.size;
    memcpy(s->policy, data.data, data.size);
    return 0;
}

static int read_algorithm(struct conversion *c)
{
    struct search_spec *s = &c->file->spec;
    const struct raw_search *raw = c->raw;
    if (!raw->algorithm) {
        copy_string(s->algorithm, sizeof s->algorithm, "sonata+");
        return 0;
    }
    if (!listed(raw->algorithm, algorithms, COUNT(algorithms))) {
        const char *near = nearest_word(raw->algorithm, algorithms, COUNT(algorithms));
        char hint[64] = "";
        if (near)
            snprintf(hint, sizeof hint, ": did you mean %s", near);
        return yaml_wrong_in(c->root, c->err, "algorithm.name",
                             "'%s' is not known%s; expected sonata+, sonata, nsga2, random, aging, local, linas, nsganetv2, optuna-nsga2, ehvi, "
                             "lamoo or parego",
                             raw->algorithm, hint);
    }
    if (raw->population && (raw->population < SPEC_POPULATION_MIN || raw->population > SPEC_POPULATION_MAX))
        return yaml_wrong_in(c->root, c->err, "algorithm.population", "%u is here; expected %d to %d, or 0 for the default", raw->population,
                             SPEC_POPULATION_MIN, SPEC_POPULATION_MAX);
    copy_string(s->algorithm, sizeof s->algorithm, raw->algorithm);
    s->population = raw->population;
    s->generational = raw->generational;
    for (unsigned i = 0; i < raw->n_options; i++) {
        copy_string(s->option[i].name, sizeof s->option[i].name, raw->option[i].name);
        copy_string(s->option[i].value, sizeof s->option[i].value, raw->option[i].value);
        s->n_options = i + 1;
        for (unsigned k = 0; k < i; k++) {
            char path[48];
            snprintf(path, sizeof path, "algorithm.options[%u].name", i);
            if (!strcmp(s->option[k].name, s->option[i].name))
                return yaml_wrong_in(c->root, c->err, path, "option '%s' is given twice; expected once", s->option[i].name);
        }
    }
    return raw->policy ? read_policy(c, raw->policy) : 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && !strcmp(text + n - m, end);
}

/* The space beside a search file that is closed. */
static int read_given_space(struct conversion *c)
{
    struct sonata_error reason = {{0}};
    int r = space_file_parse(c->space, strlen(c->space), "the space file", &c->file->spec.space, &reason);
    return r ? yaml_wrong_in(c->root, c->err, "space", "%s", reason.text) : 0;
}

static int read_space(struct conversion *c)
{
    char path[SPEC_PATH_MAX];
    const char *name = c->raw->space;
    if (c->space)
        return read_given_space(c);
    if (c->closed && !is_word(name, "_-+"))
        return yaml_wrong_in(c->root, c->err, "space", "'%.60s' is a file: send it, too, or name a preset", name);
    if (strchr(name, '/') || ends_with(name, ".yaml") || ends_with(name, ".yml")) {
        if (!yaml_beside(c->root, name, path, sizeof path))
            return yaml_wrong_in(c->root, c->err, "space", "the path is too long");
        name = path;
    }
    struct sonata_error reason = {{0}};
    int r = space_file_read(name, &c->file->spec.space, &reason);
    return r ? yaml_wrong_in(c->root, c->err, "space", "%s", reason.text) : 0;
}

static int read_supernet(struct conversion *c, const char *name)
{
    struct search_spec *s = &c->file->spec;
    char *path = c->file->supernet_path;
    if (!s->space.network.family[0])
        return yaml_wrong_in(c->root, c->err, "evaluation.supernet", "space '%s' builds no network (it has no `network:`); expected no supernet",
                             s->space.name);
    if (c->closed && !is_word(name, "_-+"))
        return yaml_wrong_in(c->root, c->err, "evaluation.supernet", "'%.60s' is no installed supernet; use `sonata submit` to upload one", name);
    if (strchr(name, '/') || ends_with(name, ".safetensors")) {
        const char *base = strrchr(name, '/');
        if (!yaml_beside(c->root, name, path, SPEC_PATH_MAX) || !copy_string(s->supernet, sizeof s->supernet, base ? base + 1 : name))
            return yaml_wrong_in(c->root, c->err, "evaluation.supernet", "the path is too long");
    } else {
        copy_string(s->supernet, sizeof s->supernet, name);
        if (!share_find("supernets", name, ".safetensors", path, SPEC_PATH_MAX))
            return yaml_wrong_in(c->root, c->err, "evaluation.supernet",
                                 "no supernet '%s' (looked for %.200s); train one with `sonata supernet train`, or give its path", name, path);
    }
    cleanup_bytes struct bytes blob = {0};
    struct sonata_error reason = {{0}};
    if (file_read(path, SUPERNET_BYTES_MAX, &blob, &reason))
        return yaml_wrong_in(c->root, c->err, "evaluation.supernet", "%s", reason.text);
    hash_content(blob.data, blob.size, s->supernet_hash);
    return 0;
}

/* Family elastic is timed with the statistics that stand in its file; all else is built from pictures. */
static bool needs_pictures(const struct search_spec *s)
{
    bool judged = strcmp(s->space.network.family, "elastic") != 0;
    for (unsigned i = 0; i < s->n_objectives; i++)
        judged |= !strcmp(s->objective[i].metric, "accuracy");
    for (unsigned i = 0; i < s->n_constraints; i++)
        judged |= !strcmp(s->constraint[i].metric, "accuracy");
    return judged;
}

static int read_evaluation(struct conversion *c)
{
    struct search_spec *s = &c->file->spec;
    const struct raw_search *raw = c->raw;
    copy_string(s->tier, sizeof s->tier, raw->tier ? raw->tier : "search");
    if (tier_named(s->tier) == TIER_COUNT)
        return yaml_wrong_in(c->root, c->err, "evaluation.tier", "'%s' is here; expected screen, search or report", s->tier);
    s->replicates = raw->replicates;
    s->replicate_budget = raw->replicate_budget;
    if (raw->dataset && !is_word(raw->dataset, "_-."))
        return yaml_wrong_in(c->root, c->err, "evaluation.dataset", "'%s' is here; expected one word, such as fashion-mnist", raw->dataset);
    copy_string(s->dataset, sizeof s->dataset, raw->dataset ? raw->dataset : "");
    if (raw->supernet && !raw->dataset && needs_pictures(s))
        return yaml_wrong_in(c->root, c->err, "evaluation", "a supernet needs data to be measured on; expected `dataset:` too");
    return raw->supernet ? read_supernet(c, raw->supernet) : 0;
}

static int read_model(struct conversion *c)
{
    struct search_spec *s = &c->file->spec;
    const struct raw_search *raw = c->raw;
    if (!raw->model_board)
        return 0;
    if (!is_word(raw->model_board, "_-."))
        return yaml_wrong_in(c->root, c->err, "model.board", "'%s' is here; expected the type of boards that build the models, one word",
                             raw->model_board);
    if (raw->executor && !is_word(raw->executor, "_-."))
        return yaml_wrong_in(c->root, c->err, "model.executor", "'%s' is here; expected engine, onnxruntime or ref", raw->executor);
    copy_string(s->model_board, sizeof s->model_board, raw->model_board);
    copy_string(s->run.executor, sizeof s->run.executor, raw->executor ? raw->executor : "");
    s->run.threads = raw->threads;
    return 0;
}

static bool is_file_key(const char *key) { return !strcmp(key, "file") || !strcmp(key, "canary_file") || !strcmp(key, "canary.file"); }

/* "ID:BACKEND,key=value,…" of a board that is a mapping. */
static int board_pair(void *user, const char *key, const struct yaml_at *value, struct sonata_error *err)
{
    struct text_builder *t = user;
    char path[SPEC_PATH_MAX];
    if (!strcmp(key, "id") || !strcmp(key, "backend"))
        return 0;
    for (size_t i = 0; i < (yaml_kind(value) == YAML_LIST ? yaml_count(value) : 1); i++) {
        struct yaml_at entry = yaml_kind(value) == YAML_LIST ? yaml_entry(value, i) : *value;
        const char *text = yaml_value(&entry);
        if (yaml_kind(&entry) != YAML_TEXT || !text[0])
            return yaml_wrong(&entry, err, "%s is here; expected a text", text[0] ? yaml_kind_name(&entry) : "nothing");
        if (is_file_key(key) && yaml_beside(&entry, text, path, sizeof path))
            text = path;
        text_add(t, ",%s=", key);
        for (; *text; text++)
            text_add(t, "%s%c", *text == ',' ? "\\" : "", *text);
    }
    return 0;
}

static int format_board(const struct yaml_at *at, struct text_builder *t, struct sonata_error *err)
{
    struct yaml_at id, backend;
    if (!yaml_find(at, "id", &id) || !yaml_find(at, "backend", &backend))
        return yaml_wrong(at, err, "key 'id' or 'backend' is missing; expected {id: NAME, backend: BACKEND, …} (docs/WORKER.md)");
    text_add(t, "%s:%s", yaml_value(&id), yaml_value(&backend));
    return yaml_pairs(at, board_pair, t, err);
}

/* FILE in "ID:table:FILE,…" is relative to the search file. */
static void resolve_board(const struct yaml_at *at, struct text_builder *t)
{
    char path[SPEC_PATH_MAX];
    const char *text = yaml_value(at), *first = strchr(text, ':'), *second = first ? strchr(first + 1, ':') : NULL;
    if (second && yaml_beside(at, second + 1, path, sizeof path))
        text_add(t, "%.*s%s", (int)(second + 1 - text), text, path);
    else
        text_add(t, "%s", text);
}

static int read_board(void *settings, const struct yaml_at *at, struct sonata_error *err)
{
    struct search_file *file = ((struct raw_search *)settings)->file;
    struct text_builder t = text_begin(file->board[file->n_boards], sizeof file->board[0]);
    int r = 0;
    if (yaml_kind(at) == YAML_MAPPING)
        r = format_board(at, &t, err);
    else
        resolve_board(at, &t);
    if (!r && (t.cut || !t.used))
        r = yaml_wrong(at, err, "%s; expected a board of at most %zu characters, or a mapping {id: …, backend: …}",
                       t.cut ? "too long" : "no board is here", sizeof file->board[0] - 1);
    file->n_boards += !r;
    return r;
}

static int convert(struct conversion *c)
{
    struct search_spec *s = &c->file->spec;
    if (!is_word(c->raw->name, "_-."))
        return yaml_wrong_in(c->root, c->err, "name", "'%s' is here; expected letters, digits, '-', '_' and '.' only", c->raw->name);
    copy_string(s->name, sizeof s->name, c->raw->name);
    s->seed = c->raw->seed;
    s->budget_evaluations = c->raw->evaluations;
    s->budget_wall_ns = c->raw->wall_ns;
    s->priority = (int32_t)c->raw->priority;
    static int (*const part[])(struct conversion *) = {read_objectives, read_constraints, read_algorithm, read_space, read_evaluation, read_model};
    for (size_t i = 0; i < COUNT(part); i++) {
        int r = part[i](c);
        if (r)
            return r;
    }
    return 0;
}

/* how: what is known of it before, but for root, raw, file and err. */
static int read_as(struct conversion how, const struct yaml_at *root, struct search_file *ret_file, struct sonata_error *err)
{
    cleanup_free struct search_file *file = xcalloc(1, sizeof *file);
    struct raw_search raw = {.file = file, .seed = 1};
    for (unsigned i = 0; i < CONSTRAINTS_MAX; i++)
        raw.constraint[i] = (struct raw_constraint){.min = -INFINITY, .max = INFINITY};
    struct conversion c = {.root = root, .raw = &raw, .file = file, .err = err, .closed = how.closed, .space = how.space};
    int r = yaml_options(root, search_keys, &raw, err);
    r = r ? r : convert(&c);
    if (!r)
        *ret_file = *file;
    return r;
}

static int read_tree(const struct yaml_at *root, struct search_file *ret_file, struct sonata_error *err)
{
    return read_as((struct conversion){.closed = false}, root, ret_file, err);
}

int search_file_load_text(const char *text, size_t n, const char *origin, struct search_file *ret_file, struct sonata_error *err)
{
    cleanup_yaml struct yaml_at root = {0};
    int r = yaml_parse(text, n, origin, &root, err);
    return r ? r : read_tree(&root, ret_file, err);
}

int search_file_load_closed(const char *text, const char *space, struct search_file *ret_file, struct sonata_error *err)
{
    cleanup_yaml struct yaml_at root = {0};
    int r = yaml_parse(text, strlen(text), "search file", &root, err);
    return r ? r : read_as((struct conversion){.closed = true, .space = space}, &root, ret_file, err);
}

int search_file_load(const char *path, struct search_file *ret_file, struct sonata_error *err)
{
    cleanup_yaml struct yaml_at root = {0};
    int r = yaml_read(path, &root, err);
    if (r == -ENOENT)
        return sonata_error_set(err, r, "%s: no such file; `sonata init` writes an example", path);
    return r ? r : read_tree(&root, ret_file, err);
}

int search_file_parse(const char *text, size_t n, const char *origin, struct search_spec *ret_spec, char ret_supernet_path[SPEC_PATH_MAX],
                      struct sonata_error *err)
{
    cleanup_free struct search_file *file = xcalloc(1, sizeof *file);
    int r = search_file_load_text(text, n, origin, file, err);
    if (r)
        return r;
    *ret_spec = file->spec;
    copy_string(ret_supernet_path, SPEC_PATH_MAX, file->supernet_path);
    return 0;
}
