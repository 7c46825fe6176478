/* Uploaded content and who may use it. The content is stored once under its hash; an index says which pools uploaded it (struct run_owner), so that
 * neither the answer nor its cost tells a team what only another one has. */
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "run/run_internal.h"

enum { POOL_VERSION = 1 };

static struct store_key pool_key(const uint8_t hash[HASH_SIZE], const char *pool)
{
    uint8_t key[HASH_SIZE + 8];
    uint64_t owner = hash64_text(pool);
    memcpy(key, hash, HASH_SIZE);
    memcpy(key + HASH_SIZE, &owner, sizeof owner);
    return key_bytes(key, sizeof key);
}

bool run_has_blob(struct run *r, const uint8_t hash[32], const char *pool)
{
    cleanup_bytes struct bytes b = {0};
    char name[OWNER_NAME_MAX];
    if (store_get(r->store, STORE_BLOB_POOL, pool_key(hash, pool), &b))
        return false;
    struct reader in = reader_of(b.data, b.size);
    uint8_t version = reader_u8(&in);
    reader_string(&in, name, sizeof name);
    return reader_done(&in) && version == POOL_VERSION && !strcmp(name, pool);
}

/* The content is written whether it is there or not: the same key, and the same cost for everybody. */
void run_add_blob(struct run *r, const uint8_t hash[32], const char *pool, const void *data, size_t n)
{
    cleanup_bytes struct bytes b = {0};
    bytes_put_u8(&b, POOL_VERSION);
    bytes_put_string(&b, pool);
    store_put(r->store, STORE_BLOB, key_bytes(hash, HASH_SIZE), data, n);
    store_put(r->store, STORE_BLOB_POOL, pool_key(hash, pool), b.data, b.size);
}
