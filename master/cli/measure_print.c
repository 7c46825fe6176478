/* See measure_print.h. */
#include "cli/measure_print.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/medium.h"
#include "base/memory.h"
#include "cli/json.h"
#include "cli/text_table.h"

/* A file on a board: the individual, or NULL while the search ended without it. */
struct cell {
    const struct farm_run *run;
    const struct results_individual *x;
};

static struct cell cell_of(const struct farm_run *run, size_t file)
{
    struct cell c = {.run = run};
    for (size_t i = 0; i < run->results->n_individuals; i++) {
        const struct results_individual *x = &run->results->individual[i];
        if (run->first + x->genotype.allele[0] == file)
            c.x = x;
    }
    return c;
}

static const struct metric_value *value_of(const struct cell *c, const char *metric)
{
    return c->x && !strcmp(c->x->state, "done") ? results_value(c->x, metric, c->run->board) : NULL;
}

static const char *reason_of(const struct cell *c)
{
    if (!c->x)
        return c->run->results->status.reason[0] ? c->run->results->status.reason : "the search ended before it was measured";
    return c->x->reason[0] ? c->x->reason : c->x->state;
}

/* pi, pi engine x4 … */
static void heading_of(const struct farm_request *r, const struct farm_run *run, char text[96])
{
    char threads[16] = "", executor[20] = "";
    if (r->n_threads > 1)
        snprintf(threads, sizeof threads, " x%u", run->threads);
    if (r->n_executors > 1)
        snprintf(executor, sizeof executor, " %.15s", run->executor);
    snprintf(text, 96, "%.48s%s%s", run->board, executor, threads);
}

static bool holds(const struct farm_run *run, size_t file) { return file >= run->first && file < run->first + run->n; }

static void put_value(struct text_table *t, const struct cell *c, const char *metric)
{
    const struct metric_value *v = value_of(c, metric);
    if (!v)
        text_table_cell(t, "%.40s", c->x ? c->x->state : "not measured");
    else if (v->low < v->high)
        text_table_cell(t, "%.4g [%.4g, %.4g]%s", v->value, v->low, v->high, c->x->flags & FLAG_NOISY ? " noisy" : "");
    else
        text_table_cell(t, "%.4g", v->value);
}

/* Models down, boards across; columns are those runs that hold the first file. */
static void print_table(const struct farm_request *r, const struct farm_run *run, size_t n, const char *metric, FILE *out)
{
    struct text_table *t = text_table_new();
    const char *unit = metric_unit(metric);
    char heading[96];
    snprintf(heading, sizeof heading, "%.40s%s%s", metric, unit[0] ? " " : "", unit);
    text_table_column(t, heading, false);
    for (size_t i = 0; i < n; i++) {
        heading_of(r, &run[i], heading);
        if (holds(&run[i], 0))
            text_table_column(t, heading, true);
    }
    for (size_t f = 0; f < r->n_files; f++) {
        text_table_cell(t, "%.120s", r->file[f]);
        for (size_t i = 0; i < n; i++) {
            struct cell c = holds(&run[i], f) ? cell_of(&run[i], f) : (struct cell){NULL, NULL};
            if (c.run)
                put_value(t, &c, metric);
        }
    }
    text_table_print(t, out);
    text_table_free(t);
}

/* The ratio of two values with an interval from both, which are taken as independent: their half-widths on the log scale add as squares. */
static bool ratio_of(const struct metric_value *a, const struct metric_value *b, struct metric_value *ret)
{
    if (!a || !b || !(a->low > 0) || !(b->low > 0))
        return false;
    double half = hypot(log(a->high / a->low) / 2, log(b->high / b->low) / 2), ratio = b->value / a->value;
    *ret = (struct metric_value){.value = ratio, .low = ratio * exp(-half), .high = ratio * exp(half)};
    return true;
}

static void print_ratios(const struct farm_request *r, const struct farm_run *run, size_t n, FILE *out)
{
    fprintf(out, "\n%s against %s:\n", r->file[1], r->file[0]);
    for (size_t i = 0; i < n; i++) {
        struct cell a = cell_of(&run[i], 0), b = cell_of(&run[i], 1);
        char heading[96];
        heading_of(r, &run[i], heading);
        for (unsigned k = 0; k < r->n_metrics; k++) {
            struct metric_value v;
            if (!ratio_of(value_of(&a, r->metric[k]), value_of(&b, r->metric[k]), &v))
                continue;
            bool same = v.low <= 1 && v.high >= 1;
            fprintf(out, "  %s, %s: %.4g x [%.4g, %.4g]%s\n", heading, r->metric[k], v.value, v.low, v.high, same ? ", not told apart" : "");
        }
    }
}

