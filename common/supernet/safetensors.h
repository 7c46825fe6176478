/* Safetensors files: u64 little-endian length of a JSON header, the header {"name": {"dtype", "shape", "data_offsets"}, "__metadata__": {text:
 * text}}, then the raw tensors. Read from memory with every number checked before use; fuzzed. */
#ifndef SONATA_SUPERNET_SAFETENSORS_H
#define SONATA_SUPERNET_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "supernet/supernet.h"

enum {
    SAFETENSORS_HEADER_MAX = 1 << 20, /* bytes of JSON */
    SAFETENSORS_TENSORS_MAX = 8192,
    SAFETENSORS_METADATA_MAX = 64,
    SAFETENSORS_DIMS_MAX = 8,
    SAFETENSORS_NAME_MAX = 128,
    SAFETENSORS_TEXT_MAX = 4096
};

struct safetensors_tensor {
    char name[SAFETENSORS_NAME_MAX];
    char dtype[8];                      /* "F32" … */
    unsigned n_dims;
    size_t dim[SAFETENSORS_DIMS_MAX];
    const uint8_t *data;                /* into the bytes given to safetensors_parse(); not aligned */
    size_t size;                        /* bytes */
};

struct safetensors_entry {
    char key[SAFETENSORS_NAME_MAX];
    char *value;                        /* owned */
};

struct safetensors {
    size_t n_tensors, n_metadata;
    struct safetensors_tensor *tensor;  /* owned */
    struct safetensors_entry *metadata; /* owned */
};

/* Borrows the bytes. -EBADMSG on anything malformed; err says at which byte and what was expected. `name` (a file name) starts the text. */
int safetensors_parse(const void *bytes, size_t n, const char *name, struct safetensors *ret_file, struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases what it holds. */
void safetensors_fini(struct safetensors *f);
/* The tensor of that name, or NULL. It lives as long as the file. */
const struct safetensors_tensor *safetensors_find(const struct safetensors *f, const char *name);
/* Text of a metadata key or NULL. */
const char *safetensors_metadata(const struct safetensors *f, const char *key);

/* Key and text of one __metadata__ entry to write. */
struct safetensors_text {
    const char *key, *value;
};

/* Appends a file with the supernet's tensors in layout order and the metadata in the given order. Same input, same bytes. */
void safetensors_write_supernet(const struct supernet *n, const struct safetensors_text *metadata, size_t n_metadata, struct bytes *out);

/* Parses bytes and copies every tensor of the layout of n (which is initialised). -EBADMSG: malformed; -EINVAL: another space, or a tensor that is
 * missing, of another shape or type, or holds a value that is not finite. */
int safetensors_load_supernet(const void *bytes, size_t n, const char *name, struct supernet *supernet, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
