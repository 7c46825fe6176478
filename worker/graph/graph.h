/* A network as a general graph of operators with static shapes: what worker/onnx reads a file into and what the executors of this folder run.
 *
 * Tensors hold float32, or int64 where values are shapes and indices; the order of dimensions is ONNX's (N, C, H, W). Nodes are kept in an order in
 * which every one comes after those it reads. What the versions of ONNX say in different ways is said in one way here: axes and starts are
 * attributes, resolved against the shapes; padding is explicit; Flatten, Squeeze and Unsqueeze are reshapes. A node whose inputs are all known is
 * computed when it is added. */
#ifndef SONATA_GRAPH_GRAPH_H
#define SONATA_GRAPH_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    GRAPH_RANK_MAX = 8,
    GRAPH_SPATIAL_MAX = 3,
    GRAPH_NODES_MAX = 1 << 16,
    GRAPH_TENSORS_MAX = 1 << 18,
    GRAPH_PORTS_MAX = 64, /* inputs, and outputs, of a graph */
    GRAPH_NODE_INPUTS_MAX = 4096,
    GRAPH_WINDOW_MAX = 65535 /* kernel, stride, dilation, padding */
};
#define GRAPH_ELEMENTS_MAX (INT64_C(1) << 28)       /* of one tensor */
#define GRAPH_CONSTANT_BYTES_MAX (INT64_C(1) << 26) /* of all constants that were computed */
#define GRAPH_FOLD_STEPS_MAX (INT64_C(1) << 26)     /* multiplications spent on nodes whose inputs are all known */

enum graph_type { GRAPH_F32, GRAPH_I64 };

enum graph_op {
    /* one input, element by element; alpha and beta as named */
    GRAPH_IDENTITY,
    GRAPH_RELU,
    GRAPH_LEAKY_RELU /* alpha */,
    GRAPH_CLIP /* alpha: min, beta: max */,
    GRAPH_SIGMOID,
    GRAPH_HARD_SIGMOID /* alpha x + beta, cut to 0..1 */,
    GRAPH_HARD_SWISH,
    GRAPH_SILU,
    GRAPH_GELU,
    GRAPH_ELU /* alpha */,
    GRAPH_SELU /* alpha; beta: gamma */,
    GRAPH_TANH,
    GRAPH_EXP,
    GRAPH_LOG,
    GRAPH_SQRT,
    GRAPH_ABS,
    GRAPH_NEG,
    GRAPH_FLOOR,
    GRAPH_CEIL,
    GRAPH_ROUND,
    GRAPH_RECIPROCAL,
    GRAPH_ERF,
    GRAPH_SOFTPLUS,
    GRAPH_SOFTSIGN,
    GRAPH_SIGN,
    GRAPH_NOT,
    GRAPH_CAST /* to `type` */,
    /* two inputs, broadcast */
    GRAPH_ADD,
    GRAPH_SUB,
    GRAPH_MUL,
    GRAPH_DIV,
    GRAPH_POW,
    GRAPH_MAX,
    GRAPH_MIN,
    GRAPH_PRELU /* x, slope */,
    GRAPH_EQUAL,
    GRAPH_LESS,
    GRAPH_GREATER,
    GRAPH_AND,
    GRAPH_OR,
    GRAPH_WHERE,          /* condition, x, y; broadcast */
    GRAPH_AFFINE,         /* x, scale [C], shift [C]: per channel (axis 1) */
    GRAPH_BATCH_NORM,     /* x, scale, shift, mean, variance; alpha: epsilon */
    GRAPH_CONV,           /* x, weight [M, C / group, k…], bias [M] or none; window */
    GRAPH_CONV_TRANSPOSE, /* x, weight [C, M / group, k…], bias or none; window with `extra` */
    GRAPH_MAX_POOL,
    GRAPH_AVERAGE_POOL,
    GRAPH_GEMM, /* alpha a b + beta c; flags transpose */
    GRAPH_MATMUL,
    GRAPH_REDUCE_MEAN,
    GRAPH_REDUCE_SUM,
    GRAPH_REDUCE_MAX,
    GRAPH_REDUCE_MIN,
    GRAPH_REDUCE_PROD, /* axes: bits of `axes`; keep */
    GRAPH_SOFTMAX,
    GRAPH_LOG_SOFTMAX,     /* along `axis` */
    GRAPH_CONCAT,          /* along `axis` */
    GRAPH_SPLIT,           /* along `axis`; sizes: of every output */
    GRAPH_SLICE,           /* list: start of every dimension; step (may be negative); to `shape` */
    GRAPH_GATHER,          /* x, indices; along `axis` */
    GRAPH_TRANSPOSE,       /* list: permutation */
    GRAPH_RESHAPE,         /* to `shape` */
    GRAPH_EXPAND,          /* to `shape`, by the rules of broadcasting */
    GRAPH_TILE,            /* list: repeats */
    GRAPH_PAD,             /* list: begin (may be negative); to `shape`; mode; alpha: value */
    GRAPH_RESIZE,          /* scale of every dimension; to `shape`; mode, coordinates, rounding */
    GRAPH_DEPTH_TO_SPACE,  /* axis: block; mode: 0 depth first, 1 columns first */
    GRAPH_CHANNEL_SHUFFLE, /* axis: groups; channels (dimension 1) [groups][C / groups] are transposed */
    GRAPH_OPS
};

