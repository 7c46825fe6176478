/* Activations and the channel shuffle, found in the forms that exporters write them in. */
#include <math.h>

#include "graph/rewrite.h"

static bool about(float a, double b) { return fabs((double)a - b) <= 1e-5 * fabs(b); }

/* One input of a two-input node is a constant of the value; the other input. */
static bool with_constant(const struct rewrite *w, const struct graph_node *n, double value, unsigned *ret_other)
{
    for (unsigned i = 0; i < 2; i++) {
        float v;
        if (rewrite_scalar(w->g, n->input[i], &v) && about(v, value) && (i == 1 || n->op != GRAPH_DIV) &&
            graph_same_shape(&w->g->tensor[n->input[1 - i]].shape, &w->g->tensor[n->output[0]].shape)) {
            *ret_other = 1 - i;
            return true;
        }
    }
    return false;
}

/* n becomes an operator of one input. */
static void become(struct rewrite *w, struct graph_node *n, enum graph_op op, int32_t x)
{
    w->uses[x]++; /* held while the old inputs go */
    n->op = op;
    rewrite_input(w, n, 0, x);
    rewrite_cut_inputs(w, n, 1);
    w->uses[x]--;
}

/* The x of Clip(x + 3, 0, 6) that only `tensor` is; -1: it is not. */
static int32_t relu6_of_shifted(const struct rewrite *w, int32_t tensor)
{
    const struct graph_node *clip = rewrite_only(w, tensor, GRAPH_CLIP);
    unsigned other;
    if (!clip || clip->alpha != 0 || clip->beta != 6)
        return -1;
    const struct graph_node *add = rewrite_only(w, clip->input[0], GRAPH_ADD);
    return add && with_constant(w, add, 3, &other) ? add->input[other] : -1;
}

static bool divides_by_six(const struct rewrite *w, const struct graph_node *n, unsigned *ret_other)
{
    if (n->op == GRAPH_DIV)
        return with_constant(w, n, 6, ret_other);
    return n->op == GRAPH_MUL && with_constant(w, n, 1.0 / 6, ret_other);
}

/* Clip(x + 3, 0, 6) / 6, and x Clip(x + 3, 0, 6) / 6. */
static void six(struct rewrite *w, struct graph_node *n)
{
    unsigned other;
    if (!divides_by_six(w, n, &other))
        return;
    int32_t x = relu6_of_shifted(w, n->input[other]);
    if (x >= 0) {
        become(w, n, GRAPH_HARD_SIGMOID, x);
        n->alpha = 1.0f / 6;
        n->beta = 0.5f;
        return;
    }
    const struct graph_node *mul = rewrite_only(w, n->input[other], GRAPH_MUL);
    for (unsigned i = 0; mul && i < 2; i++) {
        x = relu6_of_shifted(w, mul->input[i]);
        if (x >= 0 && x == mul->input[1 - i]) {
            become(w, n, GRAPH_HARD_SWISH, x);
            return;
        }
    }
}

/* x times something of x. */
static void gated(struct rewrite *w, struct graph_node *n)
{
    for (unsigned i = 0; n->op == GRAPH_MUL && i < 2; i++) {
        int32_t x = n->input[1 - i];
        const struct graph_node *gate = rewrite_only(w, n->input[i], GRAPH_SIGMOID);
        if (gate && gate->input[0] == x) {
            become(w, n, GRAPH_SILU, x);
            return;
        }
        gate = rewrite_only(w, n->input[i], GRAPH_HARD_SIGMOID);
        if (gate && gate->input[0] == x && about(gate->alpha, 1.0 / 6) && about(gate->beta, 0.5)) {
            become(w, n, GRAPH_HARD_SWISH, x);
            return;
        }
    }
}

/* 1 + erf(x / sqrt 2) of which only `tensor` is; -1: it is not. */
static int32_t gelu_gate(const struct rewrite *w, int32_t tensor)
{
    unsigned other;
    const struct graph_node *add = rewrite_only(w, tensor, GRAPH_ADD);
    if (!add || !with_constant(w, add, 1, &other))
        return -1;
    const struct graph_node *erf = rewrite_only(w, add->input[other], GRAPH_ERF);
    const struct graph_node *div = erf ? rewrite_only(w, erf->input[0], GRAPH_DIV) : NULL;
    return div && with_constant(w, div, sqrt(2), &other) ? div->input[other] : -1;
}

/* x (1 + erf(x / sqrt 2)) / 2 */
static void gelu(struct rewrite *w, struct graph_node *n)
{
    unsigned half;
    if (n->op != GRAPH_MUL || !with_constant(w, n, 0.5, &half))
        return;
    const struct graph_node *mul = rewrite_only(w, n->input[half], GRAPH_MUL);
    for (unsigned i = 0; mul && i < 2; i++) {
        int32_t x = gelu_gate(w, mul->input[i]);
        if (x >= 0 && x == mul->input[1 - i]) {
            become(w, n, GRAPH_GELU, x);
            return;
        }
    }
}

/* [N, C, H, W] as [N, g, C / g, H, W], the middle two exchanged, and back. */
static void shuffle(struct rewrite *w, struct graph_node *n)
{
    const struct graph_node *t = n->op == GRAPH_RESHAPE ? rewrite_only(w, n->input[0], GRAPH_TRANSPOSE) : NULL;
    const struct graph_node *first = t ? rewrite_only(w, t->input[0], GRAPH_RESHAPE) : NULL;
    if (!first)
        return;
    const struct graph_shape *x = &w->g->tensor[first->input[0]].shape, *m = &first->shape;
    static const int64_t perm[] = {0, 2, 1, 3, 4};
    bool right = x->rank == 4 && m->rank == 5 && graph_same_shape(x, &n->shape) && m->dim[0] == x->dim[0] && m->dim[3] == x->dim[2] &&
                 m->dim[4] == x->dim[3] && w->g->tensor[first->input[0]].type == GRAPH_F32 && m->dim[1] > 0;
    for (unsigned i = 0; right && i < 5; i++)
        right = t->list[i] == perm[i];
    if (!right)
        return;
    int64_t groups = m->dim[1];
    become(w, n, GRAPH_CHANNEL_SHUFFLE, first->input[0]);
    n->axis = groups;
}

void rewrite_activations(struct rewrite *w)
{
    for (size_t i = 0; i < w->g->n_nodes; i++) {
        struct graph_node *n = &w->g->node[i];
        if (n->dead)
            continue;
        six(w, n);
        gated(w, n);
        gelu(w, n);
        shuffle(w, n);
    }
}
