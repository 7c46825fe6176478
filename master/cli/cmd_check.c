/* sonata check: validates search files, and says what they would do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/servers.h"
#include "conf/search_file.h"
#include "conf/space_file.h"
#include "conf/yaml_tree.h"
#include "domain/analytic.h"

struct settings {
    struct cli_common common;
};

const struct option_def check_options[] = {
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

/* A space file has `genes:` at the start of a line; a search file never has. */
static bool is_space_file(const char *path)
{
    cleanup_bytes struct bytes data = {0};
    if (file_read(path, YAML_FILE_MAX, &data, NULL))
        return false;
    bytes_put_u8(&data, 0);
    const char *text = (const char *)data.data;
    return !strncmp(text, "genes:", 6) || strstr(text, "\ngenes:");
}

static void print_bound(const struct space *space, const struct constraint *k)
{
    char low[24], high[24], name[METRIC_NAME_MAX + BOARD_NAME_MAX + 2];
    format_value(k->min, low);
    format_value(k->max, high);
    results_heading(k->metric, k->board, name);
    printf("    ");
    if (k->min > -1e300)
        printf("%s <= ", low);
    printf("%s", name);
    if (k->max < 1e300)
        printf(" <= %s", high);
    printf("  (%s)\n", analytic_computes(space, k->metric, k->board) ? "computed before anything is measured" : "measured");
}

static void print_space(const struct space *s)
{
    char size[24];
    format_value(space_size(s), size);
    unsigned conditional = 0;
    for (unsigned j = 0; j < s->n_genes; j++)
        conditional += s->gene[j].condition_gene >= 0;
    printf("  space %s: %u genes (%u conditional), %s architectures\n", s->name, s->n_genes, conditional, size);
}

static void print_search(const char *path, const struct search_file *f)
{
    const struct search_spec *s = &f->spec;
    printf("%s: valid search '%s'\n", path, s->name);
    print_space(&s->space);
    for (uint32_t i = 0; i < s->n_objectives; i++) {
        const struct objective *o = &s->objective[i];
        bool computed = analytic_computes(&s->space, o->metric, o->board);
        const char *board = o->board[0] ? o->board : s->model_board;
        const char *unit = metric_unit(o->metric), *where = "computed on the master";
        if (!computed)
            where = board[0] ? "measured on boards of type " : "measured on any board that supplies it";
        printf("  %s %s", o->goal == GOAL_MAX ? "maximise" : "minimise", o->metric);
        if (unit[0])
            printf(" in %s", unit);
        printf(": %s%s\n", where, computed ? "" : board);
    }
    if (s->model_board[0])
        printf("  models are built by boards of type %s; all other boards run the files\n", s->model_board);
    if (s->n_constraints)
        puts("  subject to");
    for (uint32_t i = 0; i < s->n_constraints; i++)
        print_bound(&s->space, &s->constraint[i]);
    char wall[16] = "no limit of";
    if (s->budget_wall_ns)
        format_duration(s->budget_wall_ns, wall);
    printf("  %s, %u evaluations of tier '%s', %s wall time, seed %llu\n", s->algorithm, s->budget_evaluations, s->tier, wall,
           (unsigned long long)s->seed);
    if (s->replicates > 1)
        printf("  the front is measured again until each member rests on %u measurements, with at most %u more\n", s->replicates,
               s->replicate_budget ? s->replicate_budget : (s->budget_evaluations + REPLICATE_SHARE - 1) / REPLICATE_SHARE);
    if (s->supernet[0])
        printf("  supernet %s (%s)%s%s\n", s->supernet, f->supernet_path, s->dataset[0] ? " on data set " : ", timed without data", s->dataset);
    for (unsigned i = 0; i < f->n_boards; i++)
        printf("  `sonata run` gives its worker the board %s\n", f->board[i]);
    double size = space_size(&s->space);
    if (size < s->budget_evaluations)
        printf("  note: the budget is larger than the space; the search ends when everything was measured\n");
}

static cJSON *search_json(const char *path, const struct search_file *f)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "file", path);
    cJSON_AddBoolToObject(o, "valid", true);
    cJSON_AddItemToObject(o, "spec", json_spec(&f->spec));
    cJSON *boards = cJSON_AddArrayToObject(o, "boards");
    for (unsigned i = 0; i < f->n_boards; i++)
        cJSON_AddItemToArray(boards, cJSON_CreateString(f->board[i]));
    return o;
}

static int check_space(const char *path, cJSON *list, struct sonata_error *err)
{
    cleanup_free struct space *s = xcalloc(1, sizeof *s);
    char with_folder[1100];
    snprintf(with_folder, sizeof with_folder, "%s%s", strchr(path, '/') ? "" : "./", path);
    int r = space_file_read(with_folder, s, err);
    if (r)
        return r;
    if (!list) {
        printf("%s: valid space\n", path);
        print_space(s);
        return 0;
    }
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "file", path);
    cJSON_AddBoolToObject(o, "valid", true);
    json_number(o, "size", space_size(s));
    cJSON_AddItemToArray(list, o);
    return 0;
}

/* The worker that `sonata run` would start is asked whether it takes the boards: files, columns, programs and data sets are looked at. */
static int check_boards(const char *path, const struct search_file *f, struct sonata_error *err)
{
    const char *board[SEARCH_BOARDS_MAX];
    for (unsigned i = 0; i < f->n_boards; i++)
        board[i] = f->board[i];
    struct servers_config config = {.state = ".", .worker = true, .n_boards = f->n_boards, .board = board};
    int r = servers_check_worker(&config, err);
    return r ? sonata_error_prefix(err, r, "%s: boards", path) : 0;
}

static int check_one(const char *path, cJSON *list, struct sonata_error *err)
{
    if (is_space_file(path))
        return check_space(path, list, err);
    cleanup_free struct search_file *f = xcalloc(1, sizeof *f);
    int r = search_file_load(path, f, err);
    if (!r && f->n_boards)
        r = check_boards(path, f, err);
    if (!r && list)
        cJSON_AddItemToArray(list, search_json(path, f));
    else if (!r)
        print_search(path, f);
    return r;
}

int cmd_check(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    cJSON *list = s.common.json ? cJSON_CreateArray() : NULL;
    int worst = CLI_OK;
    for (int i = rest; i < argc; i++) {
        struct sonata_error err = {{0}};
        int r = check_one(argv[i], list, &err);
        if (!r)
            continue;
        worst = exit_of(r);
        if (!list) {
            fflush(stdout);
            fprintf(stderr, "%s\n", err.text);
            continue;
        }
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "file", argv[i]);
        cJSON_AddBoolToObject(o, "valid", false);
        cJSON_AddStringToObject(o, "error", err.text);
        cJSON_AddItemToArray(list, o);
    }
    if (list)
        json_print(list);
    return worst;
}
