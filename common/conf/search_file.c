/* See search_file.h.
 *
 * Flow: yaml_doc (schema) → the space and the supernet, which live in files of their own → objectives, constraints, algorithm, budget,
 * evaluation, each checked for meaning with the line it stands on. */
#include "conf/search_file.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/text.h"
#include "domain/tier.h"
#include "conf/share.h"
#include "conf/space_file.h"
#include "conf/yaml_doc.h"

enum { SUPERNET_BYTES_MAX = 64 << 20 };

struct raw_objective {
    char *metric, *board;
    int goal;
};

struct raw_constraint {
    char *metric, *board, *min, *max;
};

struct raw_option {
    char *name, *value;
};

struct raw_algorithm {
    char *name, *policy;
    uint32_t population;
    bool generational;
    struct raw_option *options;
    unsigned options_count;
};

struct raw_budget {
    uint32_t evaluations;
    char *wall;
};

struct raw_evaluation {
    char *tier, *dataset, *supernet;
    uint32_t replicates, replicate_budget;
};

struct raw_model {
    char *board, *executor;
    uint32_t threads;
};

struct raw_search {
    char *name, *space;
    struct raw_model *model;
    struct raw_objective *objectives;
    unsigned objectives_count;
    struct raw_constraint *constraints;
    unsigned constraints_count;
    struct raw_algorithm *algorithm;
    struct raw_budget budget;
    struct raw_evaluation *evaluation;
    char **boards;
    unsigned boards_count;
    uint64_t *seed;
    int32_t priority;
};

#define OPTIONAL_POINTER (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_strval_t goals[] = {{"min", GOAL_MIN}, {"max", GOAL_MAX}};

static const cyaml_schema_field_t objective_fields[] = {
    CYAML_FIELD_STRING_PTR("metric", CYAML_FLAG_POINTER, struct raw_objective, metric, 1, METRIC_NAME_MAX - 1),
    CYAML_FIELD_STRING_PTR("board", OPTIONAL_POINTER, struct raw_objective, board, 1, BOARD_NAME_MAX - 1),
    CYAML_FIELD_ENUM("goal", CYAML_FLAG_STRICT, struct raw_objective, goal, goals, 2),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t objective_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_objective, objective_fields)};

static const cyaml_schema_field_t constraint_fields[] = {
    CYAML_FIELD_STRING_PTR("metric", CYAML_FLAG_POINTER, struct raw_constraint, metric, 1, METRIC_NAME_MAX - 1),
    CYAML_FIELD_STRING_PTR("board", OPTIONAL_POINTER, struct raw_constraint, board, 1, BOARD_NAME_MAX - 1),
    CYAML_FIELD_STRING_PTR("min", OPTIONAL_POINTER, struct raw_constraint, min, 1, 40),
    CYAML_FIELD_STRING_PTR("max", OPTIONAL_POINTER, struct raw_constraint, max, 1, 40),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t constraint_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_constraint, constraint_fields)};

static const cyaml_schema_field_t option_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct raw_option, name, 1, 31),
    CYAML_FIELD_STRING_PTR("value", CYAML_FLAG_POINTER, struct raw_option, value, 1, 31),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t option_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_option, option_fields)};

