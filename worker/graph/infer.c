/* Types and shapes of what a node gives, and every check that its kernel relies on. */
#include <errno.h>
#include <math.h>

#include "graph/graph.h"

struct inference {
    const struct graph *g;
    const struct graph_node *n;
    struct graph_tensor *out;
    struct sonata_error *err;
};

static const struct graph_tensor *input(const struct inference *f, unsigned i)
{
    return i < f->n->n_inputs && f->n->input[i] >= 0 ? &f->g->tensor[f->n->input[i]] : NULL;
}

static int refused(const struct inference *f, int code, const char *what)
{
    char text[160];
    const struct graph_tensor *x = input(f, 0);
    return sonata_error_set(f->err, code, "node '%.60s' (%s, input %s): %s", f->n->name, graph_op_name(f->n->op),
                            x ? graph_shape_text(&x->shape, text) : "missing", what);
}

static int wrong(const struct inference *f, const char *what) { return refused(f, -EINVAL, what); }

static int done(const struct inference *f, unsigned i, enum graph_type type, const struct graph_shape *shape)
{
    f->out[i].type = type;
    f->out[i].shape = *shape;
    if (shape->rank > GRAPH_RANK_MAX || graph_elements(shape) < 0)
        return wrong(f, "the result is too large (at most 2^28 values and 8 dimensions)");
    return 0;
}

/* Inputs first..last are there and have the type. */
static int need(const struct inference *f, unsigned first, unsigned last, enum graph_type type)
{
    for (unsigned i = first; i <= last; i++) {
        const struct graph_tensor *x = input(f, i);
        if (!x)
            return wrong(f, "an input is missing");
        if (x->type != type)
            return refused(f, -ENOTSUP,
                           type == GRAPH_F32 ? "float32 is needed where integers are given" : "integers are needed where float32 is given");
    }
    return 0;
}

static int same_as_input(const struct inference *f)
{
    const struct graph_tensor *x = input(f, 0);
    return done(f, 0, x->type, &x->shape);
}

static int unary(const struct inference *f)
{
    const struct graph_tensor *x = input(f, 0);
    bool integers = f->n->op == GRAPH_IDENTITY || f->n->op == GRAPH_RELU || f->n->op == GRAPH_ABS || f->n->op == GRAPH_NEG ||
                    f->n->op == GRAPH_SIGN || f->n->op == GRAPH_NOT || f->n->op == GRAPH_CAST;
    if (!x)
        return wrong(f, "an input is missing");
    if (f->n->op == GRAPH_CAST)
        return done(f, 0, f->n->type, &x->shape);
    if (x->type == GRAPH_I64 && !integers)
        return refused(f, -ENOTSUP, "this operator works on float32 only");
    return same_as_input(f);
}

static int broadcast(const struct inference *f, const struct graph_shape *with, struct graph_shape *s)
{
    struct graph_shape r = {.rank = with->rank > s->rank ? with->rank : s->rank};
    for (unsigned k = 0; k < r.rank; k++) {
        int64_t a = k < s->rank ? s->dim[s->rank - 1 - k] : 1, b = k < with->rank ? with->dim[with->rank - 1 - k] : 1;
        if (a != b && a != 1 && b != 1)
            return wrong(f, "the shapes of its inputs cannot be broadcast to each other");
        r.dim[r.rank - 1 - k] = a == 1 ? b : a;
    }
    *s = r;
    return 0;
}

static int binary(const struct inference *f)
{
    enum graph_op op = f->n->op;
    const struct graph_tensor *a = input(f, 0), *b = input(f, 1);
    if (!a || !b)
        return wrong(f, "an input is missing");
    if (a->type != b->type)
        return wrong(f, "its inputs have different types");
    if (op == GRAPH_PRELU && a->type != GRAPH_F32)
        return refused(f, -ENOTSUP, "this operator works on float32 only");
    if ((op == GRAPH_AND || op == GRAPH_OR) && a->type != GRAPH_I64)
        return wrong(f, "truth values are needed");
    struct graph_shape s = a->shape;
    int r = broadcast(f, &b->shape, &s);
    bool truth = op == GRAPH_EQUAL || op == GRAPH_LESS || op == GRAPH_GREATER;
    if (!r && op == GRAPH_PRELU && !graph_same_shape(&s, &a->shape))
        return wrong(f, "the slope has a larger shape than the input");
    return r ? r : done(f, 0, truth ? GRAPH_I64 : a->type, &s);
}