static cJSON *json_cell(const struct farm_request *r, const struct cell *c, size_t file)
{
    cJSON *o = cJSON_CreateObject(), *metrics = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "model", r->file[file]);
    cJSON_AddStringToObject(o, "board", c->run->board);
    cJSON_AddStringToObject(o, "executor", c->run->executor);
    cJSON_AddNumberToObject(o, "threads", c->run->threads);
    cJSON_AddStringToObject(o, "tier", r->tier);
    json_integer(o, "search", (int64_t)c->run->search);
    cJSON_AddStringToObject(o, "state", c->x ? c->x->state : "canceled");
    cJSON_AddStringToObject(o, "reason", c->x && !strcmp(c->x->state, "done") ? "" : reason_of(c));
    cJSON_AddBoolToObject(o, "reused", c->x && c->x->reused);
    json_flags(o, c->x ? c->x->flags : 0);
    for (unsigned k = 0; k < r->n_metrics; k++) {
        const struct metric_value *v = value_of(c, r->metric[k]);
        cJSON *m = cJSON_AddObjectToObject(metrics, r->metric[k]);
        json_number(m, "value", v ? v->value : (double)NAN);
        json_number(m, "low", v ? v->low : (double)NAN);
        json_number(m, "high", v ? v->high : (double)NAN);
    }
    cJSON_AddItemToObject(o, "metrics", metrics);
    return o;
}

static void print_csv_cell(const struct farm_request *r, const struct cell *c, size_t file, FILE *out)
{
    struct bytes name = {0};
    csv_text_cell(&name, r->file[file]);
    for (unsigned k = 0; k < r->n_metrics; k++) {
        const struct metric_value *v = value_of(c, r->metric[k]);
        fprintf(out, "%.*s,%s,%s,%u,%s,%s", (int)name.size, (const char *)name.data, c->run->board, c->run->executor, c->run->threads, r->metric[k],
                c->x ? c->x->state : "canceled");
        if (v)
            fprintf(out, ",%.9g,%.9g,%.9g\n", v->value, v->low, v->high);
        else
            fputs(",,,\n", out);
    }
    bytes_fini(&name);
}

/* In JSON and CSV a row for each file on each board. */
static void print_rows(const struct farm_request *r, const struct farm_run *run, size_t n, FILE *out)
{
    cJSON *list = r->json ? cJSON_CreateArray() : NULL;
    if (!list)
        fputs("model,board,executor,threads,metric,state,value,low,high\n", out);
    for (size_t i = 0; i < n; i++)
        for (size_t f = run[i].first; f < run[i].first + run[i].n; f++) {
            struct cell c = cell_of(&run[i], f);
            if (list)
                cJSON_AddItemToArray(list, json_cell(r, &c, f));
            else
                print_csv_cell(r, &c, f, out);
        }
    if (list)
        (void)!json_print(list);
}

/* What is missing or too slow, told on stderr. */
static int judge(const struct farm_request *r, const struct farm_run *run, size_t n)
{
    int code = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t f = run[i].first; f < run[i].first + run[i].n; f++) {
            struct cell c = cell_of(&run[i], f);
            const struct metric_value *latency = value_of(&c, "latency");
            if (!c.x || strcmp(c.x->state, "done")) {
                fprintf(stderr, "sonata measure: %s on %s: %s\n", r->file[f], run[i].board, reason_of(&c));
                code = -EDOM;
            } else if (r->max_latency_ms > 0 && latency && latency->value > r->max_latency_ms) {
                fprintf(stderr, "sonata measure: %s on %s: %.4g ms is above %.4g ms\n", r->file[f], run[i].board, latency->value, r->max_latency_ms);
                code = -EDOM;
            }
        }
    return code;
}

int measure_print(const struct farm_request *r, const struct farm_run *run, size_t n, FILE *out)
{
    if (r->json || r->csv) {
        print_rows(r, run, n, out);
        return judge(r, run, n);
    }
    for (unsigned k = 0; k < r->n_metrics; k++) {
        if (k)
            fputc('\n', out);
        print_table(r, run, n, r->metric[k], out);
    }
    if (r->compare)
        print_ratios(r, run, n, out);
    fflush(out);
    return judge(r, run, n);
}
