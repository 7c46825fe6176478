/* Executors: run a struct network on this machine. One ops table per engine; `ref` is plain C and the oracle of the tests, `xnnpack` is for real. */
#ifndef SONATA_RUNTIME_RUNTIME_H
#define SONATA_RUNTIME_RUNTIME_H

#include <stddef.h>

#include "base/error.h"
#include "domain/network.h"

struct placement;
struct runtime; /* one network prepared for one batch size; each engine has its own layout */

struct runtime_ops {
    const char *name;
    /* Version text of the library behind it, "" when there is none. */
    const char *(*version)(void);
    /* Prepares a network for batches of exactly `batch` pictures on one thread. Weights and tensors are taken from `place` (placement.h; NULL: the
     * heap). It and the network are borrowed until destroy. -ENOMEM or -ENOTSUP. */
    int (*create)(const struct network *n, size_t batch, struct placement *place, struct runtime **ret_runtime, struct sonata_error *err);
    /* pictures [batch][size][size][channels] -> logits [batch][classes]; allocates nothing. */
    int (*run)(struct runtime *r, const float *pictures, float *logits);
    void (*destroy)(struct runtime *r); /* NULL is fine */
    /* Bytes it holds for tensors: every one has its own place, so this is their sum, not the peak of those alive. */
    size_t (*tensor_bytes)(const struct runtime *r);
    /* One convolution layer without ReLU and residual: build_convolve of supernet/build.h (context unused). */
    int (*convolve)(void *context, const struct network_layer *layer, size_t batch, const float *x, float *y);
};

extern const struct runtime_ops runtime_ref, runtime_xnnpack;

/* By name; NULL or "" is the fastest built in; NULL when there is none of that name. */
const struct runtime_ops *runtime_find(const char *name);

#endif
