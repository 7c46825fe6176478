/* Types and shapes of what operators give that move values, and every check that their kernels rely on. */
#include "graph/infer_internal.h"

int infer_concat(const struct inference *f)
{
    if (!infer_has_axis(f))
        return infer_wrong(f, "`axis` is not a dimension of its input");
    struct graph_shape s = infer_input(f, 0)->shape;
    int64_t total = s.dim[f->n->axis];
    for (unsigned i = 1; i < f->n->n_inputs; i++) {
        const struct graph_tensor *x = infer_input(f, i);
        if (!x || x->type != infer_input(f, 0)->type)
            return infer_wrong(f, "an input is missing or has another type");
        struct graph_shape other = x->shape;
        other.dim[f->n->axis] = s.dim[f->n->axis];
        if (!graph_same_shape(&other, &s))
            return infer_wrong(f, "its inputs differ in more than the dimension they are joined along");
        total += x->shape.dim[f->n->axis];
    }
    s.dim[f->n->axis] = total;
    return infer_done(f, 0, infer_input(f, 0)->type, &s);
}

int infer_split(const struct inference *f)
{
    if (!infer_has_axis(f) || !f->n->sizes)
        return infer_wrong(f, "`axis` is not a dimension of its input");
    struct graph_shape s = infer_input(f, 0)->shape;
    int64_t left = s.dim[f->n->axis];
    int r = 0;
    for (unsigned i = 0; i < f->n->n_outputs && !r; i++) {
        if (f->n->sizes[i] < 0 || f->n->sizes[i] > left)
            return infer_wrong(f, "the pieces do not make up the dimension that is split");
        left -= f->n->sizes[i];
        s.dim[f->n->axis] = f->n->sizes[i];
        r = infer_done(f, i, infer_input(f, 0)->type, &s);
    }
    if (!r && left)
        return infer_wrong(f, "the pieces do not make up the dimension that is split");
    return r;
}

int infer_slice(const struct inference *f)
{
    const struct graph_tensor *x = infer_input(f, 0);
    if (!x || f->n->shape.rank != x->shape.rank)
        return infer_wrong(f, "an input is missing or has another number of dimensions");
    for (unsigned i = 0; i < x->shape.rank; i++) {
        int64_t size = x->shape.dim[i], count = f->n->shape.dim[i], first = f->n->list[i], step = f->n->step[i];
        if (step < -GRAPH_ELEMENTS_MAX || step > GRAPH_ELEMENTS_MAX)
            return infer_wrong(f, "a step is out of range");
        if (count <= 0)
            continue;
        if (first < 0 || first >= size || (count > 1 && (step > size || step < -size)))
            return infer_wrong(f, "the slice lies outside its input");
        int64_t last = count > 1 && count <= size ? first + step * (count - 1) : first;
        if (count > size || last < 0 || last >= size)
            return infer_wrong(f, "the slice lies outside its input");
    }
    return infer_done(f, 0, x->type, &f->n->shape);
}

int infer_gather(const struct inference *f)
{
    int r = infer_need(f, 1, 1, GRAPH_I64);
    if (r || !infer_has_axis(f))
        return r ? r : infer_wrong(f, "`axis` is not a dimension of its input");
    const struct graph_shape *x = &infer_input(f, 0)->shape, *i = &infer_input(f, 1)->shape;
    struct graph_shape s = {.rank = x->rank - 1 + i->rank};
    if (s.rank > GRAPH_RANK_MAX)
        return infer_wrong(f, "the result has more than 8 dimensions");
    for (unsigned k = 0; k < s.rank; k++) {
        unsigned axis = (unsigned)f->n->axis;
        if (k < axis)
            s.dim[k] = x->dim[k];
        else
            s.dim[k] = k < axis + i->rank ? i->dim[k - axis] : x->dim[k - i->rank + 1];
    }
    return infer_done(f, 0, infer_input(f, 0)->type, &s);
}

int infer_transpose(const struct inference *f)
{
    const struct graph_tensor *x = infer_input(f, 0);
    unsigned seen = 0;
    if (!x)
        return infer_wrong(f, "an input is missing");
    struct graph_shape s = x->shape;
    for (unsigned i = 0; i < s.rank; i++) {
        if (f->n->list[i] < 0 || f->n->list[i] >= (int64_t)s.rank || seen >> f->n->list[i] & 1)
            return infer_wrong(f, "`perm` is not a permutation of its dimensions");
        seen |= 1u << f->n->list[i];
        s.dim[i] = x->shape.dim[f->n->list[i]];
    }
    return infer_done(f, 0, x->type, &s);
}

