/* What goes out: packed messages wait for the turn to be durable; bytes that wait for a peer are counted. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "rpc/rpc_internal.h"

/* A worker is limited by connection, since the workers of a lab may share a key; a client by its key, or by connection where there are none. */
uint64_t rpc_peer_number(const struct rpc *rpc, const struct net_socket *socket, const struct net_peer *peer, const char *user_id)
{
    return socket == rpc->clients && user_id[0] ? hash64_text(user_id) : hash64(peer->id, peer->size);
}

/* Takes the bytes. */
static void send_now(struct rpc *rpc, struct rpc_out *out)
{
    struct queues *q = out->socket == rpc->workers ? &rpc->worker_queue : &rpc->client_queue;
    if (out->socket && net_send_counted(out->socket, &out->peer, &out->data, queues_flow(q, out->number), rpc->config.queue_bytes))
        rpc->counts.dropped++;
    bytes_fini(&out->data);
}

void rpc_send(struct rpc *rpc, struct net_socket *socket, const struct net_peer *peer, Sonata__Envelope *e, bool reads_only)
{
    bool worker = socket == rpc->workers;
    struct rpc_out out = {socket, *peer, worker ? rpc_peer_number(rpc, socket, peer, "") : rpc->asking, {0}};
    envelope_pack(e, &out.data);
    int64_t now = clock_monotonic_ns();
    if (worker)
        limiter_charge(&rpc->worker_limit, out.number, out.data.size, now);
    else
        limiter_charge(&rpc->client_limit, rpc->paying, out.data.size, now); /* it asked for it */
    if (reads_only && engine_is_blocked(rpc->run, NULL)) {
        send_now(rpc, &out);
        return;
    }
    rpc->outbox = xgrow(rpc->outbox, &rpc->outbox_capacity, rpc->n_outbox + 1, sizeof *rpc->outbox);
    rpc->outbox[rpc->n_outbox++] = out;
}

void outbox_send(struct rpc *rpc)
{
    for (size_t i = 0; i < rpc->n_outbox; i++)
        send_now(rpc, &rpc->outbox[i]);
    rpc->n_outbox = 0;
}

void outbox_fini(struct rpc *rpc)
{
    for (size_t i = 0; i < rpc->n_outbox; i++)
        bytes_fini(&rpc->outbox[i].data);
    free(rpc->outbox);
}

void rpc_fault(struct rpc *rpc, struct net_socket *socket, const struct net_peer *peer, int code, const char *text)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Fault fault = SONATA__FAULT__INIT;
    fault.code = code;
    fault.text = (char *)text;
    e.body_case = SONATA__ENVELOPE__BODY_FAULT;
    e.fault = &fault;
    rpc_send(rpc, socket, peer, &e, true);
}
