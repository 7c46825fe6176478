/* Uploads: chunks in order, bounded, verified by content hash before they reach the store. An upload belongs to a pool of teams (struct run_owner): what
 * others uploaded, or are uploading, changes no answer. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "rpc/rpc_internal.h"

/* The pool's upload of that hash, else a free place, else one idle for long. A pool has RPC_UPLOADS_PER_POOL places at most, so that it cannot keep the
 * others from theirs. */
static struct rpc_upload *find_upload(struct rpc *rpc, const uint8_t *hash, const char *pool)
{
    struct rpc_upload *place = NULL, *own = NULL;
    int64_t now = clock_monotonic_ns();
    unsigned n_own = 0;
    for (unsigned i = 0; i < RPC_UPLOADS_MAX; i++) {
        struct rpc_upload *u = &rpc->upload[i];
        bool is_own = u->total && !strcmp(u->pool, pool);
        if (is_own && !memcmp(u->hash, hash, HASH_SIZE))
            return u;
        n_own += is_own;
        if (is_own && now - u->touched_ns > RPC_UPLOAD_OWN_IDLE_S * SONATA_SECOND)
            own = u;
        if (!u->total || now - u->touched_ns > RPC_UPLOAD_IDLE_S * SONATA_SECOND)
            place = u;
    }
    if (n_own >= RPC_UPLOADS_PER_POOL || !place)
        place = own;
    if (place) {
        bytes_fini(&place->data);
        place->total = 0;
        memcpy(place->hash, hash, HASH_SIZE);
        copy_string(place->pool, sizeof place->pool, pool);
    }
    return place;
}

static void end_upload(struct rpc_upload *u)
{
    bytes_fini(&u->data);
    u->total = 0;
}

static int store_upload(struct rpc *rpc, struct rpc_upload *u, struct rpc_reply *reply)
{
    uint8_t hash[HASH_SIZE];
    hash_content(u->data.data, u->data.size, hash);
    int rc = 0;
    if (memcmp(hash, u->hash, HASH_SIZE))
        rc = sonata_error_set(&reply->err, -EBADMSG, "the uploaded content does not have the announced hash: send it again");
    else
        run_add_blob(rpc->run, u->hash, u->pool, u->data.data, u->data.size);
    end_upload(u);
    reply->message.have_blob = !rc;
    return rc;
}

int client_put_blob(struct rpc *rpc, const struct rpc_caller *caller, const Sonata__PutBlob *verb, struct rpc_reply *reply)
{
    const char *reason;
    if (verb->hash.len != HASH_SIZE)
        return sonata_error_set(&reply->err, -EINVAL, "a blob is named by a hash of 32 bytes");
    if (run_has_blob(rpc->run, verb->hash.data, caller->pool)) {
        reply->message.have_blob = true;
        return 0;
    }
    if (!verb->data.len)
        return 0; /* only a question */
    if (run_is_blocked(rpc->run, &reason))
        return sonata_error_set(&reply->err, -ENOSPC, "%s", reason);
    if (!verb->total || verb->total > WIRE_BLOB_MAX || verb->data.len > WIRE_MESSAGE_MAX || verb->offset > verb->total ||
        verb->data.len > verb->total - verb->offset)
        return sonata_error_set(&reply->err, -EFBIG, "a blob of 1 to %d bytes is expected, in chunks within it", WIRE_BLOB_MAX);
    struct rpc_upload *u = find_upload(rpc, verb->hash.data, caller->pool);
    if (!u)
        return sonata_error_set(&reply->err, -EBUSY, "too many uploads are under way: try again later");
    if (!verb->offset)
        bytes_clear(&u->data);
    else if (u->total != verb->total || verb->offset > u->data.size)
        return sonata_error_set(&reply->err, -EINVAL, "the chunk at %llu does not follow what has arrived: start again at 0", (unsigned long long)verb->offset);
    else if (verb->offset < u->data.size)
        return 0; /* sent twice */
    u->total = verb->total;
    u->touched_ns = clock_monotonic_ns();
    bytes_append(&u->data, verb->data.data, verb->data.len);
    return u->data.size == u->total ? store_upload(rpc, u, reply) : 0;
}
