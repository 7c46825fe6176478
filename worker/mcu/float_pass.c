/* Float reference over the layer list. The inner loop runs over output channels, the last axis of every weight layout. */
#include "mcu/float_pass.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

enum { CHANNELS_MAX = 4096, SIZE_MAX_SIDE = 512 };

struct float_pass {
    const struct network *net;
    size_t count[NETWORK_LAYERS_MAX + 1];
    float *tensor[NETWORK_LAYERS_MAX + 1];
};

static size_t weight_count(const struct network_layer *l)
{
    size_t window = (size_t)l->kernel * l->kernel;

    switch (l->type) {
    case NETWORK_CONV:
        return window * l->in_channels * l->out_channels;
    case NETWORK_DEPTHWISE:
        return window * l->out_channels;
    case NETWORK_MEAN:
        return 0;
    default:
        return (size_t)l->in_channels * l->out_channels;
    }
}

static int check_shape(const struct network_layer *l, unsigned i, struct sonata_error *err)
{
    unsigned ceil_size = l->stride ? (unsigned)(l->in_size + l->stride - 1) / l->stride : 0;

    if (!l->in_channels || l->in_channels > CHANNELS_MAX || !l->out_channels || l->out_channels > CHANNELS_MAX || !l->in_size ||
        l->in_size > SIZE_MAX_SIDE)
        return sonata_error_set(err, -EINVAL, "layer %u: %u -> %u channels of side %u: outside 1..%d, 1..%d", i, l->in_channels,
                                l->out_channels, l->in_size, CHANNELS_MAX, SIZE_MAX_SIDE);
    if (l->type == NETWORK_MEAN || l->type == NETWORK_LINEAR) {
        if (l->out_size != 1 || (l->type == NETWORK_LINEAR && l->in_size != 1))
            return sonata_error_set(err, -EINVAL, "layer %u: mean and linear give a side of 1, not %u", i, l->out_size);
    } else if (!l->kernel || !(l->kernel & 1) || l->out_size != ceil_size) {
        return sonata_error_set(err, -EINVAL, "layer %u: kernel %u stride %u side %u -> %u is not a SAME convolution with odd kernel", i,
                                l->kernel, l->stride, l->in_size, l->out_size);
    }
    if (l->type == NETWORK_POINTWISE && l->kernel != 1)
        return sonata_error_set(err, -EINVAL, "layer %u: pointwise with kernel %u", i, l->kernel);
    if ((l->type == NETWORK_DEPTHWISE || l->type == NETWORK_MEAN) && l->in_channels != l->out_channels)
        return sonata_error_set(err, -EINVAL, "layer %u: %u -> %u channels, must be equal", i, l->in_channels, l->out_channels);
    return 0;
}

static int check_values(const struct network_layer *l, unsigned i, struct sonata_error *err)
{
    size_t n = weight_count(l);

    if (l->type == NETWORK_MEAN)
        return 0;
    if (!l->weight || !l->bias)
        return sonata_error_set(err, -EINVAL, "layer %u has no weights", i);
    for (size_t j = 0; j < n; j++)
        if (!isfinite(l->weight[j]))
            return sonata_error_set(err, -EINVAL, "layer %u: weight %zu is not finite", i, j);
    for (size_t j = 0; j < l->out_channels; j++)
        if (!isfinite(l->bias[j]))
            return sonata_error_set(err, -EINVAL, "layer %u: bias %zu is not finite", i, j);
    return 0;
}

static int check_layer(const struct float_pass *p, unsigned i, struct sonata_error *err)
{
    const struct network_layer *l = &p->net->layer[i];
    size_t in = (size_t)l->in_size * l->in_size * l->in_channels, out = (size_t)l->out_size * l->out_size * l->out_channels;
    int rc;

    if (l->type > NETWORK_LINEAR)
        return sonata_error_set(err, -EINVAL, "layer %u: unknown type %d", i, (int)l->type);
    rc = check_shape(l, i, err);
    if (rc < 0)
        return rc;
    if (l->input < 0 || l->input > (int)i || p->count[l->input] != in)
        return sonata_error_set(err, -EINVAL, "layer %u reads tensor %d, which does not hold its %zu inputs", i, l->input, in);
    if (l->add >= 0 && (l->add > (int)i || p->count[l->add] != out || l->type == NETWORK_MEAN || l->type == NETWORK_LINEAR))
        return sonata_error_set(err, -EINVAL, "layer %u adds tensor %d of another shape", i, l->add);
    if (l->add >= 0 && l->relu)
        return sonata_error_set(err, -EINVAL, "layer %u: a residual sum has no ReLU", i);
    return check_values(l, i, err);
}

