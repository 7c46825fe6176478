/* See elastic_graph.h. */
#include "elastic/elastic_graph.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "supernet/elastic_layout.h"

struct builder {
    const struct supernet *supernet;
    struct graph *graph;
    size_t batch;
    struct sonata_error *err;
};

/* A tensor of a layer in the supernet: the layout has it, or the plan is of another space. */
static const struct supernet_tensor *tensor_of(const struct supernet *n, const struct elastic_layer *l, const char *name)
{
    char text[SUPERNET_TENSOR_NAME_MAX];
    elastic_tensor_name(l, name, text);
    int i = supernet_find(n, text);
    return i < 0 ? NULL : &n->tensor[i];
}

static const float *values_of(const struct supernet *n, const struct elastic_layer *l, const char *name)
{
    const struct supernet_tensor *t = tensor_of(n, l, name);
    return t ? n->value + t->offset : NULL;
}

size_t elastic_statistics_size(const struct elastic_plan *p)
{
    size_t n = 0;
    for (unsigned i = 0; i < p->n_layers; i++)
        n += p->layer[i].norm ? 2 * p->layer[i].out_channels : 0;
    return n;
}

void elastic_statistics_of_file(const struct supernet *n, const struct elastic_plan *p, float *ret_statistics)
{
    float *at = ret_statistics;
    for (unsigned i = 0; i < p->n_layers; i++) {
        const struct elastic_layer *l = &p->layer[i];
        if (!l->norm)
            continue;
        memcpy(at, values_of(n, l, "mean"), l->out_channels * sizeof *at);
        memcpy(at + l->out_channels, values_of(n, l, "variance"), l->out_channels * sizeof *at);
        at += 2 * l->out_channels;
    }
}

/* The first out rows, of each the first `row` values; times factor[out] when given. */
static float *slice(const struct supernet *n, const struct elastic_layer *l, const float *factor)
{
    const struct supernet_tensor *t = tensor_of(n, l, "weight");
    size_t taps = (size_t)l->kernel * l->kernel, row = l->op == ELASTIC_OP_DEPTHWISE ? taps : l->in_channels * taps;
    size_t stride = t->size / t->dim[0];
    float *w = xcalloc(l->out_channels * row + 2, sizeof *w);
    for (size_t o = 0; o < l->out_channels; o++) {
        const float *from = n->value + t->offset + o * stride;
        for (size_t i = 0; i < row; i++)
            w[o * row + i] = factor ? from[i] * factor[o] : from[i];
    }
    return w;
}

static int32_t constant(struct builder *b, const char *name, unsigned rank, const int64_t *dim, float *take)
{
    struct graph_shape shape = {.rank = rank};
    memcpy(shape.dim, dim, rank * sizeof *dim);
    int32_t t = graph_add_tensor(b->graph, name, GRAPH_F32, &shape, take);
    return t < 0 ? sonata_error_set(b->err, t, "the network has more tensors than a graph holds") : t;
}

/* A node's only result, or an error. */
static int32_t add(struct builder *b, struct graph_node *node)
{
    int r = graph_add_node(b->graph, node, NULL, b->err);
    return r ? r : b->graph->node[b->graph->n_nodes - 1].output[0];
}

static void window(struct graph_node *n, const struct elastic_layer *l, int64_t padding)
{
    struct graph_window *w = &n->window;
    w->rank = 2;
    w->group = l->op == ELASTIC_OP_DEPTHWISE ? l->out_channels : 1;
    for (unsigned i = 0; i < 2; i++) {
        w->kernel[i] = l->kernel;
        w->stride[i] = l->stride;
        w->dilation[i] = 1;
        w->begin[i] = w->end[i] = padding;
    }
}

