/* Products of matrices, reductions and softmax. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "graph/kernel.h"

/* One matrix: element (i, j) lies at i * row + j * column. */
struct matrix {
    const float *v;
    int64_t row, column;
};

static void product(struct matrix a, struct matrix b, const int64_t size[3], float *y)
{
    for (int64_t i = 0; i < size[0]; i++)
        for (int64_t j = 0; j < size[1]; j++) {
            double sum = 0;
            for (int64_t k = 0; k < size[2]; k++)
                sum += (double)a.v[i * a.row + k * a.column] * (double)b.v[k * b.row + j * b.column];
            *y++ = (float)sum;
        }
}

static struct matrix matrix_of(const struct view *v, bool transposed)
{
    struct matrix m = {v->data, v->shape.dim[1], 1};
    if (transposed)
        m = (struct matrix){v->data, 1, v->shape.dim[1]};
    return m;
}

int kernel_gemm(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    const float *c = n->n_inputs > 2 ? in[2].data : NULL;
    float *y = out->data;
    int64_t rows = out->shape.dim[0], columns = out->shape.dim[1], stride[GRAPH_RANK_MAX] = {0};
    int64_t size[3] = {rows, columns, in->shape.dim[n->transpose_a ? 0 : 1]};
    (void)err;
    product(matrix_of(&in[0], n->transpose_a), matrix_of(&in[1], n->transpose_b), size, y);
    if (c)
        walk_strides(&in[2].shape, &out->shape, stride);
    for (int64_t i = 0; i < rows * columns; i++) {
        double more = c ? (double)c[i / columns * stride[0] + i % columns * stride[1]] : 0;
        y[i] = (float)((double)n->alpha * (double)y[i] + (double)n->beta * more);
    }
    return 0;
}

/* Vectors become matrices for the product; leading dimensions are broadcast. */
int kernel_matmul(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    struct graph_shape a = in[0].shape, b = in[1].shape, lead = out->shape;
    struct walk w = {0};
    (void)n;
    (void)err;
    bool vector_a = a.rank == 1, vector_b = b.rank == 1;
    int64_t inner = a.dim[a.rank - 1], rows = vector_a ? 1 : a.dim[a.rank - 2];
    int64_t columns = vector_b ? 1 : b.dim[b.rank - 1], size[3] = {rows, columns, inner};
    a.rank -= vector_a ? 1 : 2;
    b.rank -= vector_b ? 1 : 2;
    lead.rank -= (unsigned)!vector_a + (unsigned)!vector_b;
    lead.dim[lead.rank++] = 1; /* the inner loop of the walk */
    a.dim[a.rank++] = 1;
    b.dim[b.rank++] = 1;
    walk_strides(&a, &lead, w.stride[0]);
    walk_strides(&b, &lead, w.stride[1]);
    walk_begin(&w, &lead);
    if (!graph_elements(&out->shape))
        return 0;
    float *y = out->data;
    do {
        struct matrix left = {(const float *)in[0].data + w.offset[0] * rows * inner, inner, 1};
        struct matrix right = {(const float *)in[1].data + w.offset[1] * inner * columns, columns, 1};
        product(left, right, size, y);
        y += rows * columns;
    } while (walk_next(&w));
    return 0;
}

static double reduced(enum graph_op op, double sum, double v)
{
    switch (op) {
    case GRAPH_REDUCE_MAX:
        return v > sum ? v : sum;
    case GRAPH_REDUCE_MIN:
        return v < sum ? v : sum;
    case GRAPH_REDUCE_PROD:
        return sum * v;
    default:
        return sum + v;
    }
}

static double reduce_start(enum graph_op op)
{
    switch (op) {
    case GRAPH_REDUCE_MAX:
        return -INFINITY;
    case GRAPH_REDUCE_MIN:
        return INFINITY;
    case GRAPH_REDUCE_PROD:
        return 1;
    default:
        return 0;
    }
}

/* Strides of the result along the dimensions of the input: 0 along reduced ones. */
static void reduce_strides(const struct graph_node *n, const struct graph_shape *s, int64_t stride[GRAPH_RANK_MAX])
{
    int64_t step = 1;
    for (unsigned i = s->rank; i-- > 0;) {
        bool gone = n->axes >> i & 1;
        stride[i] = gone ? 0 : step;
        step *= gone ? 1 : s->dim[i];
    }
}

static double element(const struct view *v, int64_t i)
{
    return v->type == GRAPH_F32 ? (double)((const float *)v->data)[i] : (double)((const int64_t *)v->data)[i];
}

static void put(const struct view *v, int64_t i, double value)
{
    if (v->type == GRAPH_F32)
        ((float *)v->data)[i] = (float)value;
    else
        ((int64_t *)v->data)[i] = value >= 0x1p63 || value < -0x1p63 ? 0 : (int64_t)value;
}

int kernel_reduce(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    struct walk w = {0};
    int64_t count = graph_elements(&out->shape), total = graph_elements(&in->shape), i = 0;
    double *sum = xcalloc((size_t)count + 1, sizeof *sum);
    (void)err;
    for (int64_t k = 0; k < count; k++)
        sum[k] = reduce_start(n->op);
    reduce_strides(n, &in->shape, w.stride[0]);
    walk_begin(&w, &in->shape);
    while (i < total) {
        unsigned last = w.rank - 1;
        for (int64_t k = 0; k < w.dim[last]; k++, i++) {
            double *to = &sum[w.offset[0] + k * w.stride[0][last]];
            *to = reduced(n->op, *to, element(in, i));
        }
        walk_next(&w);
    }
    double scale = n->op == GRAPH_REDUCE_MEAN && total ? (double)count / (double)total : 1;
    for (int64_t k = 0; k < count; k++)
        put(out, k, sum[k] * scale);
    free(sum);
    return 0;
}

static void softmax_row(bool logarithm, const float *x, float *y, int64_t n, int64_t step)
{
    double top = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++)
        top = (double)x[i * step] > top ? (double)x[i * step] : top;
    for (int64_t i = 0; i < n; i++)
        sum += exp((double)x[i * step] - top);
    for (int64_t i = 0; i < n; i++) {
        double v = (double)x[i * step] - top;
        y[i * step] = (float)(logarithm ? v - log(sum) : exp(v) / sum);
    }
}

int kernel_softmax(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    int64_t inner = 1, size = in->shape.dim[n->axis], count = graph_elements(&in->shape);
    (void)err;
    for (unsigned i = (unsigned)n->axis + 1; i < in->shape.rank; i++)
        inner *= in->shape.dim[i];
    for (int64_t at = 0; at < count; at += size * inner)
        for (int64_t k = 0; k < inner; k++)
            softmax_row(n->op == GRAPH_LOG_SOFTMAX, (const float *)in->data + at + k, (float *)out->data + at + k, size, inner);
    return 0;
}
