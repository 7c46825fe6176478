/* Convolutions, pools, products and reductions. */
#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "onnx/reader_internal.h"

/* A list of one number per spatial dimension, or the same for all. */
static int spatial(const struct importer *m, const char *name, unsigned rank, int64_t fallback, int64_t *to)
{
    int64_t v[GRAPH_RANK_MAX];
    int n;
    int r = node_ints(m, name, v, GRAPH_RANK_MAX, &n);
    if (!r && n >= 0 && n != (int)rank)
        return node_error(m, -EINVAL, "an attribute has another number of dimensions than the input");
    for (unsigned i = 0; i < rank && !r; i++)
        to[i] = n < 0 ? fallback : v[i];
    return r;
}

/* TensorFlow's rule: the result is the input over the stride, rounded up. */
static void same_padding(struct graph_window *w, const struct graph_shape *x, bool upper)
{
    for (unsigned i = 0; i < w->rank; i++) {
        int64_t in = x->dim[2 + i], stride = w->stride[i] > 0 ? w->stride[i] : 1, out = (in + stride - 1) / stride;
        int64_t reach = (w->kernel[i] - 1) * w->dilation[i] + 1, total = (out - 1) * stride + reach - in;
        total = total < 0 ? 0 : total;
        w->begin[i] = upper ? total / 2 : total - total / 2;
        w->end[i] = total - w->begin[i];
    }
}

static int small(const struct importer *m, const struct graph_window *w)
{
    for (unsigned i = 0; i < w->rank; i++) {
        if (w->kernel[i] < 1 || w->kernel[i] > GRAPH_WINDOW_MAX || w->dilation[i] < 1 || w->dilation[i] > GRAPH_WINDOW_MAX || w->stride[i] < 1 ||
            w->stride[i] > GRAPH_WINDOW_MAX)
            return node_error(m, -EINVAL, "kernel, stride and dilation must be 1 to 65535");
    }
    return 0;
}

static int padding(const struct importer *m, struct graph_window *w, const struct graph_shape *x)
{
    int64_t v[GRAPH_RANK_MAX];
    int n;
    bool upper = node_text_is(m, "auto_pad", "NOTSET", "SAME_UPPER");
    if (upper || node_text_is(m, "auto_pad", "NOTSET", "SAME_LOWER")) {
        same_padding(w, x, upper);
        return 0;
    }
    int r = node_ints(m, "pads", v, GRAPH_RANK_MAX, &n);
    if (r || n < 0 || node_text_is(m, "auto_pad", "NOTSET", "VALID"))
        return r;
    if (n != 2 * (int)w->rank)
        return node_error(m, -EINVAL, "`pads` needs two numbers per spatial dimension");
    for (unsigned i = 0; i < w->rank; i++) {
        w->begin[i] = v[i];
        w->end[i] = v[w->rank + i];
    }
    return 0;
}

/* Kernel (from the attribute, else from the weights), stride, dilation, padding. */
static int window(const struct importer *m, struct graph_window *w, const struct graph_shape *weights)
{
    const struct graph_tensor *x = node_input(m, 0);
    int64_t group;
    if (!x || x->shape.rank < 3 || x->shape.rank > 5 || (weights && weights->rank != x->shape.rank))
        return node_error(m, -EINVAL, "the input needs batch, channels and one to three spatial dimensions, the weights as many");
    w->rank = x->shape.rank - 2;
    int r = spatial(m, "kernel_shape", w->rank, -1, w->kernel);
    for (unsigned i = 0; i < w->rank && !r; i++) {
        if (w->kernel[i] == -1 && weights)
            w->kernel[i] = weights->dim[2 + i];
    }
    r = r ? r : spatial(m, "strides", w->rank, 1, w->stride);
    r = r ? r : spatial(m, "dilations", w->rank, 1, w->dilation);
    r = r ? r : spatial(m, "output_padding", w->rank, 0, w->extra);
    r = r ? r : node_int(m, "group", 1, &group);
    r = r ? r : small(m, w);
    if (r)
        return r;
    w->group = group;
    return padding(m, w, &x->shape);
}

/* ConvTranspose whose result has a given size: what is too much is padding, what is missing is added at the end. */
static int output_size(const struct importer *m, struct graph_window *w, const struct graph_shape *x)
{
    int64_t size[GRAPH_RANK_MAX];
    int n;
    bool upper = node_text_is(m, "auto_pad", "NOTSET", "SAME_UPPER"), same = upper || node_text_is(m, "auto_pad", "NOTSET", "SAME_LOWER");
    int r = node_ints(m, "output_shape", size, GRAPH_RANK_MAX, &n);
    if (r || (n < 0 && !same))
        return r;
    if (n >= 0 && n != (int)w->rank && n != (int)w->rank + 2)
        return node_error(m, -EINVAL, "`output_shape` has another number of dimensions than the input");
    for (unsigned i = 0; i < w->rank; i++) {
        int64_t want = n < 0 ? x->dim[2 + i] * w->stride[i] : size[(unsigned)n - w->rank + i];
        int64_t total = (x->dim[2 + i] - 1) * w->stride[i] + w->extra[i] + (w->kernel[i] - 1) * w->dilation[i] + 1 - want;
        if (want < 1 || want > GRAPH_ELEMENTS_MAX)
            return node_error(m, -EINVAL, "`output_shape` is out of range");
        w->extra[i] += total < 0 ? -total : 0;
        total = total < 0 ? 0 : total;
        w->begin[i] = upper ? total / 2 : total - total / 2;
        w->end[i] = total - w->begin[i];
    }
    return 0;
}

