/* Uploads: chunks in order, bounded, verified by content hash before they reach the store. An upload belongs to a pool of teams (struct
 * engine_owner): what others uploaded, or are uploading, changes no answer. It counts for the quota of the team that makes it, from its first chunk
 * on: teams of one pool do not go on with each other's. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "rpc/verbs.h"

/* The team's upload of that hash, else a free place, else one idle for long. A pool has RPC_UPLOADS_PER_POOL places at most, so that it cannot keep
 * the others from theirs. */
static struct rpc_upload *find_upload(struct rpc *rpc, const uint8_t *hash, const struct rpc_caller *caller)
{
    struct rpc_upload *place = NULL, *own = NULL;
    int64_t now = clock_monotonic_ns();
    unsigned n_own = 0;
    for (unsigned i = 0; i < RPC_UPLOADS_MAX; i++) {
        struct rpc_upload *u = &rpc->upload[i];
        bool is_own = u->total && !strcmp(u->pool, caller->pool);
        if (is_own && !strcmp(u->team, caller->team) && !memcmp(u->hash, hash, HASH_SIZE))
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
        copy_string(place->pool, sizeof place->pool, caller->pool);
        copy_string(place->team, sizeof place->team, caller->team);
    }
    return place;
}

static void end_upload(struct rpc_upload *u)
{
    bytes_fini(&u->data);
    u->total = 0;
}

/* What uploads under way will count as: of one team, or (NULL) of all. One that was left alone does not: should it go on, it is asked again. */
static uint64_t under_way(const struct rpc *rpc, const struct rpc_upload *but, const char *team)
{
    uint64_t bytes = 0;
    int64_t since = clock_monotonic_ns() - RPC_UPLOAD_OWN_IDLE_S * SONATA_SECOND;
    for (unsigned i = 0; i < RPC_UPLOADS_MAX; i++) {
        const struct rpc_upload *u = &rpc->upload[i];
        if (u != but && u->total && u->touched_ns > since && (!team || !strcmp(u->team, team)))
            bytes += engine_upload_charge(u->total);
    }
    return bytes;
}

/* At every chunk: the quota may have been lowered, and the disk filled, meanwhile. */
static int check_room(const struct rpc *rpc, const struct rpc_upload *u, uint64_t total, struct sonata_error *err)
{
    const struct team *t = rpc->config.access ? access_team(rpc->config.access, u->team) : NULL;
    uint64_t used = t ? engine_uploaded(rpc->run, t->name) + under_way(rpc, u, t->name) : 0, more = engine_upload_charge(total);
    if (t && t->uploads_max && used + more > t->uploads_max)
        return sonata_error_set(
            err, -EDQUOT,
            "team %s has %.1f MiB of uploads and may have %.1f MiB, this one takes %.1f MiB: remove some with `sonata uploads prune`, or an "
            "admin allows more with `sonata teams set %s --uploads BYTES`",
            t->name, (double)used / 1048576, (double)t->uploads_max / 1048576, (double)more / 1048576, t->name);
    return engine_check_upload_room(rpc->run, total + under_way(rpc, u, NULL), err);
}

static int store_upload(struct rpc *rpc, struct rpc_upload *u, struct rpc_reply *reply)
{
    uint8_t hash[HASH_SIZE];
    hash_content(u->data.data, u->data.size, hash);
    int rc = 0;
    if (memcmp(hash, u->hash, HASH_SIZE))
        rc = sonata_error_set(&reply->err, -EBADMSG, "the uploaded content does not have the announced hash: send it again");
    else
        engine_add_upload(rpc->run, u->hash, u->pool, u->team, u->data.data, u->data.size);
    end_upload(u);
    reply->message.have_blob = !rc;
    return rc;
}

static int check_chunk(const Sonata__PutBlob *verb, struct sonata_error *err)
{
    if (verb->total && verb->total <= WIRE_BLOB_MAX && verb->data.len <= WIRE_MESSAGE_MAX && verb->offset <= verb->total &&
        verb->data.len <= verb->total - verb->offset)
        return 0;
    return sonata_error_set(err, -EFBIG, "a blob of 1 to %d bytes is expected, in chunks within it", WIRE_BLOB_MAX);
}

