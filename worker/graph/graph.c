/* See graph.h: storage of tensors and nodes, the table of operators. */
#include "graph/graph.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const char *const names[GRAPH_OPS] = {[GRAPH_IDENTITY] = "Identity",
                                             [GRAPH_RELU] = "Relu",
                                             [GRAPH_LEAKY_RELU] = "LeakyRelu",
                                             [GRAPH_CLIP] = "Clip",
                                             [GRAPH_SIGMOID] = "Sigmoid",
                                             [GRAPH_HARD_SIGMOID] = "HardSigmoid",
                                             [GRAPH_HARD_SWISH] = "HardSwish",
                                             [GRAPH_SILU] = "SiLU",
                                             [GRAPH_GELU] = "Gelu",
                                             [GRAPH_ELU] = "Elu",
                                             [GRAPH_SELU] = "Selu",
                                             [GRAPH_TANH] = "Tanh",
                                             [GRAPH_EXP] = "Exp",
                                             [GRAPH_LOG] = "Log",
                                             [GRAPH_SQRT] = "Sqrt",
                                             [GRAPH_ABS] = "Abs",
                                             [GRAPH_NEG] = "Neg",
                                             [GRAPH_FLOOR] = "Floor",
                                             [GRAPH_CEIL] = "Ceil",
                                             [GRAPH_ROUND] = "Round",
                                             [GRAPH_RECIPROCAL] = "Reciprocal",
                                             [GRAPH_ERF] = "Erf",
                                             [GRAPH_SOFTPLUS] = "Softplus",
                                             [GRAPH_SOFTSIGN] = "Softsign",
                                             [GRAPH_SIGN] = "Sign",
                                             [GRAPH_NOT] = "Not",
                                             [GRAPH_CAST] = "Cast",
                                             [GRAPH_ADD] = "Add",
                                             [GRAPH_SUB] = "Sub",
                                             [GRAPH_MUL] = "Mul",
                                             [GRAPH_DIV] = "Div",
                                             [GRAPH_POW] = "Pow",
                                             [GRAPH_MAX] = "Max",
                                             [GRAPH_MIN] = "Min",
                                             [GRAPH_PRELU] = "PRelu",
                                             [GRAPH_EQUAL] = "Equal",
                                             [GRAPH_LESS] = "Less",
                                             [GRAPH_GREATER] = "Greater",
                                             [GRAPH_AND] = "And",
                                             [GRAPH_OR] = "Or",
                                             [GRAPH_WHERE] = "Where",
                                             [GRAPH_AFFINE] = "Affine",
                                             [GRAPH_BATCH_NORM] = "BatchNormalization",
                                             [GRAPH_CONV] = "Conv",
                                             [GRAPH_CONV_TRANSPOSE] = "ConvTranspose",
                                             [GRAPH_MAX_POOL] = "MaxPool",
                                             [GRAPH_AVERAGE_POOL] = "AveragePool",
                                             [GRAPH_GEMM] = "Gemm",
                                             [GRAPH_MATMUL] = "MatMul",
                                             [GRAPH_REDUCE_MEAN] = "ReduceMean",
                                             [GRAPH_REDUCE_SUM] = "ReduceSum",
                                             [GRAPH_REDUCE_MAX] = "ReduceMax",
                                             [GRAPH_REDUCE_MIN] = "ReduceMin",
                                             [GRAPH_REDUCE_PROD] = "ReduceProd",
                                             [GRAPH_SOFTMAX] = "Softmax",
                                             [GRAPH_LOG_SOFTMAX] = "LogSoftmax",
                                             [GRAPH_CONCAT] = "Concat",
                                             [GRAPH_SPLIT] = "Split",
                                             [GRAPH_SLICE] = "Slice",
                                             [GRAPH_GATHER] = "Gather",
                                             [GRAPH_TRANSPOSE] = "Transpose",
                                             [GRAPH_RESHAPE] = "Reshape",
                                             [GRAPH_EXPAND] = "Expand",
                                             [GRAPH_TILE] = "Tile",
                                             [GRAPH_PAD] = "Pad",
                                             [GRAPH_RESIZE] = "Resize",
                                             [GRAPH_DEPTH_TO_SPACE] = "DepthToSpace",
                                             [GRAPH_CHANNEL_SHUFFLE] = "ChannelShuffle"};

