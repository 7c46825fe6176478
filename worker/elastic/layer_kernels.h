/* The layers without weights in plain C, on [batch][channels][pixels] floats. */
#ifndef SONATA_ELASTIC_LAYER_KERNELS_H
#define SONATA_ELASTIC_LAYER_KERNELS_H

#include <stddef.h>

#include "domain/elastic.h"

/* Pools, mean, scale and add; out is written whole. other: second operand of scale ([batch][channels]) and add. */
void layer_kernel(const struct elastic_layer *l, size_t batch, const float *in, const float *other, float *out);
void layer_activate(enum elastic_activation a, float *x, size_t n);

struct channel_moments {
    double mean, variance; /* biased: divided by the number of values */
};
/* Over all pictures and pixels of channel c. */
struct channel_moments channel_moments(const float *x, size_t batch, size_t channels, size_t c, size_t pixels);
/* x = factor x + offset in channel c. */
void channel_affine(float *x, size_t batch, size_t channels, size_t c, size_t pixels, float factor, float offset);

#endif
