/* The network family `elastic`: a convolutional network described item by item, any of whose widths, depths, kernels, expansions and input size may
 * be a gene. The published once-for-all supernets are instances of it (deploy/spaces), and so is whatever a lab describes in a space file
 * (docs/SPACES.md).
 *
 *   conv        k x k convolution, norm, activation; `depth` of them; shortcut identity adds the input after the activation
 *   mbconv      1x1 to round8(e x in) channels (left out when e is always 1), k x k depthwise, squeeze-and-excitation if asked for, 1x1 to the width
 *               (Sandler et al. 2018; Howard et al. 2019)
 *   bottleneck  1x1 to round8(e x width), k x k, 1x1 to the width, sum with the shortcut, activation (He et al. 2016)
 *   maxpool, mean (over height and width), linear (classes)
 *
 * Convolutions pad (kernel - 1) / 2 on every side; the output side is ceil(input / stride). Weights are slices of those of the largest network: the
 * first `out` output channels, the first `in` input channels. This file knows shapes, not weights. */
#ifndef SONATA_DOMAIN_ELASTIC_H
#define SONATA_DOMAIN_ELASTIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct space;
struct genotype;

enum {
    ELASTIC_ITEMS_MAX = 24,
    ELASTIC_DEPTH_MAX = 8,
    ELASTIC_LAYERS_MAX = 512,
    ELASTIC_CHANNELS_MAX = 8192,
    ELASTIC_KERNEL_MAX = 11,
    ELASTIC_SIZE_MAX = 1024
};

enum elastic_kind { ELASTIC_CONV, ELASTIC_MBCONV, ELASTIC_BOTTLENECK, ELASTIC_MAXPOOL, ELASTIC_MEAN, ELASTIC_LINEAR, ELASTIC_KINDS };
enum elastic_activation {
    ELASTIC_NONE,
    ELASTIC_RELU,
    ELASTIC_RELU6,
    ELASTIC_HSWISH,   /* x hsigmoid(x) */
    ELASTIC_SWISH,    /* x / (1 + exp(-x)) */
    ELASTIC_HSIGMOID, /* min(max(x + 3, 0), 6) / 6 */
    ELASTIC_ACTIVATIONS
};
enum elastic_shortcut {
    ELASTIC_SHORTCUT_NONE,
    ELASTIC_SHORTCUT_IDENTITY, /* where stride is 1 and the width stays */
    ELASTIC_SHORTCUT_PROJECT,  /* an item's first block: average pool by the stride, 1x1, norm; the others: identity */
    ELASTIC_SHORTCUT_POOL,     /* average pool by the stride; 1x1 without norm where the width changes */
    ELASTIC_SHORTCUTS
};

/* A number of the structure: fixed, or the value of a gene, which may be another one for every block of the item. */
struct elastic_number {
    double fixed;
    int16_t gene[ELASTIC_DEPTH_MAX]; /* -1: fixed */
};

struct elastic_item {
    uint8_t kind, activation, shortcut; /* enums above */
    uint8_t stride, max_depth;
    bool squeeze; /* squeeze-and-excitation */
    bool norm;
    struct elastic_number depth, width, kernel, expand;
    struct elastic_number scale; /* of the width, which is then round8(width x scale); 1: the width as it is */
};

struct elastic {
    uint8_t n_items;
    struct elastic_item item[ELASTIC_ITEMS_MAX];
    struct elastic_number resolution; /* side of the square input */
    double epsilon;                   /* of the batch norms */
};

/* v to the nearest multiple of 8, at least 8, never below 0.9 v: the rule of MobileNetV2's authors that all of these networks follow. */
unsigned elastic_round8(double v);
/* A number that is no gene. */
struct elastic_number elastic_fixed(double v);

/* What a layer computes. Tensor 0 is the picture, layer i writes tensor i + 1. */
enum elastic_op {
    ELASTIC_OP_CONV,
    ELASTIC_OP_DEPTHWISE,
    ELASTIC_OP_MAXPOOL,
    ELASTIC_OP_AVERAGE, /* pool stride x stride; a window over the edge divides by the pixels inside */
    ELASTIC_OP_MEAN,
    ELASTIC_OP_SCALE, /* input times `other`, one value a channel */
    ELASTIC_OP_ADD,   /* input plus `other` */
    ELASTIC_OP_LINEAR
};

/* Which layer of its block: names its weights. */
enum elastic_part {
    ELASTIC_MAIN,
    ELASTIC_EXPAND,
    ELASTIC_DEPTHWISE,
    ELASTIC_REDUCE,
    ELASTIC_EXCITE,
    ELASTIC_PROJECT,
    ELASTIC_FIRST,
    ELASTIC_SECOND,
    ELASTIC_THIRD,
    ELASTIC_SHORTCUT,
    ELASTIC_PARTS
};

struct elastic_layer {
    uint8_t op, activation, part; /* enums above */
    uint8_t item, block;          /* from 0 */
    bool norm, bias;
    uint32_t in_channels, out_channels;
    uint16_t kernel, stride, in_size, out_size;
    int16_t input, other; /* tensors read; -1: none */
};

struct elastic_plan {
    unsigned n_layers;
    struct elastic_layer layer[ELASTIC_LAYERS_MAX];
    uint16_t input_size, input_channels;
    double macs;        /* multiply-accumulates of convolutions and products with weights */
    double params;      /* weights and biases after folding the norms */
    double peak_floats; /* of the tensors alive at once, each layer's output beside what is still read */
};

/* Whether every number has usable values, the items make one network and the largest fits the limits. 0 or -EINVAL with item and reason. */
int elastic_check(const struct space *s, struct sonata_error *err) SONATA_MUST_CHECK;
/* Layers of a genotype; NULL: of the network that holds the weights of all, which is widest, deepest, of the largest kernels, expansions and input,
 * and has every shortcut's convolution that any of them has. -EINVAL when the space is not of this family or the genotype is not legal. */
int elastic_plan(const struct space *s, const struct genotype *g, struct elastic_plan *ret_plan, struct sonata_error *err) SONATA_MUST_CHECK;

/* Smallest to largest distinct values that a number takes in a block; returns how many (1 for a fixed one). */
unsigned elastic_values(const struct space *s, const struct elastic_number *n, unsigned block, double ret_value[16]);

/* Words of space files. */
extern const char *const elastic_kind_word[ELASTIC_KINDS];
extern const char *const elastic_activation_word[ELASTIC_ACTIVATIONS];
extern const char *const elastic_shortcut_word[ELASTIC_SHORTCUTS];

#endif
