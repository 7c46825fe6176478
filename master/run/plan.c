/* From a specification to what is measured where, and from measured values to what the search core minimises.
 *
 * Groups: one evaluation per distinct board type named by objectives and constraints. Metrics that name no board join the first group whose
 * boards supply them (one run of the network instead of two), else they form a group of their own for any board. This is settled once, when
 * boards that can serve every group are known, and kept with the search. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "domain/analytic.h"
#include "run/engine_internal.h"

enum { WINDOW_DEFAULT = 8, WINDOW_MAX = 4096 };

bool plan_is_analytic(const struct search_spec *spec, const char *metric, const char *board)
{
    return !board[0] && spec->space.network.family[0] && metric_is_analytic(metric, board);
}

static void add_metric(struct need_group *g, const char *metric)
{
    uint32_t at = 0;
    while (at < g->n_metrics && strcmp(g->metric[at], metric) < 0)
        at++;
    if ((at < g->n_metrics && !strcmp(g->metric[at], metric)) || g->n_metrics == METRICS_MAX)
        return;
    memmove(g->metric[at + 1], g->metric[at], (g->n_metrics - at) * sizeof g->metric[0]);
    copy_string(g->metric[at], sizeof g->metric[at], metric);
    g->n_metrics++;
}

static struct need_group *group_of(struct need_group *group, uint32_t *n, const char *board)
{
    for (uint32_t i = 0; i < *n; i++) {
        if (!strcmp(group[i].board_type, board))
            return &group[i];
    }
    struct need_group *g = &group[(*n)++];
    *g = (struct need_group){.n_metrics = 0};
    copy_string(g->board_type, sizeof g->board_type, board);
    return g;
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

static void need_of(const struct search_spec *spec, const struct need_group *g, struct sched_need *ret_need)
{
    *ret_need = (struct sched_need){.n_metrics = g->n_metrics};
    copy_string(ret_need->board_type, sizeof ret_need->board_type, g->board_type);
    copy_string(ret_need->dataset, sizeof ret_need->dataset, spec->dataset);
    memcpy(ret_need->metric, g->metric, sizeof ret_need->metric);
}

void group_need(const struct search *rs, uint32_t group, struct sched_need *ret_need) { need_of(rs->spec, &rs->record.group[group], ret_need); }

/* Joins the group of any board with a named one that can supply everything; it is the last of the list. */
static void join_any(const struct search *rs, struct need_group *group, uint32_t *n)
{
    const struct need_group *any = &group[*n - 1];
    if (any->board_type[0])
        return;
    for (uint32_t i = 0; i + 1 < *n; i++) {
        struct need_group joined = group[i];
        for (uint32_t k = 0; k < any->n_metrics; k++)
            add_metric(&joined, any->metric[k]);
        struct sched_need need;
        need_of(rs->spec, &joined, &need);
        if (sched_can_serve(rs->run->sched, &need)) {
            group[i] = joined;
            --*n;
            return;
        }
    }
}

static void describe_need(const struct engine *r, const struct sched_need *need, char *text, size_t size)
{
    int n = snprintf(text, size, "waiting for a board%s%s that supplies", need->board_type[0] ? " of type " : "", need->board_type);
    for (uint32_t i = 0; i < need->n_metrics && n > 0 && (size_t)n < size; i++)
        n += snprintf(text + n, size - (size_t)n, "%s%s", i ? ", " : " ", need->metric[i]);
    if (need->dataset[0] && n > 0 && (size_t)n < size)
        n += snprintf(text + n, size - (size_t)n, " on %s", need->dataset);
    if (need->board_type[0] && n > 0 && (size_t)n < size)
        supply_describe_unknown(r, need->board_type, text + n, size - (size_t)n);
}

bool plan_search(struct search *rs, char *reason, size_t size)
{
    struct need_group group[GROUPS_MAX + 1];
    uint32_t n = 0;
    const char *metric, *board;
    for (int round = 0; round < 2; round++) { /* named boards first, so that "any" is last */
        for (uint32_t i = 0; plan_metric(rs->spec, i, &metric, &board); i++) {
            if (!plan_is_analytic(rs->spec, metric, board) && (board[0] != '\0') == (round == 0))
                add_metric(group_of(group, &n, board), metric);
        }
    }
    if (n)
        join_any(rs, group, &n);
    for (uint32_t i = 0; i < n; i++) {
        struct sched_need need;
        need_of(rs->spec, &group[i], &need);
        if (!sched_can_serve(rs->run->sched, &need)) {
            describe_need(rs->run, &need, reason, size);
            return false;
        }
    }
    memcpy(rs->record.group, group, n * sizeof *group);
    rs->record.n_groups = n;
    rs->record.planned = true;
    rs->dirty = true;
    return true;
}

