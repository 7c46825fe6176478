/* From measured values to what the search core minimises: the metrics a specification names, the values an individual has of them, objectives and
 * the violation of constraints. */
#include "run/values.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "domain/analytic.h"

bool plan_is_analytic(const struct search_spec *spec, const char *metric, const char *board)
{
    return analytic_computes(&spec->space, metric, board);
}

bool plan_metric(const struct search_spec *spec, uint32_t i, const char **ret_metric, const char **ret_board)
{
    if (i < spec->n_objectives) {
        *ret_metric = spec->objective[i].metric;
        *ret_board = spec->objective[i].board;
        return true;
    }
    i -= spec->n_objectives;
    if (i >= spec->n_constraints)
        return false;
    *ret_metric = spec->constraint[i].metric;
    *ret_board = spec->constraint[i].board;
    return true;
}

static void metric_label(const char *metric, const char *board, char text[METRIC_NAME_MAX])
{
    if (board[0])
        snprintf(text, METRIC_NAME_MAX, "%s@%s", metric, board);
    else
        copy_string(text, METRIC_NAME_MAX, metric);
}

/* Place of the value of that name, n_metrics when there is none. */
static uint32_t place_of(const struct individual_record *ind, const char *label)
{
    uint32_t i = 0;
    while (i < ind->n_metrics && strcmp(ind->metric[i].name, label))
        i++;
    return i;
}

static const struct metric_value *find_value(const struct individual_record *ind, const char *label)
{
    uint32_t i = place_of(ind, label);
    return i < ind->n_metrics ? &ind->metric[i] : NULL;
}

static void set_value(struct individual_record *ind, const char *label, const struct metric_value *value)
{
    uint32_t i = place_of(ind, label);
    if (i == METRICS_MAX)
        return;
    ind->n_metrics += i == ind->n_metrics;
    ind->metric[i] = *value;
    copy_string(ind->metric[i].name, sizeof ind->metric[i].name, label);
}

double plan_analytic(const struct search *rs, struct individual_record *ind)
{
    const struct search_spec *spec = rs->spec;
    double violation = 0;
    const char *metric, *board;
    for (uint32_t i = 0; plan_metric(spec, i, &metric, &board); i++) {
        if (!plan_is_analytic(spec, metric, board))
            continue;
        struct metric_value v = {.n = 0};
        if (analytic_metric(&spec->space, &ind->genotype, metric, &v.value))
            continue;
        v.low = v.high = v.value;
        set_value(ind, metric, &v);
        if (i >= spec->n_objectives)
            violation += constraint_violation(&spec->constraint[i - spec->n_objectives], v.value);
    }
    return violation;
}

static bool group_has(const struct need_group *g, const char *metric, const char *board)
{
    if (board[0] && strcmp(board, g->board_type))
        return false;
    for (uint32_t i = 0; i < g->n_metrics; i++) {
        if (!strcmp(g->metric[i], metric))
            return true;
    }
    return false;
}

bool plan_group_has(const struct search *rs, uint32_t group, uint32_t objective)
{
    const struct objective *o = &rs->spec->objective[objective];
    return !plan_is_analytic(rs->spec, o->metric, o->board) && group_has(&rs->record.group[group], o->metric, o->board);
}

void plan_fill(const struct search *rs, struct individual_record *ind, uint32_t group, const struct measurement *m)
{
    const char *metric, *board;
    for (uint32_t i = 0; plan_metric(rs->spec, i, &metric, &board); i++) {
        const struct metric_value *v = measurement_metric(m, metric);
        if (!v || plan_is_analytic(rs->spec, metric, board) || !group_has(&rs->record.group[group], metric, board))
            continue;
        char label[METRIC_NAME_MAX];
        metric_label(metric, board, label);
        set_value(ind, label, v);
    }
    if (plan_is_build(rs, group)) {
        ind->artefact = m->artefact;
        return; /* flags and board are those of who measures it */
    }
    ind->flags |= m->flags;
    if (!ind->board[0])
        copy_string(ind->board, sizeof ind->board, m->board);
}

