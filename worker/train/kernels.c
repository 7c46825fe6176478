/* See kernels.h. Each public kernel picks a body specialised for kernel size and stride; the bodies hold eight channels in a register and, where
 * the picture's border is far enough, four neighbouring outputs at once, so that a weight is loaded once for four products. */
#include "train/kernels.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "supernet/supernet.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(SONATA_SANITIZED)
#define FOR_EVERY_CPU __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EVERY_CPU
#endif
#define INLINE static inline __attribute__((always_inline))

typedef float v8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t m8 __attribute__((vector_size(32), aligned(4), may_alias));
#define LOAD(p) (*(const v8 *)(p))
#define STORE(p) (*(v8 *)(p))
#define POSITIVE(mask, v) ((v8)((m8)((mask) > 0) & (m8)(v))) /* v where mask > 0, else 0 */

/* ---- depthwise ---- */

/* Outputs j .. j+n-1 of one output row, n = 1 (with left and right border) or 4 (inside). */
INLINE void forward_one(const float *x, const float *w, size_t tap, size_t row, size_t in, size_t c, size_t kernel, long top, long left, float *y)
{
    v8 sum = {0};
    for (size_t u = 0; u < kernel; u++) {
        long r = top + (long)u;
        if (r < 0 || r >= (long)in)
            continue;
        for (size_t v = 0; v < kernel; v++) {
            long s = left + (long)v;
            if (s >= 0 && s < (long)in)
                sum += LOAD(x + ((size_t)r * in + (size_t)s) * c) * LOAD(w + u * row + v * tap);
        }
    }
    STORE(y) = sum;
}

INLINE void forward_four(const float *x, const float *w, size_t tap, size_t row, size_t in, size_t c, size_t kernel, size_t stride, long top,
                         long left, float *y)
{
    v8 a = {0}, b = {0}, d = {0}, e = {0};
    for (size_t u = 0; u < kernel; u++) {
        long r = top + (long)u;
        if (r < 0 || r >= (long)in)
            continue;
        const float *p = x + ((size_t)r * in + (size_t)left) * c;
#pragma GCC unroll 8
        for (size_t v = 0; v < kernel; v++) {
            v8 k = LOAD(w + u * row + v * tap);
            a += LOAD(p + v * c) * k;
            b += LOAD(p + (v + stride) * c) * k;
            d += LOAD(p + (v + 2 * stride) * c) * k;
            e += LOAD(p + (v + 3 * stride) * c) * k;
        }
    }
    STORE(y) = a;
    STORE(y + c) = b;
    STORE(y + 2 * c) = d;
    STORE(y + 3 * c) = e;
}

INLINE void forward_picture(const float *x, const float *w, size_t tap, size_t row, size_t in, size_t out, size_t c, size_t kernel, size_t stride,
                            float *y)
{
    long pad = (long)(kernel - 1) / 2;
    for (size_t i = 0; i < out; i++) {
        long top = (long)(i * stride) - pad;
        for (size_t q = 0; q < c; q += 8) {
            size_t j = 0;
            while (j < out) {
                long left = (long)(j * stride) - pad;
                float *to = y + (i * out + j) * c + q;
                if (left >= 0 && j + 4 <= out && left + (long)(3 * stride + kernel) <= (long)in) {
                    forward_four(x + q, w + q, tap, row, in, c, kernel, stride, top, left, to);
                    j += 4;
                } else {
                    forward_one(x + q, w + q, tap, row, in, c, kernel, top, left, to);
                    j++;
                }
            }
        }
    }
}

