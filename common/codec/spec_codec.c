/* Search specifications on the wire: what a client submits and what the store keeps. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/memory.h"
#include "codec/codec_internal.h"

static const int64_t WALL_MAX_NS = INT64_C(10) * 366 * 24 * 3600 * 1000000000; /* ten years */

static Sonata__Objective *objective_to_message(const struct objective *o)
{
    Sonata__Objective *m = xmalloc(sizeof *m);
    sonata__objective__init(m);
    m->metric = wire_give_text(o->metric);
    m->board = wire_give_text(o->board);
    m->maximise = o->goal == GOAL_MAX;
    return m;
}

static Sonata__Constraint *constraint_to_message(const struct constraint *c)
{
    Sonata__Constraint *m = xmalloc(sizeof *m);
    sonata__constraint__init(m);
    m->metric = wire_give_text(c->metric);
    m->board = wire_give_text(c->board);
    m->min = c->min;
    m->max = c->max;
    return m;
}

static Sonata__Option *option_to_message(const struct spec_option *o)
{
    Sonata__Option *m = xmalloc(sizeof *m);
    sonata__option__init(m);
    m->name = wire_give_text(o->name);
    m->value = wire_give_text(o->value);
    return m;
}

Sonata__SearchSpec *spec_to_message(const struct search_spec *s)
{
    Sonata__SearchSpec *m = xmalloc(sizeof *m);
    sonata__search_spec__init(m);
    m->name = wire_give_text(s->name);
    m->space = space_to_message(&s->space);
    m->n_objectives = s->n_objectives;
    m->objectives = xcalloc(OBJECTIVES_MAX, sizeof *m->objectives);
    for (uint32_t i = 0; i < s->n_objectives; i++)
        m->objectives[i] = objective_to_message(&s->objective[i]);
    m->n_constraints = s->n_constraints;
    m->constraints = xcalloc(CONSTRAINTS_MAX, sizeof *m->constraints);
    for (uint32_t i = 0; i < s->n_constraints; i++)
        m->constraints[i] = constraint_to_message(&s->constraint[i]);
    m->algorithm = wire_give_text(s->algorithm);
    m->population = s->population;
    m->generational = s->generational;
    m->n_options = s->n_options;
    m->options = xcalloc(SPEC_OPTIONS_MAX, sizeof *m->options);
    for (uint32_t i = 0; i < s->n_options; i++)
        m->options[i] = option_to_message(&s->option[i]);
    m->revision = s->revision;
    m->policy = wire_give_bytes(s->policy, s->policy_size);
    m->budget_evaluations = s->budget_evaluations;
    m->budget_wall_ns = s->budget_wall_ns;
    m->tier = wire_give_text(s->tier);
    m->dataset = wire_give_text(s->dataset);
    m->supernet = wire_give_text(s->supernet);
    m->supernet_hash = wire_give_hash(s->supernet_hash);
    m->seed = s->seed;
    m->priority = s->priority;
    m->replicates = s->replicates;
    m->replicate_budget = s->replicate_budget;
    m->model_board = wire_give_text(s->model_board);
    m->n_models = s->n_models;
    m->models = xcalloc(SPACE_CHOICES_MAX, sizeof *m->models);
    for (uint32_t i = 0; i < s->n_models; i++)
        m->models[i] = artefact_to_message(&s->model[i]);
    m->model_threads = s->run.threads;
    m->model_executor = wire_give_text(s->run.executor);
    return m;
}

