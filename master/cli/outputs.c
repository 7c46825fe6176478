/* See outputs.h. */
#include "cli/outputs.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/medium.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/text_table.h"

enum { HEADING_MAX = METRIC_NAME_MAX + BOARD_NAME_MAX + 2, HEADINGS_MAX = OBJECTIVES_MAX + CONSTRAINTS_MAX + 4 * METRICS_MAX, GENOTYPE_TEXT = 2048 };

/* Columns of values: objectives first, then constraints, then whatever else was measured. */
struct headings {
    unsigned n;
    char name[HEADINGS_MAX][HEADING_MAX];
    char metric[HEADINGS_MAX][METRIC_NAME_MAX];
    char board[HEADINGS_MAX][BOARD_NAME_MAX];
};

static void add_heading(struct headings *h, const char *metric, const char *board)
{
    char name[HEADING_MAX];
    results_heading(metric, board, name);
    for (unsigned i = 0; i < h->n; i++) {
        if (!strcmp(h->name[i], name) || (!board[0] && !metric_is_memory(metric) && !strcmp(h->metric[i], metric)))
            return;
    }
    if (h->n == HEADINGS_MAX)
        return;
    copy_string(h->name[h->n], HEADING_MAX, name);
    copy_string(h->metric[h->n], METRIC_NAME_MAX, metric);
    copy_string(h->board[h->n++], BOARD_NAME_MAX, board);
}

/* Splits "latency@host". */
static void add_measured(struct headings *h, const char *name)
{
    char metric[METRIC_NAME_MAX];
    copy_string(metric, sizeof metric, name);
    char *at = strchr(metric, '@');
    if (at)
        *at = 0;
    const char *board = at ? at + 1 : "";
    for (unsigned i = 0; i < h->n; i++) {
        if (!strcmp(h->metric[i], metric) && ((!h->board[i][0] && !metric_is_memory(metric)) || !strcmp(h->board[i], board)))
            return;
    }
    add_heading(h, metric, board);
}

static struct headings *collect_headings(const struct results *r, bool all)
{
    struct headings *h = xcalloc(1, sizeof *h);
    for (uint32_t i = 0; i < r->spec.n_objectives; i++)
        add_heading(h, r->spec.objective[i].metric, r->spec.objective[i].board);
    for (uint32_t i = 0; i < r->spec.n_constraints; i++)
        add_heading(h, r->spec.constraint[i].metric, r->spec.constraint[i].board);
    size_t n = all ? r->n_individuals : r->n_front;
    for (size_t i = 0; i < n; i++) {
        const struct results_individual *x = &r->individual[all ? i : r->front[i]];
        for (uint32_t k = 0; k < x->n_metrics; k++)
            add_measured(h, x->metric[k].name);
    }
    return h;
}

static void value_cell(struct text_table *t, const struct metric_value *v)
{
    char value[24], half[24];
    if (!v) {
        text_table_cell(t, "-");
        return;
    }
    format_value(v->value, value);
    if (v->high > v->low && isfinite(v->high - v->low)) {
        format_value((v->high - v->low) / 2, half);
        text_table_cell(t, "%s ±%s", value, half);
    } else {
        text_table_cell(t, "%s", value);
    }
}

static bool has_unseparable(const struct results *r)
{
    for (size_t k = 0; k < r->n_front; k++) {
        if (r->individual[r->front[k]].unseparable)
            return true;
    }
    return false;
}

/* What a table of the front shows beside the objectives and constraints. */
struct front_columns {
    struct headings headings;
    bool flagged, marked;
};

