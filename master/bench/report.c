/* See report.h: the text and the JSON. */
#include "bench/report.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

void report_problem(const struct report *r, FILE *out)
{
    const struct problem *p = r->p;
    fprintf(out, "space      %s: %u genes, %.4g architectures\n", p->space.name, p->space.n_genes, p->n_space ? (double)p->n_space : p->size);
    fprintf(out, "table      %s: %zu rows, %zu distinct architectures\n", p->table, p->n_rows, p->n_architectures);
    for (unsigned i = 0; i < p->n_quantities; i++) {
        const struct quantity *q = &p->quantity[i];
        if (q->missing)
            fprintf(out, "column     %s: %zu of %zu rows are not measured and are skipped\n", q->column, q->missing, p->n_rows);
        if (!q->fit)
            continue;
        fprintf(out, "fit        %s: %s on %zu rows, 5-fold R2 %.6f, rmse %.4g, largest residual %.3g", q->column,
                q->report.exact_sum ? "exact sum over blocks of genes" : "kernel ridge, degree 2", q->report.used, q->report.r2, q->report.rmse,
                q->report.max_residual);
        fprintf(out, q->report.unseen ? ", %zu joint values of a block in no row\n" : "\n", q->report.unseen);
    }
    if (!p->complete)
        fprintf(out, "note       architectures the table does not hold are answered as failed and do not count\n");
    for (unsigned j = 0; j < p->n_objectives; j++) {
        const struct problem_objective *o = &p->objective[j];
        fprintf(out, "objective  %s %s: ideal %.10g, reference %.10g", p->quantity[o->truth].column, o->maximise ? "max" : "min",
                problem_original(p, j, r->judge->ideal[j]), problem_original(p, j, r->judge->reference[j]));
        if (o->percent)
            fprintf(out, " (as errors %.10g, %.10g)", r->judge->ideal[j], r->judge->reference[j]);
        if (o->seen != o->truth)
            fprintf(out, ", searched on %s", p->quantity[o->seen].column);
        if (o->noise > 0)
            fprintf(out, ", noise %g", o->noise);
        fprintf(out, "\n");
    }
    size_t inside = 0;
    for (size_t i = 0; i < r->reference->front.n; i++) {
        bool in = true;
        for (unsigned j = 0; j < p->n_objectives; j++)
            in = in && r->reference->front.f[i * p->n_objectives + j] < r->judge->reference[j];
        inside += in;
    }
    fprintf(out, "best front %zu members, %zu within the reference, hypervolume %.6f (%s%s)\n\n", r->reference->front.n, inside, r->judge->best,
            r->reference->how, r->reference->cached ? ", cached" : "");
}

static void print_number(FILE *out, double v, const char *format)
{
    if (isfinite(v))
        fprintf(out, format, v);
    else
        fprintf(out, "%8s", "-");
}

static void print_curves(const struct report *r, FILE *out)
{
    fprintf(out, "hypervolume, %% of the best-known front: median [quartiles]\n%-36s", r->o->cost.n ? "cost in whole evaluations" : "evaluations");
    for (unsigned c = 0; c < r->o->n_at; c++)
        fprintf(out, "%20u", r->o->at[c]);
    fprintf(out, "\n");
    for (unsigned a = 0; a < r->summary->n_algorithms; a++) {
        const struct algorithm_summary *s = &r->summary->algorithm[a];
        fprintf(out, "%-36s", s->name);
        for (unsigned c = 0; c < r->o->n_at; c++) {
            if (c < s->n_at)
                fprintf(out, "  %5.1f [%4.1f, %5.1f]", 100 * s->at[c].median, 100 * s->at[c].q1, 100 * s->at[c].q3);
            else
                fprintf(out, "%20s", "-");
        }
        fprintf(out, "\n");
        if (!s->n_told)
            continue;
        fprintf(out, "%-36s", "  the front the user is told");
        for (unsigned c = 0, k = 0; c < r->o->n_at; c++) {
            if (k < s->n_told && s->told[k].evaluations == r->o->at[c]) {
                fprintf(out, "  %5.1f [%4.1f, %5.1f]", 100 * s->told[k].median, 100 * s->told[k].q1, 100 * s->told[k].q3);
                k++;
            } else {
                fprintf(out, "%20s", "-");
            }
        }
        fprintf(out, "  %.0f members, %.0f replicates\n", s->told_front, s->told_replicates);
    }
}

