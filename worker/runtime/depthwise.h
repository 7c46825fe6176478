/* Depthwise convolution with bias and ReLU for the kernels of mobile networks: 3x3, 5x5 and 7x7 at stride 1 and 2. On the small maps of such networks it
 * takes a third of XNNPACK's time, which has no kernel above 5x5 at all. Portable vector code, AVX-512 and AVX2 chosen when it runs. */
#ifndef SONATA_RUNTIME_DEPTHWISE_H
#define SONATA_RUNTIME_DEPTHWISE_H

#include <stdbool.h>
#include <stddef.h>

#include "domain/network.h"

struct depthwise; /* one layer with its weights packed */
struct placement;

/* Whether there is code for this layer: the kernels above, channels in multiples of 8. */
bool depthwise_supports(const struct network_layer *l);
/* Packs a layer that is supported, into `place` (placement.h; NULL: the heap), which is borrowed until depthwise_free(). relu replaces the layer's own. */
struct depthwise *depthwise_new(const struct network_layer *l, bool relu, struct placement *place);
void depthwise_free(struct depthwise *d); /* NULL is fine */
/* x [batch][in][in][c] -> y [batch][out][out][c] = relu?(convolution + bias). Allocates nothing. */
void depthwise_run(const struct depthwise *d, size_t batch, const float *x, float *y);

#endif