static int where(const struct inference *f)
{
    const struct graph_tensor *a = input(f, 1), *b = input(f, 2);
    int r = need(f, 0, 0, GRAPH_I64);
    if (r)
        return r;
    if (!a || !b || a->type != b->type)
        return wrong(f, "both choices must be there and of one type");
    struct graph_shape s = input(f, 0)->shape;
    r = broadcast(f, &a->shape, &s);
    r = r ? r : broadcast(f, &b->shape, &s);
    return r ? r : done(f, 0, a->type, &s);
}

static int channels(const struct inference *f)
{
    unsigned n = f->n->op == GRAPH_AFFINE ? 3 : 5;
    int r = need(f, 0, n - 1, GRAPH_F32);
    if (r)
        return r;
    const struct graph_shape *x = &input(f, 0)->shape;
    for (unsigned i = 1; i < n; i++) {
        const struct graph_shape *s = &input(f, i)->shape;
        if (x->rank < 2 || s->rank != 1 || s->dim[0] != x->dim[1])
            return wrong(f, "one value per channel is needed in every parameter");
    }
    return same_as_input(f);
}

static int window_limits(const struct inference *f)
{
    const struct graph_window *w = &f->n->window;
    const struct graph_shape *x = &input(f, 0)->shape;
    if (w->rank < 1 || w->rank > GRAPH_SPATIAL_MAX || x->rank != w->rank + 2)
        return wrong(f, "the input needs batch, channels and one to three spatial dimensions, as many as the kernel has");
    for (unsigned i = 0; i < w->rank; i++) {
        bool window = w->kernel[i] >= 1 && w->kernel[i] <= GRAPH_WINDOW_MAX && w->stride[i] >= 1 && w->stride[i] <= GRAPH_WINDOW_MAX &&
                      w->dilation[i] >= 1 && w->dilation[i] <= GRAPH_WINDOW_MAX;
        bool pads = w->begin[i] >= 0 && w->begin[i] <= GRAPH_WINDOW_MAX && w->end[i] >= 0 && w->end[i] <= GRAPH_WINDOW_MAX && w->extra[i] >= 0 &&
                    w->extra[i] <= GRAPH_WINDOW_MAX;
        if (!window || !pads)
            return wrong(f, "kernel, stride and dilation must be 1 to 65535, padding 0 to 65535");
        if (x->dim[2 + i] < 1)
            return wrong(f, "a spatial dimension is empty");
    }
    return 0;
}

/* Size of the result of a sliding window. A partial window counts when it begins inside the input or the padding before it. */
static int64_t slide(const struct graph_window *w, unsigned i, int64_t in)
{
    int64_t room = in + w->begin[i] + w->end[i] - (w->kernel[i] - 1) * w->dilation[i] - 1;
    if (room < 0)
        return 0;
    int64_t out = room / w->stride[i] + 1;
    if (w->ceil && room % w->stride[i] && out * w->stride[i] < in + w->begin[i])
        out++;
    return out;
}

static int slide_all(const struct inference *f, int64_t out_channels)
{
    struct graph_shape s = input(f, 0)->shape;
    s.dim[1] = out_channels;
    for (unsigned i = 0; i < f->n->window.rank; i++) {
        s.dim[2 + i] = slide(&f->n->window, i, s.dim[2 + i]);
        if (s.dim[2 + i] < 1)
            return wrong(f, "the kernel is larger than the padded input");
    }
    return done(f, 0, GRAPH_F32, &s);
}

static int weights(const struct inference *f, int64_t expected_in, unsigned in_at, int64_t out_channels)
{
    const struct graph_window *w = &f->n->window;
    const struct graph_shape *s = &input(f, 1)->shape, *bias = input(f, 2) ? &input(f, 2)->shape : NULL;
    if (s->dim[in_at] != expected_in)
        return wrong(f, "the weights are for another number of channels");
    for (unsigned i = 0; i < w->rank; i++) {
        if (s->dim[2 + i] != w->kernel[i])
            return wrong(f, "kernel_shape and the shape of the weights differ");
    }
    if (bias && (bias->rank != 1 || bias->dim[0] != out_channels || input(f, 2)->type != GRAPH_F32))
        return wrong(f, "the bias needs one value per output channel");
    return 0;
}

