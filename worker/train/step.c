/* See step.h. Layer i reads tensor i and writes tensor i+1. Every 1x1 convolution is three sgemm calls on slices of the shared weight through its
 * leading dimension. Backward needs three gradient buffers: the current one, the next one, and one for an open residual. */
#include "train/step.h"

#include <assert.h>
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "train/kernels.h"

struct layer_state {
    float *before, *after;              /* convolution output; after batch norm, ReLU and residual */
    struct batchnorm_batch batch;
};

struct step {
    size_t batch, count;
    float *memory, *unfolded, *gradient[3];
    size_t gradient_size;
    const struct supernet_plan *plan;
    const float *pictures;
    struct layer_state layer[NETWORK_LAYERS_MAX];
    size_t memory_size;
};

static size_t outputs(const struct network_layer *l)
{
    return ((size_t)l->out_size * l->out_size * l->out_channels + 15) / 16 * 16;
}

static float *floats(size_t n)
{
    void *p = aligned_alloc(64, (n * sizeof(float) + 127) / 64 * 64);
    if (!p)
        abort();
    return p;
}

struct step *step_new(const struct supernet *n, size_t batch)
{
    struct network largest;
    struct step *s = xcalloc(1, sizeof *s);
    int r = mbconv_shape_largest(n->space, &largest, NULL, NULL);
    assert(!r);
    size_t biggest = (size_t)largest.input_size * largest.input_size * largest.input_channels;
    for (unsigned i = 0; i < largest.n_layers; i++) {
        size_t size = outputs(&largest.layer[i]);
        s->memory_size += 2 * size * batch + 32;
        biggest = max_of(size, biggest);
    }
    s->batch = batch;
    s->memory = floats(s->memory_size);
    const struct network_layer *stem = &largest.layer[0];
    s->unfolded = floats(batch * stem->out_size * stem->out_size * stem->kernel * stem->kernel * stem->in_channels);
    s->gradient_size = biggest * batch;
    for (int i = 0; i < 3; i++)
        s->gradient[i] = floats(s->gradient_size);
    return s;
}

void step_free(struct step *s)
{
    if (!s)
        return;
    free(s->memory);
    free(s->unfolded);
    for (int i = 0; i < 3; i++)
        free(s->gradient[i]);
    free(s);
}

/* C = A B (row major), with leading dimensions. */
static void multiply(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb,
                     float beta, float *c, size_t ldc)
{
    const CBLAS_TRANSPOSE a_is = transpose_a ? CblasTrans : CblasNoTrans;
    const CBLAS_TRANSPOSE b_is = transpose_b ? CblasTrans : CblasNoTrans;
    cblas_sgemm(CblasRowMajor, a_is, b_is, (blasint)m, (blasint)n, (blasint)k, 1, a, (blasint)lda, b, (blasint)ldb, beta, c, (blasint)ldc);
}

static struct depthwise depthwise_of(const struct supernet_layer *l, size_t count)
{
    return (struct depthwise){.batch = count, .in = l->shape.in_size, .out = l->shape.out_size, .channels = l->shape.out_channels,
                              .kernel = l->shape.kernel, .stride = l->shape.stride, .tap = l->ld, .row = l->kernel_row};
}

static void mean_forward(const struct network_layer *l, size_t count, const float *x, float *y)
{
    size_t c = l->in_channels, places = (size_t)l->in_size * l->in_size;
    memset(y, 0, count * c * sizeof *y);
    for (size_t b = 0; b < count; b++) {
        for (size_t i = 0; i < places; i++)
            for (size_t q = 0; q < c; q++)
                y[b * c + q] += x[(b * places + i) * c + q];
        for (size_t q = 0; q < c; q++)
            y[b * c + q] /= (float)places;
    }
}

static void layer_forward(struct step *s, unsigned i, const float *value, const float *x)
{
    const struct supernet_layer *l = &s->plan->layer[i];
    const struct network_layer *shape = &l->shape;
    struct layer_state *t = &s->layer[i];
    size_t rows = s->count * shape->out_size * shape->out_size, in = shape->in_channels, out = shape->out_channels;
    const float *w = value + l->weight;
    switch (shape->type) {
    case NETWORK_CONV:
        in *= (size_t)shape->kernel * shape->kernel;
        unfold(x, s->count, shape->in_size, shape->out_size, shape->in_channels, shape->kernel, shape->stride, s->unfolded);
        multiply(false, false, rows, out, in, s->unfolded, in, w, l->ld, 0, t->before, out);
        break;
    case NETWORK_POINTWISE:
        multiply(false, false, rows, out, in, x, in, w, l->ld, 0, t->before, out);
        break;
    case NETWORK_DEPTHWISE: {
        struct depthwise d = depthwise_of(l, s->count);
        depthwise_forward(&d, x, w, t->before);
        break;
    }
    case NETWORK_MEAN:
        mean_forward(shape, s->count, x, t->after);
        return;
    case NETWORK_LINEAR:
        for (size_t b = 0; b < s->count; b++)
            memcpy(t->after + b * out, value + l->bias, out * sizeof(float));
        multiply(false, false, s->count, out, in, x, in, w, l->ld, 1, t->after, out);
        return;
    }
    const float *add = shape->add < 0 ? NULL : s->layer[shape->add - 1].after;
    batchnorm_forward(t->before, add, value + l->scale, value + l->shift, rows, out, shape->relu, t->after, &t->batch);
}

