/* See json.h. */
#include "cli/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

void json_number(cJSON *object, const char *key, double v)
{
    if (isfinite(v))
        cJSON_AddNumberToObject(object, key, v);
    else
        cJSON_AddNullToObject(object, key);
}

void json_integer(cJSON *object, const char *key, int64_t v)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, v);
    cJSON_AddRawToObject(object, key, text);
}

void json_time(cJSON *object, const char *key, int64_t wall_ns)
{
    char text[24];
    if (!wall_ns) {
        cJSON_AddNullToObject(object, key);
        return;
    }
    clock_format_utc(wall_ns, text);
    cJSON_AddStringToObject(object, key, text);
}

void json_flags(cJSON *object, uint32_t flags)
{
    cJSON *list = cJSON_AddArrayToObject(object, "flags");
    for (unsigned i = 0; flag_name(i); i++) {
        if (flags >> i & 1)
            cJSON_AddItemToArray(list, cJSON_CreateString(flag_name(i)));
    }
}

static cJSON *json_failure(const struct results_failure *f)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "reason", f->reason);
    cJSON_AddStringToObject(o, "output", f->output);
    cJSON_AddStringToObject(o, "board", f->board);
    json_time(o, "at", f->wall_ns);
    cJSON_AddNumberToObject(o, "in_a_row", f->in_a_row);
    return o;
}

cJSON *json_status(const struct results_status *s)
{
    cJSON *o = cJSON_CreateObject();
    json_integer(o, "id", (int64_t)s->id);
    cJSON_AddStringToObject(o, "name", s->name);
    cJSON_AddStringToObject(o, "team", s->team);
    json_integer(o, "number", (int64_t)s->number);
    cJSON_AddStringToObject(o, "state", s->state);
    cJSON_AddStringToObject(o, "reason", s->reason);
    cJSON_AddStringToObject(o, "hold", s->hold);
    if (s->failure.reason[0])
        cJSON_AddItemToObject(o, "failure", json_failure(&s->failure));
    cJSON_AddNumberToObject(o, "budget", s->budget);
    cJSON_AddNumberToObject(o, "evaluations", s->told);
    cJSON_AddNumberToObject(o, "pending", s->pending);
    cJSON_AddNumberToObject(o, "infeasible", s->infeasible);
    cJSON_AddNumberToObject(o, "failed", s->failed);
    cJSON_AddNumberToObject(o, "reused", s->reused);
    cJSON_AddNumberToObject(o, "screened", s->screened);
    cJSON_AddNumberToObject(o, "told_anew", s->retold);
    cJSON_AddNumberToObject(o, "replicates", s->replicates);
    cJSON_AddNumberToObject(o, "retry_left", s->retry_left);
    json_integer(o, "events_dropped", (int64_t)s->events_dropped);
    cJSON_AddNumberToObject(o, "front_size", s->front_size);
    json_number(o, "hypervolume", s->hypervolume);
    json_time(o, "created", s->created_wall_ns);
    json_time(o, "finished", s->finished_wall_ns);
    cJSON_AddNumberToObject(o, "priority", s->priority);
    json_number(o, "active_s", (double)s->active_ns * 1e-9);
    json_number(o, "board_s", (double)s->board_ns * 1e-9);
    return o;
}

static cJSON *json_gene(const struct space *s, const struct gene *g)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", g->name);
    cJSON_AddBoolToObject(o, "ordinal", g->ordinal);
    cJSON *choices = cJSON_AddArrayToObject(o, "choices");
    for (unsigned v = 0; v < g->n_choices; v++)
        cJSON_AddItemToArray(choices, cJSON_CreateString(g->label[v]));
    if (g->condition_gene < 0)
        return o;
    const struct gene *switching = &s->gene[g->condition_gene];
    cJSON *when = cJSON_AddObjectToObject(o, "when");
    cJSON_AddStringToObject(when, "gene", switching->name);
    cJSON *in = cJSON_AddArrayToObject(when, "in");
    for (unsigned v = 0; v < switching->n_choices; v++) {
        if (g->condition_mask >> v & 1)
            cJSON_AddItemToArray(in, cJSON_CreateString(switching->label[v]));
    }
    return o;
}