/* Weight gradient of one picture: a row of taps in registers while the picture passes by. dense: dw of [kernel][kernel][c]. */
INLINE void weight_picture(const float *x, const float *dy, size_t in, size_t out, size_t c, size_t kernel, size_t stride, float *dense)
{
    long pad = (long)(kernel - 1) / 2;
    for (size_t u = 0; u < kernel; u++) {
        for (size_t q = 0; q < c; q += 8) {
            v8 sum[7];
            for (size_t v = 0; v < kernel; v++)
                sum[v] = LOAD(dense + (u * kernel + v) * c + q);
            for (size_t i = 0; i < out; i++) {
                long r = (long)(i * stride + u) - pad;
                if (r < 0 || r >= (long)in)
                    continue;
                for (size_t j = 0; j < out; j++) {
                    long left = (long)(j * stride) - pad;
                    v8 g = LOAD(dy + (i * out + j) * c + q);
                    const float *p = x + ((size_t)r * in) * c + q;
                    if (left >= 0 && left + (long)kernel <= (long)in) {
#pragma GCC unroll 8
                        for (size_t v = 0; v < kernel; v++)
                            sum[v] += g * LOAD(p + ((size_t)left + v) * c);
                    } else {
#pragma GCC unroll 8
                        for (size_t v = 0; v < kernel; v++)
                            if (left + (long)v >= 0 && left + (long)v < (long)in)
                                sum[v] += g * LOAD(p + (size_t)(left + (long)v) * c);
                    }
                }
            }
            for (size_t v = 0; v < kernel; v++)
                STORE(dense + (u * kernel + v) * c + q) = sum[v];
        }
    }
}

/* Data gradient for stride 2: gathers the outputs that saw input (r, s). */
INLINE void data_picture(const float *dy, const float *w, size_t tap, size_t row, size_t in, size_t out, size_t c, size_t kernel, size_t stride,
                         float *dx)
{
    long pad = (long)(kernel - 1) / 2, st = (long)stride;
    for (long r = 0; r < (long)in; r++) {
        for (long s = 0; s < (long)in; s++) {
            for (size_t q = 0; q < c; q += 8) {
                v8 sum = {0};
                for (size_t u = 0; u < kernel; u++) {
                    long i = r + pad - (long)u;
                    if (i < 0 || i % st || i / st >= (long)out)
                        continue;
                    for (size_t v = 0; v < kernel; v++) {
                        long j = s + pad - (long)v;
                        if (j < 0 || j % st || j / st >= (long)out)
                            continue;
                        sum += LOAD(dy + ((size_t)(i / st) * out + (size_t)(j / st)) * c + q) * LOAD(w + u * row + v * tap + q);
                    }
                }
                STORE(dx + ((size_t)r * in + (size_t)s) * c + q) = sum;
            }
        }
    }
}

/* Calls f(..., kernel, stride, last) with constants, so that the compiler unrolls. */
#define SPECIALISE(f, kernel, stride, last, ...)                                                                                                   \
    do {                                                                                                                                           \
        if ((kernel) == 3 && (stride) == 1)                                                                                                        \
            f(__VA_ARGS__, 3, 1, last);                                                                                                            \
        else if ((kernel) == 3)                                                                                                                    \
            f(__VA_ARGS__, 3, 2, last);                                                                                                            \
        else if ((kernel) == 5 && (stride) == 1)                                                                                                   \
            f(__VA_ARGS__, 5, 1, last);                                                                                                            \
        else if ((kernel) == 5)                                                                                                                    \
            f(__VA_ARGS__, 5, 2, last);                                                                                                            \
        else                                                                                                                                       \
            f(__VA_ARGS__, kernel, stride, last);                                                                                                  \
    } while (0)

FOR_EVERY_CPU void depthwise_forward(const struct depthwise *d, const float *x, const float *w, float *y)
{
    size_t from = d->in * d->in * d->channels, to = d->out * d->out * d->channels;
    for (size_t b = 0; b < d->batch; b++)
        SPECIALISE(forward_picture, d->kernel, d->stride, y + b * to, x + b * from, w, d->tap, d->row, d->in, d->out, d->channels);
}

