/* From a specification to what is measured where.
 *
 * Groups: one evaluation per distinct board type named by objectives and constraints. Metrics that name no board join the first group whose
 * boards supply them (one run of the network instead of two), else they form a group of their own for any board. Where boards of a type build the
 * models (search_spec.model_board), that is the first group, and metrics that name no board are those boards' to tell. This is settled once, when
 * boards that can serve every group are known, and kept with the search. */
#include "run/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "run/supply.h"
#include "run/values.h"

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

static void need_of(const struct search_spec *spec, const struct need_group *g, struct sched_need *ret_need)
{
    *ret_need = (struct sched_need){.n_metrics = g->n_metrics};
    copy_string(ret_need->board_type, sizeof ret_need->board_type, g->board_type);
    copy_string(ret_need->dataset, sizeof ret_need->dataset, plan_dataset(spec, g));
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
        if (sched_can_serve(rs->engine->sched, &need)) {
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
    uint32_t n = 0, n_build = rs->spec->model_board[0] != '\0';
    uint32_t n_none = 0;
    const char *metric, *board;
    if (n_build)
        add_metric(group_of(group, &n_none, rs->spec->model_board), METRIC_MODEL);
    for (int round = 0; round < 2; round++) { /* named boards first, so that "any" is last */
        for (uint32_t i = 0; plan_metric(rs->spec, i, &metric, &board); i++) {
            const char *type = board[0] ? board : rs->spec->model_board;
            bool built = n_build && !strcmp(type, rs->spec->model_board) && !strcmp(metric, METRIC_MODEL);
            if (!built && !plan_is_analytic(rs->spec, metric, board) && (type[0] != '\0') == (round == 0))
                add_metric(group_of(group + n_build, &n, type), metric);
        }
    }
    if (n)
        join_any(rs, group + n_build, &n);
    n += n_build;
    for (uint32_t i = 0; i < n; i++) {
        struct sched_need need;
        need_of(rs->spec, &group[i], &need);
        if (!sched_can_serve(rs->engine->sched, &need)) {
            describe_need(rs->engine, &need, reason, size);
            return false;
        }
    }
    memcpy(rs->record.group, group, n * sizeof *group);
    rs->record.n_groups = n;
    rs->record.planned = true;
    rs->dirty = true;
    return true;
}