static const cyaml_schema_field_t algorithm_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct raw_algorithm, name, 1, 31),
    CYAML_FIELD_UINT("population", CYAML_FLAG_OPTIONAL, struct raw_algorithm, population),
    CYAML_FIELD_BOOL("generational", CYAML_FLAG_OPTIONAL, struct raw_algorithm, generational),
    CYAML_FIELD_SEQUENCE("options", OPTIONAL_POINTER, struct raw_algorithm, options, &option_schema, 0, SPEC_OPTIONS_MAX),
    CYAML_FIELD_STRING_PTR("policy", OPTIONAL_POINTER, struct raw_algorithm, policy, 1, SPEC_PATH_MAX - 1),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t budget_fields[] = {
    CYAML_FIELD_UINT("evaluations", CYAML_FLAG_DEFAULT, struct raw_budget, evaluations),
    CYAML_FIELD_STRING_PTR("wall", OPTIONAL_POINTER, struct raw_budget, wall, 1, 40),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t evaluation_fields[] = {
    CYAML_FIELD_STRING_PTR("tier", OPTIONAL_POINTER, struct raw_evaluation, tier, 1, 15),
    CYAML_FIELD_STRING_PTR("dataset", OPTIONAL_POINTER, struct raw_evaluation, dataset, 1, 63),
    CYAML_FIELD_STRING_PTR("supernet", OPTIONAL_POINTER, struct raw_evaluation, supernet, 1, SPEC_PATH_MAX - 1),
    CYAML_FIELD_UINT("replicates", CYAML_FLAG_OPTIONAL, struct raw_evaluation, replicates),
    CYAML_FIELD_UINT("replicate_budget", CYAML_FLAG_OPTIONAL, struct raw_evaluation, replicate_budget),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t model_fields[] = {
    CYAML_FIELD_STRING_PTR("board", CYAML_FLAG_POINTER, struct raw_model, board, 1, BOARD_NAME_MAX - 1),
    CYAML_FIELD_STRING_PTR("executor", OPTIONAL_POINTER, struct raw_model, executor, 1, 15),
    CYAML_FIELD_UINT("threads", CYAML_FLAG_OPTIONAL, struct raw_model, threads),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t board_schema = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, SPEC_PATH_MAX - 1)};

static const cyaml_schema_field_t search_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct raw_search, name, 1, SPEC_NAME_MAX - 1),
    CYAML_FIELD_STRING_PTR("space", CYAML_FLAG_POINTER, struct raw_search, space, 1, SPEC_PATH_MAX - 1),
    CYAML_FIELD_SEQUENCE("objectives", CYAML_FLAG_POINTER, struct raw_search, objectives, &objective_schema, 1, OBJECTIVES_MAX),
    CYAML_FIELD_SEQUENCE("constraints", OPTIONAL_POINTER, struct raw_search, constraints, &constraint_schema, 0, CONSTRAINTS_MAX),
    CYAML_FIELD_MAPPING_PTR("algorithm", OPTIONAL_POINTER, struct raw_search, algorithm, algorithm_fields),
    CYAML_FIELD_MAPPING("budget", CYAML_FLAG_DEFAULT, struct raw_search, budget, budget_fields),
    CYAML_FIELD_MAPPING_PTR("evaluation", OPTIONAL_POINTER, struct raw_search, evaluation, evaluation_fields),
    CYAML_FIELD_MAPPING_PTR("model", OPTIONAL_POINTER, struct raw_search, model, model_fields),
    CYAML_FIELD_SEQUENCE("boards", OPTIONAL_POINTER, struct raw_search, boards, &board_schema, 0, SEARCH_BOARDS_MAX),
    CYAML_FIELD_UINT_PTR("seed", OPTIONAL_POINTER, struct raw_search, seed),
    CYAML_FIELD_INT("priority", CYAML_FLAG_OPTIONAL, struct raw_search, priority),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t search_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_search, search_fields)};

/* As master/search/core.h; the master checks again with the search core itself. */
static const char *const algorithms[] = {"random", "nsga2", "sonata", "sonata+", "aging", "linas", "nsganetv2", "local", "optuna-nsga2"};
static const char *const metrics[] = {"accuracy", "latency", "energy",     "params",        "macs",           "flash",
                                      "ram",      "weights", "flash_code", "flash_weights", "ram_activation", "ram_runtime"};
#define COUNT(a) (sizeof(a) / sizeof *(a))