int translate_conv(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *weights = node_input(m, 1);
    if (!weights)
        return node_error(m, -EINVAL, "the weights are missing");
    struct graph_node n = node_begin(m, t->op, node_has(m, 2) ? 3 : 2, 1);
    int r = window(m, &n.window, &weights->shape);
    if (!r && t->op == GRAPH_CONV_TRANSPOSE)
        r = output_size(m, &n.window, &node_input(m, 0)->shape);
    if (r) {
        graph_node_fini(&n);
        return r;
    }
    return node_finish(m, &n);
}

int translate_pool(struct importer *m, const struct translation *t)
{
    int64_t ceil, pad, order;
    struct graph_node n = node_begin(m, t->op, 1, 1);
    int r = window(m, &n.window, NULL);
    r = r ? r : node_int(m, "ceil_mode", 0, &ceil);
    r = r ? r : node_int(m, "count_include_pad", 0, &pad);
    r = r ? r : node_int(m, "storage_order", 0, &order);
    if (!r && m->node->n_output > 1 && *m->node->output[1])
        r = node_error(m, -ENOTSUP, "the places of the maxima are asked for; only the maxima are given here");
    if (r) {
        graph_node_fini(&n);
        return r;
    }
    n.window.ceil = ceil != 0;
    n.window.include_pad = pad != 0;
    return node_finish(m, &n);
}

int translate_global_pool(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x = node_input(m, 0);
    if (!x || x->shape.rank < 3)
        return node_error(m, -EINVAL, "the input needs batch, channels and spatial dimensions");
    struct graph_node n = node_begin(m, t->op, 1, 1);
    n.keep = true;
    for (unsigned i = 2; i < x->shape.rank; i++)
        n.axes |= 1u << i;
    return node_finish(m, &n);
}

int translate_gemm(struct importer *m, const struct translation *t)
{
    int64_t a, b;
    struct graph_node n = node_begin(m, t->op, node_has(m, 2) ? 3 : 2, 1);
    int r = node_int(m, "transA", 0, &a);
    r = r ? r : node_int(m, "transB", 0, &b);
    r = r ? r : node_float(m, "alpha", t->alpha, &n.alpha);
    r = r ? r : node_float(m, "beta", t->beta, &n.beta);
    if (r) {
        graph_node_fini(&n);
        return r;
    }
    n.transpose_a = a != 0;
    n.transpose_b = b != 0;
    return node_finish(m, &n);
}

int translate_matmul(struct importer *m, const struct translation *t)
{
    struct graph_node n = node_begin(m, t->op, 2, 1);
    return node_finish(m, &n);
}

int translate_reduce(struct importer *m, const struct translation *t)
{
    int64_t keep, noop, axis[GRAPH_RANK_MAX], at;
    int count;
    const struct graph_tensor *x = node_input(m, 0);
    if (!x)
        return node_error(m, -EINVAL, "an input is missing");
    unsigned rank = x->shape.rank, axes = 0;
    int r = node_int(m, "keepdims", 1, &keep);
    r = r ? r : node_int(m, "noop_with_empty_axes", 0, &noop);
    r = r ? r : node_list(m, "axes", 1, axis, &count);
    for (int i = 0; i < count && !r; i++) {
        r = node_axis(m, axis[i], rank, false, &at);
        axes |= r ? 0 : 1u << at;
    }
    if (r)
        return r;
    if (count <= 0 && noop)
        return node_alias(m, m->in[0]);
    struct graph_node n = node_begin(m, t->op, 1, 1);
    n.keep = keep != 0;
    n.axes = count <= 0 ? (1u << rank) - 1 : axes;
    return node_finish(m, &n);
}

static int64_t product(const struct graph_shape *s, unsigned from, unsigned to)
{
    int64_t v = 1;
    for (unsigned i = from; i < to; i++)
        v *= s->dim[i];
    return v;
}

/* Before operator set 13 all dimensions from `axis` on were one. */
static int softmax_flat(struct importer *m, const struct translation *t, unsigned axis)
{
    struct graph_shape shape = node_input(m, 0)->shape, flat = {.rank = 2, .dim = {product(&shape, 0, axis), product(&shape, axis, shape.rank)}};
    int32_t x;
    struct graph_node n = node_begin(m, GRAPH_RESHAPE, 1, 1);
    n.shape = flat;
    int r = node_step(m, &n, &x);
    if (r)
        return r;
    n = graph_node_of(t->op, m->label, 1, 1);
    n.input[0] = x;
    n.axis = 1;
    r = node_step(m, &n, &x);
    if (r)
        return r;
    n = graph_node_of(GRAPH_RESHAPE, m->label, 1, 1);
    n.input[0] = x;
    n.shape = shape;
    return node_finish(m, &n);
}

int translate_softmax(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x = node_input(m, 0);
    int64_t axis;
    if (!x || !x->shape.rank)
        return node_error(m, -EINVAL, "an input is missing or a scalar");
    int r = node_int(m, "axis", m->opset < 13 ? 1 : -1, &axis);
    r = r ? r : node_axis(m, axis, x->shape.rank, false, &axis);
    if (r)
        return r;
    if (m->opset < 13 && axis + 1 < (int64_t)x->shape.rank)
        return softmax_flat(m, t, (unsigned)axis);
    struct graph_node n = node_begin(m, t->op, 1, 1);
    n.axis = axis;
    return node_finish(m, &n);
}
