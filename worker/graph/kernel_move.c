/* Operators that only move values: concatenation, pieces, permutations, padding, resizing. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/kernel.h"

/* Elements before (outer) and after (inner) a dimension. */
static int64_t outer_of(const struct graph_shape *s, int64_t axis)
{
    int64_t n = 1;
    for (int64_t i = 0; i < axis; i++)
        n *= s->dim[i];
    return n;
}

static int64_t inner_of(const struct graph_shape *s, int64_t axis)
{
    int64_t n = 1;
    for (unsigned i = (unsigned)axis + 1; i < s->rank; i++)
        n *= s->dim[i];
    return n;
}

int kernel_concat(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    size_t size = graph_type_size(out->type);
    int64_t outer = outer_of(&out->shape, n->axis), inner = inner_of(&out->shape, n->axis);
    char *to = out->data;
    (void)err;
    for (int64_t o = 0; o < outer; o++)
        for (unsigned i = 0; i < n->n_inputs; i++) {
            size_t bytes = (size_t)(in[i].shape.dim[n->axis] * inner) * size;
            memcpy(to, (const char *)in[i].data + (size_t)o * bytes, bytes);
            to += bytes;
        }
    return 0;
}

int kernel_split(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    size_t size = graph_type_size(in->type);
    int64_t outer = outer_of(&in->shape, n->axis), inner = inner_of(&in->shape, n->axis);
    const char *from = in->data;
    (void)err;
    for (int64_t o = 0; o < outer; o++)
        for (unsigned i = 0; i < n->n_outputs; i++) {
            size_t bytes = (size_t)(out[i].shape.dim[n->axis] * inner) * size;
            memcpy((char *)out[i].data + (size_t)o * bytes, from, bytes);
            from += bytes;
        }
    return 0;
}

/* Where the result's dimensions lie in the input: strides and the offset of its first element. */
static int64_t source(const struct graph_node *n, const struct view *in, const struct view *out, int64_t stride[GRAPH_RANK_MAX])
{
    int64_t own[GRAPH_RANK_MAX] = {0}, step = 1, offset = 0;
    if (n->op == GRAPH_EXPAND) {
        walk_strides(&in->shape, &out->shape, stride);
        return 0;
    }
    for (unsigned i = in->shape.rank; i-- > 0;) {
        own[i] = step;
        step *= in->shape.dim[i];
    }
    for (unsigned i = 0; i < out->shape.rank; i++) {
        stride[i] = n->op == GRAPH_SLICE ? own[i] * n->step[i] : own[n->list[i]];
        offset += n->op == GRAPH_SLICE ? own[i] * n->list[i] : 0;
    }
    return offset;
}

static void copy_row(const struct view *in, int64_t from, int64_t step, const struct view *out, int64_t to, int64_t count)
{
    size_t size = graph_type_size(in->type);
    if (step == 1) {
        memcpy((char *)out->data + (size_t)to * size, (const char *)in->data + (size_t)from * size, (size_t)count * size);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        if (in->type == GRAPH_F32)
            ((float *)out->data)[to + i] = ((const float *)in->data)[from + i * step];
        else
            ((int64_t *)out->data)[to + i] = ((const int64_t *)in->data)[from + i * step];
    }
}

/* Slice, Transpose, Expand: a copy through strides. */
int kernel_copy_walk(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    struct walk w = {0};
    int64_t to = 0, offset = source(n, in, out, w.stride[0]);
    (void)err;
    walk_begin(&w, &out->shape);
    if (!graph_elements(&out->shape))
        return 0;
    do {
        copy_row(in, offset + w.offset[0], w.stride[0][w.rank - 1], out, to, w.dim[w.rank - 1]);
        to += w.dim[w.rank - 1];
    } while (walk_next(&w));
    return 0;
}