struct conversion {
    const struct yaml_doc *doc;
    const struct raw_search *raw;
    const char *origin;
    struct search_file *file;
    struct sonata_error *err;
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
        return yaml_doc_error(c->doc, c->err, path, "'%s' is not known: did you mean '%s'?", metric, near);
    if (!is_word(metric, "_-."))
        return yaml_doc_error(c->doc, c->err, path,
                              "'%s' is here; expected accuracy, latency, energy, params, macs, flash, ram, or the word a backend uses%s", metric,
                              strchr(metric, '@') ? " (the board goes into `board:`)" : "");
    if (board && metric_is_analytic(metric, board))
        return yaml_doc_error(c->doc, c->err, path, "'%s' is computed from the architecture; expected no `board:` beside it", metric);
    if (board && !is_word(board, "_-."))
        return yaml_doc_error(c->doc, c->err, path, "board '%s': expected a board type, one word", board);
    return 0;
}

static int read_objectives(struct conversion *c)
{
    struct search_spec *s = &c->file->spec;
    char path[48];
    for (unsigned i = 0; i < c->raw->objectives_count; i++) {
        const struct raw_objective *raw = &c->raw->objectives[i];
        snprintf(path, sizeof path, "objectives[%u].metric", i);
        int r = check_metric(c, path, raw->metric, raw->board);
        if (r)
            return r;
        struct objective *o = &s->objective[i];
        copy_string(o->metric, sizeof o->metric, raw->metric);
        copy_string(o->board, sizeof o->board, raw->board ? raw->board : "");
        o->goal = raw->goal == GOAL_MAX ? GOAL_MAX : GOAL_MIN;
        for (unsigned k = 0; k < i; k++) {
            if (!strcmp(s->objective[k].metric, o->metric) && !strcmp(s->objective[k].board, o->board))
                return yaml_doc_error(c->doc, c->err, path, "'%s' is an objective already; expected another metric or another board", o->metric);
        }
        s->n_objectives = i + 1;
    }
    return 0;
}

static int read_bound(const struct conversion *c, unsigned i, const char *key, const char *text, double absent, double *ret)
{
    char path[48];
    *ret = absent;
    if (!text)
        return 0;
    snprintf(path, sizeof path, "constraints[%u].%s", i, key);
    if (parse_quantity(text, ret))
        return yaml_doc_error(c->doc, c->err, path, "'%s' is here; expected a number such as 5, 0.8, 200k, 1.5M or 64Ki", text);
    return 0;
}

static int read_constraints(struct conversion *c)
{
    struct search_spec *s = &c->file->spec;
    char path[48];
    for (unsigned i = 0; i < c->raw->constraints_count; i++) {
        const struct raw_constraint *raw = &c->raw->constraints[i];
        struct constraint *k = &s->constraint[i];
        snprintf(path, sizeof path, "constraints[%u].metric", i);
        int r = check_metric(c, path, raw->metric, raw->board);
        if (!r)
            r = read_bound(c, i, "min", raw->min, -INFINITY, &k->min);
        if (!r)
            r = read_bound(c, i, "max", raw->max, INFINITY, &k->max);
        if (r)
            return r;
        snprintf(path, sizeof path, "constraints[%u]", i);
        if (!raw->min && !raw->max)
            return yaml_doc_error(c->doc, c->err, path, "neither min nor max is given; expected at least one");
        if (k->min > k->max)
            return yaml_doc_error(c->doc, c->err, path, "min %s is above max %s; expected min <= max", raw->min, raw->max);
        copy_string(k->metric, sizeof k->metric, raw->metric);
        copy_string(k->board, sizeof k->board, raw->board ? raw->board : "");
        s->n_constraints = i + 1;
    }
    return 0;
}

/* `name` next to the search file when it is relative. */
static bool beside(const char *origin, const char *name, char *path, size_t size)
{
    const char *slash = strrchr(origin, '/');
    if (name[0] == '/' || !slash)
        return copy_string(path, size, name);
    int n = snprintf(path, size, "%.*s/%s", (int)(slash - origin), origin, name);
    return n > 0 && (size_t)n < size;
}

