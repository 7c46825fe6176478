/* See report.h.
 *
 * The page holds its data as one JSON block, the program that draws it (report/report.js) and ECharts, all inline: it can be mailed, archived
 * and opened without a network. Text from outside goes through html_text() or, inside JSON, has '<' escaped, so nothing in a name becomes markup. */
#include "cli/report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/medium.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/outputs.h"

static void put(struct bytes *out, const char *text)
{
    bytes_append(out, text, strlen(text));
}

static void number_or_null(cJSON *array, double v)
{
    cJSON_AddItemToArray(array, isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull());
}

/* One hexadecimal digit per gene, '.' where it is inactive. */
static void genotype_code(const struct space *s, const struct genotype *g, char code[SPACE_GENES_MAX + 1])
{
    bool active[SPACE_GENES_MAX];
    space_active(s, g, active);
    for (unsigned j = 0; j < s->n_genes; j++)
        code[j] = active[j] ? "0123456789abcdef"[g->allele[j] & 15] : '.';
    code[s->n_genes] = 0;
}

/* Its metric has a column as an objective already. */
static bool is_objective(const struct results *r, const struct constraint *c)
{
    for (uint32_t k = 0; k < r->spec.n_objectives; k++) {
        if (!strcmp(r->spec.objective[k].metric, c->metric) && !strcmp(r->spec.objective[k].board, c->board))
            return true;
    }
    return false;
}

static cJSON *point_json(const struct results *r, const struct results_individual *x)
{
    char code[SPACE_GENES_MAX + 1];
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "i", (double)x->id);
    bool breaks = !strcmp(x->state, "done") && results_violation(r, x) > 0;
    cJSON_AddStringToObject(o, "s", breaks ? "violates" : x->state);
    cJSON_AddNumberToObject(o, "f", x->on_front);
    if (x->unseparable)
        cJSON_AddNumberToObject(o, "n", (double)x->rival);
    cJSON_AddStringToObject(o, "a", x->arm);
    cJSON *v = cJSON_AddArrayToObject(o, "v"), *l = cJSON_AddArrayToObject(o, "l"), *u = cJSON_AddArrayToObject(o, "u"),
          *c = cJSON_AddArrayToObject(o, "c");
    for (uint32_t k = 0; k < r->spec.n_objectives; k++) {
        const struct metric_value *m = results_value(x, r->spec.objective[k].metric, r->spec.objective[k].board);
        number_or_null(v, m ? m->value : NAN);
        number_or_null(l, m ? m->low : NAN);
        number_or_null(u, m ? m->high : NAN);
    }
    for (uint32_t k = 0; k < r->spec.n_constraints; k++) {
        const struct metric_value *m = results_value(x, r->spec.constraint[k].metric, r->spec.constraint[k].board);
        if (!is_objective(r, &r->spec.constraint[k]))
            number_or_null(c, m ? m->value : NAN);
    }
    json_number(o, "h", x->told_order ? x->hypervolume : NAN);
    json_number(o, "o", x->told_order ? (double)x->told_order : (double)NAN);
    genotype_code(&r->spec.space, &x->genotype, code);
    cJSON_AddStringToObject(o, "g", code);
    return o;
}

