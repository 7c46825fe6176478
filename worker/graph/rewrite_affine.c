/* Scales and shifts per channel: batch norm and constants become one, and go into the convolution or product before them. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "graph/rewrite.h"

static const float *values(const struct rewrite *w, int32_t tensor) { return tensor < 0 ? NULL : w->g->tensor[tensor].data; }

static int32_t floats(struct rewrite *w, float *take, size_t n)
{
    return rewrite_constant(w, &(struct graph_shape){.rank = 1, .dim = {(int64_t)n}}, take);
}

/* n becomes x scale + shift; both are taken. */
static void become_affine(struct rewrite *w, struct graph_node *n, unsigned x_at, float *scale, float *shift, size_t channels)
{
    int32_t x = n->input[x_at], a = floats(w, scale, channels), b = floats(w, shift, channels);
    int32_t *input = xcalloc(3, sizeof *input);
    w->uses[x]++; /* held while the old inputs go */
    rewrite_cut_inputs(w, n, 0);
    free(n->input);
    n->input = input;
    n->input[0] = x;
    n->input[1] = a;
    n->input[2] = b;
    w->uses[a]++;
    w->uses[b]++;
    n->n_inputs = 3;
    n->op = GRAPH_AFFINE;
}

static void batch_norm(struct rewrite *w, struct graph_node *n)
{
    const float *scale = values(w, n->input[1]), *shift = values(w, n->input[2]), *mean = values(w, n->input[3]), *variance = values(w, n->input[4]);
    if (!scale || !shift || !mean || !variance)
        return;
    size_t channels = (size_t)w->g->tensor[n->input[1]].shape.dim[0];
    float *a = xcalloc(channels + 1, sizeof *a), *b = xcalloc(channels + 1, sizeof *b);
    for (size_t c = 0; c < channels; c++) {
        double s = (double)scale[c] / sqrt((double)variance[c] + (double)n->alpha);
        a[c] = (float)s;
        b[c] = (float)((double)shift[c] - (double)mean[c] * s);
    }
    become_affine(w, n, 0, a, b, channels);
}

/* Whether a constant has one value per channel of a result: [C, 1, 1], [1, C, 1, 1] … or one for all. */
static bool per_channel(const struct graph_shape *constant, const struct graph_shape *y)
{
    if (y->rank < 3 || constant->rank > y->rank)
        return false;
    for (unsigned k = 0; k < constant->rank; k++) {
        unsigned at = y->rank - 1 - k;
        int64_t d = constant->dim[constant->rank - 1 - k];
        if (d != 1 && (at != 1 || d != y->dim[1]))
            return false;
    }
    return true;
}

/* Add, Sub, Mul or Div of a constant per channel to the result of a convolution. */
static void constant(struct rewrite *w, struct graph_node *n, unsigned c_at)
{
    const struct graph_tensor *c = &w->g->tensor[n->input[c_at]], *x = &w->g->tensor[n->input[1 - c_at]];
    const struct graph_shape *y = &w->g->tensor[n->output[0]].shape;
    bool order = c_at == 1 || n->op == GRAPH_ADD || n->op == GRAPH_MUL;
    bool conv = rewrite_only(w, n->input[1 - c_at], GRAPH_CONV) || rewrite_only(w, n->input[1 - c_at], GRAPH_CONV_TRANSPOSE) ||
                rewrite_only(w, n->input[1 - c_at], GRAPH_AFFINE);
    if (!c->data || c->type != GRAPH_F32 || !order || !conv || !graph_same_shape(&x->shape, y) || !per_channel(&c->shape, y))
        return;
    size_t channels = (size_t)y->dim[1], many = graph_elements(&c->shape) > 1;
    float *scale = xcalloc(channels + 1, sizeof *scale), *shift = xcalloc(channels + 1, sizeof *shift);
    for (size_t q = 0; q < channels; q++) {
        float v = ((const float *)c->data)[many * q];
        bool product = n->op == GRAPH_MUL || n->op == GRAPH_DIV;
        scale[q] = 1;
        if (product)
            scale[q] = n->op == GRAPH_MUL ? v : 1 / v;
        else
            shift[q] = n->op == GRAPH_ADD ? v : -v;
    }
    become_affine(w, n, 1 - c_at, scale, shift, channels);
}