/* A dense copy of the kernel window turned by 180 degrees: for stride 1 the data gradient is a forward pass with it. */
static void flip(const struct depthwise *d, const float *w, float *flipped)
{
    for (size_t u = 0; u < d->kernel; u++) {
        for (size_t v = 0; v < d->kernel; v++)
            memcpy(flipped + (u * d->kernel + v) * d->channels, w + (d->kernel - 1 - u) * d->row + (d->kernel - 1 - v) * d->tap,
                   d->channels * sizeof *w);
    }
}

FOR_EVERY_CPU void depthwise_backward(const struct depthwise *d, const float *x, const float *w, const float *dy, float *dx, float *dw)
{
    static _Thread_local float dense[49 * BATCHNORM_CHANNELS_MAX], flipped[49 * BATCHNORM_CHANNELS_MAX];
    size_t c = d->channels, from = d->in * d->in * c, to = d->out * d->out * c;
    memset(dense, 0, d->kernel * d->kernel * c * sizeof *dense);
    flip(d, w, flipped);
    for (size_t b = 0; b < d->batch; b++) {
        SPECIALISE(weight_picture, d->kernel, d->stride, dense, x + b * from, dy + b * to, d->in, d->out, c);
        if (d->stride == 1)
            SPECIALISE(forward_picture, d->kernel, 1, dx + b * from, dy + b * to, flipped, c, d->kernel * c, d->out, d->in, c);
        else
            SPECIALISE(data_picture, d->kernel, d->stride, dx + b * from, dy + b * to, w, d->tap, d->row, d->in, d->out, c);
    }
    for (size_t u = 0; u < d->kernel; u++) {
        for (size_t v = 0; v < d->kernel; v++) {
            for (size_t q = 0; q < c; q++)
                dw[u * d->row + v * d->tap + q] += dense[(u * d->kernel + v) * c + q];
        }
    }
}

/* ---- batch norm ---- */

enum { CHUNK = 64 }; /* rows summed in floats before they are added to doubles */

FOR_EVERY_CPU static void sum_squares(const float *x, size_t rows, size_t c, double *sum, double *squares)
{
    for (size_t first = 0; first < rows; first += CHUNK) {
        size_t last = min_of(first + CHUNK, rows);
        for (size_t q = 0; q < c; q += 8) {
            v8 a = {0}, b = {0};
            for (size_t i = first; i < last; i++) {
                v8 v = LOAD(x + i * c + q);
                a += v;
                b += v * v;
            }
            for (size_t k = 0; k < 8; k++) {
                sum[q + k] += (double)a[k];
                squares[q + k] += (double)b[k];
            }
        }
    }
}

FOR_EVERY_CPU static void scale_shift(const float *x, const float *add, const float *scale, const float *shift, size_t rows, size_t c, bool relu,
                                      float *y)
{
    for (size_t i = 0; i < rows * c; i += c) {
        for (size_t q = 0; q < c; q += 8) {
            v8 v = LOAD(x + i + q) * LOAD(scale + q) + LOAD(shift + q);
            if (relu)
                v = POSITIVE(v, v);
            if (add)
                v += LOAD(add + i + q);
            STORE(y + i + q) = v;
        }
    }
}

void batchnorm_forward(const float *x, const float *add, const float *scale, const float *shift, size_t rows, size_t c, bool relu, float *y,
                       struct batchnorm_batch *batch)
{
    double sum[BATCHNORM_CHANNELS_MAX], squares[BATCHNORM_CHANNELS_MAX];
    float a[BATCHNORM_CHANNELS_MAX], b[BATCHNORM_CHANNELS_MAX];
    memset(sum, 0, c * sizeof *sum);
    memset(squares, 0, c * sizeof *squares);
    sum_squares(x, rows, c, sum, squares);
    for (size_t q = 0; q < c; q++) {
        double mean = sum[q] / (double)rows, variance = squares[q] / (double)rows - mean * mean;
        batch->mean[q] = (float)mean;
        batch->inverse_deviation[q] = (float)(1 / sqrt((max_of(variance, 0)) + (double)SUPERNET_EPSILON));
        a[q] = scale[q] * batch->inverse_deviation[q];
        b[q] = shift[q] - a[q] * batch->mean[q];
    }
    scale_shift(x, add, a, b, rows, c, relu, y);
}