static cJSON *metric_json(const char *metric, const char *board, const char *goal)
{
    char name[METRIC_NAME_MAX + BOARD_NAME_MAX + 2];
    cJSON *o = cJSON_CreateObject();
    results_heading(metric, board, name);
    cJSON_AddStringToObject(o, "name", name);
    cJSON_AddStringToObject(o, "unit", metric_unit(metric));
    cJSON_AddStringToObject(o, "goal", goal);
    return o;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* Quantiles and window medians in milliseconds of one measurement; NULL when it has no samples. */
static cJSON *spread_json(const struct results_measurement *record)
{
    const struct measurement *m = &record->m;
    static const double quantile[] = {0.05, 0.25, 0.5, 0.75, 0.95};
    char flags[96];
    if (m->outcome != OUTCOME_OK || !m->n_samples)
        return NULL;
    float *sorted = xmemdup(m->samples_us, m->n_samples * sizeof *sorted);
    qsort(sorted, m->n_samples, sizeof *sorted, compare_floats);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "id", (double)record->individual);
    cJSON_AddNumberToObject(o, "n", m->n_samples);
    cJSON_AddStringToObject(o, "board", m->board);
    format_flags(m->flags, flags);
    cJSON_AddStringToObject(o, "flags", flags);
    cJSON *q = cJSON_AddArrayToObject(o, "q"), *w = cJSON_AddArrayToObject(o, "w");
    for (size_t i = 0; i < 5; i++)
        number_or_null(q, (double)sorted[(size_t)(quantile[i] * (m->n_samples - 1) + 0.5)] / 1000);
    for (uint32_t i = 0; i < m->n_windows; i++)
        number_or_null(w, (double)m->window_median_us[i] / 1000);
    free(sorted);
    return o;
}

static cJSON *genes_json(const struct space *s)
{
    cJSON *list = cJSON_CreateArray();
    for (unsigned j = 0; j < s->n_genes; j++) {
        cJSON *g = cJSON_CreateObject();
        cJSON_AddStringToObject(g, "name", s->gene[j].name);
        cJSON *choices = cJSON_AddArrayToObject(g, "choices");
        for (unsigned v = 0; v < s->gene[j].n_choices; v++)
            cJSON_AddItemToArray(choices, cJSON_CreateString(s->gene[j].label[v]));
        if (s->gene[j].block >= 0)
            cJSON_AddNumberToObject(g, "block", s->gene[j].block);
        else
            cJSON_AddNullToObject(g, "block");
        cJSON_AddItemToArray(list, g);
    }
    return list;
}

static cJSON *data_json(const struct results *r)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *objectives = cJSON_AddArrayToObject(o, "objectives"), *constraints = cJSON_AddArrayToObject(o, "constraints");
    for (uint32_t i = 0; i < r->spec.n_objectives; i++)
        cJSON_AddItemToArray(
            objectives, metric_json(r->spec.objective[i].metric, r->spec.objective[i].board, r->spec.objective[i].goal == GOAL_MAX ? "max" : "min"));
    for (uint32_t i = 0; i < r->spec.n_constraints; i++) {
        if (!is_objective(r, &r->spec.constraint[i]))
            cJSON_AddItemToArray(constraints, metric_json(r->spec.constraint[i].metric, r->spec.constraint[i].board, ""));
    }
    cJSON_AddItemToObject(o, "genes", genes_json(&r->spec.space));
    cJSON *points = cJSON_AddArrayToObject(o, "points"), *front = cJSON_AddArrayToObject(o, "front"), *spread = cJSON_AddArrayToObject(o, "spread");
    for (size_t i = 0; i < r->n_individuals; i++)
        cJSON_AddItemToArray(points, point_json(r, &r->individual[i]));
    for (size_t i = 0; i < r->n_front; i++)
        cJSON_AddItemToArray(front, cJSON_CreateNumber(r->front[i]));
    for (size_t i = 0; i < r->n_measurements; i++) {
        cJSON *s = spread_json(&r->measurement[i]);
        if (s)
            cJSON_AddItemToArray(spread, s);
    }
    cJSON_AddItemToObject(o, "insight", json_insight(r));
    return o;
}

/* JSON inside <script>: '<' could end the element. */
static void put_data(struct bytes *out, const struct results *r)
{
    char *text = json_text(data_json(r), true);
    put(out, "<script type=\"application/json\" id=\"data\">");
    for (const char *p = text; *p; p++) {
        if (*p == '<')
            put(out, "\\u003c");
        else
            bytes_put_u8(out, (uint8_t)*p);
    }
    put(out, "</script>\n");
    free(text);
}

