/* The tensors of a file that holds trained weights: PyTorch's own two containers (zip since version 1.6, five pickles in a row before) and
 * safetensors. Nothing in the file is executed (checkpoint/pickle.h); a file by another program that is not understood is refused with what was
 * expected. */
#ifndef SONATA_CHECKPOINT_CHECKPOINT_H
#define SONATA_CHECKPOINT_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

enum { CHECKPOINT_BYTES_MAX = 1 << 30, CHECKPOINT_TENSORS_MAX = 16384, CHECKPOINT_DIMS_MAX = 8, CHECKPOINT_NAME_MAX = 256 };

enum checkpoint_type {
    CHECKPOINT_F32,
    CHECKPOINT_F64,
    CHECKPOINT_F16,
    CHECKPOINT_BF16,
    CHECKPOINT_I64,
    CHECKPOINT_I32,
    CHECKPOINT_I16,
    CHECKPOINT_I8,
    CHECKPOINT_U8,
    CHECKPOINT_BOOL,
    CHECKPOINT_TYPES
};

struct checkpoint_tensor {
    char *name; /* owned: keys of the dict of weights, "blocks.1.conv.weight" */
    enum checkpoint_type type;
    unsigned n_dims;
    size_t dim[CHECKPOINT_DIMS_MAX], stride[CHECKPOINT_DIMS_MAX]; /* elements */
    const uint8_t *data;                                          /* little-endian; checked: every element lies inside the file */
};

struct checkpoint {
    struct checkpoint_tensor *tensor; /* owned; in the file's order */
    size_t n_tensors, capacity;
    uint8_t **held; /* owned: parts of a zip that were read */
    size_t n_held, held_capacity;
    struct bytes file; /* owned: of checkpoint_open() */
};

/* Reads a whole file. -ENOENT and other errors of files; -EFBIG beyond CHECKPOINT_BYTES_MAX; -EBADMSG, -ENOTSUP as checkpoint_parse(). Release with
 * checkpoint_fini(). */
int checkpoint_open(const char *path, struct checkpoint *ret, struct sonata_error *err) SONATA_MUST_CHECK;
/* The same from memory, borrowed until checkpoint_fini(). The weights are the dict under "state_dict" when the file has one, else the outermost dict;
 * what is in it and no tensor is left out. -EBADMSG damaged, or no weights in it; -ENOTSUP another container or kind of tensor. */
int checkpoint_parse(const void *data, size_t size, const char *name, struct checkpoint *ret, struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases what the reader took; fine on a zeroed one. */
void checkpoint_fini(struct checkpoint *c);

/* NULL when there is none of that name. */
const struct checkpoint_tensor *checkpoint_find(const struct checkpoint *c, const char *name);
/* Elements of a tensor. */
size_t checkpoint_elements(const struct checkpoint_tensor *t);
/* Its values as floats, row by row (the last dimension runs fastest); out holds checkpoint_elements() of them. */
void checkpoint_values(const struct checkpoint_tensor *t, float *out);
/* "float32", "int64" … */
const char *checkpoint_type_name(enum checkpoint_type t);

#endif
