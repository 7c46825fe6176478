/* Requests of clients: each has a row in the table of verbs, which says who may make it, whether it changes something, which search it names, who
 * handles it and what the audit log is told. What is the same for all of them is here. */
#include <errno.h>

#include "base/clock.h"
#include "base/hash.h"
#include "rpc/verbs.h"

static bool changes(const struct verb *verb) { return verb && verb->effect == EFFECT_CHANGES; }

static bool begins_upload(const struct rpc_call *call)
{
    const Sonata__PutBlob *chunk = call->request->put_blob;
    return call->verb->effect == EFFECT_UPLOADS && chunk->data.len && !chunk->offset;
}

static int check_right(const struct rpc_call *call, struct sonata_error *err)
{
    bool about_keys = call->verb->who == RIGHT_KEY_CLIENTS || call->verb->who == RIGHT_KEY_ADMINS;
    if (about_keys && !call->rpc->config.access)
        return sonata_error_set(err, -ENOTSUP, "this master runs without keys: start it with --security curve to have teams");
    if (call->caller->by_token && !(call->verb->scopes & 1u << call->caller->scope))
        return sonata_error_set(err, -EACCES, "a token of scope %s does not allow this", token_scope_name(call->caller->scope));
    if (call->caller->once && call->verb->run != client_tokens_enter)
        return sonata_error_set(err, -EACCES, "this token only logs in");
    bool everybody = call->verb->who == RIGHT_CLIENTS || call->verb->who == RIGHT_KEY_CLIENTS;
    if (!everybody && !call->caller->admin)
        return sonata_error_set(err, -EACCES, "this needs an admin key");
    return 0;
}

/* Each change leaves records for good (reply, audit, event): a key that makes thousands a second would fill the disk. */
static int admit_change(const struct rpc_call *call, struct sonata_error *err)
{
    struct limiter *l = &call->rpc->change_limit;
    if ((!changes(call->verb) && !begins_upload(call)) || limiter_take(l, call->rpc->paying, 0, clock_monotonic_ns()) == LIMIT_PASS)
        return 0;
    return sonata_error_set(err, -EBUSY, "more than %.0f changes a second: ask again later", l->rates.messages);
}

static int check_blocked(const struct rpc_call *call, struct sonata_error *err)
{
    const char *reason;
    return changes(call->verb) && engine_is_blocked(call->rpc->run, &reason) ? sonata_error_set(err, -ENOSPC, "%s", reason) : 0;
}

static int perform(struct rpc_call *call)
{
    struct sonata_error *err = &call->reply->err;
    int rc = admit_change(call, err);
    if (!rc)
        rc = check_right(call, err);
    if (!rc)
        rc = border_in(call, err);
    if (!rc)
        rc = check_blocked(call, err);
    struct store *store = engine_store(call->rpc->run);
    uint64_t failed = store_failed_reads(store);
    if (!rc)
        rc = call->verb->run(call);
    if (store_failed_reads(store) != failed) /* what was not found, or is left out, may be there */
        rc = sonata_error_set(err, -EIO, "the store cannot be read: the log names the record; an admin has to restore a backup");
    if (rc || !call->verb->audit || !call->rpc->config.access)
        return rc;
    char text[AUDIT_TEXT_MAX] = "";
    call->verb->audit(call, text);
    if (text[0])
        access_audit(call->rpc->config.access, engine_wall(call->rpc->run), call->caller->label, text);
    return 0;
}

void client_send_reply(struct rpc *rpc, const struct net_peer *peer, Sonata__Reply *reply, bool reads_only)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_REPLY;
    e.reply = reply;
    rpc_send(rpc, rpc->clients, peer, &e, reads_only);
}

/* The answer given before, when there is one. */
static bool answer_again(const struct net_peer *peer, const struct rpc_call *call)
{
    struct rpc *rpc = call->rpc;
    Sonata__Reply *old = again_find(call);
    if (!old)
        return false;
    client_send_reply(rpc, peer, old, false);
    sonata__reply__free_unpacked(old, NULL);
    return true;
}