static void tile(struct bytes *out, const char *label, const char *format, ...) SONATA_PRINTF(3, 4);
static void tile(struct bytes *out, const char *label, const char *format, ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put(out, "<div class=\"tile\"><b>");
    html_text(out, text);
    put(out, "</b><span>");
    html_text(out, label);
    put(out, "</span></div>\n");
}

static void put_tiles(struct bytes *out, const struct results *r)
{
    const struct results_status *s = &r->status;
    char active[16];
    format_duration(s->active_ns, active);
    put(out, "<div class=\"tiles\">\n");
    tile(out, "evaluations", "%u / %u", s->told, s->budget);
    tile(out, "on the front", "%zu", r->n_front);
    tile(out, "hypervolume", "%.4f", s->hypervolume);
    tile(out, "time", "%s", active);
    for (uint32_t o = 0; o < r->spec.n_objectives; o++) { /* best value of each objective on the front */
        const struct objective *objective = &r->spec.objective[o];
        double best = NAN;
        for (size_t i = 0; i < r->n_front; i++) {
            const struct metric_value *v = results_value(&r->individual[r->front[i]], objective->metric, objective->board);
            if (v && (isnan(best) || (objective->goal == GOAL_MAX ? v->value > best : v->value < best)))
                best = v->value;
        }
        char value[24], label[METRIC_NAME_MAX + BOARD_NAME_MAX + 12] = "best ";
        format_value(best, value);
        results_heading(objective->metric, objective->board, label + 5);
        tile(out, label, "%s %s", value, metric_unit(objective->metric));
    }
    put(out, "</div>\n");
}

static void put_front(struct bytes *out, const struct results *r)
{
    put(out, "<section><h2>Pareto front</h2>\n<p class=\"note\">Every dot is an architecture that was measured; the marked ones are not beaten in "
             "all objectives by any other. "
             "Point at a dot for its genes, click one to find it in the table, turn the wheel to zoom.</p>\n");
    if (r->spec.n_objectives > 2)
        put(out, "<p>across <select id=\"axis-x\"></select> up <select id=\"axis-y\"></select></p>\n");
    put(out, "<div class=\"chart\" id=\"front-chart\">\n");
    report_svg_front(r, out);
    put(out, "</div>\n</section>\n<section><h2>Progress</h2>\n<p class=\"note\">Hypervolume of the front over results: the share of the search's own "
             "box that it dominates. The box follows the first results, so early values move.</p>\n"
             "<div class=\"chart low\" id=\"hv-chart\">\n");
    report_svg_hypervolume(r, out);
    put(out, "</div>\n</section>\n<section><h2>The networks of the front</h2>\n<p class=\"note\">Small print: 95 % intervals; ≈ 7: not separable at "
             "95 % from number 7, which it beats in no objective by more than the noise. Genes that do not act are left out.</p>\n"
             "<div class=\"scroll\"><table id=\"front-table\"></table></div>\n<noscript><pre>");
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (memory) {
        front_table(r, memory);
        fclose(memory);
        html_text(out, text);
        free(text);
    }
    put(out, "</pre></noscript>\n</section>\n");
}

static void put_insight(struct bytes *out, const struct results *r)
{
    if (!r->insight.present)
        return;
    put(out, "<section><h2>What the models learned</h2>\n<p class=\"note\">Share of each gene in what the surrogate predicts, per objective");
    put(out,
        r->insight.trusted ? ".</p>\n<div class=\"two\">\n" : "; the models were not trusted at the end: read with care.</p>\n<div class=\"two\">\n");
    for (uint32_t o = 0; o < r->insight.n_objectives; o++)
        bytes_printf(out, "<div class=\"chart low\" id=\"importance-%u\"></div>\n", o);
    put(out, "</div>\n</section>\n");
}

static bool has_spread(const struct results *r)
{
    for (size_t i = 0; i < r->n_measurements; i++) {
        if (r->measurement[i].m.outcome == OUTCOME_OK && r->measurement[i].m.n_samples)
            return true;
    }
    return false;
}