enum { GRAPH_PAD_CONSTANT, GRAPH_PAD_REFLECT, GRAPH_PAD_EDGE };
enum { GRAPH_RESIZE_NEAREST, GRAPH_RESIZE_LINEAR };
enum { GRAPH_HALF_PIXEL, GRAPH_PYTORCH_HALF_PIXEL, GRAPH_ALIGN_CORNERS, GRAPH_ASYMMETRIC, GRAPH_TF_HALF_PIXEL };
enum { GRAPH_ROUND_PREFER_FLOOR, GRAPH_ROUND_PREFER_CEIL, GRAPH_ROUND_FLOOR, GRAPH_ROUND_CEIL };

struct graph_shape {
    int64_t dim[GRAPH_RANK_MAX];
    unsigned rank;
};

struct graph_tensor {
    char *name; /* owned; for messages and for the graph's inputs and outputs */
    enum graph_type type;
    struct graph_shape shape;
    void *data; /* owned; NULL unless constant */
};

struct graph_window {
    unsigned rank; /* spatial dimensions, 1 to 3 */
    int64_t kernel[GRAPH_SPATIAL_MAX], stride[GRAPH_SPATIAL_MAX], dilation[GRAPH_SPATIAL_MAX];
    int64_t begin[GRAPH_SPATIAL_MAX], end[GRAPH_SPATIAL_MAX]; /* padding */
    int64_t extra[GRAPH_SPATIAL_MAX];                         /* output padding of ConvTranspose */
    int64_t group;
    bool ceil;        /* pools: a last, partial window counts */
    bool include_pad; /* AveragePool divides by the whole kernel */
};

struct graph_node {
    enum graph_op op;
    bool dead; /* left out */
    char *name;
    int32_t *input, *output; /* tensors; an input that is not given is -1 */
    unsigned n_inputs, n_outputs;
    struct graph_window window;
    float alpha, beta;
    int64_t axis;
    uint32_t axes;
    bool keep, transpose_a, transpose_b;
    uint8_t mode, coordinates, rounding;
    enum graph_type type;
    struct graph_shape shape;
    int64_t list[GRAPH_RANK_MAX], step[GRAPH_RANK_MAX];
    int64_t *sizes; /* owned */
    double scale[GRAPH_RANK_MAX];
    /* Cut of the result; -INFINITY and INFINITY are none. */
    float min, max;
};

