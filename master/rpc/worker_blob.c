/* Blobs to workers, in chunks: of the store, where the one served last is kept so that a transfer reads it once, or of a model file, which stay open.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
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

void worker_blob_fini(struct rpc *rpc)
{
    for (unsigned i = 0; i < RPC_SERVED_MAX; i++) {
        if (rpc->served[i].fd > 0)
            close(rpc->served[i].fd);
        rpc->served[i].fd = 0;
    }
}

/* Descriptor of a model file; -1: there is none. One that was removed since is not served from. */
static int served(struct rpc *rpc, const uint8_t hash[HASH_SIZE])
{
    char path[PART_PATH_MAX];
    if (!engine_has_artefact(rpc->run, hash))
        return -1;
    for (unsigned i = 0; i < RPC_SERVED_MAX; i++) {
        if (rpc->served[i].fd > 0 && !memcmp(rpc->served[i].hash, hash, HASH_SIZE))
            return rpc->served[i].fd;
    }
    if (!part_final_path(engine_artefact_folder(rpc->run), hash, path, sizeof path))
        return -1;
    struct rpc_served *s = &rpc->served[rpc->serve_next++ % RPC_SERVED_MAX];
    if (s->fd > 0)
        close(s->fd);
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    memcpy(s->hash, hash, HASH_SIZE);
    return s->fd;
}

int rpc_artefact_read(struct rpc *rpc, const uint8_t hash[32], uint64_t offset, uint32_t max, struct bytes *ret_data, uint64_t *ret_total)
{
    struct stat st;
    int fd = served(rpc, hash);
    if (fd < 0)
        return -ENOENT;
    size_t size = max && max < WIRE_BLOB_CHUNK ? max : WIRE_BLOB_CHUNK;
    ssize_t n = fstat(fd, &st) ? -1 : pread(fd, bytes_append(ret_data, NULL, size), size, (off_t)offset);
    ret_data->size = n > 0 ? (size_t)n : 0;
    *ret_total = (uint64_t)st.st_size;
    return n < 0 ? -EIO : 0;
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
    cleanup_bytes struct bytes piece = {0};
    if (!rpc_artefact_read(rpc, get->hash.data, get->offset, get->max, &piece, &chunk.total)) {
        chunk.data = (ProtobufCBinaryData){piece.size, piece.data};
    } else if (!load(rpc, get->hash.data)) {
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