static void put_spread(struct bytes *out, const struct results *r)
{
    if (!has_spread(r))
        return;
    put(out, "<section><h2>Measurement spread</h2>\n<p class=\"note\">Raw latency samples behind each front point: boxes from 25 to 75 %, whiskers 5 "
             "to 95 %, dots the medians of the "
             "windows.</p>\n<div class=\"chart low\" id=\"spread-chart\"><p class=\"note\">Drawn with ECharts.</p></div>\n</section>\n");
}

static void put_boards(struct bytes *out, const struct results_board *board, size_t n)
{
    if (!n)
        return;
    put(out, "<div class=\"scroll\"><table><tr><th class=\"text\">board</th><th class=\"text\">type</th><th class=\"text\">backend</th><th "
             "class=\"text\">supplies</th><th>done</th>"
             "<th>failed</th></tr>\n");
    for (size_t i = 0; i < n; i++) {
        const char *cell[] = {board[i].id, board[i].type, board[i].backend, board[i].metrics};
        put(out, "<tr>");
        for (size_t k = 0; k < 4; k++) {
            put(out, "<td class=\"text\">");
            html_text(out, cell[k]);
            put(out, "</td>");
        }
        bytes_printf(out, "<td>%llu</td><td>%llu</td></tr>\n", (unsigned long long)board[i].done, (unsigned long long)board[i].failed);
    }
    put(out, "</table></div>\n");
}

enum { FINGERPRINT_KEYS = 48, FINGERPRINT_VALUE = 120, FINGERPRINT_DISTINCT = 4 };

/* The key=value lines of all fingerprints of one board, joined: each key once, with its distinct values. */
struct joined {
    unsigned n_keys, n_values[FINGERPRINT_KEYS];
    char key[FINGERPRINT_KEYS][48];
    char value[FINGERPRINT_KEYS][FINGERPRINT_DISTINCT][FINGERPRINT_VALUE];
};

static void join_value(struct joined *j, const char *key, const char *value)
{
    unsigned k = 0;
    while (k < j->n_keys && strcmp(j->key[k], key))
        k++;
    if (k == FINGERPRINT_KEYS)
        return;
    if (k == j->n_keys)
        copy_string(j->key[j->n_keys++], sizeof j->key[k], key);
    unsigned n = min_of(j->n_values[k], FINGERPRINT_DISTINCT);
    for (unsigned v = 0; v < n; v++) {
        if (!strcmp(j->value[k][v], value))
            return;
    }
    if (j->n_values[k] < FINGERPRINT_DISTINCT)
        copy_string(j->value[k][j->n_values[k]], FINGERPRINT_VALUE, value);
    j->n_values[k]++;
}

static void join_fingerprint(struct joined *j, const char *text)
{
    while (*text) {
        char line[48 + FINGERPRINT_VALUE];
        size_t n = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)n, text);
        char *equals = strchr(line, '=');
        if (equals) {
            *equals = 0;
            join_value(j, line, equals + 1);
        }
        text += n + (text[n] == '\n');
    }
}

static void put_joined(struct bytes *out, const struct joined *j)
{
    put(out, "<pre>");
    for (unsigned k = 0; k < j->n_keys; k++) {
        html_text(out, j->key[k]);
        put(out, "=");
        for (unsigned v = 0; v < j->n_values[k] && v < FINGERPRINT_DISTINCT; v++) {
            put(out, v ? " | " : "");
            html_text(out, j->value[k][v]);
        }
        if (j->n_values[k] > FINGERPRINT_DISTINCT)
            bytes_printf(out, " | … %u more", j->n_values[k] - FINGERPRINT_DISTINCT);
        put(out, "\n");
    }
    put(out, "</pre>\n");
}

