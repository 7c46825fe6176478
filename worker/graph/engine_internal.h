/* The engine's inside: a graph becomes a row of steps over buffers in one arena.
 *
 * Values of three or more dimensions are kept with the channels last where an operator wants it so, and are copied from one order to the other only
 * where two operators disagree. A place is a view: convolutions write straight into the concatenation that reads them, and a split is no step at all.
 */
#ifndef SONATA_GRAPH_ENGINE_INTERNAL_H
#define SONATA_GRAPH_ENGINE_INTERNAL_H

#include <pthreadpool.h>
#include <xnnpack.h>

#include "graph/executor.h"
#include "graph/kernel.h"

/* PLAIN: ONNX's order. LAST: channels last, neighbouring pixels `stride` values apart. DENSE: LAST with a stride of the channels. */
enum layout { PLAIN, LAST, DENSE, LAYOUTS };

struct place {
    int32_t buffer; /* -1: nowhere */
    size_t at;      /* values from the buffer's begin */
    size_t stride;  /* between pixels, for LAST */
};

struct buffer {
    size_t bytes, offset; /* offset: in the arena */
    int32_t first, last;  /* steps that write first and read last; last is INT32_MAX for what is read after the run */
    uint32_t readers;     /* nodes that still have to read it, while steps are made */
    bool own;             /* memory of its own: constants, inputs */
    bool shared;          /* several tensors lie in it: never overwritten in place */
    void *data;
};

/* A window over two dimensions; one-dimensional ones get a height of 1. */
struct plane {
    size_t batch, in[2], out[2], in_channels, out_channels;
    uint32_t kernel[2], stride[2], dilation[2], begin[2], end[2], extra[2], group;
};

struct graph_engine;
struct step;

/* What was fastest for a shape when layers of it were tried. */
struct choice {
    struct plane plane;
    int winner;
};

struct step {
    struct executor_layer info;
    int (*setup)(struct graph_engine *e, struct step *s); /* after buffers have their addresses; 0 or -errno */
    int (*run)(struct graph_engine *e, struct step *s);
    void (*release)(struct step *s);
    struct place in[2], out;
    xnn_operator_t op;
    size_t size[8]; /* what setup needs; its own meaning in each file */
    void *state;    /* the same */
};

/* Where a tensor that a concatenation reads is written to at once. */
struct home {
    int32_t concat; /* node whose buffer it is; -1: none */
    size_t channel;
};

struct graph_engine {
    struct executor base;
    struct graph g;
    pthreadpool_t pool; /* NULL: one thread */
    struct place (*place)[LAYOUTS];
    uint32_t *uses, *left; /* of each tensor: readers, and those not lowered yet */
    struct home *home;     /* of each tensor */
    int32_t *whole;        /* of each node: the concatenation that its result lies in (itself, or one that begins with the same inputs), or -1 */
    struct place *joined;  /* of each node that is such a concatenation */
    struct buffer *buffer;
    struct step *step;
    size_t n_buffers, buffers_capacity, n_steps, steps_capacity;
    float *arena;
    struct choice *choice;
    size_t n_choices, choices_capacity;
    const struct graph_node *node; /* that is being lowered */
};

/* ---- places (engine_place.c) ---- */

/* Nowhere. */
struct place place_none(void);
/* Channels of a tensor in ONNX's order; 1 of a vector or scalar. */
size_t channels_of(const struct graph_shape *s);
/* Pixels of all pictures: everything but the channels. */
size_t pixels_of(const struct graph_shape *s);
/* The tensor's shape; lives as long as the graph. */
const struct graph_shape *shape_of(const struct graph_engine *e, int32_t tensor);
const float *constant_of(const struct graph_engine *e, int32_t tensor); /* NULL: not constant */
/* Where a tensor can be read in a layout; makes the copy that is needed. */
struct place place_read(struct graph_engine *e, int32_t tensor, enum layout layout);
/* A place to write a tensor to. LAST may be strided, DENSE is not. */
struct place place_write(struct graph_engine *e, int32_t tensor, enum layout layout);
/* The tensor is where another one is (at another offset, with another stride). */
void place_alias(struct graph_engine *e, int32_t tensor, enum layout layout, struct place p);
/* Where to write a tensor of the same layout and size as input: over it when nobody reads it any more. */
struct place place_over(struct graph_engine *e, int32_t input, struct place from, int32_t tensor, enum layout layout);
/* Whether the tensor is there with channels last, and not in ONNX's order. */
bool place_is_last(const struct graph_engine *e, int32_t tensor);
/* A further buffer; its index. */
int32_t buffer_new(struct graph_engine *e, size_t bytes);
/* Where the values are; valid once the arena is laid out. */
float *place_data(const struct graph_engine *e, struct place p);
/* Address of every buffer; 0 or -EFBIG. */
int place_arena(struct graph_engine *e, struct sonata_error *err);
/* Concatenations along channels that others are part of, and who is written straight into them. */
void place_plan_homes(struct graph_engine *e);
/* The concatenation's own buffer. */
struct place place_joined(struct graph_engine *e, int32_t concat);
/* The node's inputs are read once less; constants that nobody needs any more go. */
void place_node_done(struct graph_engine *e, const struct graph_node *n);

/* A new step for the node at hand; its places must be set by step_io(). */
struct step *step_add(struct graph_engine *e, const char *how);
/* The step at hand reads there. */
void step_reads(struct graph_engine *e, struct place p);
/* The step at hand writes there. */
void step_writes(struct graph_engine *e, struct place p);
/* Both of the last step made, from its in[] and out. */
void step_io(struct graph_engine *e);
/* Runs s->op. */
int step_run_operator(struct graph_engine *e, struct step *s);

/* ---- choosing by trial (engine_trial.c) ---- */

/* One way to compute a layer: x and y have its strides. */
struct way {
    void (*run)(void *user, const float *x, float *y);
    void *user;
};
/* The fastest of some ways for a plane of these strides, on one thread; remembered. */
int fastest_way(struct graph_engine *e, const struct plane *p, size_t x_stride, size_t y_stride, const struct way *way, int n);

/* Turns a step whose operator is XNNPACK's depthwise convolution (already created, not set up) into an own one where that is faster. weight
 * [M][1][taps]. */
void prefer_own_depthwise(struct graph_engine *e, const struct graph_node *n, const struct plane *p, struct step *s);

/* ---- lowering: true when the node became steps ---- */
bool lower_conv(struct graph_engine *e, const struct graph_node *n);
bool lower_conv_transpose(struct graph_engine *e, const struct graph_node *n);
bool lower_product(struct graph_engine *e, const struct graph_node *n);
bool lower_pool(struct graph_engine *e, const struct graph_node *n);
bool lower_mean(struct graph_engine *e, const struct graph_node *n);
bool lower_resize(struct graph_engine *e, const struct graph_node *n);
bool lower_shuffle(struct graph_engine *e, const struct graph_node *n);
bool lower_unary(struct graph_engine *e, const struct graph_node *n);
bool lower_binary(struct graph_engine *e, const struct graph_node *n);
bool lower_affine(struct graph_engine *e, const struct graph_node *n);
bool lower_softmax(struct graph_engine *e, const struct graph_node *n);
bool lower_reshape(struct graph_engine *e, const struct graph_node *n);
bool lower_concat(struct graph_engine *e, const struct graph_node *n);
bool lower_split(struct graph_engine *e, const struct graph_node *n);
/* The plain C kernel, on whatever layout its input has where the operator can be turned. */
void lower_kernel(struct graph_engine *e, const struct graph_node *n);

#endif