static void print_targets(const struct report *r, FILE *out)
{
    fprintf(out, "\nevaluations to a share of the best-known hypervolume: median (runs that got there)\n%-36s", "");
    for (unsigned k = 0; k < TARGETS; k++)
        fprintf(out, "%13.3g%%", 100 * r->summary->algorithm[0].target[k].target);
    fprintf(out, "\n");
    for (unsigned a = 0; a < r->summary->n_algorithms; a++) {
        const struct algorithm_summary *s = &r->summary->algorithm[a];
        fprintf(out, "%-36s", s->name);
        for (unsigned k = 0; k < TARGETS; k++) {
            print_number(out, s->target[k].evaluations, "%8.0f");
            fprintf(out, " %2u/%-2u", s->target[k].reached, s->target[k].runs);
        }
        fprintf(out, "\n");
        if (!r->o->workers)
            continue;
        fprintf(out, "%-36s", "  virtual time");
        for (unsigned k = 0; k < TARGETS; k++) {
            print_number(out, s->target[k].wall, "%8.1f");
            fprintf(out, "      ");
        }
        fprintf(out, "\n");
    }
}

static void print_costs(const struct report *r, FILE *out)
{
    fprintf(out, "\n%-36s %9s %9s %9s %9s %9s %9s %9s %7s %7s\n", "", "IGD+ last", "ask p50", "ask p99", "CPU/cand.", "last 1/5", "wall", "busy",
            "repeats", "retried");
    for (unsigned a = 0; a < r->summary->n_algorithms; a++) {
        const struct algorithm_summary *s = &r->summary->algorithm[a];
        fprintf(out, "%-36s %9.4f %6.2f ms %6.2f ms %6.2f ms %6.2f ms %9.1f %8.1f%% %7llu %7llu\n", s->name, s->n_at ? s->igd_plus[s->n_at - 1] : NAN,
                s->ask_p50_ms, s->ask_p99_ms, s->cpu_ms, s->late_cpu_ms, s->wall, 100 * s->busy, (unsigned long long)s->duplicates,
                (unsigned long long)s->retried);
        if (s->given_up || s->unmeasured || s->short_runs)
            fprintf(out, "  %llu evaluations given up after three failures, %llu proposals not in the table, %u runs ended before their budget\n",
                    (unsigned long long)s->given_up, (unsigned long long)s->unmeasured, s->short_runs);
    }
}

static void print_bias_point(FILE *out, const char *name, const struct bias_point *b)
{
    fprintf(out, "%-36s %8.0f %8.1f%% %12.5g ", name, b->evaluations, 100 * b->hv, b->delay);
    print_number(out, b->slow_igd, "%10.4f");
    fprintf(out, "\n");
}

static void print_bias(const struct report *r, FILE *out)
{
    const struct summary *s = r->summary;
    if (!s->bias)
        return;
    fprintf(out, "\n%-36s %8s %9s %12s %10s\n", "are slow evaluations missed?", "evals", "HV", "mean delay", "slow IGD+");
    for (unsigned c = 0; c < r->o->n_at; c++) {
        for (unsigned a = 0; a < s->n_algorithms; a++) {
            if (c < s->algorithm[a].n_at)
                print_bias_point(out, s->algorithm[a].name, &s->algorithm[a].bias[c]);
        }
    }
    fprintf(out, "by virtual time %.6g\n", s->wall);
    for (unsigned a = 0; a < s->n_algorithms; a++)
        print_bias_point(out, s->algorithm[a].name, &s->algorithm[a].bias_timed);
}

static void print_pairs(const struct report *r, FILE *out)
{
    if (!r->summary->n_pairs)
        return;
    fprintf(out, "\n%-40s %6s %6s %6s %9s %9s %9s %8s %8s\n", "a against b", "evals", "C(a,b)", "C(b,a)", "HV a - b", "wins", "p (Holm)", "to level",
            "ratio");
    for (unsigned i = 0; i < r->summary->n_pairs; i++) {
        const struct pair_summary *p = &r->summary->pair[i];
        double reverse = NAN;
        for (unsigned k = 0; k < r->summary->n_pairs; k++) {
            const struct pair_summary *q = &r->summary->pair[k];
            reverse = q->a == p->b && q->b == p->a && q->evaluations == p->evaluations ? q->c : reverse;
        }
        char name[2 * BENCH_TEXT_MAX + 16];
        snprintf(name, sizeof name, "%s - %s", r->summary->algorithm[p->a].name, r->summary->algorithm[p->b].name);
        fprintf(out, "%-40s %6u ", name, p->evaluations);
        if (isfinite(p->c))
            fprintf(out, "%6.3f %6.3f %+9.2f %5u/%-3u %9.2g ", p->c, reverse, 100 * p->median, p->wins, p->pairs, p->p_holm);
        else
            fprintf(out, "%6s %6s %9s %9s %9s ", "-", "-", "-", "-", "-");
        print_number(out, p->needed, "%8.0f");
        fprintf(out, " ");
        print_number(out, p->ratio, "%8.3f");
        fprintf(out, "\n");
    }
}

