/* Blobs to workers, in chunks; the one served last is kept so that a transfer reads the store once. */
#include <string.h>

#include "base/hash.h"
#include "rpc/rpc_internal.h"

static bool load(struct rpc *rpc, const uint8_t hash[HASH_SIZE])
{
    if (rpc->cached.size && !memcmp(rpc->cached_hash, hash, HASH_SIZE))
        return true;
    bytes_clear(&rpc->cached);
    if (store_get_committed(engine_store(rpc->run), STORE_BLOB, key_bytes(hash, HASH_SIZE), &rpc->cached)) {
        bytes_clear(&rpc->cached);
        return false;
    }
    memcpy(rpc->cached_hash, hash, HASH_SIZE);
    return true;
}

void worker_blob_get(struct rpc *rpc, const struct net_peer *peer, const Sonata__BlobGet *get)
{
    if (get->hash.len != HASH_SIZE) {
        rpc_garbage(rpc, "worker", "a blob request without a 32-byte hash");
        return;
    }
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__BlobChunk chunk = SONATA__BLOB_CHUNK__INIT;
    chunk.hash = get->hash;
    chunk.offset = get->offset;
    e.body_case = SONATA__ENVELOPE__BODY_BLOB_CHUNK;
    e.blob_chunk = &chunk;
    if (!load(rpc, get->hash.data)) {
        chunk.missing = true;
    } else {
        chunk.total = rpc->cached.size;
        if (get->offset < rpc->cached.size) {
            size_t left = rpc->cached.size - (size_t)get->offset, max = get->max && get->max < WIRE_BLOB_CHUNK ? get->max : WIRE_BLOB_CHUNK;
            chunk.data.data = rpc->cached.data + get->offset;
            chunk.data.len = left < max ? left : max;
        }
    }
    rpc_send(rpc, rpc->workers, peer, &e, true);
}
