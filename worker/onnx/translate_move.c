/* Operators that move values: pieces, permutations, shapes, padding, resizing. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "onnx/reader_internal.h"

static int need_input(const struct importer *m, const struct graph_tensor **ret)
{
    *ret = node_input(m, 0);
    return *ret ? 0 : node_error(m, -EINVAL, "an input is missing");
}

int translate_concat(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x;
    int64_t axis;
    int r = need_input(m, &x);
    r = r ? r : node_int(m, "axis", 1, &axis);
    r = r ? r : node_axis(m, axis, x->shape.rank, false, &axis);
    if (r)
        return r;
    struct graph_node n = node_begin(m, t->op, m->n_in, 1);
    n.axis = axis;
    return node_finish(m, &n);
}

/* Sizes of the pieces: given, or as equal as they can be with the last one smaller. */
static int pieces(const struct importer *m, int64_t size, unsigned n, int64_t *to)
{
    const struct graph_tensor *t;
    const Onnx__AttributeProto *a = node_attribute(m, "split");
    if (a && a->n_ints == n) {
        memcpy(to, a->ints, n * sizeof *to);
        return 0;
    }
    if (node_has(m, 1)) {
        int r = node_constant(m, 1, &t);
        if (r)
            return r;
        if (t->type != GRAPH_I64 || graph_elements(&t->shape) != (int64_t)n)
            return node_error(m, -EINVAL, "one size per output is needed");
        memcpy(to, t->data, n * sizeof *to);
        return 0;
    }
    int64_t each = (size + (int64_t)n - 1) / (int64_t)n;
    for (unsigned i = 0; i < n; i++, size -= each)
        to[i] = size < each ? size : each;
    return a ? node_error(m, -EINVAL, "one size per output is needed") : 0;
}

int translate_split(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x;
    int64_t axis;
    int r = need_input(m, &x);
    r = r ? r : node_int(m, "axis", 0, &axis);
    r = r ? r : node_axis(m, axis, x->shape.rank, false, &axis);
    if (!r && (m->node->n_output < 1 || m->node->n_output > GRAPH_NODE_INPUTS_MAX))
        r = node_error(m, -EFBIG, "no outputs, or more than 4096");
    if (r)
        return r;
    struct graph_node n = node_begin(m, t->op, 1, (unsigned)m->node->n_output);
    n.axis = axis;
    n.sizes = xcalloc(n.n_outputs, sizeof *n.sizes);
    r = pieces(m, x->shape.dim[axis], n.n_outputs, n.sizes);
    if (r) {
        graph_node_fini(&n);
        return r;
    }
    return node_finish(m, &n);
}

static int64_t limited(int64_t v, int64_t low, int64_t high)
{
    v = v < low ? low : v;
    return v > high ? high : v;
}

/* One dimension of a slice, by the rules of ONNX: negative places count from the end, and what lies outside is cut. */
static int slice_dimension(const struct importer *m, struct graph_node *n, unsigned axis, const int64_t range[3])
{
    int64_t size = n->shape.dim[axis], start = range[0], end = range[1], step = range[2];
    if (!step || step == INT64_MIN)
        return node_error(m, -EINVAL, "a step is 0");
    start += start < 0 ? size : 0;
    end += end < 0 ? size : 0;
    start = step > 0 ? limited(start, 0, size) : limited(start, 0, size - 1);
    end = step > 0 ? limited(end, 0, size) : limited(end, -1, size - 1);
    int64_t length = step > 0 ? end - start : start - end;
    int64_t each = step > 0 ? step : -step, count = 0;
    if (length > 0)
        count = length / each + (length % each != 0);
    n->list[axis] = start;
    n->step[axis] = count > 1 ? step : 1; /* one that leads nowhere may be as large as it likes */
    n->shape.dim[axis] = count;
    return 0;
}