static int objectives_from_message(const Sonata__SearchSpec *m, struct search_spec *s, struct sonata_error *err)
{
    if (m->n_objectives < 1 || m->n_objectives > OBJECTIVES_MAX)
        return sonata_error_set(err, -EINVAL, "1 to %d objectives are expected, not %zu", OBJECTIVES_MAX, m->n_objectives);
    s->n_objectives = (uint32_t)m->n_objectives;
    for (uint32_t i = 0; i < s->n_objectives; i++) {
        struct objective *o = &s->objective[i];
        int r = wire_take_text(o->metric, sizeof o->metric, m->objectives[i]->metric, true, false, "objective metric", err);
        if (!r)
            r = wire_take_text(o->board, sizeof o->board, m->objectives[i]->board, false, false, "objective board", err);
        if (r)
            return r;
        o->goal = m->objectives[i]->maximise ? GOAL_MAX : GOAL_MIN;
        for (uint32_t k = 0; k < i; k++) {
            if (!strcmp(s->objective[k].metric, o->metric) && !strcmp(s->objective[k].board, o->board))
                return sonata_error_set(err, -EINVAL, "objective '%s' is listed twice", o->metric);
        }
    }
    return 0;
}

static int constraints_from_message(const Sonata__SearchSpec *m, struct search_spec *s, struct sonata_error *err)
{
    if (m->n_constraints > CONSTRAINTS_MAX)
        return sonata_error_set(err, -EINVAL, "at most %d constraints are expected, not %zu", CONSTRAINTS_MAX, m->n_constraints);
    s->n_constraints = (uint32_t)m->n_constraints;
    for (uint32_t i = 0; i < s->n_constraints; i++) {
        struct constraint *c = &s->constraint[i];
        int r = wire_take_text(c->metric, sizeof c->metric, m->constraints[i]->metric, true, false, "constraint metric", err);
        if (!r)
            r = wire_take_text(c->board, sizeof c->board, m->constraints[i]->board, false, false, "constraint board", err);
        if (r)
            return r;
        c->min = m->constraints[i]->min;
        c->max = m->constraints[i]->max;
        if (isnan(c->min) || isnan(c->max) || c->min > c->max)
            return sonata_error_set(err, -EINVAL, "constraint on '%s': the minimum is above the maximum", c->metric);
    }
    return 0;
}

static int options_from_message(const Sonata__SearchSpec *m, struct search_spec *s, struct sonata_error *err)
{
    if (m->n_options > SPEC_OPTIONS_MAX)
        return sonata_error_set(err, -EINVAL, "at most %d options are expected, not %zu", SPEC_OPTIONS_MAX, m->n_options);
    s->n_options = (uint32_t)m->n_options;
    for (uint32_t i = 0; i < s->n_options; i++) {
        int r = wire_take_text(s->option[i].name, sizeof s->option[i].name, m->options[i]->name, true, false, "option name", err);
        if (!r)
            r = wire_take_text(s->option[i].value, sizeof s->option[i].value, m->options[i]->value, false, false, "option value", err);
        if (r)
            return r;
    }
    return 0;
}

static int models_from_message(const Sonata__SearchSpec *m, struct search_spec *s, struct sonata_error *err)
{
    int r = wire_take_text(s->model_board, sizeof s->model_board, m->model_board, false, false, "board type of models", err);
    if (!r)
        r = wire_take_text(s->run.executor, sizeof s->run.executor, m->model_executor, false, false, "executor", err);
    if (!r && (m->n_models > SPACE_CHOICES_MAX || m->model_threads > SPEC_THREADS_MAX))
        r = sonata_error_set(err, -EINVAL, "at most %d models and %d threads are expected", SPACE_CHOICES_MAX, SPEC_THREADS_MAX);
    for (size_t i = 0; i < m->n_models && !r; i++)
        r = artefact_from_message(m->models[i], &s->model[i], err);
    s->n_models = (uint32_t)m->n_models;
    s->run.threads = m->model_threads;
    return r;
}