int infer_reshape(const struct inference *f)
{
    const struct graph_tensor *x = infer_input(f, 0);
    if (!x)
        return infer_wrong(f, "an input is missing");
    int r = infer_done(f, 0, x->type, &f->n->shape);
    if (!r && graph_elements(&f->n->shape) != graph_elements(&x->shape))
        return infer_wrong(f, "the new shape has another number of values");
    return r;
}

int infer_expand(const struct inference *f)
{
    const struct graph_tensor *x = infer_input(f, 0);
    if (!x)
        return infer_wrong(f, "an input is missing");
    struct graph_shape s = f->n->shape;
    int r = infer_broadcast(f, &x->shape, &s);
    if (!r && !graph_same_shape(&s, &f->n->shape))
        return infer_wrong(f, "the shape to expand to does not contain it");
    return r ? r : infer_done(f, 0, x->type, &s);
}

int infer_tile(const struct inference *f)
{
    const struct graph_tensor *x = infer_input(f, 0);
    if (!x)
        return infer_wrong(f, "an input is missing");
    struct graph_shape s = x->shape;
    for (unsigned i = 0; i < s.rank; i++) {
        if (f->n->list[i] < 0 || f->n->list[i] > GRAPH_ELEMENTS_MAX)
            return infer_wrong(f, "a number of repeats is out of range");
        s.dim[i] *= f->n->list[i];
    }
    return infer_done(f, 0, x->type, &s);
}

int infer_pad(const struct inference *f)
{
    const struct graph_tensor *x = infer_input(f, 0);
    if (!x || x->shape.rank != f->n->shape.rank)
        return infer_wrong(f, "an input is missing or has another number of dimensions");
    for (unsigned i = 0; i < x->shape.rank; i++) {
        int64_t begin = f->n->list[i], size = x->shape.dim[i], to = f->n->shape.dim[i], end = to - size - begin;
        if (begin < -GRAPH_ELEMENTS_MAX || begin > GRAPH_ELEMENTS_MAX || to < 0)
            return infer_wrong(f, "an amount of padding is out of range");
        if (f->n->mode != GRAPH_PAD_CONSTANT && size < 1)
            return infer_wrong(f, "an empty dimension cannot be continued");
        if (f->n->mode == GRAPH_PAD_REFLECT && (begin >= size || end >= size))
            return infer_wrong(f, "more is reflected than there is");
    }
    return infer_done(f, 0, x->type, &f->n->shape);
}

int infer_resize(const struct inference *f)
{
    int r = infer_need(f, 0, 0, GRAPH_F32);
    if (r)
        return r;
    const struct graph_shape *x = &infer_input(f, 0)->shape;
    if (x->rank != f->n->shape.rank)
        return infer_wrong(f, "sizes or scales are for another number of dimensions");
    for (unsigned i = 0; i < x->rank; i++) {
        if (x->dim[i] < 1 || f->n->shape.dim[i] < 1 || !(f->n->scale[i] >= 1e-6 && f->n->scale[i] <= 1e6))
            return infer_wrong(f, "a scale is out of range (1e-6 to 1e6) or a dimension is empty");
    }
    return infer_done(f, 0, GRAPH_F32, &f->n->shape);
}

int infer_shuffle(const struct inference *f)
{
    int r = infer_need(f, 0, 0, GRAPH_F32);
    if (r)
        return r;
    struct graph_shape s = infer_input(f, 0)->shape;
    int64_t k = f->n->axis, square = k > 0 && k <= GRAPH_WINDOW_MAX ? k * k : 0;
    bool space = f->n->op == GRAPH_DEPTH_TO_SPACE;
    if (s.rank != 4 || !square || s.dim[1] % (space ? square : k))
        return infer_wrong(f, "four dimensions are needed, and channels in whole blocks");
    if (space)
        s = (struct graph_shape){.rank = 4, .dim = {s.dim[0], s.dim[1] / square, s.dim[2] * k, s.dim[3] * k}};
    return infer_done(f, 0, GRAPH_F32, &s);
}
