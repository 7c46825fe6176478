/* Own loops over values, for what XNNPACK has no operator for. Compiled for several processors; the best one is taken when it runs. */
#ifndef SONATA_GRAPH_VECTOR_H
#define SONATA_GRAPH_VECTOR_H

#include <stddef.h>

struct vector_code {
    const char *name;
    /* y = x / (1 + e^-x), within 5e-7 of it relatively, or 1e-35; y may be x. */
    void (*silu)(const float *x, float *y, size_t n);
    /* y = x a + b, cut to min..max; y may be x. */
    void (*affine)(const float *x, const float *a, const float *b, float *y, size_t n, float min, float max);
};

/* The best for this machine. */
const struct vector_code *vector_best(void);
/* Every one that this machine can run, NULL at the end; for tests. */
const struct vector_code *const *vector_all(void);

#endif