static int conv(const struct inference *f)
{
    const struct graph_window *w = &f->n->window;
    int r = need(f, 0, 1, GRAPH_F32);
    r = r ? r : window_limits(f);
    if (r)
        return r;
    const struct graph_shape *x = &input(f, 0)->shape, *s = &input(f, 1)->shape;
    if (s->rank != x->rank || w->group < 1 || s->dim[0] < 1 || s->dim[0] % w->group || x->dim[1] < 1 || x->dim[1] % w->group)
        return wrong(f, "the weights do not fit: wrong number of dimensions, or channels that `group` does not divide");
    r = weights(f, x->dim[1] / w->group, 1, s->dim[0]);
    return r ? r : slide_all(f, s->dim[0]);
}

static int conv_transpose(const struct inference *f)
{
    const struct graph_window *w = &f->n->window;
    int r = need(f, 0, 1, GRAPH_F32);
    r = r ? r : window_limits(f);
    if (r)
        return r;
    const struct graph_shape *x = &input(f, 0)->shape, *s = &input(f, 1)->shape;
    if (s->rank != x->rank || w->group < 1 || x->dim[1] < 1 || x->dim[1] % w->group || s->dim[1] < 1)
        return wrong(f, "the weights do not fit: wrong number of dimensions, or channels that `group` does not divide");
    struct graph_shape y = *x;
    y.dim[1] = s->dim[1] * w->group;
    r = y.dim[1] <= GRAPH_ELEMENTS_MAX ? weights(f, x->dim[1], 0, y.dim[1]) : wrong(f, "`group` is too large");
    for (unsigned i = 0; i < w->rank && !r; i++) {
        y.dim[2 + i] = (x->dim[2 + i] - 1) * w->stride[i] + w->extra[i] + (w->kernel[i] - 1) * w->dilation[i] + 1 - w->begin[i] - w->end[i];
        r = y.dim[2 + i] < 1 ? wrong(f, "the padding takes away the whole result") : 0;
    }
    return r ? r : done(f, 0, GRAPH_F32, &y);
}

static int pool(const struct inference *f)
{
    int r = need(f, 0, 0, GRAPH_F32);
    r = r ? r : window_limits(f);
    for (unsigned i = 0; i < f->n->window.rank && !r; i++) {
        const struct graph_window *w = &f->n->window;
        int64_t reach = (w->kernel[i] - 1) * w->dilation[i] + 1;
        if (w->begin[i] >= reach || w->end[i] >= reach)
            return wrong(f, "the padding is as large as the kernel");
    }
    return r ? r : slide_all(f, input(f, 0)->shape.dim[1]);
}

static int gemm(const struct inference *f)
{
    int r = need(f, 0, 1, GRAPH_F32);
    if (r)
        return r;
    const struct graph_shape *a = &input(f, 0)->shape, *b = &input(f, 1)->shape;
    if (a->rank != 2 || b->rank != 2)
        return wrong(f, "two matrices are needed");
    struct graph_shape s = {.rank = 2, .dim = {a->dim[f->n->transpose_a ? 1 : 0], b->dim[f->n->transpose_b ? 0 : 1]}};
    if (a->dim[f->n->transpose_a ? 0 : 1] != b->dim[f->n->transpose_b ? 1 : 0])
        return wrong(f, "the inner sizes of the matrices differ");
    if (input(f, 2)) {
        struct graph_shape c = s;
        r = need(f, 2, 2, GRAPH_F32);
        r = r ? r : broadcast(f, &input(f, 2)->shape, &c);
        if (!r && !graph_same_shape(&c, &s))
            return wrong(f, "C cannot be broadcast to the product");
    }
    return r ? r : done(f, 0, GRAPH_F32, &s);
}

static int matmul(const struct inference *f)
{
    int r = need(f, 0, 1, GRAPH_F32);
    if (r)
        return r;
    struct graph_shape a = input(f, 0)->shape, b = input(f, 1)->shape;
    if (!a.rank || !b.rank)
        return wrong(f, "a scalar has no matrix product");
    int64_t inner = a.dim[a.rank - 1], rows = a.rank > 1 ? a.dim[a.rank - 2] : 1, columns = b.rank > 1 ? b.dim[b.rank - 1] : 1;
    bool vector_a = a.rank == 1, vector_b = b.rank == 1;
    if (inner != b.dim[vector_b ? 0 : b.rank - 2])
        return wrong(f, "the inner sizes of the matrices differ");
    a.rank -= vector_a ? 1 : 2;
    b.rank -= vector_b ? 1 : 2;
    r = broadcast(f, &b, &a);
    if (!vector_a && a.rank < GRAPH_RANK_MAX)
        a.dim[a.rank++] = rows;
    if (!vector_b && a.rank < GRAPH_RANK_MAX)
        a.dim[a.rank++] = columns;
    return r ? r : done(f, 0, GRAPH_F32, &a);
}