void report_text(const struct report *r, FILE *out)
{
    print_curves(r, out);
    print_targets(r, out);
    print_costs(r, out);
    print_bias(r, out);
    print_pairs(r, out);
}

static void add_number(cJSON *object, const char *name, double v)
{
    if (isfinite(v))
        cJSON_AddNumberToObject(object, name, v);
    else
        cJSON_AddNullToObject(object, name);
}

static void add_curve(cJSON *object, const char *name, const struct curve_point *point, unsigned n)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);
    for (unsigned k = 0; k < n; k++) {
        cJSON *e = cJSON_CreateObject();
        cJSON_AddNumberToObject(e, "evaluations", point[k].evaluations);
        add_number(e, "median", point[k].median);
        add_number(e, "q1", point[k].q1);
        add_number(e, "q3", point[k].q3);
        cJSON_AddItemToArray(list, e);
    }
}

static void add_targets(cJSON *object, const struct algorithm_summary *s, bool wall)
{
    cJSON *list = cJSON_AddArrayToObject(object, "to");
    for (unsigned k = 0; k < TARGETS; k++) {
        cJSON *e = cJSON_CreateObject();
        cJSON_AddNumberToObject(e, "target", s->target[k].target);
        add_number(e, "median", s->target[k].evaluations);
        cJSON_AddNumberToObject(e, "reached", s->target[k].reached);
        cJSON_AddNumberToObject(e, "runs", s->target[k].runs);
        if (wall)
            add_number(e, "wall", s->target[k].wall);
        cJSON_AddItemToArray(list, e);
    }
}

static void add_bias(cJSON *object, const struct bias_point *b)
{
    add_number(object, "evaluations", b->evaluations);
    add_number(object, "hv", b->hv);
    add_number(object, "mean_delay", b->delay);
    add_number(object, "slow_igd_plus", b->slow_igd);
}

static void add_biases(cJSON *algorithm, const struct summary *summary, const struct algorithm_summary *s)
{
    cJSON *list = cJSON_AddArrayToObject(algorithm, "bias");
    for (unsigned c = 0; c < s->n_at; c++) {
        cJSON *e = cJSON_CreateObject();
        add_bias(e, &s->bias[c]);
        cJSON_AddItemToArray(list, e);
    }
    cJSON *timed = cJSON_AddObjectToObject(algorithm, "bias_timed");
    add_number(timed, "wall", summary->wall);
    add_bias(timed, &s->bias_timed);
}

static cJSON *algorithm_json(const struct report *r, const struct algorithm_summary *s, const struct bench_algorithm *algorithm)
{
    cJSON *a = cJSON_CreateObject();
    cJSON_AddStringToObject(a, "name", s->name);
    cJSON_AddNumberToObject(a, "budget", algorithm->params.budget);
    add_curve(a, "hv", s->point, s->n_points);
    if (s->n_told) {
        add_curve(a, "told", s->told, s->n_told);
        add_number(a, "told_front", s->told_front);
        add_number(a, "told_replicates", s->told_replicates);
    }
    add_targets(a, s, r->o->workers > 0);
    add_number(a, "igd_plus", s->n_at ? s->igd_plus[s->n_at - 1] : NAN);
    cJSON *at = cJSON_AddArrayToObject(a, "fronts");
    for (unsigned c = 0; c < s->n_at; c++) {
        cJSON *e = cJSON_CreateObject();
        cJSON_AddNumberToObject(e, "evaluations", r->o->at[c]);
        add_number(e, "hv", s->at[c].median);
        add_number(e, "igd_plus", s->igd_plus[c]);
        add_number(e, "members", s->front[c]);
        cJSON_AddItemToArray(at, e);
    }
    cJSON_AddNumberToObject(a, "duplicates", (double)s->duplicates);
    cJSON_AddNumberToObject(a, "given_up", (double)s->given_up);
    cJSON_AddNumberToObject(a, "retried", (double)s->retried);
    cJSON_AddNumberToObject(a, "not_in_table", (double)s->unmeasured);
    cJSON_AddNumberToObject(a, "short_runs", s->short_runs);
    cJSON *ask = cJSON_AddObjectToObject(a, "ask_ms");
    add_number(ask, "p50", s->ask_p50_ms);
    add_number(ask, "p99", s->ask_p99_ms);
    add_number(a, "cpu_ms_per_candidate", s->cpu_ms);
    add_number(a, "cpu_ms_per_late_candidate", s->late_cpu_ms);
    add_number(a, "wall", s->wall);
    add_number(a, "busy", s->busy);
    if (r->summary->bias)
        add_biases(a, r->summary, s);
    return a;
}

