/* See graph_builder.h. */
#include "graph_builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "support/cmocka.h"

static struct graph_shape shape_of(unsigned rank, const int64_t *dim)
{
    struct graph_shape s = {.rank = rank};
    memcpy(s.dim, dim, rank * sizeof *dim);
    return s;
}

int32_t build_input(struct builder *b, int64_t n, int64_t c, int64_t h, int64_t w)
{
    int64_t dim[] = {n, c, h, w};
    unsigned rank = 0;
    while (rank < 4 && dim[rank])
        rank++;
    struct graph_shape s = shape_of(rank, dim);
    return b->g.input[b->g.n_inputs++] = graph_add_tensor(&b->g, "x", GRAPH_F32, &s, NULL);
}

int32_t build_weights(struct builder *b, unsigned rank, const int64_t *dim)
{
    struct graph_shape s = shape_of(rank, dim);
    size_t n = (size_t)graph_elements(&s);
    float *v = xcalloc(n + 1, sizeof *v);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)rng_uniform(&b->rng) - 0.5f;
    return graph_add_tensor(&b->g, "w", GRAPH_F32, &s, v);
}

int32_t build_scalar(struct builder *b, float v)
{
    struct graph_shape s = {.rank = 0};
    return graph_add_tensor(&b->g, "c", GRAPH_F32, &s, xmemdup(&v, sizeof v));
}

int32_t build_node(struct builder *b, struct graph_node *take)
{
    struct sonata_error err = {{0}};
    int32_t first = (int32_t)b->g.n_tensors;
    if (graph_add_node(&b->g, take, NULL, &err))
        fail_msg("%s", err.text);
    return first;
}

int32_t build_op(struct builder *b, enum graph_op op, int32_t x, int32_t y)
{
    struct graph_node n = graph_node_of(op, graph_op_name(op), y < 0 ? 1 : 2, 1);
    n.input[0] = x;
    if (y >= 0)
        n.input[1] = y;
    return build_node(b, &n);
}

struct graph_node build_conv_node(struct builder *b, int32_t x, int64_t out, int64_t kernel, int64_t group)
{
    int64_t in = b->g.tensor[x].shape.dim[1];
    struct graph_node n = graph_node_of(GRAPH_CONV, "conv", 3, 1);
    n.input[0] = x;
    n.input[1] = build_weights(b, 4, (int64_t[]){out, in / group, kernel, kernel});
    n.input[2] = build_weights(b, 1, &out);
    n.window.rank = 2;
    n.window.group = group;
    for (unsigned i = 0; i < 2; i++) {
        n.window.kernel[i] = kernel;
        n.window.stride[i] = n.window.dilation[i] = 1;
        n.window.begin[i] = n.window.end[i] = (kernel - 1) / 2;
    }
    return n;
}

int32_t build_conv(struct builder *b, int32_t x, int64_t out, int64_t kernel, int64_t stride, int64_t group)
{
    struct graph_node n = build_conv_node(b, x, out, kernel, group);
    n.window.stride[0] = n.window.stride[1] = stride;
    return build_node(b, &n);
}

int32_t build_concat(struct builder *b, const int32_t *x, unsigned n_inputs)
{
    struct graph_node n = graph_node_of(GRAPH_CONCAT, "concat", n_inputs, 1);
    memcpy(n.input, x, n_inputs * sizeof *x);
    n.axis = 1;
    return build_node(b, &n);
}

int32_t build_clip(struct builder *b, int32_t x, float min, float max)
{
    struct graph_node n = graph_node_of(GRAPH_CLIP, "clip", 1, 1);
    n.input[0] = x;
    n.alpha = min;
    n.beta = max;
    return build_node(b, &n);
}

int32_t build_reshape(struct builder *b, int32_t x, unsigned rank, const int64_t *dim)
{
    struct graph_node n = graph_node_of(GRAPH_RESHAPE, "reshape", 1, 1);
    n.input[0] = x;
    n.shape = shape_of(rank, dim);
    return build_node(b, &n);
}

void build_output(struct builder *b, int32_t x)
{
    b->g.output_name[b->g.n_outputs] = xstrdup("y");
    b->g.output[b->g.n_outputs++] = x;
}