int kernel_gather(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    int64_t outer = outer_of(&in->shape, n->axis), inner = inner_of(&in->shape, n->axis), size = in->shape.dim[n->axis], to = 0;
    int64_t count = graph_elements(&in[1].shape);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < count; i++, to += inner) {
            int64_t index = ((const int64_t *)in[1].data)[i];
            index += index < 0 ? size : 0;
            if (index < 0 || index >= size)
                return sonata_error_set(err, -EINVAL, "node '%.60s' (Gather): an index lies outside the %lld of its dimension", n->name,
                                        (long long)size);
            copy_row(in, (o * size + index) * inner, 1, out, to, inner);
        }
    return 0;
}

static int64_t reflected(int64_t i, int64_t size)
{
    int64_t period = size > 1 ? 2 * (size - 1) : 1, k = i % period;
    k += k < 0 ? period : 0;
    return k < size ? k : period - k;
}

/* The input's index behind index i of a result's dimension; -1: the fill value. */
static int64_t padded(const struct graph_node *n, unsigned d, int64_t i, int64_t size)
{
    if (n->op == GRAPH_TILE)
        return i % size;
    i -= n->list[d];
    if (n->mode == GRAPH_PAD_REFLECT)
        return reflected(i, size);
    bool out = i < 0 || i >= size;
    if (out && n->mode == GRAPH_PAD_CONSTANT)
        return -1;
    i = i < 0 ? 0 : i;
    return i >= size ? size - 1 : i;
}

/* Pieces of a result whose index along every dimension comes from a table: from[d][i] is the input's index, -1 the fill value. */
static void copy_mapped(const struct view *in, const struct view *out, int64_t *const from[GRAPH_RANK_MAX], float fill)
{
    unsigned rank = out->shape.rank;
    int64_t count = graph_elements(&out->shape);
    for (int64_t to = 0; to < count; to++) {
        int64_t rest = to, at = 0, step = 1;
        bool outside = false;
        for (unsigned d = rank; d-- > 0; rest /= out->shape.dim[d]) {
            int64_t i = from[d][rest % out->shape.dim[d]];
            outside = outside || i < 0;
            at += i * step;
            step *= in->shape.dim[d];
        }
        if (out->type == GRAPH_F32)
            ((float *)out->data)[to] = outside ? fill : ((const float *)in->data)[at];
        else
            ((int64_t *)out->data)[to] = outside ? (int64_t)fill : ((const int64_t *)in->data)[at];
    }
}

static int by_table(const struct graph_node *n, const struct view *in, const struct view *out,
                    int64_t (*index)(const struct graph_node *, unsigned, int64_t, int64_t))
{
    int64_t *from[GRAPH_RANK_MAX] = {0};
    for (unsigned d = 0; d < out->shape.rank; d++) {
        from[d] = xcalloc((size_t)out->shape.dim[d] + 1, sizeof *from[d]);
        for (int64_t i = 0; i < out->shape.dim[d]; i++)
            from[d][i] = index(n, d, i, in->shape.dim[d]);
    }
    copy_mapped(in, out, from, n->alpha);
    for (unsigned d = 0; d < out->shape.rank; d++)
        free(from[d]);
    return 0;
}

int kernel_pad(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    (void)err;
    return by_table(n, in, out, padded);
}

/* The place in the input of index i of the result, before rounding (ONNX, operator Resize). `from` and `to`: sizes of both. */
static double resize_place(const struct graph_node *n, unsigned d, int64_t i, int64_t from, int64_t to)
{
    double x = (double)i, scale = n->scale[d];
    switch (n->coordinates) {
    case GRAPH_ASYMMETRIC:
        return x / scale;
    case GRAPH_ALIGN_CORNERS:
        return to == 1 ? 0 : x * (double)(from - 1) / (double)(to - 1);
    case GRAPH_TF_HALF_PIXEL:
        return (x + 0.5) / scale;
    case GRAPH_PYTORCH_HALF_PIXEL:
        return to == 1 ? 0 : (x + 0.5) / scale - 0.5;
    default:
        return (x + 0.5) / scale - 0.5;
    }
}