const float *step_forward(struct step *s, const float *value, const struct supernet_plan *plan, const float *pictures, size_t count)
{
    assert(count && count <= s->batch);
    float *at = s->memory;
    s->plan = plan;
    s->pictures = pictures;
    s->count = count;
    const float *x = pictures;
    for (unsigned i = 0; i < plan->n_layers; i++) {
        size_t size = outputs(&plan->layer[i].shape) * count;
        s->layer[i].before = at;
        s->layer[i].after = at + size;
        at += 2 * size;
        layer_forward(s, i, value, x);
        x = s->layer[i].after;
    }
    return x;
}

/* Gradient of the classifier and the mean: g becomes the gradient of the head's output. */
static void top_backward(struct step *s, const float *value, const float *dlogits, float *gradient, float *scratch, float *g)
{
    unsigned last = s->plan->n_layers - 1;
    const struct supernet_layer *linear = &s->plan->layer[last];
    const struct network_layer *mean = &s->plan->layer[last - 1].shape;
    size_t in = linear->shape.in_channels, out = linear->shape.out_channels, places = (size_t)mean->in_size * mean->in_size;
    multiply(true, false, in, out, s->count, s->layer[last - 1].after, in, dlogits, out, 1, gradient + linear->weight, linear->ld);
    for (size_t b = 0; b < s->count; b++)
        for (size_t q = 0; q < out; q++)
            gradient[linear->bias + q] += dlogits[b * out + q];
    multiply(false, true, s->count, in, out, dlogits, out, value + linear->weight, linear->ld, 0, scratch, in);
    for (size_t b = 0; b < s->count; b++)
        for (size_t i = 0; i < places; i++)
            for (size_t q = 0; q < in; q++)
                g[(b * places + i) * in + q] = scratch[b * in + q] / (float)places;
}

/* Gradient through layer i: g (of the convolution's output) -> d (of its input); beta 1 adds to what d holds. */
static void convolution_backward(struct step *s, unsigned i, const float *value, const float *g, float beta, float *d, float *gradient)
{
    const struct supernet_layer *l = &s->plan->layer[i];
    const struct network_layer *shape = &l->shape;
    const float *x = i ? s->layer[i - 1].after : s->pictures;
    size_t rows = s->count * shape->out_size * shape->out_size, in = shape->in_channels, out = shape->out_channels;
    if (shape->type == NETWORK_CONV) { /* the stem: nothing below needs its gradient */
        in *= (size_t)shape->kernel * shape->kernel;
        multiply(true, false, in, out, rows, s->unfolded, in, g, out, 1, gradient + l->weight, l->ld);
    } else if (shape->type == NETWORK_DEPTHWISE) {
        struct depthwise w = depthwise_of(l, s->count);
        depthwise_backward(&w, x, value + l->weight, g, d, gradient + l->weight);
    } else {
        multiply(true, false, in, out, rows, x, in, g, out, 1, gradient + l->weight, l->ld);
        multiply(false, true, rows, in, out, g, out, value + l->weight, l->ld, beta, d, in);
    }
}

void step_backward(struct step *s, const float *value, const float *dlogits, float *gradient)
{
    float *g = s->gradient[0], *next = s->gradient[1], *residual = s->gradient[2];
    int residual_of = -1; /* tensor whose gradient waits in residual */
    top_backward(s, value, dlogits, gradient, next, g);
    for (int i = (int)s->plan->n_layers - 3; i >= 0; i--) {
        const struct supernet_layer *l = &s->plan->layer[i];
        struct layer_state *t = &s->layer[i];
        size_t rows = s->count * l->shape.out_size * l->shape.out_size, c = l->shape.out_channels;
        if (l->shape.add >= 0) {
            memcpy(residual, g, rows * c * sizeof *g);
            residual_of = l->shape.add;
        }
        batchnorm_backward(t->before, t->after, value + l->scale, &t->batch, rows, c, l->shape.relu, g, gradient + l->scale, gradient + l->shift);
        float *to = next, beta = 0;
        if (residual_of == i) { /* layer i reads tensor i: a pointwise expand, which can add */
            to = residual;
            residual = next;
            residual_of = -1;
            beta = 1;
        }
        convolution_backward(s, (unsigned)i, value, g, beta, to, gradient);
        next = g;
        g = to;
    }
}

double softmax_loss(const float *logits, const float *target, size_t count, size_t classes, float *dlogits, float *ret_probability)
{
    double loss = 0;
    for (size_t b = 0; b < count; b++, logits += classes, target += classes, dlogits += classes) {
        float max = logits[0];
        double sum = 0;
        for (size_t c = 1; c < classes; c++)
            max = max_of(logits[c], max);
        for (size_t c = 0; c < classes; c++)
            sum += exp((double)(logits[c] - max));
        double log_sum = log(sum);
        for (size_t c = 0; c < classes; c++) {
            double log_p = (double)(logits[c] - max) - log_sum;
            float p = (float)exp(log_p);
            loss -= (double)target[c] * log_p;
            dlogits[c] = (p - target[c]) / (float)count;
            if (ret_probability)
                ret_probability[b * classes + c] = p;
        }
    }
    return loss / (double)count;
}
