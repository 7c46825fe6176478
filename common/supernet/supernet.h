/* The weight-sharing network of a space: one array of floats, cut into named tensors. Family elastic: elastic_layout.h; what follows is of mbconv.
 *
 * What is shared: every variant of a block, that is (stage, block, channels in, channels out, expansion), has one set of 1x1 weights, its
 * depthwise weights once more per kernel size, and all architectures in which that variant occurs use and train them. Slices of one large tensor
 * (once-for-all style) were tried first and left random sub-networks indistinguishable within any affordable training: docs/SUPERNET.md has the
 * comparison. Plans still describe every layer as a view (offset, leading dimension), so both layouts run through the same code.
 *
 * Layout: convolution and classifier weights [ky][kx][in][out], depthwise [ky][kx][channel]: the last axis is the output channel, so a 1x1 weight
 * is a matrix with a leading dimension and needs no copy. */
#ifndef SONATA_SUPERNET_SUPERNET_H
#define SONATA_SUPERNET_SUPERNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "domain/mbconv.h"
#include "domain/space.h"

struct rng;

enum { SUPERNET_TENSOR_NAME_MAX = 64, SUPERNET_TENSORS_MAX = 8192, SUPERNET_VALUES_MAX = 1 << 26 };

/* batch norm: y = scale * (x - mean) / sqrt(var + epsilon) + shift */
#define SUPERNET_EPSILON 1e-5f

struct supernet_tensor {
    char name[SUPERNET_TENSOR_NAME_MAX];    /* "stage1.block2.8to8.e4.k5.depthwise.weight", ".scale", ".shift" */
    unsigned n_dims;
    size_t dim[4];
    size_t offset, size;                    /* in floats */
    bool decay;                             /* weight decay applies (weights, not scales and shifts) */
};

struct supernet {
    const struct space *space;              /* borrowed */
    unsigned n_tensors;
    struct supernet_tensor *tensor;         /* owned */
    size_t capacity;
    size_t n_values;
    float *value;                           /* owned; n_values floats */
};

/* Layout with zeroed values. -EINVAL: a space without networks, or more than SUPERNET_TENSORS_MAX tensors. Release with supernet_fini(). */
int supernet_init(struct supernet *n, const struct space *space, struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases what it holds. */
void supernet_fini(struct supernet *n);
/* He initialisation of the weights, scale 1, shift 0. */
void supernet_randomize(struct supernet *n, struct rng *rng);
/* Identity of a space's networks (names, genes, choices, stages) for file metadata; independent of padding and byte order. */
void supernet_space_hash(const struct space *s, uint8_t ret_hash[HASH_SIZE]);
/* Index of the tensor, or -1. */
int supernet_find(const struct supernet *n, const char *name);

/* One layer of a sub-network as a view of the shared array. Offsets are into supernet.value (and into arrays of the same layout: gradient,
 * momentum). */
struct supernet_layer {
    struct network_layer shape;             /* weight and bias NULL */
    size_t weight;                          /* depthwise: of the kernel window's first tap */
    size_t ld;                              /* leading dimension: shared number of output channels */
    size_t kernel_row;                      /* depthwise, conv: floats from one kernel row to the next */
    size_t scale, shift;                    /* convolutions with batch norm */
    size_t bias;                            /* linear */
    unsigned n_tensors, tensor[3];          /* indices of the tensors the layer uses */
};

struct supernet_plan {
    unsigned n_layers;
    struct supernet_layer layer[NETWORK_LAYERS_MAX];
    double macs, params;
};

/* -EINVAL when the genotype is not legal in the space. */
int supernet_plan(const struct supernet *n, const struct genotype *g, struct supernet_plan *ret_plan, struct sonata_error *err) SONATA_MUST_CHECK;

/* Floats from one tap of a kernel to the next (same row). */
static inline size_t supernet_tap(const struct supernet_layer *l)
{
    return l->shape.type == NETWORK_DEPTHWISE ? l->ld : l->ld * l->shape.in_channels;
}

#endif
