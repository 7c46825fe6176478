/* Types and shapes of what a node gives, and every check that its kernel relies on. */
#include "graph/infer_internal.h"

#include <errno.h>
#include <math.h>

static int unary(const struct inference *f)
{
    const struct graph_tensor *x = infer_input(f, 0);
    bool integers = f->n->op == GRAPH_IDENTITY || f->n->op == GRAPH_RELU || f->n->op == GRAPH_ABS || f->n->op == GRAPH_NEG ||
                    f->n->op == GRAPH_SIGN || f->n->op == GRAPH_NOT || f->n->op == GRAPH_CAST;
    if (!x)
        return infer_wrong(f, "an input is missing");
    if (f->n->op == GRAPH_CAST)
        return infer_done(f, 0, f->n->type, &x->shape);
    if (x->type == GRAPH_I64 && !integers)
        return infer_refused(f, -ENOTSUP, "this operator works on float32 only");
    return infer_same(f);
}

static int binary(const struct inference *f)
{
    enum graph_op op = f->n->op;
    const struct graph_tensor *a = infer_input(f, 0), *b = infer_input(f, 1);
    if (!a || !b)
        return infer_wrong(f, "an input is missing");
    if (a->type != b->type)
        return infer_wrong(f, "its inputs have different types");
    if (op == GRAPH_PRELU && a->type != GRAPH_F32)
        return infer_refused(f, -ENOTSUP, "this operator works on float32 only");
    if ((op == GRAPH_AND || op == GRAPH_OR) && a->type != GRAPH_I64)
        return infer_wrong(f, "truth values are needed");
    struct graph_shape s = a->shape;
    int r = infer_broadcast(f, &b->shape, &s);
    bool truth = op == GRAPH_EQUAL || op == GRAPH_LESS || op == GRAPH_GREATER;
    if (!r && op == GRAPH_PRELU && !graph_same_shape(&s, &a->shape))
        return infer_wrong(f, "the slope has a larger shape than the input");
    enum graph_type type = truth ? GRAPH_I64 : a->type;
    return r ? r : infer_done(f, 0, type, &s);
}

static int where(const struct inference *f)
{
    const struct graph_tensor *a = infer_input(f, 1), *b = infer_input(f, 2);
    int r = infer_need(f, 0, 0, GRAPH_I64);
    if (r)
        return r;
    if (!a || !b || a->type != b->type)
        return infer_wrong(f, "both choices must be there and of one type");
    struct graph_shape s = infer_input(f, 0)->shape;
    r = infer_broadcast(f, &a->shape, &s);
    r = r ? r : infer_broadcast(f, &b->shape, &s);
    return r ? r : infer_done(f, 0, a->type, &s);
}

static int channels(const struct inference *f)
{
    unsigned n = f->n->op == GRAPH_AFFINE ? 3 : 5;
    int r = infer_need(f, 0, n - 1, GRAPH_F32);
    if (r)
        return r;
    const struct graph_shape *x = &infer_input(f, 0)->shape;
    for (unsigned i = 1; i < n; i++) {
        const struct graph_shape *s = &infer_input(f, i)->shape;
        if (x->rank < 2 || s->rank != 1 || s->dim[0] != x->dim[1])
            return infer_wrong(f, "one value per channel is needed in every parameter");
    }
    return infer_same(f);
}

