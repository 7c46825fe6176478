/* sonata compare: several searches side by side, in the terminal and as a page. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/compare_page.h"
#include "cli/json.h"
#include "cli/text_table.h"

struct settings {
    struct cli_common common;
    const char *output;
};

const struct option_def compare_options[] = {
    {.name = "output",
     .letter = 'o',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, output),
     .argument = "FILE",
     .help = "Also write a page of it, HTML (- is standard output, instead of the text)."},
    CLI_SERVER_OPTIONS(struct settings),
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

static void print_runs(const struct comparison *c)
{
    struct text_table *t = text_table_new();
    static const char *const heading[] = {"id", "name", "setting", "seed", "state", "results", "front", "of the box"};
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++)
        text_table_column(t, heading[i], i == 0 || i == 3 || i > 4);
    for (unsigned i = 0; i < c->n; i++) {
        const struct results *r = c->run[i].results;
        text_table_cell(t, "%llu", (unsigned long long)r->status.id);
        text_table_cell(t, "%s", r->spec.name);
        text_table_cell(t, "%s", c->group[c->run[i].group].name);
        text_table_cell(t, "%llu", (unsigned long long)r->spec.seed);
        text_table_cell(t, "%s", r->status.state);
        text_table_cell(t, "%u", r->status.told);
        text_table_cell(t, "%zu", c->run[i].n_front);
        text_table_cell(t, "%.2f %%", 100 * c->run[i].hypervolume);
    }
    text_table_print(t, stdout);
    text_table_free(t);
}

static void print_coverage(const struct comparison *c)
{
    struct text_table *t = text_table_new();
    text_table_column(t, "C metric", false);
    for (unsigned i = 0; i < c->n; i++) {
        char id[24];
        snprintf(id, sizeof id, "%llu", (unsigned long long)c->run[i].results->status.id);
        text_table_column(t, id, true);
    }
    for (unsigned a = 0; a < c->n; a++) {
        text_table_cell(t, "%llu %s", (unsigned long long)c->run[a].results->status.id, c->run[a].results->spec.name);
        for (unsigned b = 0; b < c->n; b++) {
            if (a == b)
                text_table_cell(t, "–");
            else
                text_table_cell(t, "%.0f %%", 100 * compare_coverage(c, a, b));
        }
    }
    puts("\nShare of the column's front that the row's dominates or equals:");
    text_table_print(t, stdout);
    text_table_free(t);
}

static void print_text(const struct comparison *c)
{
    enum { COVERAGE_MAX = 12 };
    print_runs(c);
    puts("");
    for (unsigned g = 0; g < c->n_groups; g++) {
        const struct compare_group *x = &c->group[g];
        if (x->n > 1)
            printf("%s: median %.2f %% of the box over %u runs, quartiles %.2f to %.2f %%\n", x->name, 100 * x->median, x->n, 100 * x->low,
                   100 * x->high);
    }
    for (unsigned i = 0; i < c->n_pairs; i++) {
        const struct compare_pair *x = &c->pair[i];
        char says[120];
        compare_verdict(c, x, says);
        printf("%s against %s: better in %.0f %% of the pairs of runs", c->group[x->a].name, c->group[x->b].name, 100 * x->superiority);
        if (!isnan(x->p))
            printf(", p = %.3g", x->p);
        printf(": %s\n", says);
    }
    if (c->n <= COVERAGE_MAX)
        print_coverage(c);
}

static cJSON *group_json(const struct compare_group *x)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", x->name);
    cJSON_AddNumberToObject(o, "runs", x->n);
    json_number(o, "median", x->median);
    json_number(o, "low", x->low);
    json_number(o, "high", x->high);
    return o;
}

static int print_json(const struct comparison *c)
{
    cJSON *o = cJSON_CreateObject(), *runs = cJSON_AddArrayToObject(o, "searches"), *groups = cJSON_AddArrayToObject(o, "settings");
    cJSON *pairs = cJSON_AddArrayToObject(o, "pairs");
    for (unsigned i = 0; i < c->n; i++) {
        cJSON *x = cJSON_CreateObject(), *row = NULL;
        json_integer(x, "id", (int64_t)c->run[i].results->status.id);
        cJSON_AddStringToObject(x, "name", c->run[i].results->spec.name);
        cJSON_AddNumberToObject(x, "setting", c->run[i].group);
        cJSON_AddNumberToObject(x, "front_size", (double)c->run[i].n_front);
        json_number(x, "hypervolume", c->run[i].hypervolume);
        row = cJSON_AddArrayToObject(x, "coverage");
        for (unsigned b = 0; b < c->n; b++)
            cJSON_AddItemToArray(row, cJSON_CreateNumber(c->run[b].n_front ? compare_coverage(c, i, b) : 0));
        cJSON_AddItemToArray(runs, x);
    }
    for (unsigned g = 0; g < c->n_groups; g++)
        cJSON_AddItemToArray(groups, group_json(&c->group[g]));
    for (unsigned i = 0; i < c->n_pairs; i++) {
        cJSON *x = cJSON_CreateObject();
        cJSON_AddNumberToObject(x, "a", c->pair[i].a);
        cJSON_AddNumberToObject(x, "b", c->pair[i].b);
        json_number(x, "p", c->pair[i].p);
        json_number(x, "superiority", c->pair[i].superiority);
        cJSON_AddItemToArray(pairs, x);
    }
    return json_print(o);
}

/* Everything of the searches named. */
static int fetch(struct session *session, char **name, unsigned n, struct results **list, struct sonata_error *err)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t id;
        int r = session_find_search(session, name[i], &id, err);
        if (!r)
            r = results_fetch_status(session, id, &list[i], err);
        if (!r)
            r = results_fetch_individuals(session, list[i], true, err);
        if (r)
            return r;
    }
    return 0;
}

static int show(const struct settings *s, const struct comparison *c, struct sonata_error *err)
{
    bool instead = s->output && s->output[0] == '-' && !s->output[1];
    if (s->common.json)
        print_json(c);
    else if (!instead)
        print_text(c);
    if (!s->output)
        return 0;
    cleanup_bytes struct bytes page = {0};
    compare_page(c, &page);
    int r = write_output(s->output, page.data, page.size, err);
    if (!r && !instead && !s->common.json)
        printf("%s written\n", s->output);
    return r;
}

int cmd_compare(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    unsigned n = (unsigned)(argc - rest);
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    struct results **list = xcalloc(n, sizeof *list);
    struct comparison c = {0};
    int r = session_open_common(&s.common, &session, &err);
    if (!r)
        r = fetch(session, argv + rest, n, list, &err);
    if (!r)
        r = compare_new(list, n, &c, &err);
    if (!r)
        r = show(&s, &c, &err);
    compare_fini(&c);
    for (unsigned i = 0; i < n; i++)
        results_free(list[i]);
    free(list);
    return r ? command_fail(self, exit_of(r), "%s", err.text) : CLI_OK;
}
