/* Names of values to the numbers of their tensors: a hash table whose order a file cannot foresee (SipHash with a random key). */
#ifndef SONATA_ONNX_NAMES_H
#define SONATA_ONNX_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct names {
    const char **name; /* borrowed */
    int32_t *value;
    size_t n, capacity;
    uint8_t key[16];
};

/* Empty, with a random key, so that nobody can choose names that collide. Release with names_fini(). */
void names_init(struct names *t);
/* Releases what it holds. */
void names_fini(struct names *t);
/* The value, or -1. */
int32_t names_find(const struct names *t, const char *name);
/* The name is borrowed. 0, or -EEXIST. */
int names_add(struct names *t, const char *name, int32_t value);

#endif