static int read_policy(struct conversion *c, const char *name)
{
    struct search_spec *s = &c->file->spec;
    cleanup_bytes struct bytes data = {0};
    struct sonata_error reason = {{0}};
    char path[SPEC_PATH_MAX];
    if (strcmp(s->algorithm, "sonata") && strcmp(s->algorithm, "sonata+"))
        return yaml_doc_error(c->doc, c->err, "algorithm.policy", "algorithm '%s' has no agent; expected no policy", s->algorithm);
    if (!beside(c->origin, name, path, sizeof path))
        return yaml_doc_error(c->doc, c->err, "algorithm.policy", "the path is too long");
    if (file_read(path, SPEC_POLICY_MAX, &data, &reason))
        return yaml_doc_error(c->doc, c->err, "algorithm.policy", "%s; expected a file that `sonata bench --policy-out` wrote", reason.text);
    if (!data.size)
        return yaml_doc_error(c->doc, c->err, "algorithm.policy", "%s is empty; expected a file that `sonata bench --policy-out` wrote", path);
    s->policy_size = (uint32_t)data.size;
    memcpy(s->policy, data.data, data.size);
    return 0;
}

static int read_algorithm(struct conversion *c)
{
    struct search_spec *s = &c->file->spec;
    const struct raw_algorithm *raw = c->raw->algorithm;
    if (!raw) {
        copy_string(s->algorithm, sizeof s->algorithm, "sonata+");
        return 0;
    }
    if (!listed(raw->name, algorithms, COUNT(algorithms))) {
        const char *near = nearest_word(raw->name, algorithms, COUNT(algorithms));
        char hint[64] = "";
        if (near)
            snprintf(hint, sizeof hint, ": did you mean %s", near);
        return yaml_doc_error(c->doc, c->err, "algorithm.name",
                              "'%s' is not known%s; expected sonata+, sonata, nsga2, random, aging, local, linas, nsganetv2 or optuna-nsga2",
                              raw->name, hint);
    }
    if (raw->population && (raw->population < SPEC_POPULATION_MIN || raw->population > SPEC_POPULATION_MAX))
        return yaml_doc_error(c->doc, c->err, "algorithm.population", "%u is here; expected %d to %d, or 0 for the default", raw->population,
                              SPEC_POPULATION_MIN, SPEC_POPULATION_MAX);
    copy_string(s->algorithm, sizeof s->algorithm, raw->name);
    s->population = raw->population;
    s->generational = raw->generational;
    for (unsigned i = 0; i < raw->options_count; i++) {
        copy_string(s->option[i].name, sizeof s->option[i].name, raw->options[i].name);
        copy_string(s->option[i].value, sizeof s->option[i].value, raw->options[i].value);
        s->n_options = i + 1;
        for (unsigned k = 0; k < i; k++) {
            char path[48];
            snprintf(path, sizeof path, "algorithm.options[%u].name", i);
            if (!strcmp(s->option[k].name, s->option[i].name))
                return yaml_doc_error(c->doc, c->err, path, "option '%s' is given twice; expected once", s->option[i].name);
        }
    }
    return raw->policy ? read_policy(c, raw->policy) : 0;
}

static int read_budget(struct conversion *c)
{
    struct search_spec *s = &c->file->spec;
    const struct raw_budget *raw = &c->raw->budget;
    if (raw->evaluations < SPEC_EVALUATIONS_MIN || raw->evaluations > SPEC_EVALUATIONS_MAX)
        return yaml_doc_error(c->doc, c->err, "budget.evaluations", "%u is here; expected %d to %d", raw->evaluations, SPEC_EVALUATIONS_MIN,
                              SPEC_EVALUATIONS_MAX);
    s->budget_evaluations = raw->evaluations;
    if (raw->wall && (parse_duration_ns(raw->wall, &s->budget_wall_ns) || s->budget_wall_ns <= 0))
        return yaml_doc_error(c->doc, c->err, "budget.wall", "'%s' is here; expected a duration such as 90s, 15m, 2h or 3d", raw->wall);
    return 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && !strcmp(text + n - m, end);
}