static void add_columns(struct text_table *t, const struct results *r, struct front_columns *c)
{
    struct headings *h = &c->headings;
    for (uint32_t i = 0; i < r->spec.n_objectives; i++)
        add_heading(h, r->spec.objective[i].metric, r->spec.objective[i].board);
    for (uint32_t i = 0; i < r->spec.n_constraints; i++)
        add_heading(h, r->spec.constraint[i].metric, r->spec.constraint[i].board);
    text_table_column(t, "id", true);
    for (unsigned i = 0; i < h->n; i++) {
        char text[HEADING_MAX + 8];
        const char *unit = metric_unit(h->metric[i]);
        snprintf(text, sizeof text, "%s%s%s", h->name[i], unit[0] ? " " : "", unit);
        text_table_column(t, text, true);
    }
    for (size_t k = 0; k < r->n_front; k++)
        c->flagged = c->flagged || r->individual[r->front[k]].flags;
    if (c->flagged)
        text_table_column(t, "flags", false);
    c->marked = has_unseparable(r);
    if (c->marked)
        text_table_column(t, "not separable at 95 %", false);
    text_table_column(t, "bred by", false);
    text_table_column(t, "architecture", false);
}

static void add_row(struct text_table *t, const struct results *r, const struct front_columns *c, const struct results_individual *x)
{
    char genotype[GENOTYPE_TEXT], flags[96];
    text_table_cell(t, "%" PRIu64, x->id);
    for (unsigned i = 0; i < c->headings.n; i++)
        value_cell(t, results_value(x, c->headings.metric[i], c->headings.board[i]));
    format_flags(x->flags, flags);
    if (c->flagged)
        text_table_cell(t, "%s", flags);
    if (c->marked && x->unseparable)
        text_table_cell(t, "from %" PRIu64, x->rival);
    else if (c->marked)
        text_table_cell(t, "%s", "");
    text_table_cell(t, "%s", x->arm);
    genotype_format(&r->spec.space, &x->genotype, genotype, sizeof genotype);
    text_table_cell(t, "%s", genotype);
}

void front_table(const struct results *r, FILE *out)
{
    struct text_table *t = text_table_new();
    cleanup_free struct front_columns *c = xcalloc(1, sizeof *c);
    add_columns(t, r, c);
    for (size_t k = 0; k < r->n_front; k++)
        add_row(t, r, c, &r->individual[r->front[k]]);
    text_table_print(t, out);
    text_table_free(t);
}

static void csv_number(struct bytes *out, double v)
{
    if (isfinite(v))
        bytes_printf(out, ",%.10g", v);
    else
        bytes_printf(out, ",");
}

static void csv_header(const struct results *r, const struct headings *h, struct bytes *out)
{
    bytes_printf(out, "id,state,front");
    static const char *const suffix[] = {"", "_low", "_high", "_n"};
    for (unsigned i = 0; i < h->n; i++) {
        for (unsigned k = 0; k < sizeof suffix / sizeof *suffix; k++) {
            char name[HEADING_MAX + 8];
            snprintf(name, sizeof name, "%s%s", h->name[i], suffix[k]);
            bytes_printf(out, ",");
            csv_text_cell(out, name);
        }
    }
    for (unsigned j = 0; j < r->spec.space.n_genes; j++) {
        bytes_printf(out, ",");
        csv_text_cell(out, r->spec.space.gene[j].name);
    }
    bytes_printf(out, ",arm,generation,board,flags,order,hypervolume,violation,parents,reason,measured\n");
}

/* Parents as "3 17", why it failed or was vetoed, when its result was told. */
static void csv_origin(const struct results_individual *x, struct bytes *out)
{
    char parents[48], when[24] = "";
    struct text_builder t = text_begin(parents, sizeof parents);
    for (unsigned i = 0; i < 2; i++) {
        if (x->parent[i] >= 0)
            text_join(&t, " ", "%" PRId64, x->parent[i]);
    }
    if (x->told_wall_ns)
        clock_format_utc(x->told_wall_ns, when);
    bytes_printf(out, ",%s,", parents);
    csv_text_cell(out, x->reason);
    bytes_printf(out, ",%s", when);
}