static void add_goals(cJSON *o, const struct search_spec *s)
{
    cJSON *objectives = cJSON_AddArrayToObject(o, "objectives");
    for (uint32_t i = 0; i < s->n_objectives; i++) {
        cJSON *x = cJSON_CreateObject();
        cJSON_AddStringToObject(x, "metric", s->objective[i].metric);
        cJSON_AddStringToObject(x, "board", s->objective[i].board);
        cJSON_AddStringToObject(x, "goal", s->objective[i].goal == GOAL_MAX ? "max" : "min");
        cJSON_AddStringToObject(x, "unit", metric_unit(s->objective[i].metric));
        cJSON_AddItemToArray(objectives, x);
    }
    cJSON *constraints = cJSON_AddArrayToObject(o, "constraints");
    for (uint32_t i = 0; i < s->n_constraints; i++) {
        cJSON *x = cJSON_CreateObject();
        cJSON_AddStringToObject(x, "metric", s->constraint[i].metric);
        cJSON_AddStringToObject(x, "board", s->constraint[i].board);
        json_number(x, "min", s->constraint[i].min);
        json_number(x, "max", s->constraint[i].max);
        cJSON_AddItemToArray(constraints, x);
    }
}

cJSON *json_spec(const struct search_spec *s)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", s->name);
    cJSON *space = cJSON_AddObjectToObject(o, "space");
    cJSON_AddStringToObject(space, "name", s->space.name);
    json_number(space, "size", space_size(&s->space));
    cJSON *genes = cJSON_AddArrayToObject(space, "genes");
    for (unsigned j = 0; j < s->space.n_genes; j++)
        cJSON_AddItemToArray(genes, json_gene(&s->space, &s->space.gene[j]));
    add_goals(o, s);
    cJSON *algorithm = cJSON_AddObjectToObject(o, "algorithm");
    cJSON_AddStringToObject(algorithm, "name", s->algorithm);
    cJSON_AddNumberToObject(algorithm, "population", s->population);
    cJSON_AddBoolToObject(algorithm, "generational", s->generational);
    for (uint32_t i = 0; i < s->n_options; i++)
        cJSON_AddStringToObject(algorithm, s->option[i].name, s->option[i].value);
    cJSON_AddNumberToObject(o, "budget_evaluations", s->budget_evaluations);
    json_number(o, "budget_wall_s", (double)s->budget_wall_ns * 1e-9);
    cJSON_AddStringToObject(o, "tier", s->tier);
    cJSON_AddNumberToObject(o, "replicates", s->replicates ? s->replicates : 1);
    cJSON_AddStringToObject(o, "dataset", s->dataset);
    cJSON_AddStringToObject(o, "supernet", s->supernet);
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, s->seed);
    cJSON_AddRawToObject(o, "seed", seed);
    return o;
}

cJSON *json_genotype(const struct space *s, const struct genotype *g)
{
    bool active[SPACE_GENES_MAX];
    cJSON *o = cJSON_CreateObject();
    space_active(s, g, active);
    for (unsigned j = 0; j < s->n_genes; j++) {
        const struct gene *gene = &s->gene[j];
        unsigned a = g->allele[j];
        if (!active[j])
            continue;
        if (isfinite(gene->value[a]))
            cJSON_AddNumberToObject(o, gene->name, gene->value[a]);
        else
            cJSON_AddStringToObject(o, gene->name, gene->label[a]);
    }
    return o;
}

static cJSON *json_values(const struct results_individual *x)
{
    cJSON *metrics = cJSON_CreateObject();
    for (uint32_t i = 0; i < x->n_metrics; i++) {
        cJSON *v = cJSON_AddObjectToObject(metrics, x->metric[i].name);
        json_number(v, "value", x->metric[i].value);
        json_number(v, "low", x->metric[i].low);
        json_number(v, "high", x->metric[i].high);
        cJSON_AddNumberToObject(v, "n", x->metric[i].n);
    }
    return metrics;
}