static int slice_ranges(const struct importer *m, struct graph_node *n, const struct graph_tensor *x)
{
    int64_t start[GRAPH_RANK_MAX], end[GRAPH_RANK_MAX], axes[GRAPH_RANK_MAX], steps[GRAPH_RANK_MAX], axis;
    int n_start, n_end, n_axes, n_steps;
    unsigned seen = 0;
    int r = node_list(m, "starts", 1, start, &n_start);
    r = r ? r : node_list(m, "ends", 2, end, &n_end);
    r = r ? r : node_list(m, "axes", 3, axes, &n_axes);
    r = r ? r : node_list(m, "steps", 4, steps, &n_steps);
    if (!r && (n_start < 0 || n_end != n_start || (n_axes >= 0 && n_axes != n_start) || (n_steps >= 0 && n_steps != n_start)))
        return node_error(m, -EINVAL, "starts, ends, axes and steps must be equally many");
    for (int i = 0; i < n_start && !r; i++) {
        r = node_axis(m, n_axes < 0 ? i : axes[i], x->shape.rank, false, &axis);
        if (!r && seen >> axis & 1)
            return node_error(m, -EINVAL, "a dimension is sliced twice");
        seen |= r ? 0 : 1u << axis;
        if (!r)
            r = slice_dimension(m, n, (unsigned)axis, (int64_t[3]){start[i], end[i], n_steps < 0 ? 1 : steps[i]});
    }
    return r;
}

int translate_slice(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x;
    int r = need_input(m, &x);
    if (r)
        return r;
    struct graph_node n = node_begin(m, t->op, 1, 1);
    n.shape = x->shape;
    for (unsigned i = 0; i < GRAPH_RANK_MAX; i++)
        n.step[i] = 1;
    r = slice_ranges(m, &n, x);
    if (r) {
        graph_node_fini(&n);
        return r;
    }
    return node_finish(m, &n);
}

int translate_gather(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x;
    int64_t axis;
    int r = need_input(m, &x);
    r = r ? r : node_int(m, "axis", 0, &axis);
    r = r ? r : node_axis(m, axis, x->shape.rank, false, &axis);
    if (r)
        return r;
    struct graph_node n = node_begin(m, t->op, 2, 1);
    n.axis = axis;
    return node_finish(m, &n);
}

int translate_transpose(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x;
    int64_t perm[GRAPH_RANK_MAX];
    int count;
    int r = need_input(m, &x);
    r = r ? r : node_ints(m, "perm", perm, GRAPH_RANK_MAX, &count);
    if (!r && count >= 0 && count != (int)x->shape.rank)
        r = node_error(m, -EINVAL, "`perm` has another number of dimensions than the input");
    if (r)
        return r;
    struct graph_node n = node_begin(m, t->op, 1, 1);
    for (unsigned i = 0; i < x->shape.rank; i++)
        n.list[i] = count < 0 ? x->shape.rank - 1 - i : perm[i];
    return node_finish(m, &n);
}

static int finish_reshape(struct importer *m, const struct graph_shape *shape)
{
    struct graph_node n = node_begin(m, GRAPH_RESHAPE, 1, 1);
    n.shape = *shape;
    return node_finish(m, &n);
}

int translate_flatten(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x;
    struct graph_shape s = {.rank = 2, .dim = {1, 1}};
    int64_t axis;
    (void)t;
    int r = need_input(m, &x);
    r = r ? r : node_int(m, "axis", 1, &axis);
    r = r ? r : node_axis(m, axis, x->shape.rank, true, &axis);
    for (unsigned i = 0; !r && i < x->shape.rank; i++)
        s.dim[i < axis ? 0 : 1] *= x->shape.dim[i];
    return r ? r : finish_reshape(m, &s);
}

/* 0 keeps a dimension, one -1 is what remains. */
static int resolve_shape(const struct importer *m, const struct graph_shape *x, bool allow_zero, struct graph_shape *s)
{
    int64_t known = 1, total = graph_elements(x);
    int open = -1;
    for (unsigned i = 0; i < s->rank; i++) {
        if (s->dim[i] == 0 && !allow_zero) {
            if (i >= x->rank)
                return node_error(m, -EINVAL, "0 stands for a dimension that its input has not");
            s->dim[i] = x->dim[i];
        }
        if (s->dim[i] < -1 || s->dim[i] > GRAPH_ELEMENTS_MAX || (s->dim[i] == -1 && open >= 0))
            return node_error(m, -EINVAL, "a dimension is out of range, or more than one is -1");
        if (s->dim[i] == -1)
            open = (int)i;
        else if (known <= GRAPH_ELEMENTS_MAX)
            known *= s->dim[i];
    }
    if (open < 0)
        return 0;
    if (known <= 0 || total % known)
        return node_error(m, -EINVAL, "the dimension given as -1 has no size that fits");
    s->dim[open] = total / known;
    return 0;
}