static int reduce(const struct inference *f)
{
    const struct graph_tensor *x = input(f, 0);
    if (!x)
        return wrong(f, "an input is missing");
    if (x->type == GRAPH_I64 && f->n->op == GRAPH_REDUCE_MEAN)
        return refused(f, -ENOTSUP, "this operator works on float32 only");
    struct graph_shape s = {.rank = 0};
    for (unsigned i = 0; i < x->shape.rank; i++) {
        if (!(f->n->axes >> i & 1))
            s.dim[s.rank++] = x->shape.dim[i];
        else if (f->n->keep)
            s.dim[s.rank++] = 1;
    }
    return done(f, 0, x->type, &s);
}

static bool has_axis(const struct inference *f) { return input(f, 0) && f->n->axis >= 0 && f->n->axis < (int64_t)input(f, 0)->shape.rank; }

static int softmax(const struct inference *f)
{
    int r = need(f, 0, 0, GRAPH_F32);
    if (!r && !has_axis(f))
        return wrong(f, "`axis` is not a dimension of its input");
    return r ? r : same_as_input(f);
}

static int concat(const struct inference *f)
{
    if (!has_axis(f))
        return wrong(f, "`axis` is not a dimension of its input");
    struct graph_shape s = input(f, 0)->shape;
    int64_t total = s.dim[f->n->axis];
    for (unsigned i = 1; i < f->n->n_inputs; i++) {
        const struct graph_tensor *x = input(f, i);
        if (!x || x->type != input(f, 0)->type)
            return wrong(f, "an input is missing or has another type");
        struct graph_shape other = x->shape;
        other.dim[f->n->axis] = s.dim[f->n->axis];
        if (!graph_same_shape(&other, &s))
            return wrong(f, "its inputs differ in more than the dimension they are joined along");
        total += x->shape.dim[f->n->axis];
    }
    s.dim[f->n->axis] = total;
    return done(f, 0, input(f, 0)->type, &s);
}

static int split(const struct inference *f)
{
    if (!has_axis(f) || !f->n->sizes)
        return wrong(f, "`axis` is not a dimension of its input");
    struct graph_shape s = input(f, 0)->shape;
    int64_t left = s.dim[f->n->axis];
    int r = 0;
    for (unsigned i = 0; i < f->n->n_outputs && !r; i++) {
        if (f->n->sizes[i] < 0 || f->n->sizes[i] > left)
            return wrong(f, "the pieces do not make up the dimension that is split");
        left -= f->n->sizes[i];
        s.dim[f->n->axis] = f->n->sizes[i];
        r = done(f, i, input(f, 0)->type, &s);
    }
    if (!r && left)
        return wrong(f, "the pieces do not make up the dimension that is split");
    return r;
}

static int slice(const struct inference *f)
{
    const struct graph_tensor *x = input(f, 0);
    if (!x || f->n->shape.rank != x->shape.rank)
        return wrong(f, "an input is missing or has another number of dimensions");
    for (unsigned i = 0; i < x->shape.rank; i++) {
        int64_t size = x->shape.dim[i], count = f->n->shape.dim[i], first = f->n->list[i], step = f->n->step[i];
        if (step < -GRAPH_ELEMENTS_MAX || step > GRAPH_ELEMENTS_MAX)
            return wrong(f, "a step is out of range");
        if (count <= 0)
            continue;
        if (first < 0 || first >= size || (count > 1 && (step > size || step < -size)))
            return wrong(f, "the slice lies outside its input");
        int64_t last = count > 1 && count <= size ? first + step * (count - 1) : first;
        if (count > size || last < 0 || last >= size)
            return wrong(f, "the slice lies outside its input");
    }
    return done(f, 0, x->type, &f->n->shape);
}

static int gather(const struct inference *f)
{
    int r = need(f, 1, 1, GRAPH_I64);
    if (r || !has_axis(f))
        return r ? r : wrong(f, "`axis` is not a dimension of its input");
    const struct graph_shape *x = &input(f, 0)->shape, *i = &input(f, 1)->shape;
    struct graph_shape s = {.rank = x->rank - 1 + i->rank};
    if (s.rank > GRAPH_RANK_MAX)
        return wrong(f, "the result has more than 8 dimensions");
    for (unsigned k = 0; k < s.rank; k++) {
        unsigned axis = (unsigned)f->n->axis;
        if (k < axis)
            s.dim[k] = x->dim[k];
        else
            s.dim[k] = k < axis + i->rank ? i->dim[k - axis] : x->dim[k - i->rank + 1];
    }
    return done(f, 0, input(f, 0)->type, &s);
}