static void csv_line(const struct results *r, const struct headings *h, const struct results_individual *x, struct bytes *out)
{
    bool active[SPACE_GENES_MAX];
    char flags[96];
    bytes_printf(out, "%" PRIu64 ",", x->id);
    csv_text_cell(out, x->state);
    bytes_printf(out, ",%d", x->on_front);
    for (unsigned i = 0; i < h->n; i++) {
        const struct metric_value *v = results_value(x, h->metric[i], h->board[i]);
        csv_number(out, v ? v->value : NAN);
        csv_number(out, v ? v->low : NAN);
        csv_number(out, v ? v->high : NAN);
        bytes_printf(out, ",");
        if (v)
            bytes_printf(out, "%u", v->n);
    }
    space_active(&r->spec.space, &x->genotype, active);
    for (unsigned j = 0; j < r->spec.space.n_genes; j++) {
        bytes_printf(out, ",");
        if (active[j])
            csv_text_cell(out, r->spec.space.gene[j].label[x->genotype.allele[j]]);
    }
    format_flags(x->flags, flags);
    bytes_printf(out, ",");
    csv_text_cell(out, x->arm);
    bytes_printf(out, ",%u,", x->generation);
    csv_text_cell(out, x->board);
    bytes_printf(out, ",");
    csv_text_cell(out, flags);
    bytes_printf(out, ",%u", x->told_order);
    csv_number(out, x->hypervolume);
    csv_number(out, results_violation(r, x));
    csv_origin(x, out);
    bytes_printf(out, "\n");
}

void csv_text(const struct results *r, bool all, struct bytes *out)
{
    struct headings *h = collect_headings(r, all);
    csv_header(r, h, out);
    size_t n = all ? r->n_individuals : r->n_front;
    for (size_t i = 0; i < n; i++)
        csv_line(r, h, &r->individual[all ? i : r->front[i]], out);
    free(h);
}

static void yaml_individual(const struct results *r, const struct results_individual *x, struct bytes *out)
{
    bool active[SPACE_GENES_MAX], first = true;
    bytes_printf(out, "  - id: %" PRIu64 "\n    front: %s\n    metrics: {", x->id, x->on_front ? "true" : "false");
    for (uint32_t i = 0; i < x->n_metrics; i++) {
        bytes_printf(out, "%s", i ? ", " : "");
        yaml_scalar(out, x->metric[i].name);
        bytes_printf(out, ": %.10g", x->metric[i].value);
    }
    bytes_printf(out, "}\n    genes: {");
    space_active(&r->spec.space, &x->genotype, active);
    for (unsigned j = 0; j < r->spec.space.n_genes; j++) {
        const struct gene *g = &r->spec.space.gene[j];
        unsigned a = x->genotype.allele[j];
        if (!active[j])
            continue;
        bytes_printf(out, "%s", first ? "" : ", ");
        if (name_is_valid(g->name, sizeof g->name))
            bytes_printf(out, "%s", g->name);
        else
            yaml_scalar(out, g->name);
        bytes_printf(out, ": ");
        if (isfinite(g->value[a]))
            bytes_printf(out, "%s", g->label[a]);
        else
            yaml_scalar(out, g->label[a]);
        first = false;
    }
    bytes_printf(out, "}\n");
}

void yaml_text(const struct results *r, bool all, struct bytes *out)
{
    bytes_printf(out, "search: ");
    yaml_scalar(out, r->spec.name);
    bytes_printf(out, "\nspace: ");
    yaml_scalar(out, r->spec.space.name);
    bytes_printf(out, "\nsupernet: ");
    yaml_scalar(out, r->spec.supernet);
    bytes_printf(out, "\nindividuals:\n");
    size_t n = all ? r->n_individuals : r->n_front;
    if (!n)
        bytes_printf(out, "  []\n");
    for (size_t i = 0; i < n; i++)
        yaml_individual(r, &r->individual[all ? i : r->front[i]], out);
}