static int read_space(struct conversion *c)
{
    char path[SPEC_PATH_MAX];
    const char *name = c->raw->space;
    if (strchr(name, '/') || ends_with(name, ".yaml") || ends_with(name, ".yml")) {
        if (!beside(c->origin, name, path, sizeof path))
            return yaml_doc_error(c->doc, c->err, "space", "the path is too long");
        name = path;
    }
    struct sonata_error reason = {{0}};
    int r = space_file_read(name, &c->file->spec.space, &reason);
    return r ? yaml_doc_error(c->doc, c->err, "space", "%s", reason.text) : 0;
}

static int read_supernet(struct conversion *c, const char *name)
{
    struct search_spec *s = &c->file->spec;
    char *path = c->file->supernet_path;
    if (!s->space.network.family[0])
        return yaml_doc_error(c->doc, c->err, "evaluation.supernet", "space '%s' builds no network (it has no `network:`); expected no supernet",
                              s->space.name);
    if (strchr(name, '/') || ends_with(name, ".safetensors")) {
        const char *base = strrchr(name, '/');
        if (!beside(c->origin, name, path, SPEC_PATH_MAX) || !copy_string(s->supernet, sizeof s->supernet, base ? base + 1 : name))
            return yaml_doc_error(c->doc, c->err, "evaluation.supernet", "the path is too long");
    } else {
        copy_string(s->supernet, sizeof s->supernet, name);
        if (!share_find("supernets", name, ".safetensors", path, SPEC_PATH_MAX))
            return yaml_doc_error(c->doc, c->err, "evaluation.supernet",
                                  "no supernet '%s' (looked for %.200s); train one with `sonata supernet train`, or give its path", name, path);
    }
    cleanup_bytes struct bytes blob = {0};
    struct sonata_error reason = {{0}};
    if (file_read(path, SUPERNET_BYTES_MAX, &blob, &reason))
        return yaml_doc_error(c->doc, c->err, "evaluation.supernet", "%s", reason.text);
    hash_content(blob.data, blob.size, s->supernet_hash);
    return 0;
}

static int read_evaluation(struct conversion *c)
{
    struct search_spec *s = &c->file->spec;
    const struct raw_evaluation *raw = c->raw->evaluation;
    copy_string(s->tier, sizeof s->tier, raw && raw->tier ? raw->tier : "search");
    if (tier_named(s->tier) == TIER_COUNT)
        return yaml_doc_error(c->doc, c->err, "evaluation.tier", "'%s' is here; expected screen, search or report", s->tier);
    if (!raw)
        return 0;
    if (raw->replicates > REPLICATES_WANTED_MAX)
        return yaml_doc_error(c->doc, c->err, "evaluation.replicates", "%u is here; expected 1 to %d", raw->replicates, REPLICATES_WANTED_MAX);
    if (raw->replicate_budget > SPEC_EVALUATIONS_MAX)
        return yaml_doc_error(c->doc, c->err, "evaluation.replicate_budget", "%u is here; expected 1 to %d", raw->replicate_budget,
                              SPEC_EVALUATIONS_MAX);
    s->replicates = raw->replicates;
    s->replicate_budget = raw->replicate_budget;
    if (raw->dataset && !is_word(raw->dataset, "_-."))
        return yaml_doc_error(c->doc, c->err, "evaluation.dataset", "'%s' is here; expected one word, such as fashion-mnist", raw->dataset);
    copy_string(s->dataset, sizeof s->dataset, raw->dataset ? raw->dataset : "");
    if (raw->supernet && !raw->dataset)
        return yaml_doc_error(c->doc, c->err, "evaluation", "a supernet needs data to be measured on; expected `dataset:` too");
    return raw->supernet ? read_supernet(c, raw->supernet) : 0;
}

