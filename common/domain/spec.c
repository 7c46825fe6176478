/* See spec.h. */
#include "domain/spec.h"

#include <errno.h>

#include "base/medium.h"

static int check(const char *what, const char *name, size_t size, bool required, struct sonata_error *err)
{
    if ((!name[0] && !required) || name_is_valid(name, size))
        return 0;
    return sonata_error_set(err, -EINVAL, "%s '%s': " NAME_GRAMMAR, what, name);
}

static int check_metric(const char *what, const char *metric, size_t n, const char *board, size_t m, struct sonata_error *err)
{
    int r = check(what, metric, n, true, err);
    return r ? r : check("board type", board, m, false, err);
}

int spec_check_names(const struct search_spec *s, struct sonata_error *err)
{
    int r = space_check_names(&s->space, err);
    for (uint32_t i = 0; i < s->n_objectives && !r; i++) {
        const struct objective *o = &s->objective[i];
        r = check_metric("objective", o->metric, sizeof o->metric, o->board, sizeof o->board, err);
    }
    for (uint32_t i = 0; i < s->n_constraints && !r; i++) {
        const struct constraint *c = &s->constraint[i];
        r = check_metric("constraint", c->metric, sizeof c->metric, c->board, sizeof c->board, err);
    }
    for (uint32_t i = 0; i < s->n_options && !r; i++)
        r = check("option", s->option[i].name, sizeof s->option[i].name, true, err);
    if (!r)
        r = check("board type of models", s->model_board, sizeof s->model_board, false, err);
    if (!r && s->n_models && (s->model_board[0] || s->space.n_genes != 1 || s->n_models != s->space.gene[0].n_choices))
        r = sonata_error_set(err, -EINVAL, "models are one for each choice of the one gene of a space, and no board builds them");
    if (!r)
        r = check("data set", s->dataset, sizeof s->dataset, false, err);
    return r;
}