bool plan_objective(const struct search *rs, const struct individual_record *ind, uint32_t i, double *ret_value)
{
    char label[METRIC_NAME_MAX];
    metric_label(rs->spec->objective[i].metric, rs->spec->objective[i].board, label);
    const struct metric_value *v = find_value(ind, label);
    if (!v || !isfinite(v->value))
        return false;
    *ret_value = rs->spec->objective[i].goal == GOAL_MAX ? -v->value : v->value;
    return true;
}

bool plan_objectives(const struct search *rs, const struct individual_record *ind, double ret_objective[OBJECTIVES_MAX], double *ret_violation)
{
    const struct search_spec *spec = rs->spec;
    double violation = 0;
    const char *metric, *board;
    for (uint32_t i = 0; plan_metric(spec, i, &metric, &board); i++) {
        char label[METRIC_NAME_MAX];
        metric_label(metric, board, label);
        const struct metric_value *v = find_value(ind, label);
        if (!v || !isfinite(v->value))
            return false;
        if (i < spec->n_objectives)
            ret_objective[i] = spec->objective[i].goal == GOAL_MAX ? -v->value : v->value;
        else
            violation += constraint_violation(&spec->constraint[i - spec->n_objectives], v->value);
    }
    *ret_violation = violation;
    return true;
}

static bool is_constrained(const struct search *rs, uint32_t group)
{
    const struct search_spec *spec = rs->spec;
    for (uint32_t i = 0; i < spec->n_constraints; i++) {
        const struct constraint *c = &spec->constraint[i];
        if (!plan_is_analytic(spec, c->metric, c->board) && group_has(&rs->record.group[group], c->metric, c->board))
            return true;
    }
    return false;
}

bool plan_is_build(const struct search *rs, uint32_t group)
{
    const struct need_group *g = &rs->record.group[group];
    return group == 0 && rs->spec->model_board[0] && g->n_metrics == 1 && !strcmp(g->metric[0], METRIC_MODEL) &&
           !strcmp(g->board_type, rs->spec->model_board);
}

static bool runs_model(const struct search_spec *spec, const struct need_group *g)
{
    return spec->n_models || (spec->model_board[0] && strcmp(g->board_type, spec->model_board));
}

bool plan_runs_model(const struct search *rs, uint32_t group) { return runs_model(rs->spec, &rs->record.group[group]); }

const char *plan_dataset(const struct search_spec *spec, const struct need_group *g)
{
    bool judges = !runs_model(spec, g);
    for (uint32_t i = 0; i < g->n_metrics && !judges; i++)
        judges = !strncmp(g->metric[i], "accuracy", strlen("accuracy"));
    return judges ? spec->dataset : "";
}

void plan_given_model(const struct search *rs, struct individual_record *ind)
{
    if (rs->spec->n_models > ind->genotype.allele[0])
        ind->artefact = rs->spec->model[ind->genotype.allele[0]];
}

uint32_t plan_stage(const struct search *rs, uint32_t group)
{
    uint32_t first = rs->record.n_groups && plan_is_build(rs, 0) ? 1 : 0;
    if (plan_is_build(rs, group))
        return 0;
    if (is_constrained(rs, group))
        return first;
    for (uint32_t g = first; g < rs->record.n_groups; g++) {
        if (is_constrained(rs, g))
            return first + 1;
    }
    return first;
}

double plan_violation(const struct search *rs, const struct individual_record *ind)
{
    double violation = 0;
    for (uint32_t i = 0; i < rs->spec->n_constraints; i++) {
        const struct constraint *c = &rs->spec->constraint[i];
        char label[METRIC_NAME_MAX];
        metric_label(c->metric, c->board, label);
        const struct metric_value *v = find_value(ind, label);
        violation += v && isfinite(v->value) ? constraint_violation(c, v->value) : 0;
    }
    return violation;
}

uint32_t all_groups(const struct search *rs) { return (1u << rs->record.n_groups) - 1; }

uint32_t screening_groups(const struct search *rs) { return rs->record.costly ? all_groups(rs) & ~(1u << (rs->record.costly - 1)) : all_groups(rs); }

bool individual_is_asked(const struct individual_record *ind, uint32_t group) { return !ind->asked || ind->asked >> group & 1; }

bool individual_is_screening(const struct search *rs, const struct individual_record *ind) { return ind->asked && ind->asked != all_groups(rs); }