static int transpose(const struct inference *f)
{
    const struct graph_tensor *x = input(f, 0);
    unsigned seen = 0;
    if (!x)
        return wrong(f, "an input is missing");
    struct graph_shape s = x->shape;
    for (unsigned i = 0; i < s.rank; i++) {
        if (f->n->list[i] < 0 || f->n->list[i] >= (int64_t)s.rank || seen >> f->n->list[i] & 1)
            return wrong(f, "`perm` is not a permutation of its dimensions");
        seen |= 1u << f->n->list[i];
        s.dim[i] = x->shape.dim[f->n->list[i]];
    }
    return done(f, 0, x->type, &s);
}

static int reshape(const struct inference *f)
{
    const struct graph_tensor *x = input(f, 0);
    if (!x)
        return wrong(f, "an input is missing");
    int r = done(f, 0, x->type, &f->n->shape);
    if (!r && graph_elements(&f->n->shape) != graph_elements(&x->shape))
        return wrong(f, "the new shape has another number of values");
    return r;
}

static int expand(const struct inference *f)
{
    const struct graph_tensor *x = input(f, 0);
    if (!x)
        return wrong(f, "an input is missing");
    struct graph_shape s = f->n->shape;
    int r = broadcast(f, &x->shape, &s);
    if (!r && !graph_same_shape(&s, &f->n->shape))
        return wrong(f, "the shape to expand to does not contain it");
    return r ? r : done(f, 0, x->type, &s);
}

static int tile(const struct inference *f)
{
    const struct graph_tensor *x = input(f, 0);
    if (!x)
        return wrong(f, "an input is missing");
    struct graph_shape s = x->shape;
    for (unsigned i = 0; i < s.rank; i++) {
        if (f->n->list[i] < 0 || f->n->list[i] > GRAPH_ELEMENTS_MAX)
            return wrong(f, "a number of repeats is out of range");
        s.dim[i] *= f->n->list[i];
    }
    return done(f, 0, x->type, &s);
}

static int pad(const struct inference *f)
{
    const struct graph_tensor *x = input(f, 0);
    if (!x || x->shape.rank != f->n->shape.rank)
        return wrong(f, "an input is missing or has another number of dimensions");
    for (unsigned i = 0; i < x->shape.rank; i++) {
        int64_t begin = f->n->list[i], size = x->shape.dim[i], to = f->n->shape.dim[i], end = to - size - begin;
        if (begin < -GRAPH_ELEMENTS_MAX || begin > GRAPH_ELEMENTS_MAX || to < 0)
            return wrong(f, "an amount of padding is out of range");
        if (f->n->mode != GRAPH_PAD_CONSTANT && size < 1)
            return wrong(f, "an empty dimension cannot be continued");
        if (f->n->mode == GRAPH_PAD_REFLECT && (begin >= size || end >= size))
            return wrong(f, "more is reflected than there is");
    }
    return done(f, 0, x->type, &f->n->shape);
}

static int resize(const struct inference *f)
{
    int r = need(f, 0, 0, GRAPH_F32);
    if (r)
        return r;
    const struct graph_shape *x = &input(f, 0)->shape;
    if (x->rank != f->n->shape.rank)
        return wrong(f, "sizes or scales are for another number of dimensions");
    for (unsigned i = 0; i < x->rank; i++) {
        if (x->dim[i] < 1 || f->n->shape.dim[i] < 1 || !(f->n->scale[i] >= 1e-6 && f->n->scale[i] <= 1e6))
            return wrong(f, "a scale is out of range (1e-6 to 1e6) or a dimension is empty");
    }
    return done(f, 0, GRAPH_F32, &f->n->shape);
}

static int shuffle(const struct inference *f)
{
    int r = need(f, 0, 0, GRAPH_F32);
    if (r)
        return r;
    struct graph_shape s = input(f, 0)->shape;
    int64_t k = f->n->axis, square = k > 0 && k <= GRAPH_WINDOW_MAX ? k * k : 0;
    bool space = f->n->op == GRAPH_DEPTH_TO_SPACE;
    if (s.rank != 4 || !square || s.dim[1] % (space ? square : k))
        return wrong(f, "four dimensions are needed, and channels in whole blocks");
    if (space)
        s = (struct graph_shape){.rank = 4, .dim = {s.dim[0], s.dim[1] / square, s.dim[2] * k, s.dim[3] * k}};
    return done(f, 0, GRAPH_F32, &s);
}

