/* See graph.h: storage of tensors and nodes, the table of operators, and computing of what is known when a node is added. */
#include "graph/graph.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/kernel.h"

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

static bool all_known(const struct graph *g, const struct graph_node *n)
{
    for (unsigned i = 0; i < n->n_inputs; i++) {
        if (n->input[i] >= 0 && !g->tensor[n->input[i]].data)
            return false;
    }
    return n->n_inputs > 0;
}

static struct view view_of(const struct graph_tensor *t) { return (struct view){.type = t->type, .shape = t->shape, .data = t->data}; }

/* Computes a node of constants. Beyond the limits it stays a node, which gives the same result later. */
static int fold(struct graph *g, struct graph_node *n, struct sonata_error *err)
{
    int64_t bytes = 0;
    double steps = graph_node_steps(g, n);
    for (unsigned i = 0; i < n->n_outputs; i++)
        bytes += (int64_t)graph_tensor_bytes(&g->tensor[n->output[i]]);
    if (steps + (double)g->fold_steps > (double)GRAPH_FOLD_STEPS_MAX || bytes + g->computed_bytes > GRAPH_CONSTANT_BYTES_MAX)
        return 0;
    g->fold_steps += (int64_t)steps + 1;
    g->computed_bytes += bytes;
    struct view *in = xcalloc(n->n_inputs, sizeof *in), *out = xcalloc(n->n_outputs, sizeof *out);
    for (unsigned i = 0; i < n->n_inputs; i++)
        in[i] = n->input[i] < 0 ? (struct view){0} : view_of(&g->tensor[n->input[i]]);
    for (unsigned i = 0; i < n->n_outputs; i++) {
        struct graph_tensor *t = &g->tensor[n->output[i]];
        t->data = xcalloc(graph_tensor_bytes(t) + 8, 1);
        out[i] = view_of(t);
    }
    int r = kernel_run(n, in, out, err);
    n->dead = true;
    free(in);
    free(out);
    return r;
}

static int add_outputs(struct graph *g, struct graph_node *n, const struct graph_tensor *inferred, const char *const *output_names,
                       struct sonata_error *err)
{
    for (unsigned i = 0; i < n->n_outputs; i++) {
        const char *name = output_names ? output_names[i] : n->name;
        n->output[i] = graph_add_tensor(g, name, inferred[i].type, &inferred[i].shape, NULL);
        if (n->output[i] < 0)
            return sonata_error_set(err, -EFBIG, "node '%.60s': the model has more than %d tensors", n->name, GRAPH_TENSORS_MAX);
    }
    return 0;
}

int graph_add_node(struct graph *g, struct graph_node *take, const char *const *output_names, struct sonata_error *err)
{
    struct graph_tensor *inferred = xcalloc(take->n_outputs ? take->n_outputs : 1, sizeof *inferred);
    struct graph_node n = *take;
    *take = (struct graph_node){0};
    int r = g->n_nodes < GRAPH_NODES_MAX ? 0 : sonata_error_set(err, -EFBIG, "the model has more than %d nodes", GRAPH_NODES_MAX);
    r = r ? r : graph_infer(g, &n, inferred, err);
    r = r ? r : add_outputs(g, &n, inferred, output_names, err);
    free(inferred);
    if (!r && all_known(g, &n))
        r = fold(g, &n, err);
    if (r || n.dead) { /* what was computed needs no node */
        graph_node_fini(&n);
        return r;
    }
    g->node = xgrow(g->node, &g->nodes_capacity, g->n_nodes + 1, sizeof *g->node);
    g->node[g->n_nodes++] = n;
    return 0;
}
