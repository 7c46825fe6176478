/* The plain C kernel of every operator, written after its definition: the oracle of the tests, the folder of constants, and what the engine falls
 * back to. Sums are taken in double. */
#ifndef SONATA_GRAPH_KERNEL_H
#define SONATA_GRAPH_KERNEL_H

#include "graph/graph.h"

/* A tensor as a kernel sees it: contiguous, in the order of its dimensions. data NULL: an input that is not given. */
struct view {
    enum graph_type type;
    struct graph_shape shape;
    void *data;
};

/* Computes a node that graph_infer() accepted, views in the order of its ports. -EINVAL for an index outside its tensor or a division of integers by
 * 0. */
int kernel_run(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err) SONATA_MUST_CHECK;

/* Families, one file each; kernel_run() chooses. */
int kernel_unary(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_binary(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_where(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_channels(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_conv(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_conv_transpose(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_pool(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_gemm(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_matmul(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_reduce(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_softmax(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_concat(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_split(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_copy_walk(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_gather(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_pad(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_resize(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);
int kernel_shuffle(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err);

/* Value of a one-input operator at x. */
double kernel_unary_value(const struct graph_node *n, double x);

/* An odometer over a shape: offsets of up to three operands, each with its own stride per dimension. The last dimension is the inner loop. */
struct walk {
    unsigned rank;
    int64_t dim[GRAPH_RANK_MAX], at[GRAPH_RANK_MAX], stride[3][GRAPH_RANK_MAX], offset[3];
};
/* Strides of a contiguous shape seen from `to` by the rules of broadcasting (0 where a dimension is repeated). */
void walk_strides(const struct graph_shape *from, const struct graph_shape *to, int64_t stride[GRAPH_RANK_MAX]);
/* To the first element; the strides are to be set before (walk_strides()). */
void walk_begin(struct walk *w, const struct graph_shape *shape);
/* To the next row (all dimensions but the last); false after the last one. */
bool walk_next(struct walk *w);

#endif
