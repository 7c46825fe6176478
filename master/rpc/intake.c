/* What comes in: whether a message is read at all, and that it is one of ours. */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "rpc/call.h"
#include "rpc/rpc_internal.h"

enum { GARBAGE_LOG_S = 5 };

bool rpc_admit(struct rpc *rpc, struct net_socket *socket, const struct net_peer *peer, const char *user_id, size_t n)
{
    bool worker = socket == rpc->workers;
    struct limiter *l = worker ? &rpc->worker_limit : &rpc->client_limit;
    uint64_t number = rpc_peer_number(rpc, socket, peer, user_id);
    if (!worker)
        rpc->asking = rpc->paying = number;
    if (!worker && caller_is_web(rpc, user_id))
        return true; /* those whom its tokens stand for are limited, each for itself */
    enum limit_verdict verdict = limiter_take(l, number, n, clock_monotonic_ns());
    if (verdict == LIMIT_PASS)
        return true;
    rpc->counts.refused++;
    if (verdict == LIMIT_REFUSE) {
        char text[160];
        snprintf(text, sizeof text, "too much at once: %.0f messages and %.0f bytes a second are the limit; nothing more is read for %d s",
                 l->rates.messages, l->rates.bytes, RPC_MUTE_S);
        rpc_fault(rpc, socket, peer, -EBUSY, text);
        rpc_garbage(rpc, worker ? "worker" : "client", text);
    }
    return false;
}

void rpc_garbage(struct rpc *rpc, const char *port, const char *why)
{
    rpc->counts.garbage++;
    int64_t now = clock_monotonic_ns();
    if (rpc->garbage_logged_ns && now - rpc->garbage_logged_ns < GARBAGE_LOG_S * SONATA_SECOND)
        return;
    rpc->garbage_logged_ns = now;
    log_warn("message ignored", "port=%s reason=\"%s\" total=%llu", port, why, (unsigned long long)rpc->counts.garbage);
}

Sonata__Envelope *rpc_unpack(struct rpc *rpc, struct net_socket *socket, const struct net_peer *peer, const uint8_t *data, size_t n)
{
    bool other_major;
    struct sonata_error err = {{0}};
    Sonata__Envelope *e = envelope_unpack(data, n, &other_major, &err);
    if (e)
        return e;
    if (other_major) {
        rpc->counts.other_major++;
        rpc_fault(rpc, socket, peer, -EPROTONOSUPPORT, err.text);
    }
    rpc_garbage(rpc, socket == rpc->workers ? "worker" : "client", err.text);
    return NULL;
}
