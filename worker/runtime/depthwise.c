/* See depthwise.h. Weights are packed in groups of 16 channels, tap after tap, so that one group's taps lie together in the first cache whatever the
 * number of channels; the last group may have 8. A group is one AVX-512 register or twice 8 floats (AVX, NEON, whatever the compiler makes of them). */
#include "runtime/depthwise.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/depthwise_internal.h"
#include "runtime/placement.h"

enum { GROUP = 16 };

struct depthwise {
    struct network_layer layer;
    bool relu;
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

bool depthwise_supports(const struct network_layer *l)
{
    bool kernel = l->kernel == 3 || l->kernel == 5 || l->kernel == 7;
    return l->type == NETWORK_DEPTHWISE && kernel && (l->stride == 1 || l->stride == 2) && l->out_channels % 8 == 0;
}

struct depthwise *depthwise_new(const struct network_layer *l, bool relu, struct placement *place)
{
    struct depthwise *d = xcalloc(1, sizeof *d);
    size_t taps = (size_t)l->kernel * l->kernel, channels = l->out_channels;
    d->layer = *l;
    d->relu = relu;
    d->place = place;
    d->weight = placement_take(place, taps * channels * sizeof(float), 0);
    d->bias = placement_take(place, channels * sizeof(float), 0);
    memcpy(d->bias, l->bias, channels * sizeof(float));
    for (size_t q = 0; q < channels; q++) {
        size_t group = q / GROUP * GROUP, width = channels - group < GROUP ? channels - group : GROUP;
        for (size_t t = 0; t < taps; t++)
            d->weight[group * taps + t * width + q % GROUP] = l->weight[t * channels + q];
    }
    return d;
}

void depthwise_free(struct depthwise *d)
{
    if (!d)
        return;
    placement_drop(d->place, d->weight);
    placement_drop(d->place, d->bias);
    free(d);
}

/* Channels from..to of one picture, 8 at a time. */
INLINE void narrow(const struct depthwise *d, size_t from, const float *x, float *y)
{
    size_t taps = (size_t)d->layer.kernel * d->layer.kernel, channels = d->layer.out_channels;
    for (size_t q = from; q < channels; q += 8) {
        size_t group = q / GROUP * GROUP, width = channels - group < GROUP ? channels - group : GROUP;
        channels8(d, x + q, d->weight + group * taps + q % GROUP, width, d->bias + q, y + q);
    }
}

static void picture_any(const struct depthwise *d, const float *x, float *y)
{
    narrow(d, 0, x, y);
}

#if defined(__x86_64__)
__attribute__((target("arch=x86-64-v3"))) static void picture_v3(const struct depthwise *d, const float *x, float *y)
{
    narrow(d, 0, x, y);
}

__attribute__((target("arch=x86-64-v4"))) static void picture_v4(const struct depthwise *d, const float *x, float *y)
{
    size_t taps = (size_t)d->layer.kernel * d->layer.kernel, whole = d->layer.out_channels / GROUP * GROUP;
    for (size_t q = 0; q < whole; q += GROUP)
        channels16(d, x + q, d->weight + q * taps, GROUP, d->bias + q, y + q);
    narrow(d, whole, x, y);
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

void depthwise_run_as(const struct depthwise *d, enum depthwise_code code, size_t batch, const float *x, float *y)
{
    const struct network_layer *l = &d->layer;
    size_t from = (size_t)l->in_size * l->in_size * l->in_channels, to = (size_t)l->out_size * l->out_size * l->out_channels;
    void (*picture)(const struct depthwise *, const float *, float *) = picture_any;
#if defined(__x86_64__)
    picture = code == DEPTHWISE_V4 ? picture_v4 : code == DEPTHWISE_V3 ? picture_v3 : picture_any;
#else
    (void)code;
#endif
    for (size_t b = 0; b < batch; b++)
        picture(d, x + b * from, y + b * to);
}

void depthwise_run(const struct depthwise *d, size_t batch, const float *x, float *y)
{
    depthwise_run_as(d, depthwise_best(), batch, x, y);
}
