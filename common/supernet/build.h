/* From a plan to a network ready to run: slice the shared weights, measure batch-norm statistics on given pictures, fold.
 *
 * Statistics of a supernet cannot be shared between sub-networks, so each one gets its own from a few hundred training pictures (Yu and Huang,
 * ICCV 2019). Layer by layer: convolve all pictures with the sliced weights, take mean and variance of every channel, fold
 *     weight' = weight * scale / sqrt(var + epsilon),   bias' = shift - mean * scale / sqrt(var + epsilon),
 * apply, go on to the next layer: one pass, exact over the whole picture set. */
#ifndef SONATA_SUPERNET_BUILD_H
#define SONATA_SUPERNET_BUILD_H

#include <stddef.h>

#include "base/error.h"
#include "domain/network.h"
#include "supernet/supernet.h"

/* Runs one convolution layer (CONV, POINTWISE or DEPTHWISE) of `batch` pictures, x [batch][in][in][ci] to y [batch][out][out][co], with its weights
 * and bias; ReLU and residual are NOT applied. x and y have BUILD_SLACK spare bytes at the end. Given by a runtime, so that this module stays pure.
 * 0 or negative errno. */
typedef int (*build_convolve)(void *context, const struct network_layer *layer, size_t batch, const float *x, float *y);

enum { BUILD_SLACK = 64, BUILD_PICTURES_MAX = 8192 };

/* What the statistics of batch norm are made from. */
struct build_statistics {
    const float *pictures; /* [n_pictures][size][size][channels] */
    size_t n_pictures;     /* 2 .. BUILD_PICTURES_MAX */
    build_convolve convolve;
    void *context; /* for convolve() */
};
/* The sub-network of a genotype, ready to run: sliced, statistics of batch norm made anew, folded. Release it with network_free(). -EINVAL: too few
 * or too many pictures, or no such genotype; else the error of convolve(). */
int supernet_build(const struct supernet *n, const struct genotype *g, const struct build_statistics *from, struct network *ret_network,
                   struct sonata_error *err) SONATA_MUST_CHECK;

/* The first half only: sliced weights, biases zero (but the classifier's), batch norm not yet folded. */
int supernet_slice(const struct supernet *n, const struct genotype *g, struct network *ret_network, struct sonata_error *err) SONATA_MUST_CHECK;

/* Frees weights and biases and empties the list; fine on a zeroed or half-built one. */
void network_free(struct network *n);

#endif