static uint64_t question_of(const Sonata__Request *q)
{
    cleanup_bytes struct bytes b = {0};
    sonata__request__pack(q, bytes_append(&b, NULL, sonata__request__get_packed_size(q)));
    return hash64(b.data, b.size);
}

/* A request that is not even looked at. */
static void refuse(struct rpc *rpc, const struct net_peer *peer, const Sonata__Request *q, int code, const char *why)
{
    Sonata__Reply reply = SONATA__REPLY__INIT;
    reply.id = q->id;
    reply.server = (char *)"sonata-master " SONATA_VERSION;
    reply.code = code;
    reply.text = (char *)why;
    client_send_reply(rpc, peer, &reply, true);
}

/* The caller becomes whom the request's token stands for, and that pays. */
static int present(struct rpc *rpc, const Sonata__Request *q, struct rpc_caller *caller, struct sonata_error *err)
{
    int rc = caller_present(rpc, q->token, caller, err);
    if (rc || !caller->by_token)
        return rc;
    rpc->paying = hash64_text(caller->key);
    if (limiter_take(&rpc->client_limit, rpc->paying, sonata__request__get_packed_size(q), clock_monotonic_ns()) != LIMIT_PASS)
        return sonata_error_set(err, -EBUSY, "too much at once: ask again later");
    return 0;
}

static void on_request(struct rpc *rpc, const struct net_peer *peer, const char *user_id, struct rpc_caller *caller, Sonata__Request *q)
{
    if (q->id.len != REQUEST_ID_SIZE) {
        rpc_garbage(rpc, "client", "a request without an id of 16 bytes");
        return;
    }
    struct rpc_reply reply = {.message = SONATA__REPLY__INIT};
    int rc = present(rpc, q, caller, &reply.err);
    if (rc) {
        refuse(rpc, peer, q, rc, reply.err.text);
        return;
    }
    struct rpc_call call = {rpc, caller, q, NULL, question_of(q), &reply, peer, user_id, false};
    reply.message.code = verb_find(q, &call.verb, &reply.err);
    if (changes(call.verb) && answer_again(peer, &call))
        return;
    reply.message.id = q->id;
    reply.message.server = (char *)"sonata-master " SONATA_VERSION;
    if (call.verb)
        reply.message.code = perform(&call);
    if (call.held) {
        reply_release(&reply);
        return;
    }
    border_out(&call);
    if (reply.message.code)
        reply.message.text = reply.err.text;
    bool changed = changes(call.verb) && !reply.message.code;
    if (changed)
        again_remember(&call);
    client_send_reply(rpc, peer, &reply.message, !changed);
    reply_release(&reply);
}

static void handle(struct rpc *rpc, const struct net_peer *peer, const char *user_id, const uint8_t *data, size_t n)
{
    struct rpc_caller caller;
    if (!caller_identify(rpc, user_id, &caller)) {
        rpc_fault(rpc, rpc->clients, peer, -EACCES, "your key was revoked");
        return;
    }
    cleanup_envelope Sonata__Envelope *e = rpc_unpack(rpc, rpc->clients, peer, data, n);
    if (!e)
        return;
    if (e->body_case != SONATA__ENVELOPE__BODY_REQUEST) {
        rpc_fault(rpc, rpc->clients, peer, -EINVAL, "this is the client port: requests are expected; workers connect to the worker port");
        rpc_garbage(rpc, "client", "a message that is not for this port");
        return;
    }
    on_request(rpc, peer, user_id, &caller, e->request);
}

/* The time a request takes is its sender's: nobody keeps the master from the others by asking for what is slow. */
void client_message(void *user, const struct net_peer *peer, const char *user_id, const uint8_t *data, size_t n)
{
    struct rpc *rpc = user;
    rpc->counts.client_messages++;
    if (!rpc_admit(rpc, rpc->clients, peer, user_id, n))
        return;
    int64_t start = clock_monotonic_ns();
    handle(rpc, peer, user_id, data, n);
    int64_t end = clock_monotonic_ns();
    limiter_charge_time(&rpc->client_limit, rpc->paying, end - start, end);
}