/* Channel of the result that element i of the weights belongs to. */
static size_t channel_of(const struct graph_node *n, const struct graph_shape *s, size_t i)
{
    size_t inner = 1;
    for (unsigned k = 2; k < s->rank; k++)
        inner *= (size_t)s->dim[k];
    if (n->op == GRAPH_CONV)
        return i / (inner * (size_t)s->dim[1]);
    size_t per_group = (size_t)s->dim[0] / (size_t)n->window.group, from = i / (inner * (size_t)s->dim[1]);
    return from / per_group * (size_t)s->dim[1] + i / inner % (size_t)s->dim[1];
}

static void set_input(struct rewrite *w, struct graph_node *n, unsigned i, int32_t tensor)
{
    if (i >= n->n_inputs) {
        n->input = xreallocarray(n->input, i + 1, sizeof *n->input);
        for (; n->n_inputs <= i; n->n_inputs++)
            n->input[n->n_inputs] = -1;
    }
    rewrite_input(w, n, i, tensor);
}

/* conv(x) scale + shift: new weights and bias. */
static void into_convolution(struct rewrite *w, struct graph_node *conv, struct graph_node *n)
{
    const float *scale = values(w, n->input[1]), *shift = values(w, n->input[2]), *weight = values(w, conv->input[1]);
    const float *bias = conv->n_inputs > 2 ? values(w, conv->input[2]) : NULL;
    bool open_bias = conv->n_inputs > 2 && conv->input[2] >= 0 && !bias;
    if (!weight || open_bias || conv->min > -INFINITY || conv->max < INFINITY)
        return;
    struct graph_shape s = w->g->tensor[conv->input[1]].shape;
    size_t count = (size_t)graph_elements(&s), channels = (size_t)w->g->tensor[n->input[1]].shape.dim[0];
    float *new_weight = xcalloc(count + 1, sizeof *new_weight), *new_bias = xcalloc(channels + 1, sizeof *new_bias);
    for (size_t i = 0; i < count; i++)
        new_weight[i] = (float)((double)weight[i] * (double)scale[channel_of(conv, &s, i)]);
    for (size_t c = 0; c < channels; c++)
        new_bias[c] = (float)((bias ? (double)bias[c] : 0) * (double)scale[c] + (double)shift[c]);
    set_input(w, conv, 1, rewrite_constant(w, &s, new_weight));
    set_input(w, conv, 2, floats(w, new_bias, channels));
    conv->min = n->min;
    conv->max = n->max;
    rewrite_absorb(w, conv, n);
}

/* affine(affine(x)) */
static void into_affine(struct rewrite *w, struct graph_node *first, struct graph_node *n)
{
    const float *a = values(w, first->input[1]), *b = values(w, first->input[2]), *c = values(w, n->input[1]), *d = values(w, n->input[2]);
    if (!a || !b || first->min > -INFINITY || first->max < INFINITY)
        return;
    size_t channels = (size_t)w->g->tensor[n->input[1]].shape.dim[0];
    float *scale = xcalloc(channels + 1, sizeof *scale), *shift = xcalloc(channels + 1, sizeof *shift);
    for (size_t q = 0; q < channels; q++) {
        scale[q] = (float)((double)a[q] * (double)c[q]);
        shift[q] = (float)((double)b[q] * (double)c[q] + (double)d[q]);
    }
    rewrite_input(w, first, 1, floats(w, scale, channels));
    rewrite_input(w, first, 2, floats(w, shift, channels));
    first->min = n->min;
    first->max = n->max;
    rewrite_absorb(w, first, n);
}

void rewrite_affine(struct rewrite *w)
{
    for (size_t i = 0; i < w->g->n_nodes; i++) {
        struct graph_node *n = &w->g->node[i], *before;
        if (n->dead)
            continue;
        if (n->op == GRAPH_BATCH_NORM)
            batch_norm(w, n);
        for (unsigned k = 0; k < 2 && n->op >= GRAPH_ADD && n->op <= GRAPH_DIV; k++)
            constant(w, n, k);
        if (n->op != GRAPH_AFFINE)
            continue;
        if ((before = rewrite_only(w, n->input[0], GRAPH_CONV)) || (before = rewrite_only(w, n->input[0], GRAPH_CONV_TRANSPOSE)))
            into_convolution(w, before, n);
        else if ((before = rewrite_only(w, n->input[0], GRAPH_AFFINE)))
            into_affine(w, before, n);
    }
}