const char *graph_op_name(enum graph_op op) { return names[op]; }

int64_t graph_elements(const struct graph_shape *s)
{
    int64_t n = 1;
    bool empty = false;
    for (unsigned i = 0; i < s->rank; i++) {
        if (s->dim[i] < 0 || s->dim[i] > GRAPH_ELEMENTS_MAX)
            return -1;
        empty = empty || s->dim[i] == 0;
    }
    for (unsigned i = 0; i < s->rank && !empty; i++) {
        n *= s->dim[i]; /* at most 2^28 times 2^28 */
        if (n > GRAPH_ELEMENTS_MAX)
            return -1;
    }
    return empty ? 0 : n;
}

bool graph_same_shape(const struct graph_shape *a, const struct graph_shape *b)
{
    return a->rank == b->rank && !memcmp(a->dim, b->dim, a->rank * sizeof *a->dim);
}

const char *graph_shape_text(const struct graph_shape *s, char text[160])
{
    size_t at = 0;
    snprintf(text, 160, "scalar");
    for (unsigned i = 0; i < s->rank && at < 140; i++)
        at += (size_t)snprintf(text + at, 160 - at, "%s%lld", i ? "x" : "", (long long)s->dim[i]);
    return text;
}

size_t graph_tensor_bytes(const struct graph_tensor *t) { return (size_t)graph_elements(&t->shape) * graph_type_size(t->type); }

void graph_node_fini(struct graph_node *n)
{
    free(n->name);
    free(n->input);
    free(n->output);
    free(n->sizes);
    *n = (struct graph_node){0};
}

void graph_fini(struct graph *g)
{
    for (size_t i = 0; i < g->n_tensors; i++) {
        free(g->tensor[i].name);
        free(g->tensor[i].data);
    }
    for (size_t i = 0; i < g->n_nodes; i++)
        graph_node_fini(&g->node[i]);
    for (unsigned i = 0; i < g->n_outputs; i++)
        free(g->output_name[i]);
    free(g->tensor);
    free(g->node);
    *g = (struct graph){0};
}

int32_t graph_add_tensor(struct graph *g, const char *name, enum graph_type type, const struct graph_shape *shape, void *data)
{
    if (g->n_tensors >= GRAPH_TENSORS_MAX) {
        free(data);
        return -EFBIG;
    }
    g->tensor = xgrow(g->tensor, &g->tensors_capacity, g->n_tensors + 1, sizeof *g->tensor);
    g->tensor[g->n_tensors] = (struct graph_tensor){.name = xstrdup(name), .type = type, .shape = *shape, .data = data};
    return (int32_t)g->n_tensors++;
}

int32_t graph_add_floats(struct graph *g, const char *name, const float *value, size_t n)
{
    struct graph_shape shape = {.rank = 1, .dim = {(int64_t)n}};
    return graph_add_tensor(g, name, GRAPH_F32, &shape, xmemdup(value, n * sizeof *value));
}

static int32_t *no_tensors(unsigned n)
{
    int32_t *v = xcalloc(n ? n : 1, sizeof *v);
    for (unsigned i = 0; i < n; i++)
        v[i] = -1;
    return v;
}

struct graph_node graph_node_of(enum graph_op op, const char *name, unsigned n_inputs, unsigned n_outputs)
{
    struct graph_node n = {.op = op, .name = xstrdup(name), .n_inputs = n_inputs, .n_outputs = n_outputs, .min = -INFINITY, .max = INFINITY};
    n.input = no_tensors(n_inputs);
    n.output = no_tensors(n_outputs);
    n.window.group = 1;
    return n;
}