static int64_t nearest(const struct graph_node *n, double x)
{
    switch (n->rounding) {
    case GRAPH_ROUND_FLOOR:
        return (int64_t)floor(x);
    case GRAPH_ROUND_CEIL:
        return (int64_t)ceil(x);
    case GRAPH_ROUND_PREFER_CEIL:
        return (int64_t)floor(x + 0.5);
    default:
        return (int64_t)ceil(x - 0.5);
    }
}

static int64_t within(int64_t i, int64_t size)
{
    i = i < 0 ? 0 : i;
    return i >= size ? size - 1 : i;
}

/* One dimension resized by linear interpolation; the others stay. */
static void resize_linear(const struct graph_node *n, unsigned d, const struct view *in, const struct view *out)
{
    int64_t outer = outer_of(&in->shape, d), inner = inner_of(&in->shape, d), from = in->shape.dim[d], to = out->shape.dim[d];
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < to; i++) {
            double place = resize_place(n, d, i, from, to), whole = floor(place), part = place - whole;
            const float *a = (const float *)in->data + (o * from + within((int64_t)whole, from)) * inner;
            const float *b = (const float *)in->data + (o * from + within((int64_t)whole + 1, from)) * inner;
            float *y = (float *)out->data + (o * to + i) * inner;
            for (int64_t k = 0; k < inner; k++)
                y[k] = (float)((double)a[k] * (1 - part) + (double)b[k] * part);
        }
}

/* What shrinks goes first, so that no step in between is larger than both ends. */
static int resize_by_dimensions(const struct graph_node *n, const struct view *in, const struct view *out)
{
    struct view step = *in;
    float *owned = NULL;
    for (unsigned k = 0; k < 2 * out->shape.rank; k++) {
        unsigned d = k % out->shape.rank;
        bool grows = out->shape.dim[d] > in->shape.dim[d];
        if (grows != (k >= out->shape.rank) || (out->shape.dim[d] == in->shape.dim[d] && n->scale[d] == 1))
            continue;
        struct view next = {GRAPH_F32, step.shape, NULL};
        next.shape.dim[d] = out->shape.dim[d];
        next.data = xcalloc((size_t)graph_elements(&next.shape) + 1, sizeof(float));
        resize_linear(n, d, &step, &next);
        free(owned);
        owned = next.data;
        step = next;
    }
    memcpy(out->data, step.data, (size_t)graph_elements(&out->shape) * sizeof(float));
    free(owned);
    return 0;
}

int kernel_resize(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    int64_t *from[GRAPH_RANK_MAX] = {0};
    (void)err;
    if (n->mode == GRAPH_RESIZE_LINEAR)
        return resize_by_dimensions(n, in, out);
    for (unsigned d = 0; d < out->shape.rank; d++) {
        int64_t size = in->shape.dim[d], to = out->shape.dim[d];
        from[d] = xcalloc((size_t)to + 1, sizeof *from[d]);
        for (int64_t i = 0; i < to; i++)
            from[d][i] = within(nearest(n, resize_place(n, d, i, size, to)), size);
    }
    copy_mapped(in, out, from, 0);
    for (unsigned d = 0; d < out->shape.rank; d++)
        free(from[d]);
    return 0;
}

/* Channels in another order, and into space. */
int kernel_shuffle(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    const float *x = in->data;
    float *y = out->data;
    int64_t channels = out->shape.dim[1], height = out->shape.dim[2], width = out->shape.dim[3], k = n->axis, count = graph_elements(&out->shape);
    bool space = n->op == GRAPH_DEPTH_TO_SPACE;
    (void)err;
    for (int64_t i = 0; i < count; i++) {
        int64_t w = i % width, h = i / width % height, c = i / (width * height) % channels, b = i / (width * height * channels), from;
        if (space) {
            int64_t block = h % k * k + w % k;
            from = n->mode ? c * k * k + block : block * channels + c;
            y[i] = x[((b * in->shape.dim[1] + from) * in->shape.dim[2] + h / k) * in->shape.dim[3] + w / k];
        } else {
            from = c % k * (channels / k) + c / k;
            y[i] = x[((b * channels + from) * height + h) * width + w];
        }
    }
    return 0;
}
