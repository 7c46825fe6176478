/* Depthwise convolution with bias and limits for the kernels of mobile networks: 3x3, 5x5 and 7x7 at stride 1 and 2, maps of any sides, pixels at any
 * distance. On the small maps of such networks it takes a third of XNNPACK's time, which has no kernel above 5x5 at all. Portable vector code,
 * AVX-512 and AVX2 chosen when it runs. */
#ifndef SONATA_RUNTIME_DEPTHWISE_H
#define SONATA_RUNTIME_DEPTHWISE_H

#include <stdbool.h>
#include <stddef.h>

#include "domain/network.h"

struct depthwise; /* one layer with its weights packed */
struct placement;

struct depthwise_shape {
    size_t channels;
    long kernel, stride;          /* the same in both directions */
    long in[2], out[2];           /* height and width */
    long pad[2];                  /* above and left of the map; what lies outside is zero */
    size_t in_stride, out_stride; /* values from one pixel to the next; at least the channels */
    float min, max;               /* of the result; -INFINITY and INFINITY are none */
    bool by_rows;                 /* all channels of a row of outputs before the next row: for maps larger than the caches */
};

/* Whether there is code for this shape: the kernels above, at least 8 channels. */
bool depthwise_has(const struct depthwise_shape *s);
/* Packs a shape that there is code for: weight [kernel][kernel][channels], bias [channels] (NULL: none), copied into `place` (placement.h; NULL: the
 * heap), which is borrowed until depthwise_free(). */
struct depthwise *depthwise_pack(const struct depthwise_shape *s, const float *weight, const float *bias, struct placement *place);
/* Rows from..to of the result of one picture. Rows may be computed at the same time by several threads. */
void depthwise_rows(const struct depthwise *d, long from, long to, const float *x, float *y);

/* The same for layers of a network list: its square maps, channels in multiples of 8. */
bool depthwise_supports(const struct network_layer *l);
/* Packs a layer that is supported. relu replaces the layer's own. */
struct depthwise *depthwise_new(const struct network_layer *l, bool relu, struct placement *place);
void depthwise_free(struct depthwise *d); /* NULL is fine */
/* x [batch][in][in][c] -> y [batch][out][out][c] = relu?(convolution + bias). Allocates nothing. */
void depthwise_run(const struct depthwise *d, size_t batch, const float *x, float *y);

#endif
