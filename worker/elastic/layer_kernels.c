/* See layer_kernels.h. */
#include "elastic/layer_kernels.h"

#include <math.h>

#include "base/number.h"

/* Pixels first .. end - 1 of one side that a window at `at` covers. */
struct span {
    size_t first, end;
};

static struct span span_of(size_t at, size_t stride, size_t kernel, size_t padding, size_t size)
{
    size_t start = at * stride, end = start + kernel;
    return (struct span){max_of(start, padding) - padding, min_of(max_of(end, padding) - padding, size)};
}

static float largest(const float *x, size_t size, struct span rows, struct span columns)
{
    float most = -INFINITY;
    for (size_t r = rows.first; r < rows.end; r++) {
        for (size_t c = columns.first; c < columns.end; c++)
            most = max_of(x[r * size + c], most);
    }
    return most;
}

static float average(const float *x, size_t size, struct span rows, struct span columns)
{
    float sum = 0;
    for (size_t r = rows.first; r < rows.end; r++) {
        for (size_t c = columns.first; c < columns.end; c++)
            sum += x[r * size + c];
    }
    return sum / (float)((rows.end - rows.first) * (columns.end - columns.first));
}

static void pool(const struct elastic_layer *l, size_t planes, const float *in, float *out)
{
    bool most = l->op == ELASTIC_OP_MAXPOOL;
    size_t size = l->in_size, side = l->out_size, padding = most ? (l->kernel - 1u) / 2 : 0;
    for (size_t p = 0; p < planes; p++) {
        const float *x = in + p * size * size;
        for (size_t i = 0; i < side * side; i++) {
            struct span rows = span_of(i / side, l->stride, l->kernel, padding, size),
                        columns = span_of(i % side, l->stride, l->kernel, padding, size);
            *out++ = most ? largest(x, size, rows, columns) : average(x, size, rows, columns);
        }
    }
}

void layer_kernel(const struct elastic_layer *l, size_t batch, const float *in, const float *other, float *out)
{
    size_t planes = batch * l->in_channels, pixels = (size_t)l->in_size * l->in_size;
    if (l->op == ELASTIC_OP_MAXPOOL || l->op == ELASTIC_OP_AVERAGE) {
        pool(l, planes, in, out);
        return;
    }
    for (size_t p = 0; p < planes; p++) {
        const float *x = in + p * pixels;
        if (l->op == ELASTIC_OP_MEAN) {
            double sum = 0;
            for (size_t i = 0; i < pixels; i++)
                sum += x[i];
            out[p] = (float)(sum / (double)pixels);
            continue;
        }
        for (size_t i = 0; i < pixels; i++)
            out[p * pixels + i] = l->op == ELASTIC_OP_ADD ? x[i] + other[p * pixels + i] : x[i] * other[p];
    }
}

static float relu6(float v) { return min_of(max_of(v, 0.0f), 6.0f); }

void layer_activate(enum elastic_activation a, float *x, size_t n)
{
    switch (a) {
    case ELASTIC_RELU:
        for (size_t i = 0; i < n; i++)
            x[i] = max_of(x[i], 0.0f);
        break;
    case ELASTIC_RELU6:
        for (size_t i = 0; i < n; i++)
            x[i] = relu6(x[i]);
        break;
    case ELASTIC_HSWISH:
        for (size_t i = 0; i < n; i++)
            x[i] *= relu6(x[i] + 3) / 6;
        break;
    case ELASTIC_HSIGMOID:
        for (size_t i = 0; i < n; i++)
            x[i] = relu6(x[i] + 3) / 6;
        break;
    case ELASTIC_SWISH:
        for (size_t i = 0; i < n; i++)
            x[i] /= 1 + expf(-x[i]);
        break;
    default:
        break;
    }
}

static size_t first_of(const struct channel *c, size_t picture) { return (picture * c->channels + c->index) * c->pixels; }

struct channel_moments channel_moments(const float *x, const struct channel *c)
{
    double sum = 0, squares = 0, n = (double)(c->batch * c->pixels);
    for (size_t b = 0; b < c->batch; b++) {
        const float *v = x + first_of(c, b);
        for (size_t i = 0; i < c->pixels; i++)
            sum += v[i];
    }
    double mean = sum / n;
    for (size_t b = 0; b < c->batch; b++) {
        const float *v = x + first_of(c, b);
        for (size_t i = 0; i < c->pixels; i++)
            squares += (v[i] - mean) * (v[i] - mean);
    }
    return (struct channel_moments){mean, squares / n};
}

void channel_affine(float *x, const struct channel *c, float factor, float offset)
{
    for (size_t b = 0; b < c->batch; b++) {
        float *v = x + first_of(c, b);
        for (size_t i = 0; i < c->pixels; i++)
            v[i] = factor * v[i] + offset;
    }
}
