/* Model files that attempts make: a worker sends each in chunks before the result that names it. Idempotent: every answer says where to go on. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "rpc/rpc_internal.h"

static void acknowledge(struct rpc *rpc, const struct net_peer *peer, Sonata__BlobPutAck *ack)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_BLOB_PUT_ACK;
    e.blob_put_ack = ack;
    rpc_send(rpc, rpc->workers, peer, &e, true);
}

static bool is_durable(const struct rpc *rpc, const Sonata__BlobPut *put)
{
    char path[PART_PATH_MAX];
    struct stat st;
    return part_final_path(engine_artefact_folder(rpc->run), put->hash.data, path, sizeof path) && !stat(path, &st) &&
           (uint64_t)st.st_size == put->total;
}

int rpc_artefact_admit(struct rpc *rpc, struct receipt *r, struct sonata_error *err)
{
    const struct team *t = rpc->config.access ? access_team(rpc->config.access, r->team) : NULL;
    uint64_t quota = t ? t->uploads_max : 0;
    uint64_t others = receipts_under_way(&rpc->receipts, r, quota ? r->team : NULL);
    int rc = r->admitted ? 0 : engine_artefact_room(rpc->run, &(struct engine_room){r->team, quota, r->total + others}, err);
    r->admitted = !rc;
    return rc;
}

/* 0 with ack->offset and done; else why it is not wanted. */
static int take(struct rpc *rpc, const struct engine_owner *owner, const Sonata__BlobPut *put, Sonata__BlobPutAck *ack, struct sonata_error *err)
{
    struct receipt *r;
    ack->offset = put->total;
    ack->done = is_durable(rpc, put);
    if (ack->done)
        return 0;
    struct receipt_offer offer = {engine_artefact_folder(rpc->run), "", owner->team, put->hash.data, put->total};
    int rc = receipts_open(&rpc->receipts, &offer, &r, err);
    if (!rc)
        rc = rpc_artefact_admit(rpc, r, err);
    if (!rc)
        rc = receipt_take(&rpc->receipts, r, put->offset, put->data.data, put->data.len, err);
    if (rc)
        return rc == -EBADMSG ? 0 : rc;
    ack->offset = receipt_size(r, put->offset);
    return 0;
}

/* What another moment may allow is not told: the worker asks again. */
static bool passes(int rc) { return rc == -EBUSY || rc == -EAGAIN; }

void worker_blob_put(struct rpc *rpc, const struct net_peer *peer, const struct rpc_worker *w, const Sonata__BlobPut *put)
{
    struct sonata_error err = {{0}};
    struct engine_owner owner;
    Sonata__BlobPutAck ack = SONATA__BLOB_PUT_ACK__INIT;
    if (put->hash.len != HASH_SIZE || !put->total || put->total > ARTEFACT_BYTES_MAX || put->offset > put->total ||
        put->data.len > put->total - put->offset) {
        rpc_garbage(rpc, "worker", "a chunk of a model that does not fit in it");
        return;
    }
    if (engine_is_blocked(rpc->run, NULL))
        return; /* asked again by the worker */
    ack.hash = put->hash;
    int rc = engine_artefact_owner(rpc->run, w->name, put->attempt, &owner);
    if (rc)
        sonata_error_set(&err, rc, "no attempt of this worker builds a model with that number");
    else
        rc = take(rpc, &owner, put, &ack, &err);
    if (passes(rc))
        return;
    ack.code = rc;
    ack.text = err.text;
    acknowledge(rpc, peer, &ack);
}
