/* Reads ONNX files (operator sets 7 to 17) into a struct graph: docs/ONNX.md has the operators. Everything in a file is hostile until it was checked:
 * sizes are bounded before anything is allocated, nesting is bounded, nothing outside the file is opened.
 *
 * Shapes are static. One symbolic dimension, the batch, gets its size when the file is read; others need a value by name. What computes shapes
 * (Shape, Gather, Concat …) is computed while reading. */
#ifndef SONATA_ONNX_ONNX_READER_H
#define SONATA_ONNX_ONNX_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "graph/graph.h"

enum { ONNX_FILE_MAX = 1 << 30, ONNX_OPSET_MIN = 7, ONNX_OPSET_MAX = 20 };

struct onnx_dimension {
    const char *name;
    int64_t size;
};

struct onnx_options {
    int64_t batch;                          /* 0: 1 */
    const struct onnx_dimension *dimension; /* sizes of other symbolic dimensions */
    size_t n_dimensions;
    /* Inputs that are bound to a value while reading (and are inputs no more): those that hold shapes, indices or limits. Borrowed; found by name. */
    const struct graph_tensor *fixed;
    size_t n_fixed;
    struct bytes *consume; /* what `data` points into: released as soon as it is taken apart, also after an error; NULL: the caller's to keep */
};

/* `name` is the file's, for messages. Release with graph_fini(), which is fine after an error, too. -EBADMSG not an ONNX file, damaged; -ENOTSUP an
 * operator or a type that is not known here (the text says what to use instead); -EINVAL a model that contradicts itself; -EFBIG a limit. */
int onnx_read(const void *data, size_t size, const char *name, const struct onnx_options *options, struct graph *ret_graph,
              struct sonata_error *err) SONATA_MUST_CHECK;

/* A file that holds one tensor (TensorProto). Name and data are allocated for the caller. */
int onnx_read_tensor(const void *data, size_t size, struct graph_tensor *ret_tensor, struct sonata_error *err) SONATA_MUST_CHECK;

/* The operators that are read, in order of their names; NULL at the end. */
const char *const *onnx_operators(void);

#endif