int float_pass_new(const struct network *net, struct float_pass **ret_pass, struct sonata_error *err)
{
    struct float_pass *p;
    int rc = 0;

    if (!net->n_layers || net->n_layers > NETWORK_LAYERS_MAX || !net->input_size || net->input_size > SIZE_MAX_SIDE ||
        !net->input_channels || net->input_channels > CHANNELS_MAX)
        return sonata_error_set(err, -EINVAL, "network of %u layers with input %u x %u x %u", net->n_layers, net->input_size,
                                net->input_size, net->input_channels);
    p = xcalloc(1, sizeof *p);
    p->net = net;
    p->count[0] = (size_t)net->input_size * net->input_size * net->input_channels;
    for (unsigned i = 0; i < net->n_layers && rc == 0; i++) {
        const struct network_layer *l = &net->layer[i];

        rc = check_layer(p, i, err);
        p->count[i + 1] = (size_t)l->out_size * l->out_size * l->out_channels;
    }
    if (rc == 0 && p->count[net->n_layers] != net->classes)
        rc = sonata_error_set(err, -EINVAL, "the last layer gives %zu values for %u classes", p->count[net->n_layers], net->classes);
    if (rc < 0) {
        float_pass_free(p);
        return rc;
    }
    for (unsigned i = 0; i <= net->n_layers; i++)
        p->tensor[i] = xcalloc(p->count[i], sizeof(float));
    *ret_pass = p;
    return 0;
}

void float_pass_free(struct float_pass *p)
{
    if (!p)
        return;
    for (unsigned i = 0; i <= NETWORK_LAYERS_MAX; i++)
        free(p->tensor[i]);
    free(p);
}

static void add_scaled(float *y, const float *w, float a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += a * w[i];
}

/* One kernel tap: x is the input pixel, w the weights of the tap. */
static void add_tap(const struct network_layer *l, float *y, const float *x, const float *w)
{
    if (l->type == NETWORK_DEPTHWISE) {
        for (size_t c = 0; c < l->out_channels; c++)
            y[c] += x[c] * w[c];
        return;
    }
    for (size_t c = 0; c < l->in_channels; c++)
        add_scaled(y, w + c * l->out_channels, x[c], l->out_channels);
}

static void convolve_pixel(const struct network_layer *l, const float *x, float *y, int row, int column)
{
    bool linear = l->type == NETWORK_LINEAR;
    int size = l->in_size, kernel = linear ? 1 : l->kernel;
    int stride = linear ? 1 : l->stride;
    size_t tap = weight_count(l) / ((size_t)kernel * (size_t)kernel);
    int top = row * stride - (kernel - 1) / 2, left = column * stride - (kernel - 1) / 2;

    memcpy(y, l->bias, l->out_channels * sizeof *y);
    for (int ky = 0; ky < kernel; ky++)
        for (int kx = 0; kx < kernel; kx++) {
            int v = top + ky, h = left + kx;

            if (v >= 0 && v < size && h >= 0 && h < size)
                add_tap(l, y, x + (size_t)(v * size + h) * l->in_channels, l->weight + (size_t)(ky * kernel + kx) * tap);
        }
}

static void mean(const struct network_layer *l, const float *x, float *y)
{
    size_t pixels = (size_t)l->in_size * l->in_size;

    for (size_t c = 0; c < l->out_channels; c++) {
        double sum = 0;

        for (size_t p = 0; p < pixels; p++)
            sum += (double)x[p * l->out_channels + c];
        y[c] = (float)(sum / (double)pixels);
    }
}

static void run_layer(struct float_pass *p, unsigned i)
{
    const struct network_layer *l = &p->net->layer[i];
    const float *x = p->tensor[l->input];
    float *y = p->tensor[i + 1];

    if (l->type == NETWORK_MEAN) {
        mean(l, x, y);
    } else {
        for (int row = 0; row < l->out_size; row++)
            for (int column = 0; column < l->out_size; column++)
                convolve_pixel(l, x, y + (size_t)(row * l->out_size + column) * l->out_channels, row, column);
    }
    if (l->add >= 0)
        add_scaled(y, p->tensor[l->add], 1, p->count[i + 1]);
    if (l->relu)
        for (size_t j = 0; j < p->count[i + 1]; j++)
            y[j] = max_of(y[j], 0);
}

void float_pass_run(struct float_pass *p, const float *picture)
{
    memcpy(p->tensor[0], picture, p->count[0] * sizeof *picture);
    for (unsigned i = 0; i < p->net->n_layers; i++)
        run_layer(p, i);
}

const float *float_pass_tensor(const struct float_pass *p, unsigned t, size_t *ret_n)
{
    *ret_n = p->count[t];
    return p->tensor[t];
}
