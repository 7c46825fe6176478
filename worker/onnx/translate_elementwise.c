/* Element by element, and normalisation. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "onnx/reader_internal.h"

int translate_unary(struct importer *m, const struct translation *t)
{
    struct graph_node n = node_begin(m, t->op, 1, 1);
    int r = node_float(m, "alpha", t->alpha, &n.alpha);
    if (!r)
        r = node_float(m, t->op == GRAPH_SELU ? "gamma" : "beta", t->beta, &n.beta);
    if (r) {
        graph_node_fini(&n);
        return r;
    }
    return node_finish(m, &n);
}

int translate_binary(struct importer *m, const struct translation *t)
{
    struct graph_node n = node_begin(m, t->op, 2, 1);
    return node_finish(m, &n);
}

static int cast_step(struct importer *m, int32_t x, enum graph_type to, int32_t *ret)
{
    struct graph_node n = graph_node_of(GRAPH_CAST, m->label, 1, 1);
    n.input[0] = x;
    n.type = to;
    return node_step(m, &n, ret);
}

/* The result has the type of the base, whatever the exponent's. */
int translate_pow(struct importer *m, const struct translation *t)
{
    if (!node_has(m, 0) || !node_has(m, 1))
        return node_error(m, -EINVAL, "an input is missing");
    enum graph_type base = node_input(m, 0)->type, exponent = node_input(m, 1)->type;
    int32_t y;
    if (base == exponent)
        return translate_binary(m, t);
    int r = cast_step(m, m->in[base == GRAPH_F32 ? 1 : 0], GRAPH_F32, &y);
    struct graph_node n = node_begin(m, t->op, 2, 1);
    n.input[base == GRAPH_F32 ? 1 : 0] = y;
    if (r || base == GRAPH_F32) {
        if (r)
            graph_node_fini(&n);
        return r ? r : node_finish(m, &n);
    }
    r = node_step(m, &n, &y);
    if (r)
        return r;
    n = node_begin(m, GRAPH_CAST, 1, 1);
    n.input[0] = y;
    n.type = base;
    return node_finish(m, &n);
}

int translate_where(struct importer *m, const struct translation *t)
{
    struct graph_node n = node_begin(m, t->op, 3, 1);
    return node_finish(m, &n);
}

/* What Dropout kept: everything. */
static int mask_of_ones(struct importer *m)
{
    const struct graph_tensor *x = node_input(m, 0);
    int r = x ? node_reserve(m, &x->shape, GRAPH_I64) : node_error(m, -EINVAL, "an input is missing");
    if (r)
        return r;
    int64_t count = graph_elements(&x->shape), *one = xcalloc((size_t)count + 1, sizeof *one);
    for (int64_t i = 0; i < count; i++)
        one[i] = 1;
    return node_give(m, 1, &(struct graph_tensor){.type = GRAPH_I64, .shape = x->shape, .data = one});
}

int translate_same(struct importer *m, const struct translation *t)
{
    (void)t;
    if (node_has(m, 2)) { /* Dropout, training_mode */
        const struct graph_tensor *training;
        int r = node_constant(m, 2, &training);
        if (r)
            return r;
        if (graph_elements(&training->shape) == 1 && training->type == GRAPH_I64 && *(const int64_t *)training->data)
            return node_error(m, -ENOTSUP, "it is in training mode; export the model in evaluation mode (model.eval())");
    }
    int r = m->node->n_output > 1 && *m->node->output[1] ? mask_of_ones(m) : 0;
    if (r)
        return r;
    return node_alias(m, node_has(m, 0) ? m->in[0] : -1);
}

/* a op b op c …; Mean (alpha 1) divides by their number. */
int translate_chain(struct importer *m, const struct translation *t)
{
    if (!node_has(m, 0))
        return node_error(m, -EINVAL, "an input is missing");
    int32_t sum = m->in[0];
    float part = 1.0f / (float)m->n_in;
    bool mean = t->alpha > 0 && m->n_in > 1;
    int r = 0;
    for (unsigned i = 1; i < m->n_in && !r; i++) {
        struct graph_node n = node_begin(m, t->op, 2, 1);
        n.input[0] = sum;
        n.input[1] = m->in[i];
        if (i + 1 == m->n_in && !mean)
            return node_finish(m, &n);
        r = node_step(m, &n, &sum);
    }
    if (r || !mean)
        return r ? r : node_alias(m, sum);
    struct graph_node n = node_begin(m, GRAPH_MUL, 2, 1);
    n.input[0] = sum;
    n.input[1] = graph_add_floats(m->g, m->label, &part, 1);
    return node_finish(m, &n);
}

/* Limits of integers are two more operators. */
static int clip_integers(struct importer *m)
{
    int32_t x = m->in[0];
    int r = 0;
    for (unsigned i = 1; i < 3 && !r; i++) {
        if (!node_has(m, i))
            continue;
        struct graph_node n = node_begin(m, i == 1 ? GRAPH_MAX : GRAPH_MIN, 2, 1);
        n.input[0] = x;
        n.input[1] = m->in[i];
        r = node_step(m, &n, &x);
    }
    return r ? r : node_alias(m, x);
}

