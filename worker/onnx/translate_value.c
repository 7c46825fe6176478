/* Operators whose result is known when the file is read: constants, shapes, ranges. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "onnx/reader_internal.h"

static int give(struct importer *m, enum graph_type type, const struct graph_shape *shape, void *take)
{
    return node_give(m, 0, &(struct graph_tensor){.type = type, .shape = *shape, .data = take});
}

static int constant_tensor(struct importer *m, const Onnx__TensorProto *t)
{
    struct graph_tensor out = {0};
    if (!t)
        return node_error(m, -EINVAL, "its value is missing");
    int r = tensor_decode(t, &out, m->err);
    return r ? r : node_give(m, 0, &out);
}

int translate_constant(struct importer *m, const struct translation *t)
{
    const Onnx__AttributeProto *a = m->node->n_attribute == 1 ? m->node->attribute[0] : NULL;
    const char *name = a && a->name ? a->name : "";
    struct graph_shape scalar = {.rank = 0}, list = {.rank = 1};
    (void)t;
    if (!strcmp(name, "value"))
        return constant_tensor(m, a->t);
    if (!strcmp(name, "value_float") && a->has_f)
        return give(m, GRAPH_F32, &scalar, xmemdup(&a->f, sizeof a->f));
    if (!strcmp(name, "value_int") && a->has_i)
        return give(m, GRAPH_I64, &scalar, xmemdup(&a->i, sizeof a->i));
    if (!strcmp(name, "value_floats") && a->n_floats <= (size_t)GRAPH_ELEMENTS_MAX) {
        list.dim[0] = (int64_t)a->n_floats;
        return give(m, GRAPH_F32, &list, a->n_floats ? xmemdup(a->floats, a->n_floats * sizeof *a->floats) : xcalloc(1, 8));
    }
    if (!strcmp(name, "value_ints") && a->n_ints <= (size_t)GRAPH_ELEMENTS_MAX) {
        list.dim[0] = (int64_t)a->n_ints;
        return give(m, GRAPH_I64, &list, a->n_ints ? xmemdup(a->ints, a->n_ints * sizeof *a->ints) : xcalloc(1, 8));
    }
    return node_error(m, -ENOTSUP, "a constant of this kind is not known here (numbers and tensors of numbers are)");
}

static void fill(const struct graph_tensor *one, size_t n, void *data)
{
    size_t size = graph_type_size(one->type);
    for (size_t i = 0; i < n; i++)
        memcpy((char *)data + i * size, one->data, size);
}

int translate_constant_of_shape(struct importer *m, const struct translation *t)
{
    struct graph_shape s = {.rank = 0};
    const Onnx__AttributeProto *a = node_attribute(m, "value");
    struct graph_tensor one = {.type = GRAPH_F32, .data = NULL};
    int count;
    (void)t;
    int r = node_list(m, "", 0, s.dim, &count);
    if (!r && count < 0)
        r = node_error(m, -EINVAL, "the shape is missing");
    if (r)
        return r;
    s.rank = (unsigned)count;
    if (a && a->t)
        r = tensor_decode(a->t, &one, m->err);
    else
        one.data = xcalloc(1, sizeof(int64_t));
    if (!r && a && graph_elements(&one.shape) != 1)
        r = node_error(m, -EINVAL, "its value must be one number");
    r = r ? r : node_reserve(m, &s, one.type);
    if (!r) {
        size_t n = (size_t)graph_elements(&s);
        void *data = xcalloc(n + 1, graph_type_size(one.type));
        fill(&one, n, data);
        r = give(m, one.type, &s, data);
    }
    free(one.data);
    return r;
}

/* Shape, with start and end of operator set 15; Size (alpha 1). */
int translate_shape(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x = node_input(m, 0);
    int64_t start, end;
    struct graph_shape s = {.rank = 1}, scalar = {.rank = 0};
    if (!x)
        return node_error(m, -EINVAL, "an input is missing");
    int64_t rank = x->shape.rank, total = graph_elements(&x->shape);
    if (t->alpha > 0)
        return give(m, GRAPH_I64, &scalar, xmemdup(&total, sizeof total));
    int r = node_int(m, "start", 0, &start);
    r = r ? r : node_int(m, "end", rank, &end);
    if (r)
        return r;
    start += start < 0 ? rank : 0;
    end += end < 0 ? rank : 0;
    start = start < 0 ? 0 : start;
    end = end > rank ? rank : end;
    s.dim[0] = end > start ? end - start : 0;
    int64_t *data = xcalloc(GRAPH_RANK_MAX, sizeof *data);
    for (int64_t i = 0; i < s.dim[0]; i++)
        data[i] = x->shape.dim[start + i];
    return give(m, GRAPH_I64, &s, data);
}

static double number(const struct graph_tensor *t)
{
    return t->type == GRAPH_F32 ? (double)*(const float *)t->data : (double)*(const int64_t *)t->data;
}

int translate_range(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *v[3];
    struct graph_shape s = {.rank = 1};
    (void)t;
    for (unsigned i = 0; i < 3; i++) {
        int r = node_constant(m, i, &v[i]);
        if (r)
            return r;
        if (graph_elements(&v[i]->shape) != 1 || v[i]->type != v[0]->type)
            return node_error(m, -EINVAL, "start, limit and delta must be numbers of one type");
    }
    double start = number(v[0]), delta = number(v[2]), count = ceil((number(v[1]) - start) / delta);
    if (!(count <= (double)GRAPH_ELEMENTS_MAX))
        return node_error(m, -EINVAL, "the range is too long, or its step is 0");
    s.dim[0] = count > 0 ? (int64_t)count : 0;
    int r = node_reserve(m, &s, v[0]->type);
    if (r)
        return r;
    void *data = xcalloc((size_t)s.dim[0] + 1, graph_type_size(v[0]->type));
    for (int64_t i = 0; i < s.dim[0]; i++) {
        if (v[0]->type == GRAPH_F32)
            ((float *)data)[i] = (float)(start + delta * (double)i);
        else
            ((int64_t *)data)[i] = (int64_t)((uint64_t) * (const int64_t *)v[0]->data + (uint64_t) * (const int64_t *)v[2]->data * (uint64_t)i);
    }
    return give(m, v[0]->type, &s, data);
}
