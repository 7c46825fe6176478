/* Graphs for tests, in few words; random weights. */
#ifndef SONATA_TESTS_GRAPH_BUILDER_H
#define SONATA_TESTS_GRAPH_BUILDER_H

#include "base/rng.h"
#include "graph/graph.h"

struct builder {
    struct graph g;
    struct rng rng;
};

/* An input of up to four dimensions (0 ends them). */
int32_t build_input(struct builder *b, int64_t n, int64_t c, int64_t h, int64_t w);
/* Random constants, -0.5 to 0.5. */
int32_t build_weights(struct builder *b, unsigned rank, const int64_t *dim);
int32_t build_scalar(struct builder *b, float v);
/* The output of an operator of one or two inputs (b -1: one). */
int32_t build_op(struct builder *b, enum graph_op op, int32_t x, int32_t y);
/* A node that is set up already; its first output. */
int32_t build_node(struct builder *b, struct graph_node *take);
struct graph_node build_conv_node(struct builder *b, int32_t x, int64_t out, int64_t kernel, int64_t group);
/* Convolution with bias, padding (kernel - 1) / 2. */
int32_t build_conv(struct builder *b, int32_t x, int64_t out, int64_t kernel, int64_t stride, int64_t group);
int32_t build_concat(struct builder *b, const int32_t *x, unsigned n);
int32_t build_clip(struct builder *b, int32_t x, float min, float max);
int32_t build_reshape(struct builder *b, int32_t x, unsigned rank, const int64_t *dim);
void build_output(struct builder *b, int32_t x);

#endif
