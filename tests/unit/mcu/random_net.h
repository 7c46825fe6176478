/* Random layer lists for the microcontroller tests: an inverted-residual network of the shape the mbconv family gives. */
#ifndef SONATA_TESTS_MCU_RANDOM_NET_H
#define SONATA_TESTS_MCU_RANDOM_NET_H

#include <stdbool.h>

#include "base/rng.h"
#include "domain/network.h"

struct random_net_options {
    unsigned input_size, input_channels, classes;
    unsigned width, blocks, expand, kernel, head;
};

/* Small enough for a serial line: about 4 KB of weights. */
struct random_net_options random_net_small(void);
/* Weights ~ He initialisation, biases small. Release with random_net_fini(). */
void random_net_init(struct network *net, const struct random_net_options *o, struct rng *rng);
/* Gives the layers of a list without weights (mbconv_shape()) random ones. */
void random_net_fill(struct network *net, struct rng *rng);
void random_net_fini(struct network *net);
/* n pictures with smooth content in 0 .. 1; caller frees. */
float *random_pictures(const struct network *net, unsigned n, struct rng *rng);

#endif
