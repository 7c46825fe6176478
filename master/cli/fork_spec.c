/* See fork_spec.h. */
#include "cli/fork_spec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static bool is_given(const char *text) { return text && text[0]; }

/* "latency@rpi4:min" */
static int parse_objective(const char *text, struct objective *o, struct sonata_error *err)
{
    char copy[160];
    char *goal, *board;
    *o = (struct objective){0};
    bool good = copy_string(copy, sizeof copy, text) && (goal = strrchr(copy, ':'));
    if (good) {
        *goal++ = '\0';
        board = strchr(copy, '@');
        if (board)
            *board++ = '\0';
        o->goal = !strcmp(goal, "max") ? GOAL_MAX : GOAL_MIN;
        good = (o->goal == GOAL_MAX || !strcmp(goal, "min")) && copy[0] && copy_string(o->metric, sizeof o->metric, copy) &&
               copy_string(o->board, sizeof o->board, board ? board : "");
    }
    return good ? 0 : sonata_error_set(err, -EINVAL, "'%s' as an objective: METRIC:min, METRIC:max or METRIC@TYPE:min is expected", text);
}

static int set_objectives(struct search_spec *spec, const struct fork_changes *x, struct sonata_error *err)
{
    int r = 0;
    for (unsigned i = 0; i < x->n_objectives && !r; i++)
        r = parse_objective(x->objective[i], &spec->objective[i], err);
    if (!r && x->n_objectives)
        spec->n_objectives = x->n_objectives;
    return r;
}

static int set_name(struct search_spec *spec, const char *given, struct sonata_error *err)
{
    char name[SPEC_NAME_MAX];
    if (!is_given(given) && (size_t)snprintf(name, sizeof name, "%s-fork", spec->name) < sizeof name)
        copy_string(spec->name, sizeof spec->name, name);
    else if (is_given(given) && !copy_string(spec->name, sizeof spec->name, given))
        return sonata_error_set(err, -EINVAL, "the name is longer than %d characters", SPEC_NAME_MAX - 1);
    return 0;
}

int fork_spec_change(struct search_spec *spec, const struct fork_changes *x, struct sonata_error *err)
{
    int r = set_objectives(spec, x, err);
    if (r)
        return r;
    if (x->evaluations)
        spec->budget_evaluations = x->evaluations;
    if (x->has_seed)
        spec->seed = x->seed;
    if (is_given(x->algorithm) && !copy_string(spec->algorithm, sizeof spec->algorithm, x->algorithm))
        return sonata_error_set(err, -EINVAL, "'%s' is not an algorithm", x->algorithm);
    if (is_given(x->algorithm))
        spec->n_options = spec->policy_size = 0;
    return set_name(spec, x->name, err);
}