static void metric_label(const char *metric, const char *board, char text[METRIC_NAME_MAX])
{
    if (board[0])
        snprintf(text, METRIC_NAME_MAX, "%s@%s", metric, board);
    else
        copy_string(text, METRIC_NAME_MAX, metric);
}

static struct metric_value *find_value(const struct individual_record *ind, const char *label)
{
    for (uint32_t i = 0; i < ind->n_metrics; i++) {
        if (!strcmp(ind->metric[i].name, label))
            return (struct metric_value *)&ind->metric[i];
    }
    return NULL;
}

static void set_value(struct individual_record *ind, const char *label, const struct metric_value *value)
{
    struct metric_value *v = find_value(ind, label);
    if (!v && ind->n_metrics == METRICS_MAX)
        return;
    if (!v)
        v = &ind->metric[ind->n_metrics++];
    *v = *value;
    copy_string(v->name, sizeof v->name, label);
}

static double side_violation(double excess, double limit) { return excess > 0 ? excess / fmax(fabs(limit), 1e-9) : 0; }

/* Excess over the limit as a share of it; 0 when kept. */
static double violation_of(const struct constraint *c, double value)
{
    double v = 0;
    if (isfinite(c->max))
        v += side_violation(value - c->max, c->max);
    if (isfinite(c->min))
        v += side_violation(c->min - value, c->min);
    return v;
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
            violation += violation_of(&spec->constraint[i - spec->n_objectives], v.value);
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
            violation += violation_of(&spec->constraint[i - spec->n_objectives], v->value);
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

uint32_t plan_stage(const struct search *rs, uint32_t group)
{
    if (is_constrained(rs, group))
        return 0;
    for (uint32_t g = 0; g < rs->record.n_groups; g++) {
        if (is_constrained(rs, g))
            return 1;
    }
    return 0;
}

double plan_violation(const struct search *rs, const struct individual_record *ind)
{
    double violation = 0;
    for (uint32_t i = 0; i < rs->spec->n_constraints; i++) {
        const struct constraint *c = &rs->spec->constraint[i];
        char label[METRIC_NAME_MAX];
        metric_label(c->metric, c->board, label);
        const struct metric_value *v = find_value(ind, label);
        violation += v && isfinite(v->value) ? violation_of(c, v->value) : 0;
    }
    return violation;
}

/* `order` and `window` are ours; all other options belong to the algorithm. */
int plan_params(const struct search_spec *spec, uint32_t threads, struct core_params *ret_params, bool *ret_proposal_order, uint32_t *ret_window,
                struct sonata_error *err)
{
    struct core_params p = {.n_objectives = spec->n_objectives,
                            .budget = spec->budget_evaluations,
                            .population = spec->population,
                            .generational = spec->generational,
                            .seed = spec->seed,
                            .revision = spec->revision ? spec->revision : 1,
                            .threads = threads};
    copy_string(p.algorithm, sizeof p.algorithm, spec->algorithm);
    bool proposal_order = false;
    uint64_t window = WINDOW_DEFAULT;
    for (uint32_t i = 0; i < spec->n_options; i++) {
        const struct spec_option *o = &spec->option[i];
        if (!strcmp(o->name, "order")) {
            proposal_order = !strcmp(o->value, "proposal");
            if (!proposal_order && strcmp(o->value, "arrival"))
                return sonata_error_set(err, -EINVAL, "option order: 'arrival' or 'proposal' is expected, not '%s'", o->value);
        } else if (!strcmp(o->name, "window")) {
            if (parse_u64(o->value, 1, WINDOW_MAX, &window))
                return sonata_error_set(err, -EINVAL, "option window: a number from 1 to %d is expected, not '%s'", WINDOW_MAX, o->value);
        } else {
            copy_string(p.option[p.n_options].name, sizeof p.option[0].name, o->name);
            copy_string(p.option[p.n_options].value, sizeof p.option[0].value, o->value);
            p.n_options++;
        }
    }
    int r = core_params_check(&p, err);
    if (r)
        return r;
    *ret_params = p;
    *ret_proposal_order = proposal_order;
    *ret_window = (uint32_t)window;
    return 0;
}

int plan_core(const struct search_spec *spec, const struct core_params *params, struct core **ret_core, struct sonata_error *err)
{
    struct core *core;
    int r = core_new(&spec->space, params, &core, err);
    if (r)
        return r;
    if (spec->policy_size && (r = core_policy_load(core, spec->policy, spec->policy_size))) {
        core_free(core);
        return r == -EBADMSG
                   ? sonata_error_set(err, -EINVAL, "the policy is damaged, or no policy at all")
                   : sonata_error_set(err, -EINVAL, "the policy is that of another algorithm than %s, or of another kind of agent", spec->algorithm);
    }
    *ret_core = core;
    return 0;
}
