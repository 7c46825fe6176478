/* Operators that go element by element: one input, two or three that are broadcast, and one value per channel. */
#include <errno.h>
#include <math.h>

#include "graph/kernel.h"

static double clamp(double x, double low, double high)
{
    double y = x < low ? low : x;
    return y > high ? high : y;
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static double activation(const struct graph_node *n, double x)
{
    double a = (double)n->alpha, b = (double)n->beta;
    switch (n->op) {
    case GRAPH_RELU:
        return x < 0 ? 0 : x;
    case GRAPH_LEAKY_RELU:
        return x < 0 ? a * x : x;
    case GRAPH_CLIP:
        return clamp(x, a, b);
    case GRAPH_SIGMOID:
        return sigmoid(x);
    case GRAPH_HARD_SIGMOID:
        return clamp(a * x + b, 0, 1);
    case GRAPH_HARD_SWISH:
        return x * clamp(x / 6 + 0.5, 0, 1);
    case GRAPH_SILU:
        return x * sigmoid(x);
    case GRAPH_GELU:
        return x * 0.5 * (1 + erf(x / sqrt(2)));
    case GRAPH_ELU:
        return x < 0 ? a * expm1(x) : x;
    case GRAPH_SELU:
        return b * (x < 0 ? a * expm1(x) : x);
    case GRAPH_SOFTPLUS:
        return x > 30 ? x : log1p(exp(x));
    case GRAPH_SOFTSIGN:
        return x / (1 + fabs(x));
    default:
        return x;
    }
}

double kernel_unary_value(const struct graph_node *n, double x)
{
    switch (n->op) {
    case GRAPH_TANH:
        return tanh(x);
    case GRAPH_EXP:
        return exp(x);
    case GRAPH_LOG:
        return log(x);
    case GRAPH_SQRT:
        return sqrt(x);
    case GRAPH_ABS:
        return fabs(x);
    case GRAPH_NEG:
        return -x;
    case GRAPH_FLOOR:
        return floor(x);
    case GRAPH_CEIL:
        return ceil(x);
    case GRAPH_ROUND:
        return nearbyint(x); /* halves to even */
    case GRAPH_RECIPROCAL:
        return 1 / x;
    case GRAPH_ERF:
        return erf(x);
    case GRAPH_SIGN:
        return (x > 0) - (x < 0);
    default:
        return activation(n, x);
    }
}

static int64_t integer_value(const struct graph_node *n, int64_t x)
{
    switch (n->op) {
    case GRAPH_RELU:
        return x < 0 ? 0 : x;
    case GRAPH_ABS:
        return x < 0 ? -(x + 1) + 1 : x;
    case GRAPH_NEG:
        return (int64_t)(0 - (uint64_t)x);
    case GRAPH_SIGN:
        return (x > 0) - (x < 0);
    case GRAPH_NOT:
        return !x;
    default:
        return x;
    }
}

/* Toward zero; what does not fit gives the nearest end. */
static int64_t to_integer(float x)
{
    if (isnan(x))
        return 0;
    if (x >= 0x1p63f)
        return INT64_MAX;
    return x < -0x1p63f ? INT64_MIN : (int64_t)x;
}

int kernel_unary(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    int64_t count = graph_elements(&out->shape);
    (void)err;
    for (int64_t i = 0; i < count; i++) {
        if (in->type == GRAPH_F32 && out->type == GRAPH_F32)
            ((float *)out->data)[i] = (float)kernel_unary_value(n, (double)((const float *)in->data)[i]);
        else if (in->type == GRAPH_F32)
            ((int64_t *)out->data)[i] = to_integer(((const float *)in->data)[i]);
        else if (out->type == GRAPH_F32)
            ((float *)out->data)[i] = (float)((const int64_t *)in->data)[i];
        else
            ((int64_t *)out->data)[i] = integer_value(n, ((const int64_t *)in->data)[i]);
    }
    return 0;
}

static double float_pair(enum graph_op op, double a, double b)
{
    switch (op) {
    case GRAPH_ADD:
        return a + b;
    case GRAPH_SUB:
        return a - b;
    case GRAPH_MUL:
        return a * b;
    case GRAPH_DIV:
        return a / b;
    case GRAPH_POW:
        return pow(a, b);
    case GRAPH_MAX:
        return a > b ? a : b;
    case GRAPH_MIN:
        return a < b ? a : b;
    default:
        return a < 0 ? a * b : a; /* PRelu */
    }
}

/* Sums wrap, as two's complement does. */
static int64_t integer_pair(enum graph_op op, int64_t a, int64_t b)
{
    switch (op) {
    case GRAPH_ADD:
        return (int64_t)((uint64_t)a + (uint64_t)b);
    case GRAPH_SUB:
        return (int64_t)((uint64_t)a - (uint64_t)b);
    case GRAPH_MUL:
        return (int64_t)((uint64_t)a * (uint64_t)b);
    case GRAPH_DIV:
        return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
    case GRAPH_POW:
        return to_integer((float)pow((double)a, (double)b));
    case GRAPH_MAX:
        return a > b ? a : b;
    case GRAPH_MIN:
        return a < b ? a : b;
    case GRAPH_AND:
        return a && b;
    default:
        return a || b;
    }
}

static bool is_comparison(enum graph_op op) { return op == GRAPH_EQUAL || op == GRAPH_LESS || op == GRAPH_GREATER; }

static int64_t compared(enum graph_op op, int less, int greater)
{
    if (op == GRAPH_EQUAL)
        return !less && !greater;
    return op == GRAPH_LESS ? less : greater;
}

/* One element of a pair of the same type. -EINVAL on a division of integers by zero. */
static int pair(enum graph_op op, const struct view *in, const int64_t at[2], const struct view *out, int64_t to)
{
    if (in->type == GRAPH_F32) {
        float a = ((const float *)in[0].data)[at[0]], b = ((const float *)in[1].data)[at[1]];
        if (is_comparison(op))
            ((int64_t *)out->data)[to] = isunordered(a, b) ? 0 : compared(op, a<b, a> b);
        else
            ((float *)out->data)[to] = (float)float_pair(op, (double)a, (double)b);
        return 0;
    }
    int64_t a = ((const int64_t *)in[0].data)[at[0]], b = ((const int64_t *)in[1].data)[at[1]];
    if (op == GRAPH_DIV && !b)
        return -EINVAL;
    ((int64_t *)out->data)[to] = is_comparison(op) ? compared(op, a<b, a> b) : integer_pair(op, a, b);
    return 0;
}

int kernel_binary(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    struct walk w = {0};
    int64_t to = 0;
    for (unsigned k = 0; k < 2; k++)
        walk_strides(&in[k].shape, &out->shape, w.stride[k]);
    walk_begin(&w, &out->shape);
    if (!graph_elements(&out->shape))
        return 0;
    do {
        unsigned last = w.rank - 1;
        for (int64_t i = 0; i < w.dim[last]; i++) {
            int64_t at[2] = {w.offset[0] + i * w.stride[0][last], w.offset[1] + i * w.stride[1][last]};
            if (pair(n->op, in, at, out, to++))
                return sonata_error_set(err, -EINVAL, "node '%.60s': an integer is divided by 0", n->name);
        }
    } while (walk_next(&w));
    return 0;
}

int kernel_where(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    struct walk w = {0};
    int64_t to = 0;
    (void)n;
    (void)err;
    for (unsigned k = 0; k < 3; k++)
        walk_strides(&in[k].shape, &out->shape, w.stride[k]);
    walk_begin(&w, &out->shape);
    if (!graph_elements(&out->shape))
        return 0;
    do {
        unsigned last = w.rank - 1;
        for (int64_t i = 0; i < w.dim[last]; i++) {
            unsigned k = ((const int64_t *)in[0].data)[w.offset[0] + i * w.stride[0][last]] ? 1 : 2;
            int64_t at = w.offset[k] + i * w.stride[k][last];
            if (out->type == GRAPH_F32)
                ((float *)out->data)[to++] = ((const float *)in[k].data)[at];
            else
                ((int64_t *)out->data)[to++] = ((const int64_t *)in[k].data)[at];
        }
    } while (walk_next(&w));
    return 0;
}

/* y = x scale + shift per channel; batch norm computes both from its statistics first. */
int kernel_channels(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    const float *x = in[0].data, *scale = in[1].data, *shift = in[2].data;
    float *y = out->data;
    int64_t channels = out->shape.dim[1], count = graph_elements(&out->shape), inner = 1;
    (void)err;
    for (unsigned i = 2; i < out->shape.rank; i++)
        inner *= out->shape.dim[i];
    for (int64_t i = 0; i < count; i++) {
        int64_t c = i / inner % channels;
        double a = (double)scale[c], b = (double)shift[c];
        if (n->op == GRAPH_BATCH_NORM) {
            a /= sqrt((double)((const float *)in[4].data)[c] + (double)n->alpha);
            b -= (double)((const float *)in[3].data)[c] * a;
        }
        y[i] = (float)((double)x[i] * a + b);
    }
    return 0;
}
