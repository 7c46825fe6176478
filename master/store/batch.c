/* See batch.h. Log entry: kind u8 (live put, live erase, superseded), db u8, key length u16, value length u32, key, value. */
#include "store/batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

enum { KIND_PUT = 1, KIND_ERASE = 2, KIND_DEAD = 3, ENTRY_HEAD = 8 };

void batch_fini(struct batch *b)
{
    bytes_fini(&b->log);
    free(b->slot);
    *b = (struct batch){0};
}

void batch_clear(struct batch *b)
{
    bytes_clear(&b->log);
    if (b->slot)
        memset(b->slot, 0, b->n_slots * sizeof *b->slot);
    b->n_keys = 0;
}

static struct batch_op read_entry(const struct batch *b, size_t at, uint8_t *ret_kind)
{
    struct reader r = reader_of(b->log.data + at, b->log.size - at);
    struct batch_op op = {0};
    *ret_kind = reader_u8(&r);
    op.erase = *ret_kind == KIND_ERASE;
    op.db = reader_u8(&r);
    op.n_key = reader_u16(&r);
    op.n_value = reader_u32(&r);
    op.key = reader_take(&r, op.n_key);
    op.value = reader_take(&r, op.n_value);
    assert(!r.bad);
    return op;
}

static uint64_t hash_key(uint8_t db, const void *key, size_t n_key) { return hash64(key, n_key) * UINT64_C(0x9e3779b97f4a7c15) + db; }

/* The slot of the key, or the free slot where it belongs. */
static uint32_t find_slot(const struct batch *b, uint8_t db, const void *key, size_t n_key)
{
    uint32_t mask = b->n_slots - 1;
    for (uint32_t i = (uint32_t)(hash_key(db, key, n_key) >> 20) & mask;; i = (i + 1) & mask) {
        if (!b->slot[i])
            return i;
        uint8_t kind;
        struct batch_op op = read_entry(b, b->slot[i] - 1, &kind);
        if (op.db == db && op.n_key == n_key && !memcmp(op.key, key, n_key))
            return i;
    }
}

static void grow_index(struct batch *b)
{
    uint32_t n_old = b->n_slots;
    uint32_t *old = b->slot;
    b->n_slots = n_old ? 2 * n_old : 256;
    b->slot = xcalloc(b->n_slots, sizeof *b->slot);
    for (uint32_t i = 0; i < n_old; i++) {
        if (!old[i])
            continue;
        uint8_t kind;
        struct batch_op op = read_entry(b, old[i] - 1, &kind);
        b->slot[find_slot(b, op.db, op.key, op.n_key)] = old[i];
    }
    free(old);
}

static void append(struct batch *b, uint8_t kind, struct batch_op op)
{
    if (2 * (b->n_keys + 1) > b->n_slots)
        grow_index(b);
    uint32_t slot = find_slot(b, op.db, op.key, op.n_key);
    if (b->slot[slot])
        b->log.data[b->slot[slot] - 1] = KIND_DEAD;
    else
        b->n_keys++;
    size_t at = b->log.size;
    assert(at < UINT32_MAX);
    bytes_put_u8(&b->log, kind);
    bytes_put_u8(&b->log, op.db);
    bytes_put_u16(&b->log, op.n_key);
    bytes_put_u32(&b->log, op.n_value);
    bytes_append(&b->log, op.key, op.n_key);
    if (op.n_value)
        bytes_append(&b->log, op.value, op.n_value);
    b->slot[slot] = (uint32_t)at + 1;
}

void batch_put(struct batch *b, uint8_t db, const void *key, size_t n_key, const void *value, size_t n_value)
{
    assert(n_key >= 1 && n_key <= BATCH_KEY_MAX && n_value <= UINT32_MAX);
    append(b, KIND_PUT, (struct batch_op){.db = db, .key = key, .n_key = (uint16_t)n_key, .value = value, .n_value = (uint32_t)n_value});
}

void batch_erase(struct batch *b, uint8_t db, const void *key, size_t n_key)
{
    assert(n_key >= 1 && n_key <= BATCH_KEY_MAX);
    append(b, KIND_ERASE, (struct batch_op){.db = db, .key = key, .n_key = (uint16_t)n_key});
}

bool batch_find(const struct batch *b, uint8_t db, const void *key, size_t n_key, struct batch_op *ret_op)
{
    if (!b->n_keys)
        return false;
    uint32_t slot = find_slot(b, db, key, n_key);
    if (!b->slot[slot])
        return false;
    uint8_t kind;
    *ret_op = read_entry(b, b->slot[slot] - 1, &kind);
    return true;
}

bool batch_next(const struct batch *b, size_t *position, struct batch_op *ret_op)
{
    while (*position < b->log.size) {
        uint8_t kind;
        *ret_op = read_entry(b, *position, &kind);
        *position += ENTRY_HEAD + ret_op->n_key + ret_op->n_value;
        if (kind != KIND_DEAD)
            return true;
    }
    return false;
}