cJSON *json_individual(const struct results *r, const struct results_individual *x)
{
    cJSON *o = cJSON_CreateObject();
    json_integer(o, "id", (int64_t)x->id);
    cJSON_AddStringToObject(o, "state", x->state);
    cJSON_AddBoolToObject(o, "front", x->on_front);
    if (x->on_front)
        cJSON_AddBoolToObject(o, "separable", !x->unseparable);
    if (x->unseparable)
        json_integer(o, "not_separable_from", (int64_t)x->rival);
    cJSON_AddItemToObject(o, "genes", json_genotype(&r->spec.space, &x->genotype));
    cJSON_AddItemToObject(o, "metrics", json_values(x));
    cJSON_AddStringToObject(o, "arm", x->arm);
    cJSON *parents = cJSON_AddArrayToObject(o, "parents");
    for (unsigned i = 0; i < 2; i++) {
        if (x->parent[i] >= 0)
            cJSON_AddItemToArray(parents, cJSON_CreateNumber((double)x->parent[i]));
    }
    if (x->predicted) {
        cJSON *p = cJSON_AddObjectToObject(o, "predicted");
        for (uint32_t i = 0; i < r->spec.n_objectives; i++) {
            char name[METRIC_NAME_MAX + BOARD_NAME_MAX + 2];
            results_heading(r->spec.objective[i].metric, r->spec.objective[i].board, name);
            cJSON *v = cJSON_AddObjectToObject(p, name);
            json_number(v, "mean", x->mean[i]);
            json_number(v, "sd", x->sd[i]);
        }
    }
    json_number(o, "violation", results_violation(r, x));
    cJSON_AddNumberToObject(o, "generation", x->generation);
    cJSON_AddStringToObject(o, "board", x->board);
    json_flags(o, x->flags);
    cJSON_AddStringToObject(o, "reason", x->reason);
    cJSON_AddBoolToObject(o, "reused", x->reused);
    cJSON_AddNumberToObject(o, "order", x->told_order);
    cJSON_AddNumberToObject(o, "measurements", x->measured);
    json_number(o, "hypervolume", x->hypervolume);
    json_time(o, "measured", x->told_wall_ns);
    return o;
}

cJSON *json_board(const struct results_board *b)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "id", b->id);
    cJSON_AddStringToObject(o, "type", b->type);
    cJSON_AddStringToObject(o, "backend", b->backend);
    cJSON_AddStringToObject(o, "worker", b->worker);
    cJSON_AddStringToObject(o, "software", b->software);
    cJSON_AddBoolToObject(o, "online", b->online);
    cJSON_AddStringToObject(o, "state", b->online ? b->state : "offline");
    cJSON_AddStringToObject(o, "phase", b->phase);
    cJSON *metrics = cJSON_AddArrayToObject(o, "metrics");
    for (const char *p = b->metrics; *p;) {
        char name[METRIC_NAME_MAX];
        size_t n = strcspn(p, ",");
        snprintf(name, sizeof name, "%.*s", (int)n, p);
        cJSON_AddItemToArray(metrics, cJSON_CreateString(name));
        p += n + strspn(p + n, ", ");
    }
    cJSON_AddStringToObject(o, "detail", b->detail);
    if (!b->anonymous) {
        json_integer(o, "done", (int64_t)b->done);
        json_integer(o, "failed", (int64_t)b->failed);
    }
    json_number(o, "busy_share", b->busy_share);
    cJSON_AddStringToObject(o, "held", b->held);
    cJSON_AddStringToObject(o, "held_why", b->held_why);
    cJSON_AddStringToObject(o, "why", b->why);
    if (b->silent_since_wall_ns)
        json_time(o, "silent_since", b->silent_since_wall_ns);
    cJSON_AddStringToObject(o, "warning", b->warning);
    if (b->canary_wall_ns) {
        json_number(o, "canary_us", b->canary_us);
        json_number(o, "reference_us", b->reference_us);
        json_time(o, "canary_at", b->canary_wall_ns);
    }
    return o;
}

