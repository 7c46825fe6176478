/* sonata show: one search, one individual, or what the models learned. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/attempt.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/session.h"
#include "cli/text_table.h"

struct settings {
    struct cli_common common;
    bool importance;
    int64_t individual;
};

const struct option_def show_options[] = {
    {.name = "individual",
     .letter = 'i',
     .type = OPTION_INT,
     .offset = offsetof(struct settings, individual),
     .argument = "ID",
     .help = "Show one architecture.",
     .standard = "-1",
     .min = -1,
     .max = 1e15},
    {.name = "importance",
     .type = OPTION_FLAG,
     .offset = offsetof(struct settings, importance),
     .help = "Show what the models learned about the genes."},
    CLI_SERVER_OPTIONS(struct settings),
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

static void print_spec(const struct search_spec *spec)
{
    char wall[16], heading[METRIC_NAME_MAX + BOARD_NAME_MAX + 2];
    printf("  objectives  ");
    for (uint32_t i = 0; i < spec->n_objectives; i++) {
        results_heading(spec->objective[i].metric, spec->objective[i].board, heading);
        printf(" %s %s", spec->objective[i].goal == GOAL_MAX ? "max" : "min", heading);
        putchar(i + 1 < spec->n_objectives ? ',' : '\n');
    }
    printf("  space        %s, %u genes, %.4g architectures\n", spec->space.name, spec->space.n_genes, space_size(&spec->space));
    printf("  algorithm    %s, seed %" PRIu64, spec->algorithm, spec->seed);
    if (spec->budget_wall_ns) {
        format_duration(spec->budget_wall_ns, wall);
        printf(", wall budget %s", wall);
    }
    printf("\n  evaluation   tier %s", spec->tier);
    if (spec->replicates > 1)
        printf(", front measured %u times", spec->replicates);
    if (spec->dataset[0])
        printf(", data set %s", spec->dataset);
    if (spec->supernet[0])
        printf(", supernet %s", spec->supernet);
    putchar('\n');
}

static void print_failure(const struct results_failure *f)
{
    char when[24];
    if (!f->reason[0])
        return;
    clock_format_utc(f->wall_ns, when);
    printf("  failure      %s, on board %s at %s", f->reason, f->board, when);
    printf(f->in_a_row ? "; %u in a row\n" : "%.0u\n", f->in_a_row);
    for (const char *line = f->output; *line; line += strcspn(line, "\n"), line += *line == '\n')
        printf("               | %.*s\n", (int)strcspn(line, "\n"), line);
}

static void print_status(const struct results *r)
{
    const struct results_status *s = &r->status;
    char created[24], active[16], board[16];
    clock_format_utc(s->created_wall_ns, created);
    format_duration(s->active_ns, active);
    format_duration(s->board_ns, board);
    printf("search %" PRIu64 ": %s", s->id, s->name);
    if (s->team[0])
        printf(", of team %s number %" PRIu64, s->team, s->number);
    putchar('\n');
    printf("  state        %s%s%s\n", s->state, s->reason[0] ? ": " : "", s->reason);
    print_failure(&s->failure);
    printf("  evaluations  %u of %u; %u pending, %u infeasible, %u failed, %u reused\n", s->told, s->budget, s->pending, s->infeasible, s->failed,
           s->reused);
    if (s->screened)
        printf("  screened     %u more: their cheap objectives are measured, the costly one is not\n", s->screened);
    printf("  front        %u points, hypervolume %.6f\n", s->front_size, s->hypervolume);
    if (s->retold || s->replicates)
        printf("  measured     %u results told anew; %u further measurements for the front\n", s->retold, s->replicates);
    if (s->retry_left)
        printf("  retry        %u individuals are measured again so far, %u are still to be looked at\n", s->retried, s->retry_left);
    printf("  created      %s, active %s, board time %s\n", created, active, board);
    if (s->finished_wall_ns) {
        clock_format_utc(s->finished_wall_ns, created);
        printf("  finished     %s\n", created);
    }
    if (s->events_dropped)
        printf("  event log    %" PRIu64 " events dropped (--keep-events of the master): it can be extended but not replayed\n", s->events_dropped);
    print_spec(&r->spec);
}

static void print_values(const struct results *r, const struct results_individual *x)
{
    struct text_table *t = text_table_new();
    text_table_column(t, "metric", false);
    text_table_column(t, "value", true);
    text_table_column(t, "95 % interval", true);
    text_table_column(t, "samples", true);
    text_table_column(t, "predicted", true);
    for (uint32_t i = 0; i < x->n_metrics; i++) {
        const struct metric_value *v = &x->metric[i];
        char value[24], low[24], high[24], mean[24] = "", sd[24];
        format_value(v->value, value);
        format_value(v->low, low);
        format_value(v->high, high);
        text_table_cell(t, "%s", v->name);
        text_table_cell(t, "%s %s", value, metric_unit(v->name));
        text_table_cell(t, v->high > v->low ? "%s .. %s" : "%.0s%.0sexact", low, high);
        text_table_cell(t, "%u", v->n);
        for (uint32_t o = 0; o < r->spec.n_objectives && x->predicted; o++) {
            if (results_value(x, r->spec.objective[o].metric, r->spec.objective[o].board) == v && isfinite(x->mean[o]))
                format_value(x->mean[o], mean);
            if (results_value(x, r->spec.objective[o].metric, r->spec.objective[o].board) == v)
                format_value(x->sd[o], sd);
        }
        if (mean[0])
            text_table_cell(t, "%s ±%s", mean, sd);
        else
            text_table_cell(t, "-");
    }
    text_table_print(t, stdout);
    text_table_free(t);
}

static int show_individual(struct session *session, struct results *r, uint64_t id, bool json, struct sonata_error *err)
{
    int code = results_fetch_individuals(session, r, false, err);
    if (code)
        return code;
    const struct results_individual *x = results_find(r, id);
    if (!x)
        return sonata_error_set(err, -ENOENT, "search %" PRIu64 " has no individual %" PRIu64 "; it has 0 to %zu", r->status.id, id,
                                r->n_individuals ? r->n_individuals - 1 : 0);
    code = results_fetch_measurements(session, r, id, err);
    if (code)
        return code;
    if (json) {
        cJSON *o = json_individual(r, x), *attempts = cJSON_AddArrayToObject(o, "attempts");
        for (size_t i = 0; i < r->n_measurements; i++)
            cJSON_AddItemToArray(attempts, attempt_json(&r->measurement[i].m));
        json_print(o);
        return 0;
    }
    char genotype[2048];
    genotype_format(&r->spec.space, &x->genotype, genotype, sizeof genotype);
    printf("individual %" PRIu64 " of search %" PRIu64 ": %s%s%s%s\n  %s\n", id, r->status.id, x->state, x->on_front ? ", on the front" : "",
           x->reason[0] ? ", " : "", x->reason, genotype);
    printf("  bred by %s", x->arm);
    for (unsigned i = 0; i < 2; i++) {
        if (x->parent[i] >= 0)
            printf("%s%" PRId64, i && x->parent[0] >= 0 ? " and " : " from ", x->parent[i]);
    }
    printf(", generation %u%s\n", x->generation, x->reused ? "; result of an earlier search" : "");
    if (x->measured)
        printf("  values rest on %u measurement%s\n", x->measured, x->measured == 1 ? "" : "s");
    putchar('\n');
    print_values(r, x);
    for (size_t i = 0; i < r->n_measurements; i++)
        attempt_print(&r->measurement[i].m, stdout);
    return 0;
}

static void print_objective_insight(const struct results *r, uint32_t o)
{
    const struct results_insight *x = &r->insight;
    char heading[METRIC_NAME_MAX + BOARD_NAME_MAX + 2], rank[24], coverage[24];
    results_heading(r->spec.objective[o].metric, r->spec.objective[o].board, heading);
    format_value(x->rank_correlation[o], rank);
    format_value(100 * x->coverage[o], coverage);
    printf("\n%s: rank correlation of predictions %s, %s %% of measurements within two sd\n", heading, rank, coverage);
    struct text_table *t = text_table_new();
    text_table_column(t, "gene", false);
    text_table_column(t, "importance", true);
    text_table_column(t, "effect of each choice", false);
    bool shown[SPACE_GENES_MAX] = {false};
    for (uint32_t k = 0; k < x->n_genes; k++) { /* largest first */
        uint32_t best = UINT32_MAX;
        for (uint32_t g = 0; g < x->n_genes; g++) {
            if (!shown[g] && isfinite(x->importance[o][g]) && (best == UINT32_MAX || x->importance[o][g] > x->importance[o][best]))
                best = g;
        }
        if (best == UINT32_MAX)
            break;
        shown[best] = true;
        char effects[400];
        struct text_builder list = text_begin(effects, sizeof effects);
        for (unsigned v = 0; v < r->spec.space.gene[best].n_choices; v++) {
            char value[24];
            format_value(x->value[o][best][v], value);
            text_join(&list, "  ", "%s: %s", r->spec.space.gene[best].label[v], value);
        }
        text_table_cell(t, "%s", r->spec.space.gene[best].name);
        text_table_cell(t, "%.1f %%", 100 * x->importance[o][best]);
        text_table_cell(t, "%s", effects);
    }
    text_table_print(t, stdout);
    text_table_free(t);
}

