/* Running a graph: `ref` is plain C, node after node, and the oracle of the tests; `engine` is for real. Both work on the same struct, so that
 * whoever measures does not know which it is. One executor belongs to one thread. */
#ifndef SONATA_GRAPH_EXECUTOR_H
#define SONATA_GRAPH_EXECUTOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "graph/graph.h"

#define EXECUTOR_BYTES_MAX (INT64_C(1) << 32) /* of all tensors of one executor */

struct executor;

/* An input to write to before a run, an output to read after it; contiguous, in ONNX's order of dimensions. */
struct executor_port {
    const char *name;
    enum graph_type type;
    struct graph_shape shape;
    void *data;
};

struct executor_layer {
    const char *name; /* of the node in the file */
    const char *op;
    const char *how; /* what computes it */
    double macs;
    int64_t ns; /* sum over the runs so far while `now_ns` is set */
};

struct executor_ops {
    const char *name;
    int (*run)(struct executor *e, struct sonata_error *err);
    void (*destroy)(struct executor *e);
};

struct executor {
    const struct executor_ops *ops;
    const char *version; /* of the library behind it; "" */
    unsigned n_inputs, n_outputs, threads;
    struct executor_port input[GRAPH_PORTS_MAX], output[GRAPH_PORTS_MAX];
    struct executor_layer *layer;
    size_t n_layers;
    int64_t (*now_ns)(void); /* NULL: layers are not timed */
    size_t tensor_bytes;     /* held for values, without weights */
    double macs, params;
};

/* The graph moves in, in any case. -EFBIG: its tensors need more than EXECUTOR_BYTES_MAX. */
int executor_ref_create(struct graph *take, struct executor **ret, struct sonata_error *err) SONATA_MUST_CHECK;

/* XNNPACK and own kernels; threads 1 to 64. -ENOTSUP: the processor. */
int executor_engine_create(struct graph *take, unsigned threads, struct executor **ret, struct sonata_error *err) SONATA_MUST_CHECK;

/* One inference over the inputs that were set. 0 or -errno with the reason. */
static inline int executor_run(struct executor *e, struct sonata_error *err) { return e->ops->run(e, err); }
static inline void executor_free(struct executor *e) /* NULL is fine */
{
    if (e)
        e->ops->destroy(e);
}

#endif
