/* Vector kernels of the trainer: depthwise convolution and batch norm, forward and backward. NHWC floats, channels in multiples of 8.
 *
 * Written with the GNU vector extension; on x86-64 each is compiled for AVX-512, AVX2 and plain SSE and chosen at start. Sums over pictures
 * run in a fixed order, so results depend on the machine's instruction set but never on timing. */
#ifndef SONATA_TRAIN_KERNELS_H
#define SONATA_TRAIN_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

/* One depthwise layer: square pictures of side in -> out, `channels` used of the shared weight, whose taps are `tap` floats apart and whose
 * kernel rows are `row` floats apart. kernel 1, 3, 5 or 7; stride 1 or 2. */
struct depthwise {
    size_t batch, in, out, channels, kernel, stride, tap, row;
};

/* y = depthwise convolution of x by w, a batch of pictures with channels last. */
void depthwise_forward(const struct depthwise *d, const float *x, const float *w, float *y);
/* dx is overwritten, dw (laid out as w) is added to. */
void depthwise_backward(const struct depthwise *d, const float *x, const float *w, const float *dy, float *dx, float *dw);

enum { BATCHNORM_CHANNELS_MAX = 2048 };

/* Statistics of one batch, kept from forward to backward. */
struct batchnorm_batch {
    float mean[BATCHNORM_CHANNELS_MAX], inverse_deviation[BATCHNORM_CHANNELS_MAX];
};

/* y = relu?(scale * (x - mean) / sqrt(var + epsilon) + shift) + add?  over `rows` of c channels; add may be NULL. */
void batchnorm_forward(const float *x, const float *add, const float *scale, const float *shift, size_t rows, size_t c, bool relu, float *y,
                       struct batchnorm_batch *batch);
/* g holds the gradient of y and becomes the gradient of x; dscale and dshift are added to. y is needed for ReLU only. */
void batchnorm_backward(const float *x, const float *y, const float *scale, const struct batchnorm_batch *batch, size_t rows, size_t c,
                        bool relu, float *g, float *dscale, float *dshift);

/* Stem: 3x3 taps of pictures with `channels` channels into rows of kernel * kernel * channels. */
void unfold(const float *x, size_t batch, size_t in, size_t out, size_t channels, size_t kernel, size_t stride, float *rows);

/* Nesterov SGD over n values with weight decay: m = momentum m + g', v -= rate (g' + momentum m), g' = g + decay v; g becomes zero. */
void sgd_update(float *v, float *g, float *m, size_t n, float rate, float momentum, float decay);

#endif
