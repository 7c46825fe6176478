/* int8 kernels. Bounds that keep every int32 sum exact (a sum has at most 2^15 products, |bias| <= 2^30) are checked once for the whole
 * network by q8_check(); nothing is checked here. Right shifts of negative numbers are arithmetic on every compiler in use. */
#include "firmware/q8.h"

#include <stddef.h>

enum { SATURATE = 1 << 24 };

int32_t q8_scale(int32_t value, int32_t multiplier, uint8_t shift)
{
    int64_t product = (int64_t)value * multiplier;
    int64_t rounded = (product + ((int64_t)1 << (shift - 1))) >> shift;

    if (rounded > SATURATE)
        return SATURATE;
    if (rounded < -SATURATE)
        return -SATURATE;
    return (int32_t)rounded;
}

/* Turns a sum into output element `at` of channel c. */
static inline void store(const struct q8_output *o, int32_t c, int32_t at, int32_t sum, int8_t *y)
{
    int32_t v = q8_scale(sum, o->multiplier[c], o->shift[c]) + o->zero;

    if (o->add)
        v += q8_scale(o->add[at] - o->add_zero, o->add_multiplier, o->add_shift);
    if (v < o->low)
        v = o->low;
    if (v > o->high)
        v = o->high;
    y[at] = (int8_t)v;
}

/* The part of the kernel window at output position `out` that lies inside the picture: rows begin .. end-1, first row at `origin`. */
struct window {
    int32_t origin, begin, end;
};

static inline struct window window_at(const struct q8_shape *s, int32_t out)
{
    struct window w;

    w.origin = out * s->stride - (s->kernel - 1) / 2;
    w.begin = w.origin < 0 ? -w.origin : 0;
    w.end = s->in_size - w.origin < s->kernel ? s->in_size - w.origin : s->kernel;
    return w;
}

static int32_t dot(const int8_t *x, const int8_t *w, int32_t n)
{
    int32_t sum = 0;

    for (int32_t i = 0; i < n; i++)
        sum += x[i] * w[i];
    return sum;
}

static int32_t dot_zero(const int8_t *x, const int8_t *w, int32_t n, int32_t zero)
{
    int32_t sum = 0;

    for (int32_t i = 0; i < n; i++)
        sum += (x[i] - zero) * w[i];
    return sum;
}

void q8_conv(const struct q8_shape *s, const struct q8_output *o, const int8_t *x, const int8_t *w, int8_t *y)
{
    int32_t ci = s->in_channels, co = s->out_channels, k = s->kernel;

    for (int32_t row = 0; row < s->out_size; row++) {
        struct window v = window_at(s, row);

        for (int32_t column = 0; column < s->out_size; column++) {
            struct window h = window_at(s, column);
            int32_t run = (h.end - h.begin) * ci; /* one kernel row is contiguous in x and in w */

            for (int32_t c = 0; c < co; c++) {
                int32_t sum = o->bias[c];

                for (int32_t ky = v.begin; ky < v.end; ky++)
                    sum += dot_zero(x + ((v.origin + ky) * s->in_size + h.origin + h.begin) * ci,
                                    w + ((c * k + ky) * k + h.begin) * ci, run, s->in_zero);
                store(o, c, (row * s->out_size + column) * co + c, sum, y);
            }
        }
    }
}

/* Channels of a depthwise convolution that are summed together: contiguous loads for a vector unit, or what fits the registers of a
 * Cortex-M. Sums are exact, so the block size does not change a bit. */
#if defined(__arm__)
enum { BLOCK = 4 };
#else
enum { BLOCK = 16 };
#endif

/* sum[0 .. BLOCK-1] of output position (v, h) from channel c on; x is the picture, w the kernel. */
static void depthwise_block(const struct q8_shape *s, const struct window *v, const struct window *h, int32_t c, const int8_t *x, const int8_t *w,
                            int32_t sum[BLOCK])
{
    int32_t channels = s->out_channels, zero = s->in_zero, local[BLOCK];

    for (int32_t i = 0; i < BLOCK; i++)
        local[i] = sum[i];
    for (int32_t ky = v->begin; ky < v->end; ky++) {
        const int8_t *p = x + ((v->origin + ky) * s->in_size + h->origin + h->begin) * channels + c;
        const int8_t *q = w + (ky * s->kernel + h->begin) * channels + c;

        for (int32_t kx = h->begin; kx < h->end; kx++, p += channels, q += channels)
            for (int32_t i = 0; i < BLOCK; i++)
                local[i] += (p[i] - zero) * q[i];
    }
    for (int32_t i = 0; i < BLOCK; i++)
        sum[i] = local[i];
}

/* One channel: the rest behind the last block. */
static int32_t depthwise_one(const struct q8_shape *s, const struct window *v, const struct window *h, int32_t c, const int8_t *x, const int8_t *w)
{
    int32_t channels = s->out_channels, sum = 0;

    for (int32_t ky = v->begin; ky < v->end; ky++) {
        const int8_t *p = x + ((v->origin + ky) * s->in_size + h->origin + h->begin) * channels + c;
        const int8_t *q = w + (ky * s->kernel + h->begin) * channels + c;

        for (int32_t kx = h->begin; kx < h->end; kx++, p += channels, q += channels)
            sum += (*p - s->in_zero) * *q;
    }
    return sum;
}

void q8_depthwise(const struct q8_shape *s, const struct q8_output *o, const int8_t *x, const int8_t *w, int8_t *y)
{
    int32_t channels = s->out_channels;

    for (int32_t row = 0; row < s->out_size; row++) {
        struct window v = window_at(s, row);

        for (int32_t column = 0; column < s->out_size; column++) {
            struct window h = window_at(s, column);
            int32_t at = (row * s->out_size + column) * channels, c = 0;

            for (; c + BLOCK <= channels; c += BLOCK) {
                int32_t sum[BLOCK];

                for (int32_t i = 0; i < BLOCK; i++)
                    sum[i] = o->bias[c + i];
                depthwise_block(s, &v, &h, c, x, w, sum);
                for (int32_t i = 0; i < BLOCK; i++)
                    store(o, c + i, at + c + i, sum[i], y);
            }
            for (; c < channels; c++)
                store(o, c, at + c, o->bias[c] + depthwise_one(s, &v, &h, c, x, w), y);
        }
    }
}

void q8_pointwise(const struct q8_shape *s, const struct q8_output *o, const int8_t *x, const int8_t *w, int8_t *y)
{
    int32_t ci = s->in_channels, co = s->out_channels;

    for (int32_t row = 0; row < s->out_size; row++)
        for (int32_t column = 0; column < s->out_size; column++) {
            const int8_t *pixel = x + (row * s->stride * s->in_size + column * s->stride) * ci;

            for (int32_t c = 0; c < co; c++)
                store(o, c, (row * s->out_size + column) * co + c, o->bias[c] + dot(pixel, w + c * ci, ci), y);
        }
}

void q8_mean(const struct q8_shape *s, const struct q8_output *o, const int8_t *x, int8_t *y)
{
    int32_t channels = s->out_channels, pixels = s->in_size * s->in_size;

    for (int32_t c = 0; c < channels; c++) {
        int32_t sum = 0, v;

        for (int32_t p = 0; p < pixels; p++)
            sum += x[p * channels + c] - s->in_zero;
        v = q8_scale(sum, o->multiplier[0], o->shift[0]) + o->zero;
        v = v < o->low ? o->low : v;
        y[c] = (int8_t)(v > o->high ? o->high : v);
    }
}
