/* Arrays of NumPy (.npy, versions 1 to 3) as files: what goes into a network and comes out of it, for whoever compares with another runtime. */
#ifndef SONATA_MODEL_NPY_H
#define SONATA_MODEL_NPY_H

#include "base/error.h"
#include "graph/graph.h"

/* Reads floats of 4 or 8 bytes, integers and truth values, in C order, at most GRAPH_ELEMENTS_MAX of them. The tensor's data is for free(); it has no
 * name. -ENOENT and other errors of files; -EBADMSG not an array; -ENOTSUP another type or order. */
int npy_read(const char *path, struct graph_tensor *ret, struct sonata_error *err) SONATA_MUST_CHECK;
/* The same from memory; `name` is for messages. */
int npy_parse(const void *data, size_t size, const char *name, struct graph_tensor *ret, struct sonata_error *err) SONATA_MUST_CHECK;
/* Writes float32 or int64, version 1, whole or not at all. */
int npy_write(const char *path, enum graph_type type, const struct graph_shape *shape, const void *data, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