static int read_model(struct conversion *c)
{
    struct search_spec *s = &c->file->spec;
    const struct raw_model *raw = c->raw->model;
    if (!raw)
        return 0;
    if (!is_word(raw->board, "_-."))
        return yaml_doc_error(c->doc, c->err, "model.board", "'%s' is here; expected the type of boards that build the models, one word", raw->board);
    if (raw->executor && !is_word(raw->executor, "_-."))
        return yaml_doc_error(c->doc, c->err, "model.executor", "'%s' is here; expected engine, onnxruntime or ref", raw->executor);
    if (raw->threads > SPEC_THREADS_MAX)
        return yaml_doc_error(c->doc, c->err, "model.threads", "%u is here; expected 1 to %d, or 0 for what boards are configured with", raw->threads,
                              SPEC_THREADS_MAX);
    copy_string(s->model_board, sizeof s->model_board, raw->board);
    copy_string(s->run.executor, sizeof s->run.executor, raw->executor ? raw->executor : "");
    s->run.threads = raw->threads;
    return 0;
}

static int read_boards(struct conversion *c)
{
    for (unsigned i = 0; i < c->raw->boards_count; i++)
        copy_string(c->file->board[i], sizeof c->file->board[i], c->raw->boards[i]);
    c->file->n_boards = c->raw->boards_count;
    return 0;
}

static int convert(struct conversion *c)
{
    struct search_spec *s = &c->file->spec;
    if (!is_word(c->raw->name, "_-."))
        return yaml_doc_error(c->doc, c->err, "name", "'%s' is here; expected letters, digits, '-', '_' and '.' only", c->raw->name);
    copy_string(s->name, sizeof s->name, c->raw->name);
    s->seed = c->raw->seed ? *c->raw->seed : 1;
    if (c->raw->priority < -SPEC_PRIORITY_MAX || c->raw->priority > SPEC_PRIORITY_MAX)
        return yaml_doc_error(c->doc, c->err, "priority", "%d is here; expected -%d to %d", c->raw->priority, SPEC_PRIORITY_MAX, SPEC_PRIORITY_MAX);
    s->priority = c->raw->priority;
    static int (*const part[])(struct conversion *) = {read_objectives, read_constraints, read_algorithm,  read_budget,
                                                       read_boards,     read_space,       read_evaluation, read_model};
    for (size_t i = 0; i < COUNT(part); i++) {
        int r = part[i](c);
        if (r)
            return r;
    }
    return 0;
}

int search_file_load_text(const char *text, size_t n, const char *origin, struct search_file *ret_file, struct sonata_error *err)
{
    cleanup_yaml_doc struct yaml_doc *doc = NULL;
    int r = yaml_doc_open(text, n, origin, &search_schema, &doc, err);
    if (r)
        return r;
    cleanup_free struct search_file *file = xcalloc(1, sizeof *file);
    struct conversion c = {.doc = doc, .raw = yaml_doc_data(doc), .origin = origin, .file = file, .err = err};
    r = convert(&c);
    if (!r)
        *ret_file = *file;
    return r;
}

int search_file_load(const char *path, struct search_file *ret_file, struct sonata_error *err)
{
    cleanup_bytes struct bytes data = {0};
    int r = file_read(path, YAML_TEXT_MAX, &data, err);
    if (r == -ENOENT)
        return sonata_error_set(err, r, "%s: no such file; `sonata init` writes an example", path);
    return r ? r : search_file_load_text((const char *)data.data, data.size, path, ret_file, err);
}

static void split(const struct search_file *file, struct search_spec *ret_spec, char ret_supernet_path[SPEC_PATH_MAX])
{
    *ret_spec = file->spec;
    copy_string(ret_supernet_path, SPEC_PATH_MAX, file->supernet_path);
}

int search_file_parse(const char *text, size_t n, const char *origin, struct search_spec *ret_spec, char ret_supernet_path[SPEC_PATH_MAX],
                      struct sonata_error *err)
{
    cleanup_free struct search_file *file = xcalloc(1, sizeof *file);
    int r = search_file_load_text(text, n, origin, file, err);
    if (!r)
        split(file, ret_spec, ret_supernet_path);
    return r;
}
