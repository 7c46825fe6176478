/* Whether the boards the master knows can supply what a specification asks, when it is submitted: what none can is an error of class config.
 *
 * A board that was heard since the master started has said what it supplies, and is believed also while it is offline. A board known from the
 * store alone has not: as long as there is one that may fit, a submission is taken and waits, as for a type that never registered. */
#include "domain/tier.h"
#include "run/supply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "run/values.h"

enum { TYPES_SHOWN = 16, IDS_SHOWN = 3 };

struct text {
    char *at;
    size_t size, used;
};

static void put(struct text *t, const char *format, ...) SONATA_PRINTF(2, 3);

static void put(struct text *t, const char *format, ...)
{
    if (t->used + 1 >= t->size)
        return;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->at + t->used, t->size - t->used, format, args);
    va_end(args);
    t->used += n > 0 ? (size_t)n : 0;
}

static bool listed(const struct sched_board_info *b, const char *metric)
{
    for (uint32_t i = 0; i < b->n_metrics; i++) {
        if (!strcmp(b->metric[i], metric))
            return true;
    }
    return false;
}

static bool is_described(const struct sched_board_view *v) { return v->worker[0] != '\0'; }

/* Board i is the first of its type. */
static bool leads_type(const struct sched *s, uint32_t i, const char *type)
{
    struct sched_board_view v;
    for (uint32_t k = 0; k < i; k++) {
        sched_board_view(s, k, &v);
        if (!strcmp(v.info->type, type))
            return false;
    }
    return true;
}

/* "bench (b1, b2) supplies accuracy, latency": ids of the type and what any of them supplies. */
static void put_type(struct text *t, const struct sched *s, const char *type)
{
    struct sched_board_view v;
    struct sched_board_info all = {.n_metrics = 0};
    uint32_t ids = 0;
    put(t, "type %s (", type);
    for (uint32_t i = 0; i < sched_board_count(s); i++) {
        sched_board_view(s, i, &v);
        if (strcmp(v.info->type, type))
            continue;
        if (ids < IDS_SHOWN)
            put(t, "%s%s", ids ? ", " : "", v.info->id);
        ids++;
        for (uint32_t k = 0; k < v.info->n_metrics && all.n_metrics < SCHED_BOARD_METRICS_MAX; k++) {
            if (!listed(&all, v.info->metric[k]))
                memcpy(all.metric[all.n_metrics++], v.info->metric[k], METRIC_NAME_MAX);
        }
    }
    if (ids > IDS_SHOWN)
        put(t, " and %u more", ids - IDS_SHOWN);
    put(t, ") supplies ");
    for (uint32_t k = 0; k < all.n_metrics; k++)
        put(t, "%s%s", k ? ", " : "", all.metric[k]);
    if (!all.n_metrics)
        put(t, "nothing");
}

/* The type asked for first, then the others. */
static void put_types(struct text *t, const struct sched *s, const char *first)
{
    struct sched_board_view v;
    uint32_t shown = 0;
    if (first[0])
        put_type(t, s, first);
    for (uint32_t i = 0; i < sched_board_count(s) && shown < TYPES_SHOWN; i++) {
        sched_board_view(s, i, &v);
        if (!is_described(&v) || !strcmp(v.info->type, first) || !leads_type(s, i, v.info->type))
            continue;
        put(t, "%s", first[0] || shown++ ? "; " : "");
        put_type(t, s, v.info->type);
    }
}

enum supply { SUPPLY_UNKNOWN, SUPPLY_NO, SUPPLY_ENGINES_ONLY, SUPPLY_YES };

/* What the known boards of the type (any when "") say about the metric. */
static enum supply supply_of(const struct sched *s, const char *metric, const char *type)
{
    enum supply found = SUPPLY_UNKNOWN;
    struct sched_board_view v;
    for (uint32_t i = 0; i < sched_board_count(s); i++) {
        sched_board_view(s, i, &v);
        if (type[0] && strcmp(v.info->type, type))
            continue;
        if (!is_described(&v))
            return SUPPLY_UNKNOWN;
        enum supply one = !strcmp(v.info->backend, "engine") ? SUPPLY_ENGINES_ONLY : SUPPLY_YES;
        if (!listed(v.info, metric))
            one = SUPPLY_NO;
        found = one > found ? one : found;
    }
    return found;
}

static bool is_energy(const char *metric) { return !strncmp(metric, "energy", 6) || !strncmp(metric, "power_", 6); }

int supply_check_tier(const struct engine *r, const struct search_spec *spec, struct sonata_error *err)
{
    const char *metric, *board;
    for (uint32_t i = 0; plan_metric(spec, i, &metric, &board); i++) {
        if (is_energy(metric) && tier_named(spec->tier) == TIER_SCREEN && supply_of(r->sched, metric, board) == SUPPLY_ENGINES_ONLY)
            return sonata_error_set(err, -EINVAL, "config: tier 'screen' takes no energy, but '%s'%s%s is asked for: use tier search or report",
                                    metric, board[0] ? " on a board of type " : "", board);
    }
    return 0;
}

int supply_check(const struct engine *r, const struct search_spec *spec, struct sonata_error *err)
{
    const char *metric, *board;
    for (uint32_t i = 0; plan_metric(spec, i, &metric, &board); i++) {
        if (plan_is_analytic(spec, metric, board))
            continue;
        board = board[0] ? board : spec->model_board; /* as plan_search() has it */
        if (supply_of(r->sched, metric, board) != SUPPLY_NO)
            continue;
        char types[400] = "";
        struct text t = {types, sizeof types, 0};
        put_types(&t, r->sched, board);
        return sonata_error_set(err, -EINVAL, "config: no board supplies '%s'%s%s; %s", metric, board[0] ? " on a board of type " : "", board, types);
    }
    return supply_check_tier(r, spec, err);
}

void supply_describe_unknown(const struct engine *r, const char *type, char *text, size_t size)
{
    struct text t = {text, size, 0};
    struct sched_board_view v;
    uint32_t shown = 0;
    for (uint32_t i = 0; i < sched_board_count(r->sched); i++) {
        sched_board_view(r->sched, i, &v);
        if (!strcmp(v.info->type, type))
            return;
    }
    put(&t, "; no board of that type has ever registered, there ");
    for (uint32_t i = 0; i < sched_board_count(r->sched) && shown < TYPES_SHOWN; i++) {
        sched_board_view(r->sched, i, &v);
        if (leads_type(r->sched, i, v.info->type))
            put(&t, "%s%s", shown++ ? ", " : "is type ", v.info->type);
    }
    if (!shown)
        put(&t, "are no boards yet");
}
