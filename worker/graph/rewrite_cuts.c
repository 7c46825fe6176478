/* Limits of values go into the operator before them, padding with zeros into the convolution behind it. */
#include <math.h>

#include "base/memory.h"
#include "graph/rewrite.h"

/* The node that alone gives n its input and can take a cut. */
static struct graph_node *taker(const struct rewrite *w, const struct graph_node *n)
{
    static const enum graph_op ops[] = {GRAPH_CONV, GRAPH_CONV_TRANSPOSE, GRAPH_GEMM,         GRAPH_MATMUL,   GRAPH_ADD,        GRAPH_SUB, GRAPH_MUL,
                                        GRAPH_DIV,  GRAPH_AFFINE,         GRAPH_AVERAGE_POOL, GRAPH_MAX_POOL, GRAPH_REDUCE_MEAN};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct graph_node *before = rewrite_only(w, n->input[0], ops[i]);
        if (before && before->min == -INFINITY && before->max == INFINITY && w->g->tensor[before->output[0]].type == GRAPH_F32)
            return before;
    }
    return NULL;
}

static void cut(struct rewrite *w, struct graph_node *n)
{
    float min = n->op == GRAPH_RELU ? 0 : n->alpha;
    float max = n->op == GRAPH_RELU ? INFINITY : n->beta;
    struct graph_node *before = taker(w, n);
    if (!before || !(min < max))
        return;
    before->min = min;
    before->max = max;
    rewrite_absorb(w, before, n);
}

/* alpha conv(x) + beta, cut to 0..1. */
static void hard_sigmoid(struct rewrite *w, struct graph_node *n)
{
    struct graph_node *conv = rewrite_only(w, n->input[0], GRAPH_CONV);
    if (!conv || conv->min > -INFINITY || conv->max < INFINITY || conv->n_inputs < 3 || conv->input[1] < 0 || conv->input[2] < 0)
        return;
    const struct graph_tensor *weight = &w->g->tensor[conv->input[1]], *bias = &w->g->tensor[conv->input[2]];
    if (!weight->data || !bias->data)
        return;
    struct graph_shape ws = weight->shape, bs = bias->shape;
    size_t n_weights = (size_t)graph_elements(&ws), n_biases = (size_t)graph_elements(&bs);
    float *a = xmemdup(weight->data, (n_weights + !n_weights) * sizeof *a), *b = xmemdup(bias->data, (n_biases + !n_biases) * sizeof *b);
    for (size_t i = 0; i < n_weights; i++)
        a[i] *= n->alpha;
    for (size_t i = 0; i < n_biases; i++)
        b[i] = b[i] * n->alpha + n->beta;
    rewrite_input(w, conv, 1, rewrite_constant(w, &ws, a));
    rewrite_input(w, conv, 2, rewrite_constant(w, &bs, b));
    conv->min = 0;
    conv->max = 1;
    rewrite_absorb(w, conv, n);
}

static bool only_space_padded(const struct rewrite *w, const struct graph_node *pad)
{
    const struct graph_shape *x = &w->g->tensor[pad->input[0]].shape;
    bool right = pad->mode == GRAPH_PAD_CONSTANT && pad->alpha == 0 && x->rank >= 3;
    for (unsigned i = 0; i < x->rank && right; i++) {
        int64_t end = pad->shape.dim[i] - x->dim[i] - pad->list[i];
        right = pad->list[i] >= 0 && end >= 0 && pad->list[i] < 1024 && end < 1024 && (i >= 2 || (!pad->list[i] && !end));
    }
    return right;
}

static void padding(struct rewrite *w, struct graph_node *conv)
{
    struct graph_node *pad = rewrite_only(w, conv->input[0], GRAPH_PAD);
    if (!pad || !only_space_padded(w, pad))
        return;
    const struct graph_shape *x = &w->g->tensor[pad->input[0]].shape;
    for (unsigned i = 0; i < conv->window.rank; i++) {
        int64_t begin = pad->list[2 + i];
        conv->window.begin[i] += begin;
        conv->window.end[i] += pad->shape.dim[2 + i] - x->dim[2 + i] - begin;
    }
    rewrite_input(w, conv, 0, pad->input[0]);
}

void rewrite_cuts(struct rewrite *w)
{
    for (size_t i = 0; i < w->g->n_nodes; i++) {
        struct graph_node *n = &w->g->node[i];
        if (n->dead)
            continue;
        if ((n->op == GRAPH_RELU || n->op == GRAPH_CLIP) && w->g->tensor[n->input[0]].type == GRAPH_F32)
            cut(w, n);
        else if (n->op == GRAPH_HARD_SIGMOID)
            hard_sigmoid(w, n);
        else if (n->op == GRAPH_CONV)
            padding(w, n);
    }
}