static void add_pairs(cJSON *root, const struct summary *s)
{
    cJSON *c = cJSON_AddArrayToObject(root, "c"), *paired = cJSON_AddArrayToObject(root, "paired"), *level = cJSON_AddArrayToObject(root, "level");
    for (unsigned i = 0; i < s->n_pairs; i++) {
        const struct pair_summary *p = &s->pair[i];
        bool known = isfinite(p->c);
        cJSON *list[3] = {known ? c : NULL, NULL, level};
        if (known && p->a < p->b)
            list[1] = paired;
        for (unsigned k = 0; k < 3; k++) {
            if (!list[k])
                continue;
            cJSON *e = cJSON_CreateObject();
            cJSON_AddStringToObject(e, "a", s->algorithm[p->a].name);
            cJSON_AddStringToObject(e, "b", s->algorithm[p->b].name);
            cJSON_AddNumberToObject(e, "evaluations", p->evaluations);
            if (k == 0)
                add_number(e, "mean", p->c);
            if (k == 1) {
                add_number(e, "difference", p->median);
                add_number(e, "mean", p->mean);
                add_number(e, "p", p->p);
                add_number(e, "p_holm", p->p_holm);
                cJSON_AddNumberToObject(e, "wins", p->wins);
                cJSON_AddNumberToObject(e, "runs", p->pairs);
            }
            if (k == 2) {
                add_number(e, "level", p->level);
                add_number(e, "needed", p->needed);
                add_number(e, "needed_by_b", p->base);
                add_number(e, "ratio", p->ratio);
                cJSON_AddNumberToObject(e, "reached", p->reached);
            }
            cJSON_AddItemToArray(list[k], e);
        }
    }
}

static void add_problem(cJSON *root, const struct report *r)
{
    const struct problem *p = r->p;
    cJSON *problem = cJSON_AddObjectToObject(root, "problem");
    cJSON_AddStringToObject(problem, "space", p->space.name);
    cJSON_AddStringToObject(problem, "table", p->table);
    cJSON_AddNumberToObject(problem, "rows", (double)p->n_rows);
    cJSON *objectives = cJSON_AddArrayToObject(problem, "objectives");
    for (unsigned j = 0; j < p->n_objectives; j++) {
        const struct problem_objective *o = &p->objective[j];
        cJSON *e = cJSON_CreateObject();
        cJSON_AddStringToObject(e, "column", p->quantity[o->truth].column);
        cJSON_AddStringToObject(e, "goal", o->maximise ? "max" : "min");
        cJSON_AddStringToObject(e, "searched_on", p->quantity[o->seen].column);
        cJSON_AddNumberToObject(e, "noise", o->noise);
        cJSON_AddNumberToObject(e, "ideal", problem_original(p, j, r->judge->ideal[j]));
        cJSON_AddNumberToObject(e, "reference", problem_original(p, j, r->judge->reference[j]));
        cJSON_AddItemToArray(objectives, e);
    }
    cJSON *fits = cJSON_AddArrayToObject(problem, "fits");
    for (unsigned i = 0; i < p->n_quantities; i++) {
        const struct quantity *q = &p->quantity[i];
        if (!q->fit)
            continue;
        cJSON *e = cJSON_CreateObject();
        cJSON_AddStringToObject(e, "column", q->column);
        cJSON_AddStringToObject(e, "form", q->report.exact_sum ? "sum" : "ridge");
        cJSON_AddNumberToObject(e, "rows", (double)q->report.used);
        cJSON_AddNumberToObject(e, "r2", q->report.r2);
        cJSON_AddNumberToObject(e, "rmse", q->report.rmse);
        cJSON_AddNumberToObject(e, "max_residual", q->report.max_residual);
        cJSON_AddItemToArray(fits, e);
    }
    cJSON *best = cJSON_AddObjectToObject(problem, "best_front");
    cJSON_AddNumberToObject(best, "members", (double)r->reference->front.n);
    cJSON_AddNumberToObject(best, "hypervolume", r->judge->best);
    cJSON_AddStringToObject(best, "how", r->reference->how);
}

int report_json(const struct report *r, const char *path, struct sonata_error *err)
{
    cJSON *root = cJSON_CreateObject();
    add_problem(root, r);
    cJSON_AddNumberToObject(root, "budget", r->o->budget);
    cJSON_AddBoolToObject(root, "cost", r->o->cost.n > 0);
    cJSON_AddNumberToObject(root, "seeds", r->o->seeds);
    cJSON_AddNumberToObject(root, "workers", r->o->workers);
    cJSON *algorithms = cJSON_AddArrayToObject(root, "algorithms");
    for (unsigned a = 0; a < r->summary->n_algorithms; a++)
        cJSON_AddItemToArray(algorithms, algorithm_json(r, &r->summary->algorithm[a], &r->o->algorithm[a]));
    add_pairs(root, r->summary);
    char *text = cJSON_Print(root);
    int code = file_write_atomic(path, text, strlen(text), err);
    cJSON_free(text);
    cJSON_Delete(root);
    return code;
}
