/* See infer_internal.h. */
#include "graph/infer_internal.h"

#include <errno.h>

const struct graph_tensor *infer_input(const struct inference *f, unsigned i)
{
    return i < f->n->n_inputs && f->n->input[i] >= 0 ? &f->g->tensor[f->n->input[i]] : NULL;
}

int infer_refused(const struct inference *f, int code, const char *what)
{
    char text[160];
    const struct graph_tensor *x = infer_input(f, 0);
    return sonata_error_set(f->err, code, "node '%.60s' (%s, input %s): %s", f->n->name, graph_op_name(f->n->op),
                            x ? graph_shape_text(&x->shape, text) : "missing", what);
}

int infer_wrong(const struct inference *f, const char *what) { return infer_refused(f, -EINVAL, what); }

int infer_done(const struct inference *f, unsigned i, enum graph_type type, const struct graph_shape *shape)
{
    f->out[i].type = type;
    f->out[i].shape = *shape;
    if (shape->rank > GRAPH_RANK_MAX || graph_elements(shape) < 0)
        return infer_wrong(f, "the result is too large (at most 2^28 values and 8 dimensions)");
    return 0;
}

/* Inputs first..last are there and have the type. */
int infer_need(const struct inference *f, unsigned first, unsigned last, enum graph_type type)
{
    for (unsigned i = first; i <= last; i++) {
        const struct graph_tensor *x = infer_input(f, i);
        if (!x)
            return infer_wrong(f, "an input is missing");
        if (x->type != type)
            return infer_refused(f, -ENOTSUP,
                                 type == GRAPH_F32 ? "float32 is needed where integers are given" : "integers are needed where float32 is given");
    }
    return 0;
}

int infer_same(const struct inference *f)
{
    const struct graph_tensor *x = infer_input(f, 0);
    return infer_done(f, 0, x->type, &x->shape);
}

int infer_broadcast(const struct inference *f, const struct graph_shape *with, struct graph_shape *s)
{
    struct graph_shape r = {.rank = with->rank > s->rank ? with->rank : s->rank};
    for (unsigned k = 0; k < r.rank; k++) {
        int64_t a = k < s->rank ? s->dim[s->rank - 1 - k] : 1;
        int64_t b = k < with->rank ? with->dim[with->rank - 1 - k] : 1;
        if (a != b && a != 1 && b != 1)
            return infer_wrong(f, "the shapes of its inputs cannot be broadcast to each other");
        r.dim[r.rank - 1 - k] = a == 1 ? b : a;
    }
    *s = r;
    return 0;
}

bool infer_has_axis(const struct inference *f) { return infer_input(f, 0) && f->n->axis >= 0 && f->n->axis < (int64_t)infer_input(f, 0)->shape.rank; }
