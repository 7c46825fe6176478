/* What the readers of containers share. */
#ifndef SONATA_CHECKPOINT_INTERNAL_H
#define SONATA_CHECKPOINT_INTERNAL_H

#include "checkpoint/checkpoint.h"
#include "checkpoint/pickle.h"

/* A file being read. */
struct source {
    const uint8_t *data;
    size_t size;
    const char *name;
    struct checkpoint *into;
    struct sonata_error *err;
};

/* Values that tensors share, as a container holds them. */
struct storage {
    const uint8_t *data;
    size_t size; /* bytes */
};

/* Finds the storage of a key (of n bytes, not terminated), which holds `count` elements of a type. -EBADMSG when it is missing or too short. */
typedef int (*storage_find)(void *context, const char *key, size_t n, size_t bytes, struct storage *ret);

/* Bytes of an element. */
size_t type_size(enum checkpoint_type t);
/* Takes a tensor over when all its elements lie inside `available` elements at data, the first at `offset`. The name is copied. -EBADMSG, -EFBIG. */
int add_tensor(const struct source *s, const char *name, struct checkpoint_tensor *t, const uint8_t *data, size_t offset, size_t available);
/* Memory that the checkpoint owns from now on. */
void hold(struct checkpoint *c, uint8_t *memory);

/* One reader per container. */
int read_zip(const struct source *s);
int read_legacy(const struct source *s);
int read_safetensors(const struct source *s);

/* state_dict.c: the tensors of a pickled object. */
int read_state_dict(const struct source *s, const struct pickle *p, storage_find find, void *context);
/* The parts of a storage's name: ("storage", type, key, location, count). */
struct storage_name {
    enum checkpoint_type type;
    const char *key;
    size_t key_size, bytes;
};
/* False when the value is something else, or of an unknown type. The key is borrowed from the pickle. */
bool storage_name_of(const struct pickle *p, const struct pickle_value *persistent, struct storage_name *ret);

#endif