int translate_reshape(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x;
    struct graph_shape s = {.rank = 0};
    int64_t zero;
    int count;
    (void)t;
    int r = need_input(m, &x);
    r = r ? r : node_list(m, "shape", 1, s.dim, &count);
    r = r ? r : node_int(m, "allowzero", 0, &zero);
    if (!r && count < 0)
        r = node_error(m, -EINVAL, "the shape is missing");
    if (r)
        return r;
    s.rank = (unsigned)count;
    r = resolve_shape(m, &x->shape, zero != 0, &s);
    return r ? r : finish_reshape(m, &s);
}

/* Bits of the dimensions listed by `axes`. */
static int axes_of(const struct importer *m, unsigned rank, unsigned *ret_bits, bool *ret_given)
{
    int64_t axes[GRAPH_RANK_MAX], axis;
    int count;
    int r = node_list(m, "axes", 1, axes, &count);
    *ret_bits = 0;
    *ret_given = count >= 0;
    for (int i = 0; i < count && !r; i++) {
        r = node_axis(m, axes[i], rank, false, &axis);
        if (!r && *ret_bits >> axis & 1)
            return node_error(m, -EINVAL, "an axis is listed twice");
        *ret_bits |= r ? 0 : 1u << axis;
    }
    return r;
}

int translate_squeeze(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x;
    struct graph_shape s = {.rank = 0};
    unsigned bits;
    bool given;
    (void)t;
    int r = need_input(m, &x);
    r = r ? r : axes_of(m, x->shape.rank, &bits, &given);
    for (unsigned i = 0; !r && i < x->shape.rank; i++) {
        bool gone = given ? bits >> i & 1 : x->shape.dim[i] == 1;
        if (gone && x->shape.dim[i] != 1)
            r = node_error(m, -EINVAL, "a dimension that is squeezed away is not 1");
        if (!gone)
            s.dim[s.rank++] = x->shape.dim[i];
    }
    return r ? r : finish_reshape(m, &s);
}

int translate_unsqueeze(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x;
    int64_t axes[GRAPH_RANK_MAX];
    int count;
    unsigned bits, from = 0;
    bool given;
    (void)t;
    int r = need_input(m, &x);
    r = r ? r : node_list(m, "axes", 1, axes, &count);
    if (!r && (count < 0 || (int)x->shape.rank + count > GRAPH_RANK_MAX))
        r = node_error(m, -EINVAL, "`axes` is missing, or the result has more than 8 dimensions");
    if (r)
        return r;
    struct graph_shape s = {.rank = x->shape.rank + (unsigned)count};
    r = axes_of(m, s.rank, &bits, &given);
    for (unsigned i = 0; i < s.rank && !r; i++)
        s.dim[i] = bits >> i & 1 ? 1 : x->shape.dim[from++];
    return r ? r : finish_reshape(m, &s);
}

int translate_expand(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x;
    struct graph_shape s = {.rank = 0};
    int count;
    int r = need_input(m, &x);
    r = r ? r : node_list(m, "", 1, s.dim, &count);
    if (!r && count < 0)
        r = node_error(m, -EINVAL, "the shape is missing");
    if (r)
        return r;
    s.rank = (unsigned)count > x->shape.rank ? (unsigned)count : x->shape.rank;
    memmove(s.dim + s.rank - (unsigned)count, s.dim, (size_t)count * sizeof *s.dim);
    for (unsigned i = 0; i < s.rank; i++) {
        int64_t own = i + x->shape.rank >= s.rank ? x->shape.dim[i + x->shape.rank - s.rank] : 1;
        if (i + (unsigned)count < s.rank || s.dim[i] == 1)
            s.dim[i] = own;
    }
    struct graph_node n = node_begin(m, t->op, 1, 1);
    n.shape = s;
    return node_finish(m, &n);
}

