/* The layers without weights in plain C, on [batch][channels][pixels] floats. */
#ifndef SONATA_ELASTIC_LAYER_KERNELS_H
#define SONATA_ELASTIC_LAYER_KERNELS_H

#include <stddef.h>

#include "domain/elastic.h"

/* Pools, mean, scale and add; out is written whole. other: second operand of scale ([batch][channels]) and add. */
void layer_kernel(const struct elastic_layer *l, size_t batch, const float *in, const float *other, float *out);
/* Applies the activation to n floats in place. */
void layer_activate(enum elastic_activation a, float *x, size_t n);

/* One channel of all pictures. */
struct channel {
    size_t batch, channels, pixels, index;
};

struct channel_moments {
    double mean, variance; /* biased: divided by the number of values */
};
/* Over all pictures and pixels of a channel of x. */
struct channel_moments channel_moments(const float *x, const struct channel *c);
/* x = factor x + offset in a channel. */
void channel_affine(float *x, const struct channel *c, float factor, float offset);

#endif