int translate_clip(struct importer *m, const struct translation *t)
{
    const struct graph_tensor *x = node_input(m, 0);
    if (x && x->type == GRAPH_I64)
        return clip_integers(m);
    struct graph_node n = node_begin(m, t->op, 1, 1);
    int r = node_float(m, "min", -INFINITY, &n.alpha);
    r = r ? r : node_float(m, "max", INFINITY, &n.beta);
    r = r ? r : node_scalar(m, 1, n.alpha, &n.alpha);
    r = r ? r : node_scalar(m, 2, n.beta, &n.beta);
    if (r) {
        graph_node_fini(&n);
        return r;
    }
    return node_finish(m, &n);
}

/* To a truth value: whether it is not 0. */
static int cast_to_truth(struct importer *m)
{
    struct graph_shape one = {.rank = 0};
    const struct graph_tensor *x = node_input(m, 0);
    int32_t same;
    if (!x)
        return node_error(m, -EINVAL, "an input is missing");
    struct graph_node n = node_begin(m, GRAPH_EQUAL, 2, 1);
    n.input[1] = graph_add_tensor(m->g, m->label, x->type, &one, xcalloc(1, sizeof(int64_t)));
    int r = node_step(m, &n, &same);
    if (r)
        return r;
    n = node_begin(m, GRAPH_NOT, 1, 1);
    n.input[0] = same;
    return node_finish(m, &n);
}

int translate_cast(struct importer *m, const struct translation *t)
{
    int64_t to;
    int r = node_int(m, "to", 0, &to);
    if (!r && to == ONNX__TENSOR_PROTO__DATA_TYPE__BOOL)
        return cast_to_truth(m);
    if (!r && (to == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 || to == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16))
        return node_error(m, -ENOTSUP, "it converts to half precision; export the float32 model");
    struct graph_node n = node_begin(m, t->op, 1, 1);
    if (!r && (to < 0 || to > 100 || tensor_type((int32_t)to, &n.type)))
        r = node_error(m, -ENOTSUP, "it converts to a type that is not known here");
    if (r) {
        graph_node_fini(&n);
        return r;
    }
    return node_finish(m, &n);
}

int translate_batch_norm(struct importer *m, const struct translation *t)
{
    int64_t training, spatial;
    struct graph_node n = node_begin(m, t->op, 5, 1);
    int r = node_float(m, "epsilon", 1e-5f, &n.alpha);
    r = r ? r : node_int(m, "training_mode", 0, &training);
    r = r ? r : node_int(m, "spatial", 1, &spatial);
    if (!r && (training || !spatial))
        r = node_error(m, -ENOTSUP, "only inference per channel is known; export the model in evaluation mode (model.eval())");
    if (r) {
        graph_node_fini(&n);
        return r;
    }
    return node_finish(m, &n);
}

/* A step of one or two inputs. */
static int step(struct importer *m, enum graph_op op, int32_t a, int32_t b, int32_t *ret)
{
    struct graph_node n = graph_node_of(op, m->label, b >= 0 ? 2 : 1, 1);
    n.input[0] = a;
    if (b >= 0)
        n.input[1] = b;
    return node_step(m, &n, ret);
}

static int step_mean(struct importer *m, int32_t x, int64_t axis, int32_t *ret)
{
    struct graph_node n = graph_node_of(GRAPH_REDUCE_MEAN, m->label, 1, 1);
    n.input[0] = x;
    n.keep = true;
    for (unsigned i = (unsigned)axis; i < m->g->tensor[x].shape.rank; i++)
        n.axes |= 1u << i;
    return node_step(m, &n, ret);
}

/* (x - mean) / sqrt(mean of squares + epsilon) * scale + shift, in its parts. */
int translate_layer_norm(struct importer *m, const struct translation *t)
{
    int64_t axis;
    float epsilon;
    int32_t mean, centred, square, variance, deviation, scaled, inverse;
    int r = node_int(m, "axis", -1, &axis);
    r = r ? r : node_float(m, "epsilon", 1e-5f, &epsilon);
    if (!r && (!node_has(m, 0) || !node_has(m, 1)))
        r = node_error(m, -EINVAL, "an input is missing");
    r = r ? r : node_axis(m, axis, node_input(m, 0)->shape.rank, false, &axis);
    r = r ? r : step_mean(m, m->in[0], axis, &mean);
    r = r ? r : step(m, GRAPH_SUB, m->in[0], mean, &centred);
    r = r ? r : step(m, GRAPH_MUL, centred, centred, &square);
    r = r ? r : step_mean(m, square, axis, &variance);
    r = r ? r : step(m, GRAPH_ADD, variance, graph_add_floats(m->g, m->label, &epsilon, 1), &variance);
    r = r ? r : step(m, GRAPH_SQRT, variance, -1, &deviation);
    r = r ? r : step(m, GRAPH_DIV, centred, deviation, &scaled);
    r = r ? r : step(m, GRAPH_MUL, scaled, m->in[1], &scaled);
    r = r ? r : node_bind(m, 1, mean);
    if (!r && m->node->n_output > 2) {
        r = step(m, GRAPH_RECIPROCAL, deviation, -1, &inverse);
        r = r ? r : node_bind(m, 2, inverse);
    }
    if (r || !node_has(m, 2))
        return r ? r : node_alias(m, scaled);
    struct graph_node n = node_begin(m, t->op, 2, 1);
    n.input[0] = scaled;
    n.input[1] = m->in[2];
    return node_finish(m, &n);
}