int translate_tile(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x;
    int64_t repeats[GRAPH_RANK_MAX];
    int count;
    int r = need_input(m, &x);
    r = r ? r : node_list(m, "", 1, repeats, &count);
    if (!r && count != (int)x->shape.rank)
        r = node_error(m, -EINVAL, "one number of repeats per dimension is needed");
    if (r)
        return r;
    struct graph_node n = node_begin(m, t->op, 1, 1);
    memcpy(n.list, repeats, (size_t)count * sizeof *repeats);
    return node_finish(m, &n);
}

/* Twice as many numbers as dimensions: attribute `pads`, or input 1. */
static int pad_amounts(const struct importer *m, const int64_t **ret, size_t *ret_n)
{
    const Onnx__AttributeProto *a = node_attribute(m, "pads");
    const struct graph_tensor *t;
    if (a) {
        *ret = a->ints;
        *ret_n = a->n_ints;
        return 0;
    }
    int r = node_constant(m, 1, &t);
    if (r)
        return r;
    *ret = t->data;
    *ret_n = (size_t)graph_elements(&t->shape);
    return t->type == GRAPH_I64 ? 0 : node_error(m, -EINVAL, "amounts of padding are integers");
}

static int pad_shape(const struct importer *m, struct graph_node *n, const struct graph_shape *x)
{
    const int64_t *amount;
    int64_t axes[GRAPH_RANK_MAX], axis;
    size_t count;
    int n_axes;
    int r = pad_amounts(m, &amount, &count);
    r = r ? r : node_list(m, "", 3, axes, &n_axes);
    size_t per = r || n_axes < 0 ? x->rank : (size_t)n_axes;
    if (!r && count != 2 * per)
        return node_error(m, -EINVAL, "two amounts of padding per dimension are needed");
    n->shape = *x;
    for (size_t i = 0; i < per && !r; i++) {
        r = node_axis(m, n_axes < 0 ? (int64_t)i : axes[i], x->rank, false, &axis);
        int64_t begin = amount[i], end = amount[per + i];
        if (!r && (begin < -GRAPH_ELEMENTS_MAX || begin > GRAPH_ELEMENTS_MAX || end < -GRAPH_ELEMENTS_MAX || end > GRAPH_ELEMENTS_MAX))
            return node_error(m, -EINVAL, "an amount of padding is out of range");
        if (!r) {
            n->list[axis] = begin;
            n->shape.dim[axis] = x->dim[axis] + begin + end;
        }
    }
    return r;
}

static bool pads_nothing(const struct graph_node *n, const struct graph_shape *x)
{
    bool none = graph_same_shape(&n->shape, x);
    for (unsigned i = 0; i < x->rank; i++)
        none = none && !n->list[i];
    return none;
}

int translate_pad(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x;
    int r = need_input(m, &x);
    if (r)
        return r;
    struct graph_node n = node_begin(m, t->op, 1, 1);
    r = pad_shape(m, &n, &x->shape);
    r = r ? r : node_float(m, "value", 0, &n.alpha);
    r = r ? r : node_scalar(m, 2, n.alpha, &n.alpha);
    if (node_text_is(m, "mode", "constant", "reflect"))
        n.mode = GRAPH_PAD_REFLECT;
    else if (node_text_is(m, "mode", "constant", "edge"))
        n.mode = GRAPH_PAD_EDGE;
    else if (!r && !node_text_is(m, "mode", "constant", "constant"))
        r = node_error(m, -ENOTSUP, "this mode is not known; use constant, reflect or edge");
    if (r || pads_nothing(&n, &x->shape)) {
        graph_node_fini(&n);
        return r ? r : node_alias(m, m->in[0]);
    }
    return node_finish(m, &n);
}

int translate_depth_to_space(struct importer *m, const struct translation *t)
{
    struct graph_node n = node_begin(m, t->op, 1, 1);
    int r = node_int(m, "blocksize", 0, &n.axis);
    if (r) {
        graph_node_fini(&n);
        return r;
    }
    n.mode = node_text_is(m, "mode", "DCR", "CRD");
    return node_finish(m, &n);
}