FOR_EVERY_CPU static void sum_gradients(const float *x, const float *y, const float *mean, size_t rows, size_t c, bool relu, float *g, double *sum,
                                        double *product)
{
    for (size_t first = 0; first < rows; first += CHUNK) {
        size_t last = min_of(first + CHUNK, rows);
        for (size_t q = 0; q < c; q += 8) {
            v8 a = {0}, b = {0}, m = LOAD(mean + q);
            for (size_t i = first; i < last; i++) {
                v8 d = LOAD(g + i * c + q);
                if (relu) {
                    d = POSITIVE(LOAD(y + i * c + q), d);
                    STORE(g + i * c + q) = d;
                }
                a += d;
                b += d * (LOAD(x + i * c + q) - m);
            }
            for (size_t k = 0; k < 8; k++) {
                sum[q + k] += (double)a[k];
                product[q + k] += (double)b[k];
            }
        }
    }
}

/* g = p g + r + s x, channel by channel */
FOR_EVERY_CPU static void combine(const float *x, const float *p, const float *r, const float *s, size_t rows, size_t c, float *g)
{
    for (size_t i = 0; i < rows * c; i += c) {
        for (size_t q = 0; q < c; q += 8)
            STORE(g + i + q) = LOAD(g + i + q) * LOAD(p + q) + (LOAD(x + i + q) * LOAD(s + q) + LOAD(r + q));
    }
}

void batchnorm_backward(const float *x, const float *y, const float *scale, const struct batchnorm_batch *batch, size_t rows, size_t c,
                        bool relu, float *g, float *dscale, float *dshift)
{
    double sum[BATCHNORM_CHANNELS_MAX], product[BATCHNORM_CHANNELS_MAX];
    float p[BATCHNORM_CHANNELS_MAX], r[BATCHNORM_CHANNELS_MAX], s[BATCHNORM_CHANNELS_MAX];
    memset(sum, 0, c * sizeof *sum);
    memset(product, 0, c * sizeof *product);
    sum_gradients(x, y, batch->mean, rows, c, relu, g, sum, product);
    for (size_t q = 0; q < c; q++) {
        float inverse = batch->inverse_deviation[q], gradient_scale = (float)product[q] * inverse, gradient_shift = (float)sum[q];
        dscale[q] += gradient_scale;
        dshift[q] += gradient_shift;
        p[q] = scale[q] * inverse;
        s[q] = -p[q] * gradient_scale * inverse / (float)rows;
        r[q] = -p[q] * gradient_shift / (float)rows - s[q] * batch->mean[q];
    }
    combine(x, p, r, s, rows, c, g);
}

/* ---- the rest ---- */

void unfold(const float *x, size_t batch, size_t in, size_t out, size_t channels, size_t kernel, size_t stride, float *rows)
{
    long pad = (long)(kernel - 1) / 2;
    for (size_t b = 0; b < batch; b++, x += in * in * channels) {
        for (size_t i = 0; i < out; i++) {
            for (size_t j = 0; j < out; j++) {
                for (size_t t = 0; t < kernel * kernel; t++, rows += channels) {
                    long r = (long)(i * stride + t / kernel) - pad, s = (long)(j * stride + t % kernel) - pad;
                    if (r < 0 || s < 0 || r >= (long)in || s >= (long)in)
                        memset(rows, 0, channels * sizeof *rows);
                    else
                        memcpy(rows, x + ((size_t)r * in + (size_t)s) * channels, channels * sizeof *rows);
                }
            }
        }
    }
}

FOR_EVERY_CPU void sgd_update(float *v, float *g, float *m, size_t n, float rate, float momentum, float decay)
{
    for (size_t i = 0; i < n; i++) {
        float d = g[i] + decay * v[i];
        m[i] = momentum * m[i] + d;
        v[i] -= rate * (d + momentum * m[i]);
        g[i] = 0;
    }
}