static int window_limits(const struct inference *f)
{
    const struct graph_window *w = &f->n->window;
    const struct graph_shape *x = &infer_input(f, 0)->shape;
    if (w->rank < 1 || w->rank > GRAPH_SPATIAL_MAX || x->rank != w->rank + 2)
        return infer_wrong(f, "the input needs batch, channels and one to three spatial dimensions, as many as the kernel has");
    for (unsigned i = 0; i < w->rank; i++) {
        bool window = w->kernel[i] >= 1 && w->kernel[i] <= GRAPH_WINDOW_MAX && w->stride[i] >= 1 && w->stride[i] <= GRAPH_WINDOW_MAX &&
                      w->dilation[i] >= 1 && w->dilation[i] <= GRAPH_WINDOW_MAX;
        bool pads = w->begin[i] >= 0 && w->begin[i] <= GRAPH_WINDOW_MAX && w->end[i] >= 0 && w->end[i] <= GRAPH_WINDOW_MAX && w->extra[i] >= 0 &&
                    w->extra[i] <= GRAPH_WINDOW_MAX;
        if (!window || !pads)
            return infer_wrong(f, "kernel, stride and dilation must be 1 to 65535, padding 0 to 65535");
        if (x->dim[2 + i] < 1)
            return infer_wrong(f, "a spatial dimension is empty");
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
    struct graph_shape s = infer_input(f, 0)->shape;
    s.dim[1] = out_channels;
    for (unsigned i = 0; i < f->n->window.rank; i++) {
        s.dim[2 + i] = slide(&f->n->window, i, s.dim[2 + i]);
        if (s.dim[2 + i] < 1)
            return infer_wrong(f, "the kernel is larger than the padded input");
    }
    return infer_done(f, 0, GRAPH_F32, &s);
}

static int weights(const struct inference *f, int64_t expected_in, unsigned in_at, int64_t out_channels)
{
    const struct graph_window *w = &f->n->window;
    const struct graph_shape *s = &infer_input(f, 1)->shape, *bias = infer_input(f, 2) ? &infer_input(f, 2)->shape : NULL;
    if (s->dim[in_at] != expected_in)
        return infer_wrong(f, "the weights are for another number of channels");
    for (unsigned i = 0; i < w->rank; i++) {
        if (s->dim[2 + i] != w->kernel[i])
            return infer_wrong(f, "kernel_shape and the shape of the weights differ");
    }
    if (bias && (bias->rank != 1 || bias->dim[0] != out_channels || infer_input(f, 2)->type != GRAPH_F32))
        return infer_wrong(f, "the bias needs one value per output channel");
    return 0;
}

static int conv(const struct inference *f)
{
    const struct graph_window *w = &f->n->window;
    int r = infer_need(f, 0, 1, GRAPH_F32);
    r = r ? r : window_limits(f);
    if (r)
        return r;
    const struct graph_shape *x = &infer_input(f, 0)->shape, *s = &infer_input(f, 1)->shape;
    if (s->rank != x->rank || w->group < 1 || s->dim[0] < 1 || s->dim[0] % w->group || x->dim[1] < 1 || x->dim[1] % w->group)
        return infer_wrong(f, "the weights do not fit: wrong number of dimensions, or channels that `group` does not divide");
    r = weights(f, x->dim[1] / w->group, 1, s->dim[0]);
    return r ? r : slide_all(f, s->dim[0]);
}

static int conv_transpose(const struct inference *f)
{
    const struct graph_window *w = &f->n->window;
    int r = infer_need(f, 0, 1, GRAPH_F32);
    r = r ? r : window_limits(f);
    if (r)
        return r;
    const struct graph_shape *x = &infer_input(f, 0)->shape, *s = &infer_input(f, 1)->shape;
    if (s->rank != x->rank || w->group < 1 || x->dim[1] < 1 || x->dim[1] % w->group || s->dim[1] < 1)
        return infer_wrong(f, "the weights do not fit: wrong number of dimensions, or channels that `group` does not divide");
    struct graph_shape y = *x;
    y.dim[1] = s->dim[1] * w->group;
    r = y.dim[1] <= GRAPH_ELEMENTS_MAX ? weights(f, x->dim[1], 0, y.dim[1]) : infer_wrong(f, "`group` is too large");
    for (unsigned i = 0; i < w->rank && !r; i++) {
        y.dim[2 + i] = (x->dim[2 + i] - 1) * w->stride[i] + w->extra[i] + (w->kernel[i] - 1) * w->dilation[i] + 1 - w->begin[i] - w->end[i];
        r = y.dim[2 + i] < 1 ? infer_wrong(f, "the padding takes away the whole result") : 0;
    }
    return r ? r : infer_done(f, 0, GRAPH_F32, &y);
}

static int pool(const struct inference *f)
{
    int r = infer_need(f, 0, 0, GRAPH_F32);
    r = r ? r : window_limits(f);
    for (unsigned i = 0; i < f->n->window.rank && !r; i++) {
        const struct graph_window *w = &f->n->window;
        int64_t reach = (w->kernel[i] - 1) * w->dilation[i] + 1;
        if (w->begin[i] >= reach || w->end[i] >= reach)
            return infer_wrong(f, "the padding is as large as the kernel");
    }
    return r ? r : slide_all(f, infer_input(f, 0)->shape.dim[1]);
}

static int gemm(const struct inference *f)
{
    int r = infer_need(f, 0, 1, GRAPH_F32);
    if (r)
        return r;
    const struct graph_shape *a = &infer_input(f, 0)->shape, *b = &infer_input(f, 1)->shape;
    if (a->rank != 2 || b->rank != 2)
        return infer_wrong(f, "two matrices are needed");
    unsigned rows = f->n->transpose_a ? 1 : 0;
    unsigned columns = f->n->transpose_b ? 0 : 1;
    struct graph_shape s = {.rank = 2, .dim = {a->dim[rows], b->dim[columns]}};
    if (a->dim[1 - rows] != b->dim[1 - columns])
        return infer_wrong(f, "the inner sizes of the matrices differ");
    if (infer_input(f, 2)) {
        struct graph_shape c = s;
        r = infer_need(f, 2, 2, GRAPH_F32);
        r = r ? r : infer_broadcast(f, &infer_input(f, 2)->shape, &c);
        if (!r && !graph_same_shape(&c, &s))
            return infer_wrong(f, "C cannot be broadcast to the product");
    }
    return r ? r : infer_done(f, 0, GRAPH_F32, &s);
}

static int matmul(const struct inference *f)
{
    int r = infer_need(f, 0, 1, GRAPH_F32);
    if (r)
        return r;
    struct graph_shape a = infer_input(f, 0)->shape, b = infer_input(f, 1)->shape;
    if (!a.rank || !b.rank)
        return infer_wrong(f, "a scalar has no matrix product");
    int64_t inner = a.dim[a.rank - 1], rows = a.rank > 1 ? a.dim[a.rank - 2] : 1;
    int64_t columns = b.rank > 1 ? b.dim[b.rank - 1] : 1;
    bool vector_a = a.rank == 1, vector_b = b.rank == 1;
    if (inner != b.dim[vector_b ? 0 : b.rank - 2])
        return infer_wrong(f, "the inner sizes of the matrices differ");
    a.rank -= vector_a ? 1 : 2;
    b.rank -= vector_b ? 1 : 2;
    r = infer_broadcast(f, &b, &a);
    if (!vector_a && a.rank < GRAPH_RANK_MAX)
        a.dim[a.rank++] = rows;
    if (!vector_b && a.rank < GRAPH_RANK_MAX)
        a.dim[a.rank++] = columns;
    return r ? r : infer_done(f, 0, GRAPH_F32, &a);
}

static int reduce(const struct inference *f)
{
    const struct graph_tensor *x = infer_input(f, 0);
    if (!x)
        return infer_wrong(f, "an input is missing");
    if (x->type == GRAPH_I64 && f->n->op == GRAPH_REDUCE_MEAN)
        return infer_refused(f, -ENOTSUP, "this operator works on float32 only");
    struct graph_shape s = {.rank = 0};
    for (unsigned i = 0; i < x->shape.rank; i++) {
        if (!(f->n->axes >> i & 1))
            s.dim[s.rank++] = x->shape.dim[i];
        else if (f->n->keep)
            s.dim[s.rank++] = 1;
    }
    return infer_done(f, 0, x->type, &s);
}

static int softmax(const struct inference *f)
{
    int r = infer_need(f, 0, 0, GRAPH_F32);
    if (!r && !infer_has_axis(f))
        return infer_wrong(f, "`axis` is not a dimension of its input");
    return r ? r : infer_same(f);
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
                                                                  [GRAPH_CONCAT] = infer_concat,
                                                                  [GRAPH_SPLIT] = infer_split,
                                                                  [GRAPH_SLICE] = infer_slice,
                                                                  [GRAPH_GATHER] = infer_gather,
                                                                  [GRAPH_TRANSPOSE] = infer_transpose,
                                                                  [GRAPH_RESHAPE] = infer_reshape,
                                                                  [GRAPH_EXPAND] = infer_expand,
                                                                  [GRAPH_TILE] = infer_tile,
                                                                  [GRAPH_PAD] = infer_pad,
                                                                  [GRAPH_RESIZE] = infer_resize,
                                                                  [GRAPH_DEPTH_TO_SPACE] = infer_shuffle,
                                                                  [GRAPH_CHANNEL_SHUFFLE] = infer_shuffle};

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
