/* Arena planning: an offset for every tensor so that tensors alive at the same time do not overlap. */
#ifndef SONATA_DOMAIN_ARENA_H
#define SONATA_DOMAIN_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "domain/network.h"

enum { ARENA_TENSORS_MAX = 256, ARENA_ALIGN = 4 };

/* Alive during steps first .. last, both included (step = layer index). */
struct arena_tensor {
    uint32_t size;
    unsigned first, last;
    uint32_t offset; /* result, a multiple of ARENA_ALIGN */
};

/* Sets the offsets and returns the arena size. Two greedy plans are made, largest tensor first (Pisarchyk and Lee, arXiv 2001.03288,
 * greedy by size) and in order of birth, and the smaller is kept. n <= ARENA_TENSORS_MAX. */
uint32_t arena_plan(struct arena_tensor *tensor, size_t n);
/* Largest sum of live tensors over all steps: no plan can be smaller. */
uint32_t arena_lower_bound(const struct arena_tensor *tensor, size_t n);

/* The tensors of a network (0: its input, i + 1: what layer i writes) with a byte for each value, into tensor[n_layers + 1]. */
void arena_of_network(const struct network *n, struct arena_tensor *tensor);

#endif