cJSON *json_team(const Sonata__TeamInfo *m)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", m->name);
    json_number(o, "weight", m->weight);
    json_integer(o, "searches", m->searches);
    json_integer(o, "searches_unfinished", m->searches_unfinished);
    json_integer(o, "searches_max", m->searches_max);
    json_integer(o, "boards", m->boards);
    json_integer(o, "boards_max", m->boards_max);
    json_number(o, "day_s", (double)m->day_ns * 1e-9);
    json_number(o, "day_s_max", (double)m->day_ns_max * 1e-9);
    json_number(o, "board_s", (double)m->board_ns * 1e-9);
    json_integer(o, "uploaded_bytes", (int64_t)m->uploaded);
    json_integer(o, "disk_bytes", (int64_t)m->disk);
    json_integer(o, "disk_max", m->disk_max == UINT64_MAX ? 0 : (int64_t)m->disk_max);
    json_integer(o, "uploads_max", m->uploads_max == UINT64_MAX ? 0 : (int64_t)m->uploads_max);
    cJSON_AddBoolToObject(o, "share", m->share);
    return o;
}

static cJSON *json_objective_insight(const struct results *r, uint32_t o)
{
    const struct results_insight *x = &r->insight;
    cJSON *out = cJSON_CreateObject();
    char name[METRIC_NAME_MAX + BOARD_NAME_MAX + 2];
    results_heading(r->spec.objective[o].metric, r->spec.objective[o].board, name);
    cJSON_AddStringToObject(out, "objective", name);
    json_number(out, "rank_correlation", x->rank_correlation[o]);
    json_number(out, "coverage", x->coverage[o]);
    cJSON *genes = cJSON_AddArrayToObject(out, "genes");
    for (uint32_t g = 0; g < x->n_genes; g++) {
        cJSON *e = cJSON_CreateObject();
        cJSON_AddStringToObject(e, "gene", r->spec.space.gene[g].name);
        json_number(e, "importance", x->importance[o][g]);
        cJSON *effects = cJSON_AddObjectToObject(e, "effect");
        for (unsigned v = 0; v < r->spec.space.gene[g].n_choices; v++)
            json_number(effects, r->spec.space.gene[g].label[v], x->value[o][g][v]);
        cJSON_AddItemToArray(genes, e);
    }
    return out;
}

cJSON *json_insight(const struct results *r)
{
    const struct results_insight *x = &r->insight;
    if (!x->present && !x->n_arms)
        return cJSON_CreateNull();
    cJSON *o = cJSON_CreateObject();
    cJSON_AddBoolToObject(o, "trusted", x->trusted);
    cJSON_AddNumberToObject(o, "generation", x->generation);
    cJSON *objectives = cJSON_AddArrayToObject(o, "objectives");
    for (uint32_t i = 0; x->present && i < x->n_objectives; i++)
        cJSON_AddItemToArray(objectives, json_objective_insight(r, i));
    cJSON *arms = cJSON_AddArrayToObject(o, "arms");
    for (uint32_t a = 0; a < x->n_arms; a++) {
        cJSON *e = cJSON_CreateObject();
        cJSON_AddStringToObject(e, "arm", x->arm[a]);
        json_number(e, "weight", x->arm_weight[a]);
        json_integer(e, "uses", (int64_t)x->arm_uses[a]);
        cJSON_AddItemToArray(arms, e);
    }
    return o;
}

cJSON *json_results(const struct results *r, bool all)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddItemToObject(o, "search", json_status(&r->status));
    cJSON_AddItemToObject(o, "spec", json_spec(&r->spec));
    cJSON *list = cJSON_AddArrayToObject(o, "individuals");
    size_t n = all ? r->n_individuals : r->n_front;
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(list, json_individual(r, &r->individual[all ? i : r->front[i]]));
    return o;
}

char *json_text(cJSON *value, bool compact)
{
    char *text = compact ? cJSON_PrintUnformatted(value) : cJSON_Print(value);
    cJSON_Delete(value);
    if (!text)
        return xstrdup("null\n");
    size_t n = strlen(text);
    text = xrealloc(text, n + 2);
    memcpy(text + n, "\n", 2);
    return text;
}

int json_print(cJSON *value)
{
    char *text = json_text(value, false);
    int r = fputs(text, stdout) == EOF ? CLI_FAILURE : CLI_OK;
    free(text);
    return r;
}

int json_done(const char *action, const char *name)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "action", action);
    cJSON_AddStringToObject(o, "name", name);
    return json_print(o);
}
