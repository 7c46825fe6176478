/* See depthwise.h. Weights are packed in groups of 16 channels, tap after tap, so that one group's taps lie together in the first cache whatever the
 * number of channels; then comes a group of 8 where so many are left, and for a rest one of 8 that ends with the last channel and computes some
 * again. A group of 16 is one AVX-512 register or twice 8 floats (AVX, NEON, whatever the compiler makes of them). */
#include "runtime/depthwise.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/depthwise_internal.h"
#include "runtime/placement.h"

enum { GROUP = 16, HALF = 8 };

struct depthwise {
    struct depthwise_shape shape;
    float *weight; /* [group][tap][channel of the group] */
    float *bias;
    struct placement *place;
};

#define INLINE static inline __attribute__((always_inline))
#define LANES 8
#include "runtime/depthwise_rows.h"
#if defined(__x86_64__)
#define LANES 16
#include "runtime/depthwise_rows.h"
#endif

bool depthwise_has(const struct depthwise_shape *s)
{
    bool kernel = s->kernel == 3 || s->kernel == 5 || s->kernel == 7;
    return kernel && (s->stride == 1 || s->stride == 2) && s->channels >= HALF && s->pad[0] < s->kernel && s->pad[1] < s->kernel;
}

bool depthwise_supports(const struct network_layer *l)
{
    bool kernel = l->kernel == 3 || l->kernel == 5 || l->kernel == 7;
    return l->type == NETWORK_DEPTHWISE && kernel && (l->stride == 1 || l->stride == 2) && l->out_channels % HALF == 0;
}

/* Where the groups of 8 begin, behind whole groups of 16: at `whole`, and for a rest at channels - 8. */
static size_t groups_of_half(size_t channels, size_t begin[2])
{
    size_t whole = channels / GROUP * GROUP, n = 0;
    if (channels - whole >= HALF)
        begin[n++] = whole;
    if (channels % HALF)
        begin[n++] = channels - HALF;
    return n;
}

static float *pack_group(float *to, const float *weight, size_t taps, size_t channels, size_t begin, size_t width)
{
    for (size_t t = 0; t < taps; t++, to += width)
        memcpy(to, weight + t * channels + begin, width * sizeof *to);
    return to;
}

struct depthwise *depthwise_pack(const struct depthwise_shape *s, const float *weight, const float *bias, struct placement *place)
{
    struct depthwise *d = xcalloc(1, sizeof *d);
    size_t taps = (size_t)(s->kernel * s->kernel), channels = s->channels, half[2], n = groups_of_half(channels, half);
    d->shape = *s;
    d->place = place;
    d->weight = placement_take(place, taps * (channels / GROUP * GROUP + n * HALF) * sizeof(float), 0);
    d->bias = placement_take(place, channels * sizeof(float), 0);
    if (bias)
        memcpy(d->bias, bias, channels * sizeof(float));
    float *to = d->weight;
    for (size_t q = 0; q + GROUP <= channels; q += GROUP)
        to = pack_group(to, weight, taps, channels, q, GROUP);
    for (size_t i = 0; i < n; i++)
        to = pack_group(to, weight, taps, channels, half[i], HALF);
    return d;
}

struct depthwise *depthwise_new(const struct network_layer *l, bool relu, struct placement *place)
{
    long pad = (l->kernel - 1) / 2;
    struct depthwise_shape s = {.channels = l->out_channels,
                                .kernel = l->kernel,
                                .stride = l->stride,
                                .in = {l->in_size, l->in_size},
                                .out = {l->out_size, l->out_size},
                                .pad = {pad, pad},
                                .in_stride = l->out_channels,
                                .out_stride = l->out_channels,
                                .min = -INFINITY,
                                .max = INFINITY};
    if (relu)
        s.min = 0;
    return depthwise_pack(&s, l->weight, l->bias, place);
}

void depthwise_free(struct depthwise *d)
{
    if (!d)
        return;
    placement_drop(d->place, d->weight);
    placement_drop(d->place, d->bias);
    free(d);
}

/* The groups of 8 at the end; w points at their weights. */
INLINE void ends(const struct depthwise *d, const float *w, long from, long to, const float *x, float *y)
{
    size_t half[2], n = groups_of_half(d->shape.channels, half);
    for (size_t i = 0; i < n; i++, w += d->shape.kernel * d->shape.kernel * HALF)
        channels8(d, x + half[i], w, HALF, d->bias + half[i], y + half[i], from, to);
}

/* All channels of some rows, 8 at a time. */
INLINE void narrow(const struct depthwise *d, long from, long to, const float *x, float *y)
{
    const float *w = d->weight;
    size_t taps = (size_t)(d->shape.kernel * d->shape.kernel);
    for (size_t q = 0; q + GROUP <= d->shape.channels; q += GROUP, w += taps * GROUP) {
        channels8(d, x + q, w, GROUP, d->bias + q, y + q, from, to);
        channels8(d, x + q + HALF, w + HALF, GROUP, d->bias + q + HALF, y + q + HALF, from, to);
    }
    ends(d, w, from, to, x, y);
}

static void rows_any(const struct depthwise *d, long from, long to, const float *x, float *y) { narrow(d, from, to, x, y); }

#if defined(__x86_64__)
__attribute__((target("arch=x86-64-v3"))) static void rows_v3(const struct depthwise *d, long from, long to, const float *x, float *y)
{
    narrow(d, from, to, x, y);
}

__attribute__((target("arch=x86-64-v4"))) static void rows_v4(const struct depthwise *d, long from, long to, const float *x, float *y)
{
    const float *w = d->weight;
    size_t taps = (size_t)(d->shape.kernel * d->shape.kernel);
    for (size_t q = 0; q + GROUP <= d->shape.channels; q += GROUP, w += taps * GROUP)
        channels16(d, x + q, w, GROUP, d->bias + q, y + q, from, to);
    ends(d, w, from, to, x, y);
}
#endif

enum depthwise_code depthwise_best(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd"))
        return DEPTHWISE_V4;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return DEPTHWISE_V3;
#endif
    return DEPTHWISE_ANY;
}

void depthwise_rows_as(const struct depthwise *d, enum depthwise_code code, long from, long to, const float *x, float *y)
{
    void (*rows)(const struct depthwise *, long, long, const float *, float *) = rows_any;
#if defined(__x86_64__)
    rows = code == DEPTHWISE_V3 ? rows_v3 : rows;
    rows = code == DEPTHWISE_V4 ? rows_v4 : rows;
#else
    (void)code;
#endif
    if (!d->shape.by_rows) {
        rows(d, from, to, x, y);
        return;
    }
    for (long i = from; i < to; i++)
        rows(d, i, i + 1, x, y);
}

void depthwise_rows(const struct depthwise *d, long from, long to, const float *x, float *y)
{
    depthwise_rows_as(d, depthwise_best(), from, to, x, y);
}

void depthwise_run_as(const struct depthwise *d, enum depthwise_code code, size_t batch, const float *x, float *y)
{
    const struct depthwise_shape *s = &d->shape;
    size_t from = (size_t)(s->in[0] * s->in[1]) * s->in_stride, to = (size_t)(s->out[0] * s->out[1]) * s->out_stride;
    for (size_t b = 0; b < batch; b++)
        depthwise_rows_as(d, code, 0, s->out[0], x + b * from, y + b * to);
}

void depthwise_run(const struct depthwise *d, size_t batch, const float *x, float *y) { depthwise_run_as(d, depthwise_best(), batch, x, y); }