static int (*const rules[GRAPH_OPS])(const struct inference *) = {[GRAPH_WHERE] = where,
                                                                  [GRAPH_AFFINE] = channels,
                                                                  [GRAPH_BATCH_NORM] = channels,
                                                                  [GRAPH_CONV] = conv,
                                                                  [GRAPH_CONV_TRANSPOSE] = conv_transpose,
                                                                  [GRAPH_MAX_POOL] = pool,
                                                                  [GRAPH_AVERAGE_POOL] = pool,
                                                                  [GRAPH_GEMM] = gemm,
                                                                  [GRAPH_MATMUL] = matmul,
                                                                  [GRAPH_REDUCE_MEAN] = reduce,
                                                                  [GRAPH_REDUCE_SUM] = reduce,
                                                                  [GRAPH_REDUCE_MAX] = reduce,
                                                                  [GRAPH_REDUCE_MIN] = reduce,
                                                                  [GRAPH_REDUCE_PROD] = reduce,
                                                                  [GRAPH_SOFTMAX] = softmax,
                                                                  [GRAPH_LOG_SOFTMAX] = softmax,
                                                                  [GRAPH_CONCAT] = concat,
                                                                  [GRAPH_SPLIT] = split,
                                                                  [GRAPH_SLICE] = slice,
                                                                  [GRAPH_GATHER] = gather,
                                                                  [GRAPH_TRANSPOSE] = transpose,
                                                                  [GRAPH_RESHAPE] = reshape,
                                                                  [GRAPH_EXPAND] = expand,
                                                                  [GRAPH_TILE] = tile,
                                                                  [GRAPH_PAD] = pad,
                                                                  [GRAPH_RESIZE] = resize,
                                                                  [GRAPH_DEPTH_TO_SPACE] = shuffle,
                                                                  [GRAPH_CHANNEL_SHUFFLE] = shuffle};

int graph_infer(const struct graph *g, const struct graph_node *n, struct graph_tensor *ret, struct sonata_error *err)
{
    struct inference f = {g, n, ret, err};
    if (graph_op_is_unary(n->op))
        return unary(&f);
    return graph_op_is_binary(n->op) ? binary(&f) : rules[n->op](&f);
}

static double elements(const struct graph *g, int32_t t) { return t < 0 ? 0 : (double)graph_elements(&g->tensor[t].shape); }

double graph_node_steps(const struct graph *g, const struct graph_node *n)
{
    double out = 0, in = elements(g, n->input[0]);
    for (unsigned i = 0; i < n->n_outputs; i++)
        out += elements(g, n->output[i]);
    const struct graph_shape *x = &g->tensor[n->input[0]].shape;
    double window = 1;
    for (unsigned i = 0; i < n->window.rank; i++)
        window *= (double)n->window.kernel[i];
    switch (n->op) {
    case GRAPH_CONV:
        return out * window * (double)x->dim[1] / (double)n->window.group;
    case GRAPH_CONV_TRANSPOSE:
        return in * window * (double)g->tensor[n->output[0]].shape.dim[1] / (double)n->window.group;
    case GRAPH_MAX_POOL:
    case GRAPH_AVERAGE_POOL:
        return out * window;
    case GRAPH_GEMM:
        return out * (double)x->dim[n->transpose_a ? 0 : 1];
    case GRAPH_MATMUL:
        return out * (double)x->dim[x->rank - 1];
    case GRAPH_RESIZE:
        return (in + out) * (double)x->rank;
    default:
        return in + out;
    }
}

double graph_macs(const struct graph *g)
{
    double sum = 0;
    for (size_t i = 0; i < g->n_nodes; i++) {
        const struct graph_node *n = &g->node[i];
        bool counts = n->op == GRAPH_CONV || n->op == GRAPH_CONV_TRANSPOSE || n->op == GRAPH_GEMM || n->op == GRAPH_MATMUL;
        sum += counts && !n->dead ? graph_node_steps(g, n) : 0;
    }
    return sum;
}

double graph_params(const struct graph *g)
{
    double sum = 0;
    for (size_t i = 0; i < g->n_tensors; i++)
        sum += g->tensor[i].data && g->tensor[i].type == GRAPH_F32 ? (double)graph_elements(&g->tensor[i].shape) : 0;
    return sum;
}