/* Convolution or linear layer; factor and bias [out] may be NULL (bias is taken over). */
static int32_t add_weights(struct builder *b, const struct elastic_layer *l, int32_t x, const float *factor, float *bias)
{
    char name[SUPERNET_TENSOR_NAME_MAX];
    bool linear = l->op == ELASTIC_OP_LINEAR;
    int64_t in = l->op == ELASTIC_OP_DEPTHWISE ? 1 : l->in_channels, out = l->out_channels, k = l->kernel;
    elastic_tensor_name(l, "weight", name);
    int32_t w = constant(b, name, linear ? 2 : 4, (int64_t[]){out, in, k, k}, slice(b->supernet, l, factor));
    elastic_tensor_name(l, "bias", name);
    int32_t c = w >= 0 && bias ? constant(b, name, 1, &out, bias) : -1;
    if (w < 0 || (bias && c < 0))
        return w < 0 ? w : c;
    struct graph_node n = graph_node_of(linear ? GRAPH_GEMM : GRAPH_CONV, name, 2u + (bias != NULL), 1);
    n.input[0] = x;
    n.input[1] = w;
    if (bias)
        n.input[2] = c;
    n.alpha = n.beta = 1;
    n.transpose_b = linear;
    window(&n, l, (l->kernel - 1) / 2);
    return add(b, &n);
}

static int32_t flat(struct builder *b, const struct elastic_layer *l, int32_t x)
{
    struct graph_node n = graph_node_of(GRAPH_RESHAPE, "flatten", 1, 1);
    n.input[0] = x;
    n.shape = (struct graph_shape){.rank = 2, .dim = {(int64_t)b->batch, l->in_channels}};
    return add(b, &n);
}

/* y = scale (x - mean) / sqrt(variance + epsilon) + shift behind a convolution without bias, as a factor and a bias of the convolution. */
static int32_t add_folded(struct builder *b, const struct elastic_layer *l, int32_t x, const float *statistics)
{
    const struct supernet *n = b->supernet;
    const float *scale = values_of(n, l, "scale"), *shift = values_of(n, l, "shift"), *mean = statistics, *variance = statistics + l->out_channels;
    float *factor = xcalloc(l->out_channels + 1, sizeof *factor), *bias = xcalloc(l->out_channels + 1, sizeof *bias);
    for (size_t o = 0; o < l->out_channels; o++) {
        double f = scale[o] / sqrt((double)variance[o] + n->space->network.elastic.epsilon);
        factor[o] = (float)f;
        bias[o] = (float)(shift[o] - mean[o] * f);
    }
    int32_t y = add_weights(b, l, x, factor, bias);
    free(factor);
    return y;
}

static int32_t add_convolution(struct builder *b, const struct elastic_layer *l, int32_t x, const float *statistics)
{
    if (l->op == ELASTIC_OP_LINEAR)
        x = flat(b, l, x);
    if (x < 0)
        return x;
    if (l->norm)
        return add_folded(b, l, x, statistics);
    float *bias = l->bias ? xmemdup(values_of(b->supernet, l, "bias"), l->out_channels * sizeof *bias) : NULL;
    return add_weights(b, l, x, NULL, bias);
}

static int32_t add_pool(struct builder *b, const struct elastic_layer *l, int32_t x)
{
    bool most = l->op == ELASTIC_OP_MAXPOOL;
    struct graph_node n = graph_node_of(most ? GRAPH_MAX_POOL : GRAPH_AVERAGE_POOL, "pool", 1, 1);
    n.input[0] = x;
    window(&n, l, most ? (l->kernel - 1) / 2 : 0);
    n.window.ceil = !most;
    return add(b, &n);
}

static int32_t add_mean(struct builder *b, int32_t x)
{
    struct graph_node n = graph_node_of(GRAPH_REDUCE_MEAN, "mean", 1, 1);
    n.input[0] = x;
    n.axes = 1u << 2 | 1u << 3;
    n.keep = true;
    return add(b, &n);
}

static int32_t add_pair(struct builder *b, enum graph_op op, int32_t x, int32_t y)
{
    struct graph_node n = graph_node_of(op, op == GRAPH_ADD ? "add" : "scale", 2, 1);
    n.input[0] = x;
    n.input[1] = y;
    return add(b, &n);
}

