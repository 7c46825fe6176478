/* See kernel.h: choosing the kernel, and the cut at the end. */
#include "graph/kernel.h"

#include <math.h>
#include <string.h>

typedef int (*kernel)(const struct graph_node *, const struct view *, const struct view *, struct sonata_error *);

static int reshape(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    (void)n;
    (void)err;
    memcpy(out->data, in->data, (size_t)graph_elements(&out->shape) * graph_type_size(out->type));
    return 0;
}

static const kernel others[GRAPH_OPS] = {[GRAPH_WHERE] = kernel_where,
                                         [GRAPH_AFFINE] = kernel_channels,
                                         [GRAPH_BATCH_NORM] = kernel_channels,
                                         [GRAPH_CONV] = kernel_conv,
                                         [GRAPH_CONV_TRANSPOSE] = kernel_conv_transpose,
                                         [GRAPH_MAX_POOL] = kernel_pool,
                                         [GRAPH_AVERAGE_POOL] = kernel_pool,
                                         [GRAPH_GEMM] = kernel_gemm,
                                         [GRAPH_MATMUL] = kernel_matmul,
                                         [GRAPH_REDUCE_MEAN] = kernel_reduce,
                                         [GRAPH_REDUCE_SUM] = kernel_reduce,
                                         [GRAPH_REDUCE_MAX] = kernel_reduce,
                                         [GRAPH_REDUCE_MIN] = kernel_reduce,
                                         [GRAPH_REDUCE_PROD] = kernel_reduce,
                                         [GRAPH_SOFTMAX] = kernel_softmax,
                                         [GRAPH_LOG_SOFTMAX] = kernel_softmax,
                                         [GRAPH_CONCAT] = kernel_concat,
                                         [GRAPH_SPLIT] = kernel_split,
                                         [GRAPH_SLICE] = kernel_copy_walk,
                                         [GRAPH_GATHER] = kernel_gather,
                                         [GRAPH_TRANSPOSE] = kernel_copy_walk,
                                         [GRAPH_RESHAPE] = reshape,
                                         [GRAPH_EXPAND] = kernel_copy_walk,
                                         [GRAPH_TILE] = kernel_pad,
                                         [GRAPH_PAD] = kernel_pad,
                                         [GRAPH_RESIZE] = kernel_resize,
                                         [GRAPH_DEPTH_TO_SPACE] = kernel_shuffle,
                                         [GRAPH_CHANNEL_SHUFFLE] = kernel_shuffle};

static void cut(const struct graph_node *n, const struct view *out)
{
    float *y = out->data;
    int64_t count = graph_elements(&out->shape);
    for (int64_t i = 0; i < count; i++) {
        y[i] = y[i] < n->min ? n->min : y[i];
        y[i] = y[i] > n->max ? n->max : y[i];
    }
}

int kernel_run(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    kernel k = others[n->op];
    if (graph_op_is_unary(n->op))
        k = kernel_unary;
    else if (graph_op_is_binary(n->op))
        k = kernel_binary;
    int r = k(n, in, out, err);
    if (!r && out->type == GRAPH_F32 && (n->min > -INFINITY || n->max < INFINITY))
        cut(n, out);
    return r;
}