static int show_importance(struct session *session, struct results *r, bool json, struct sonata_error *err)
{
    int code = results_fetch_insight(session, r, err);
    if (code)
        return code;
    if (json) {
        json_print(json_insight(r));
        return 0;
    }
    const struct results_insight *x = &r->insight;
    if (!x->present)
        printf("no model yet: '%s' has none, or too few evaluations were made\n", r->spec.algorithm);
    else
        printf("models of generation %u, %s\n", x->generation, x->trusted ? "trusted" : "not trusted: the search has fallen back to plain evolution");
    for (uint32_t o = 0; x->present && o < x->n_objectives; o++)
        print_objective_insight(r, o);
    if (x->n_arms)
        printf("\noperators:");
    for (uint32_t a = 0; a < x->n_arms; a++)
        printf("%s %s %.0f %% (%" PRIu64 " uses)", a ? "," : "", x->arm[a], 100 * x->arm_weight[a], x->arm_uses[a]);
    if (x->n_arms)
        putchar('\n');
    return 0;
}

int cmd_show(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    cleanup_results struct results *results = NULL;
    int r = results_open(&s.common, rest < argc ? argv[rest] : NULL, &session, &results, &err);
    if (!r && s.individual >= 0)
        r = show_individual(session, results, (uint64_t)s.individual, s.common.json, &err);
    else if (!r && s.importance)
        r = show_importance(session, results, s.common.json, &err);
    else if (!r && s.common.json) {
        cJSON *o = json_status(&results->status);
        cJSON_AddItemToObject(o, "spec", json_spec(&results->spec));
        return json_print(o);
    } else if (!r)
        print_status(results);
    return r ? command_fail(self, exit_of(r), "%s", err.text) : CLI_OK;
}