static void put_fingerprints(struct bytes *out, const struct results *r)
{
    for (size_t i = 0; i < r->n_measurements; i++) {
        const char *board = r->measurement[i].m.board;
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = !strcmp(r->measurement[k].m.board, board);
        if (seen)
            continue;
        struct joined *j = xcalloc(1, sizeof *j);
        unsigned n = 0;
        for (size_t k = i; k < r->n_measurements; k++) {
            if (strcmp(r->measurement[k].m.board, board))
                continue;
            join_fingerprint(j, r->measurement[k].m.fingerprint);
            n++;
        }
        put(out, "<h3>Fingerprint of ");
        html_text(out, board);
        bytes_printf(out,
                     "</h3>\n<p class=\"note\">System state recorded with the %u measurement%s behind the front; values that changed are separated "
                     "by |.</p>\n",
                     n, n == 1 ? "" : "s");
        put_joined(out, j);
        free(j);
    }
}

static void put_provenance(struct bytes *out, const struct results *r, const struct results_board *board, size_t n_boards)
{
    put(out, "<section><h2>Provenance</h2>\n");
    put_boards(out, board, n_boards);
    put_fingerprints(out, r);
    put(out, "<h3>Search</h3>\n<pre>");
    cJSON *spec = json_spec(&r->spec);
    cJSON_DeleteItemFromObject(cJSON_GetObjectItem(spec, "space"), "genes"); /* the table above shows them */
    char *text = json_text(spec, false);
    html_text(out, text);
    free(text);
    put(out, "</pre>\n</section>\n");
}

static void put_script(struct bytes *out, struct asset a)
{
    put(out, "<script>");
    bytes_append(out, a.data, a.size);
    put(out, "</script>\n");
}

/* The last failure of the user's program, with what it said. */
static void put_failure(struct bytes *out, const struct results_failure *f)
{
    if (!f->reason[0])
        return;
    put(out, "<p class=\"note\">The last failure, on board ");
    html_text(out, f->board);
    put(out, ": ");
    html_text(out, f->reason);
    put(out, "</p>\n");
    if (!f->output[0])
        return;
    put(out, "<pre class=\"said\">");
    html_text(out, f->output);
    put(out, "</pre>\n");
}

void report_html(const struct results *r, const struct results_board *board, size_t n_boards, int64_t generated_wall_ns, struct bytes *out)
{
    const struct results_status *s = &r->status;
    struct asset css = asset_report_css();
    char created[24], generated[24];
    clock_format_utc(s->created_wall_ns, created);
    clock_format_utc(generated_wall_ns, generated);
    put(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
             "initial-scale=1\">\n"
             "<link rel=\"icon\" href=\"data:,\">\n<title>SONATA: ");
    html_text(out, s->name);
    put(out, "</title>\n<style>\n");
    bytes_append(out, css.data, css.size);
    put(out, "</style>\n</head>\n<body>\n<main>\n<h1>");
    html_text(out, s->name);
    put(out, "</h1>\n<p class=\"lead\">");
    html_text(out, s->state);
    if (s->reason[0]) {
        put(out, " (");
        html_text(out, s->reason);
        put(out, ")");
    }
    put(out, " · space ");
    html_text(out, r->spec.space.name);
    bytes_printf(out, ", %.4g architectures · ", space_size(&r->spec.space));
    html_text(out, r->spec.algorithm);
    bytes_printf(out, ", seed %llu · started %s</p>\n", (unsigned long long)r->spec.seed, created);
    put_tiles(out, r);
    if (s->failed || s->infeasible)
        bytes_printf(out, "<p class=\"note\">%u architectures were infeasible and %u could not be measured; they are not drawn.</p>\n", s->infeasible,
                     s->failed);
    put_failure(out, &s->failure);
    put_front(out, r);
    put_spread(out, r);
    put_insight(out, r);
    put_provenance(out, r, board, n_boards);
    bytes_printf(out, "<footer>SONATA %s · %s</footer>\n</main>\n", SONATA_VERSION, generated);
    put_data(out, r);
    if (asset_echarts().size)
        put_script(out, asset_echarts());
    put_script(out, asset_report_js());
    put(out, "</body>\n</html>\n");
}
