/* The writes of one loop turn: an ordered list of puts and deletes with an index for reading one's own writes. A later write of the same key
 * replaces the earlier one, so a record touched ten times in a turn is stored once. */
#ifndef SONATA_STORE_BATCH_H
#define SONATA_STORE_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum { BATCH_KEY_MAX = 64 };

/* Zero-initialise; release with batch_fini(). */
struct batch {
    struct bytes log;
    uint32_t *slot;   /* open addressing: offset in log + 1, 0 = free */
    uint32_t n_slots; /* power of two, or 0 */
    uint32_t n_keys;  /* distinct keys */
};

/* One live write; pointers are borrowed until the next change of the batch. */
struct batch_op {
    uint8_t db;
    bool erase;
    const uint8_t *key, *value;
    uint16_t n_key;
    uint32_t n_value;
};

/* Releases what it holds. */
void batch_fini(struct batch *b);
/* Forgets all writes. */
void batch_clear(struct batch *b);
/* n_key is 1 .. BATCH_KEY_MAX. */
void batch_put(struct batch *b, uint8_t db, const void *key, size_t n_key, const void *value, size_t n_value);
/* Erases the key, also one that was put before in the same batch. */
void batch_erase(struct batch *b, uint8_t db, const void *key, size_t n_key);
/* The pending write of that key, or false. */
bool batch_find(const struct batch *b, uint8_t db, const void *key, size_t n_key, struct batch_op *ret_op);
/* Iterates over live writes in order of their last change: start with *position = 0. */
bool batch_next(const struct batch *b, size_t *position, struct batch_op *ret_op);

#endif