/* The chunk is of 1 byte or more. */
static int take_chunk(struct rpc *rpc, const struct rpc_caller *caller, const Sonata__PutBlob *verb, struct rpc_reply *reply)
{
    struct rpc_upload *u = find_upload(rpc, verb->hash.data, caller);
    if (!u)
        return sonata_error_set(&reply->err, -EBUSY, "too many uploads are under way: try again later");
    if (!verb->offset)
        bytes_clear(&u->data);
    else if (u->total != verb->total || verb->offset > u->data.size)
        return sonata_error_set(&reply->err, -EINVAL, "the chunk at %llu does not follow what has arrived: start again at 0",
                                (unsigned long long)verb->offset);
    else if (verb->offset < u->data.size)
        return 0; /* sent twice */
    int rc = check_room(rpc, u, verb->total, &reply->err);
    if (rc) {
        end_upload(u);
        return rc;
    }
    u->total = verb->total;
    u->touched_ns = clock_monotonic_ns();
    bytes_append(&u->data, verb->data.data, verb->data.len);
    return u->data.size == u->total ? store_upload(rpc, u, reply) : 0;
}

int client_put_blob(struct rpc_call *call)
{
    const Sonata__PutBlob *verb = call->request->put_blob;
    struct rpc *rpc = call->rpc;
    struct rpc_reply *reply = call->reply;
    const char *reason;
    if (verb->hash.len != HASH_SIZE)
        return sonata_error_set(&reply->err, -EINVAL, "a blob is named by a hash of 32 bytes");
    if (verb->artefact)
        return client_put_artefact(call);
    if (engine_has_upload(rpc->run, verb->hash.data, call->caller->pool)) {
        reply->message.have_blob = true;
        return 0;
    }
    if (!verb->data.len)
        return 0; /* only a question */
    if (engine_is_blocked(rpc->run, &reason))
        return sonata_error_set(&reply->err, -ENOSPC, "%s", reason);
    int rc = check_chunk(verb, &reply->err);
    return rc ? rc : take_chunk(rpc, call->caller, verb, reply);
}

static void add_upload(void *user, const struct engine_upload *u)
{
    Sonata__Reply *reply = user;
    Sonata__UploadInfo *m = xmalloc(sizeof *m);
    sonata__upload_info__init(m);
    m->hash = (ProtobufCBinaryData){HASH_SIZE, xmemdup(u->hash, HASH_SIZE)};
    m->team = xstrdup(u->team);
    m->bytes = u->bytes;
    m->wall_ns = u->wall_ns;
    m->searches = u->searches;
    reply->uploads[reply->n_uploads++] = m;
}

/* The team whose uploads the caller may see and remove; NULL: all. */
static const char *team_of(const struct rpc_call *call) { return call->caller->admin ? NULL : call->caller->team; }

int client_uploads_list(struct rpc_call *call)
{
    const ProtobufCBinaryData cursor = call->request->uploads->cursor;
    struct rpc_reply *reply = call->reply;
    if (cursor.len && cursor.len != ENGINE_UPLOAD_CURSOR_SIZE)
        return sonata_error_set(&reply->err, -EINVAL, "a cursor is %d bytes of an earlier answer", ENGINE_UPLOAD_CURSOR_SIZE);
    reply->message.uploads = xcalloc(RPC_PAGE_MAX, sizeof *reply->message.uploads);
    struct engine_page page = {.from = cursor.len ? cursor.data : NULL, .max = RPC_PAGE_MAX, .user = &reply->message};
    int rc = engine_list_uploads(call->rpc->run, team_of(call), &page, add_upload);
    if (rc)
        return sonata_error_set(&reply->err, rc, "the store cannot be read: %s", strerror(-rc));
    reply->message.more = page.more;
    memcpy(reply->cursor, page.next, sizeof reply->cursor);
    if (page.more)
        reply->message.cursor = (ProtobufCBinaryData){sizeof reply->cursor, reply->cursor};
    return 0;
}

int client_uploads_remove(struct rpc_call *call)
{
    const ProtobufCBinaryData hash = call->request->uploads->hash;
    if (hash.len != HASH_SIZE)
        return sonata_error_set(&call->reply->err, -EINVAL, "an upload is named by a hash of 32 bytes");
    return engine_remove_upload(call->rpc->run, hash.data, team_of(call), &call->reply->err);
}
