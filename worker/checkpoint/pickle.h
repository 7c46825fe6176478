/* Python pickles as data: every instruction is read, none is executed. Calls that a pickle asks for become values of their own (what is called, with
 * what), so that whoever knows the format stored in it recognises the few that mean something and everything else is carried and never called. */
#ifndef SONATA_CHECKPOINT_PICKLE_H
#define SONATA_CHECKPOINT_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    PICKLE_BYTES_MAX = 16 << 20, /* of one pickle */
    PICKLE_VALUES_MAX = 1 << 20,
    PICKLE_STACK_MAX = 1 << 20
};

enum pickle_kind {
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INT,
    PICKLE_FLOAT,
    PICKLE_TEXT,      /* text and bytes, and whole numbers of more than 64 bits as their little-endian bytes */
    PICKLE_TUPLE,     /* tuples, lists and sets: item[] */
    PICKLE_DICT,      /* item[]: key, value, key, value … */
    PICKLE_GLOBAL,    /* a class or function: see pickle_is_global() */
    PICKLE_CALL,      /* function, argument; what is set in the result later stands in item[] as in a dict */
    PICKLE_PERSISTENT /* something kept outside the pickle; argument: how it is named */
};

/* Values refer to each other by their number; a value may be reached in several ways, and through itself. */
struct pickle_value {
    enum pickle_kind kind;
    bool truth;
    int64_t integer;
    double number;
    const char *text; /* borrowed from the pickle, not terminated */
    size_t text_size;
    uint32_t function, argument;
    uint32_t *item; /* owned */
    size_t n_items, capacity;
};

struct pickle {
    struct pickle_value *value; /* owned */
    size_t n_values, capacity;
    uint32_t root;
    size_t size; /* bytes read */
};

/* Reads one pickle of protocol 2 to 5 from the start of the bytes, which are borrowed until pickle_fini(). `name` and the offset `at` of the first
 * byte are for messages. -EBADMSG with the byte that is wrong; -EFBIG beyond a limit. */
int pickle_read(const uint8_t *data, size_t size, const char *name, size_t at, struct pickle *ret_pickle, struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases the values; fine on a zeroed one. */
void pickle_fini(struct pickle *p);

/* Whether a value is this text. */
bool pickle_is_text(const struct pickle_value *v, const char *text);
/* Whether it is the class or function of that module. */
bool pickle_is_global(const struct pickle *p, const struct pickle_value *v, const char *module, const char *name);
/* Value of a dict (or of a call that was given items) under a text key, or NULL. */
const struct pickle_value *pickle_get(const struct pickle *p, const struct pickle_value *dict, const char *key);

#endif
