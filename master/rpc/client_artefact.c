/* Model files for clients: uploads that go into files beside the store, and the model of an individual on its way out. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "rpc/verbs.h"

static int check_chunk(const Sonata__PutBlob *verb, struct sonata_error *err)
{
    if (verb->total && verb->total <= ARTEFACT_BYTES_MAX && verb->data.len <= WIRE_MESSAGE_MAX && verb->offset <= verb->total &&
        verb->data.len <= verb->total - verb->offset)
        return 0;
    return sonata_error_set(err, -EFBIG, "a model of 1 to %llu bytes is expected, in chunks within it", (unsigned long long)ARTEFACT_BYTES_MAX);
}

/* Each pool uploads for itself, so that how far another one's upload is tells nothing. */
static int receive(struct rpc_call *call, struct receipt **ret_receipt)
{
    const Sonata__PutBlob *verb = call->request->put_blob;
    struct rpc *rpc = call->rpc;
    char who[RECEIPT_WHO_MAX];
    snprintf(who, sizeof who, "%016llx", (unsigned long long)hash64_text(call->caller->pool));
    struct receipt_offer offer = {engine_artefact_folder(rpc->run), who, call->caller->team, verb->hash.data, verb->total};
    int rc = receipts_open(&rpc->receipts, &offer, ret_receipt, &call->reply->err);
    if (!rc)
        rc = rpc_artefact_admit(rpc, *ret_receipt, &call->reply->err);
    return rc ? rc : receipt_take(&rpc->receipts, *ret_receipt, verb->offset, verb->data.data, verb->data.len, &call->reply->err);
}

int client_put_artefact(struct rpc_call *call)
{
    const Sonata__PutBlob *verb = call->request->put_blob;
    Sonata__Reply *reply = &call->reply->message;
    struct engine *run = call->rpc->run;
    struct engine_owner owner = {.team = call->caller->team, .pool = call->caller->pool};
    struct artefact a = {.bytes = verb->total, .format = "onnx"};
    struct receipt *r;
    const char *reason;
    reply->have_blob = engine_has_upload(run, verb->hash.data, owner.pool) && engine_has_artefact(run, verb->hash.data);
    if (reply->have_blob)
        return 0;
    if (engine_is_blocked(run, &reason))
        return sonata_error_set(&call->reply->err, -ENOSPC, "%s", reason);
    int rc = check_chunk(verb, &call->reply->err);
    if (!rc)
        rc = receive(call, &r);
    if (rc)
        return rc;
    reply->received = receipt_size(r, verb->offset);
    if (r->state != RECEIPT_DONE)
        return 0;
    receipt_close(r);
    memcpy(a.hash, verb->hash.data, HASH_SIZE);
    rc = engine_add_artefact(run, &a, &owner, &call->reply->err);
    reply->have_blob = !rc;
    return rc;
}

int client_artefact(struct rpc_call *call)
{
    const Sonata__GetArtefact *verb = call->request->artefact;
    struct sonata_error *err = &call->reply->err;
    struct artefact a;
    struct bytes piece = {0};
    uint64_t total;
    int rc = engine_individual_artefact(call->rpc->run, verb->search, verb->individual, &a, err);
    if (!rc && rpc_artefact_read(call->rpc, a.hash, verb->offset, verb->max, &piece, &total))
        rc = sonata_error_set(err, -EIO, "the model file of individual %llu cannot be read: the log of the master says why",
                              (unsigned long long)verb->individual);
    if (rc) {
        bytes_fini(&piece);
        return rc;
    }
    Sonata__BlobChunk *m = call->reply->message.chunk = xmalloc(sizeof *m);
    sonata__blob_chunk__init(m);
    m->hash = (ProtobufCBinaryData){HASH_SIZE, xmemdup(a.hash, HASH_SIZE)};
    m->offset = verb->offset;
    m->total = total;
    m->data = (ProtobufCBinaryData){piece.size, piece.data};
    return 0;
}