struct graph {
    struct graph_tensor *tensor;
    struct graph_node *node;
    size_t n_tensors, tensors_capacity, n_nodes, nodes_capacity;
    int32_t input[GRAPH_PORTS_MAX], output[GRAPH_PORTS_MAX];
    char *output_name[GRAPH_PORTS_MAX]; /* owned; an input's name is its tensor's */
    unsigned n_inputs, n_outputs;
    int64_t fold_steps, computed_bytes; /* spent so far */
};

/* Zero-initialise; graph_fini() releases everything and leaves it zeroed. */
void graph_fini(struct graph *g);

/* Elements of a shape, or -1 when a dimension is negative or there are more than GRAPH_ELEMENTS_MAX. */
int64_t graph_elements(const struct graph_shape *s);
/* Whether rank and dimensions are the same. */
bool graph_same_shape(const struct graph_shape *a, const struct graph_shape *b);
/* "1x3x224x224", "scalar", into text[160]. */
const char *graph_shape_text(const struct graph_shape *s, char text[160]);
/* Bytes of one element. */
static inline size_t graph_type_size(enum graph_type t) { return t == GRAPH_F32 ? sizeof(float) : sizeof(int64_t); }
/* Bytes of all elements of a tensor whose shape is known. */
size_t graph_tensor_bytes(const struct graph_tensor *t);

/* A new tensor; the name is copied, data (NULL: not constant) is taken from malloc. Its number, or -EFBIG beyond GRAPH_TENSORS_MAX (data is freed).
 * The shape has passed graph_elements(). */
int32_t graph_add_tensor(struct graph *g, const char *name, enum graph_type type, const struct graph_shape *shape, void *data);
/* A one-dimensional float constant of n values, copied. */
int32_t graph_add_floats(struct graph *g, const char *name, const float *value, size_t n);

/* An empty node of an operator, its inputs and outputs all -1. */
struct graph_node graph_node_of(enum graph_op op, const char *name, unsigned n_inputs, unsigned n_outputs);
/* Releases what it holds. */
void graph_node_fini(struct graph_node *n);
/* Checks the node against its inputs, makes its output tensors (those still -1; named after the node unless names are given) and computes them when
 * every input is constant and the limits allow it. Takes the node in any case. -EINVAL what does not fit together; -EFBIG a limit. */
int graph_add_node(struct graph *g, struct graph_node *take, const char *const *output_names, struct sonata_error *err) SONATA_MUST_CHECK;

/* Type and shape of every output; outputs are written to ret[]. -EINVAL, -EFBIG. */
int graph_infer(const struct graph *g, const struct graph_node *n, struct graph_tensor *ret, struct sonata_error *err) SONATA_MUST_CHECK;

/* The operator's name, as in ONNX where it has it. */
const char *graph_op_name(enum graph_op op);
/* Whether it maps one tensor element by element. */
static inline bool graph_op_is_unary(enum graph_op op) { return op <= GRAPH_CAST; }
/* Whether it joins two tensors element by element, with broadcasting. */
static inline bool graph_op_is_binary(enum graph_op op) { return op >= GRAPH_ADD && op <= GRAPH_OR; }
/* Multiplications (and comparable steps) of one run of a node whose outputs have their shapes. */
double graph_node_steps(const struct graph *g, const struct graph_node *n);
/* Multiplications and additions of convolutions and products, as papers count them; weights and biases. */
double graph_macs(const struct graph *g);
double graph_params(const struct graph *g);

/* Rewrites what is equal and cheaper: unread nodes go; batch norm, constant scales and padding fold into convolutions, hard-sigmoid too; Sigmoid
 * times x becomes SiLU, HardSwish is found in its spelled-out forms; the cut of Relu and Clip moves into the node before; reshape-transpose-reshape
 * becomes a channel shuffle. Inputs, outputs and their names stay. */
void graph_optimise(struct graph *g);

#endif