static int scalars_from_message(const Sonata__SearchSpec *m, struct search_spec *s, struct sonata_error *err)
{
    int r = wire_take_text(s->name, sizeof s->name, m->name, true, false, "search name", err);
    if (!r)
        r = wire_take_text(s->algorithm, sizeof s->algorithm, m->algorithm, true, false, "algorithm", err);
    if (!r)
        r = wire_take_text(s->tier, sizeof s->tier, m->tier, false, false, "tier", err);
    if (!r)
        r = wire_take_text(s->dataset, sizeof s->dataset, m->dataset, false, false, "data set", err);
    if (!r)
        r = wire_take_text(s->supernet, sizeof s->supernet, m->supernet, false, false, "supernet", err);
    if (!r)
        r = wire_take_hash(s->supernet_hash, &m->supernet_hash, "supernet hash", err);
    if (r)
        return r;
    if (m->population > SPEC_POPULATION_MAX)
        return sonata_error_set(err, -EINVAL, "population %u is over the limit of %d", m->population, SPEC_POPULATION_MAX);
    if (m->budget_evaluations > SPEC_BUDGET_MAX || m->budget_wall_ns < 0 || m->budget_wall_ns > WALL_MAX_NS ||
        (!m->budget_evaluations && !m->budget_wall_ns))
        return sonata_error_set(err, -EINVAL, "a budget of 1 to %d evaluations, or of wall time, is expected", SPEC_BUDGET_MAX);
    if (m->policy.len > SPEC_POLICY_MAX)
        return sonata_error_set(err, -EINVAL, "a policy of %zu bytes is over the limit of %d", m->policy.len, SPEC_POLICY_MAX);
    s->revision = m->revision;
    s->policy_size = (uint32_t)m->policy.len;
    if (s->policy_size)
        memcpy(s->policy, m->policy.data, s->policy_size);
    s->population = m->population;
    s->generational = m->generational;
    s->budget_evaluations = m->budget_evaluations;
    s->budget_wall_ns = m->budget_wall_ns;
    s->seed = m->seed;
    if (m->priority < -SPEC_PRIORITY_MAX || m->priority > SPEC_PRIORITY_MAX)
        return sonata_error_set(err, -EINVAL, "a priority of -%d to %d is expected, not %d", SPEC_PRIORITY_MAX, SPEC_PRIORITY_MAX, m->priority);
    s->priority = m->priority;
    if (m->replicates > REPLICATES_WANTED_MAX || m->replicate_budget > SPEC_BUDGET_MAX)
        return sonata_error_set(err, -EINVAL, "replicates of 1 to %d and a budget for them of at most %d are expected, not %u and %u",
                                REPLICATES_WANTED_MAX, SPEC_BUDGET_MAX, m->replicates, m->replicate_budget);
    s->replicates = m->replicates;
    s->replicate_budget = m->replicate_budget;
    return 0;
}

int spec_from_message(const Sonata__SearchSpec *m, struct search_spec *ret_spec, struct sonata_error *err)
{
    if (!m->space)
        return sonata_error_set(err, -EINVAL, "search without a space");
    cleanup_free struct search_spec *s = xcalloc(1, sizeof *s);
    int r = scalars_from_message(m, s, err);
    if (!r)
        r = space_from_message(m->space, &s->space, err);
    if (!r)
        r = objectives_from_message(m, s, err);
    if (!r)
        r = constraints_from_message(m, s, err);
    if (!r)
        r = options_from_message(m, s, err);
    if (!r)
        r = models_from_message(m, s, err);
    if (!r)
        *ret_spec = *s;
    return r;
}

int spec_from_submission(const Sonata__SearchSpec *m, struct search_spec *ret_spec, struct sonata_error *err)
{
    int r = spec_from_message(m, ret_spec, err);
    return r ? r : spec_check_names(ret_spec, err);
}

void spec_encode(const struct search_spec *s, struct bytes *out)
{
    Sonata__SearchSpec *m = spec_to_message(s);
    wire_pack(&m->base, out);
    sonata__search_spec__free_unpacked(m, NULL);
}

int spec_decode(const void *p, size_t n, struct search_spec *ret_spec, struct sonata_error *err)
{
    Sonata__SearchSpec *m = n > WIRE_MESSAGE_MAX ? NULL : (Sonata__SearchSpec *)wire_unpack(&sonata__search_spec__descriptor, p, n);
    if (!m)
        return sonata_error_set(err, -EBADMSG, "%zu bytes are not a search specification", n);
    int r = spec_from_message(m, ret_spec, err);
    sonata__search_spec__free_unpacked(m, NULL);
    return r;
}
