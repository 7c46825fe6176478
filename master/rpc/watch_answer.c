/* Answers to questions that waited, after a commit. */
#include "base/clock.h"
#include "base/time.h"
#include "rpc/watch.h"

enum { FORGET_S = 30 };

/* false: nothing for it yet. */
static bool answer(struct rpc *rpc, struct watch *w)
{
    struct rpc_caller caller;
    struct rpc_reply reply = {.message = SONATA__REPLY__INIT};
    bool known = w->by_token ? caller_again(rpc, w->token, &caller) : caller_identify(rpc, w->key, &caller);
    if (!known)
        return true; /* its key or token was revoked: it is told when it asks again */
    reply.message.commit = w->since;
    watch_add_changed(rpc, &caller, w->since, &reply.message);
    bool any = reply.message.n_searches > 0;
    if (any) {
        struct rpc_call call = {.rpc = rpc, .caller = &caller, .reply = &reply};
        reply.message.id = (ProtobufCBinaryData){REQUEST_ID_SIZE, w->id};
        reply.message.server = (char *)"sonata-master " SONATA_VERSION;
        border_out(&call);
        rpc->asking = w->asking;
        rpc->paying = w->paying;
        client_send_reply(rpc, &w->peer, &reply.message, true);
    }
    reply_release(&reply);
    return any;
}

void watches_turn(struct rpc *rpc)
{
    uint64_t committed = engine_committed(rpc->run);
    for (unsigned i = 0; rpc->watches && i < RPC_WATCHES_MAX; i++) {
        struct watch *w = &rpc->watches[i];
        if (!w->used || w->seen == committed)
            continue;
        w->seen = committed;
        w->used = !answer(rpc, w) && clock_monotonic_ns() < w->until_ns + FORGET_S * SONATA_SECOND;
    }
}
