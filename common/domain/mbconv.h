/* The network family `mbconv`: from a space and a genotype to layer shapes. No weights here.
 *
 *     picture -> stem (3x3, stride 2, ReLU) -> stages -> head (1x1, ReLU) -> mean -> linear
 *     stage s: depth d{s} blocks of width w{s}; the first block has the stage's stride
 *     block l of stage s: expand (1x1 to e{s}{l} * input channels, ReLU) -> depthwise (k{s}{l}, ReLU) -> project (1x1 to w{s})
 *                         plus the block's input from the second block of the stage on (inverted residual, Sandler et al. 2018)
 *
 * Every convolution has a batch norm, folded into weight and bias in struct network. Genes count from 1: d1, w1, k11, e11 … Channel counts
 * are multiples of 8, so that no vector kernel needs a tail. */
#ifndef SONATA_DOMAIN_MBCONV_H
#define SONATA_DOMAIN_MBCONV_H

#include <stdint.h>

#include "base/error.h"
#include "domain/network.h"
#include "domain/space.h"

enum mbconv_role { MBCONV_STEM, MBCONV_EXPAND, MBCONV_DEPTHWISE, MBCONV_PROJECT, MBCONV_HEAD, MBCONV_MEAN, MBCONV_LINEAR };

enum { MBCONV_STEM_KERNEL = 3, MBCONV_STEM_STRIDE = 2, MBCONV_KERNEL_MAX = 7 };

/* Where a layer of a sub-network lives in the supernet; stage and block count from 0. */
struct mbconv_place {
    uint8_t role, stage, block;
    uint16_t in, out;       /* channels that enter and leave the whole block (of the layer itself outside blocks) */
    uint8_t expansion, kernel; /* of the block; 0 outside blocks */
};

/* Whether every gene the family needs is there with usable choices, and the largest network fits. 0 or -EINVAL with the reason. */
int mbconv_check(const struct space *s, struct sonata_error *err) SONATA_MUST_CHECK;

/* Layer list of a genotype, weights and biases NULL, macs and params filled; ret_place may be NULL.
 * -EINVAL when the space is not of this family or the genotype is not legal. */
int mbconv_shape(const struct space *s, const struct genotype *g, struct network *ret_network,
                 struct mbconv_place ret_place[NETWORK_LAYERS_MAX], struct sonata_error *err) SONATA_MUST_CHECK;

/* The numbers behind a gene's alleles ("w1", "d2" …), in listed order; returns how many, 0 when there is no such gene. */
unsigned mbconv_choices(const struct space *s, const char *gene, unsigned ret_value[SPACE_CHOICES_MAX]);

/* The same for the network that holds every sub-network: widest, deepest, largest kernels and expansions. */
int mbconv_shape_largest(const struct space *s, struct network *ret_network, struct mbconv_place ret_place[NETWORK_LAYERS_MAX],
                         struct sonata_error *err) SONATA_MUST_CHECK;

#endif