static int32_t activate(struct builder *b, enum elastic_activation a, int32_t x)
{
    static const enum graph_op op[ELASTIC_ACTIVATIONS] = {[ELASTIC_RELU] = GRAPH_RELU,
                                                          [ELASTIC_RELU6] = GRAPH_CLIP,
                                                          [ELASTIC_HSWISH] = GRAPH_HARD_SWISH,
                                                          [ELASTIC_SWISH] = GRAPH_SILU,
                                                          [ELASTIC_HSIGMOID] = GRAPH_HARD_SIGMOID};
    if (a == ELASTIC_NONE || x < 0)
        return x;
    struct graph_node n = graph_node_of(op[a], elastic_activation_word[a], 1, 1);
    n.input[0] = x;
    n.alpha = a == ELASTIC_HSIGMOID ? 1.0f / 6 : 0;
    n.beta = a == ELASTIC_HSIGMOID ? 0.5f : 6;
    return add(b, &n);
}

static int32_t add_layer(struct builder *b, const struct elastic_layer *l, const int32_t *tensor, const float *statistics)
{
    int32_t x = tensor[l->input], y = l->other < 0 ? -1 : tensor[l->other];
    switch ((enum elastic_op)l->op) {
    case ELASTIC_OP_MAXPOOL:
    case ELASTIC_OP_AVERAGE:
        x = add_pool(b, l, x);
        break;
    case ELASTIC_OP_MEAN:
        x = add_mean(b, x);
        break;
    case ELASTIC_OP_SCALE:
        x = add_pair(b, GRAPH_MUL, x, y);
        break;
    case ELASTIC_OP_ADD:
        x = add_pair(b, GRAPH_ADD, x, y);
        break;
    default:
        x = add_convolution(b, l, x, statistics);
        break;
    }
    return activate(b, l->activation, x);
}

static int32_t add_input(struct builder *b, size_t channels, size_t size)
{
    struct graph_shape shape = {.rank = 4, .dim = {(int64_t)b->batch, (int64_t)channels, (int64_t)size, (int64_t)size}};
    int32_t x = graph_add_tensor(b->graph, "input", GRAPH_F32, &shape, NULL);
    b->graph->input[b->graph->n_inputs++] = x;
    return x;
}

/* Hands the graph over, or releases what there is of it. */
static int finish(struct builder *b, int32_t result, const char *name, struct graph *ret_graph)
{
    if (result < 0) {
        graph_fini(b->graph);
        return result;
    }
    b->graph->output[0] = result;
    b->graph->output_name[0] = xstrdup(name);
    b->graph->n_outputs = 1;
    *ret_graph = *b->graph;
    return 0;
}

int elastic_graph(const struct supernet *n, const struct elastic_plan *p, size_t batch, const float *statistics, struct graph *ret_graph,
                  struct sonata_error *err)
{
    struct graph g = {0};
    struct builder b = {n, &g, batch, err};
    int32_t tensor[ELASTIC_LAYERS_MAX + 1];
    tensor[0] = add_input(&b, p->input_channels, p->input_size);
    int32_t last = tensor[0];
    for (unsigned i = 0; i < p->n_layers && last >= 0; i++) {
        last = tensor[i + 1] = add_layer(&b, &p->layer[i], tensor, statistics);
        statistics += p->layer[i].norm ? 2 * p->layer[i].out_channels : 0;
    }
    return finish(&b, last, "logits", ret_graph);
}

int elastic_layer_graph(const struct supernet *n, const struct elastic_layer *l, size_t batch, struct graph *ret_graph, struct sonata_error *err)
{
    struct graph g = {0};
    struct builder b = {n, &g, batch, err};
    struct elastic_layer bare = *l;
    bare.norm = false;
    int32_t x = add_input(&b, l->in_channels, l->in_size);
    return finish(&b, x < 0 ? x : add_convolution(&b, &bare, x, NULL), "output", ret_graph);
}
