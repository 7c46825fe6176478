/* What waits for peers that do not read: bytes by peer, in the queues of both ports. A peer is a number (peer_number() of rpc.c). */
#ifndef SONATA_RPC_QUEUE_H
#define SONATA_RPC_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "net/net.h"

/* Zero-initialise; release with queues_fini(). */
struct queues {
    struct map flow;   /* peer → struct net_flow */
    uint32_t sweep_at; /* number of flows at which those nothing waits in are forgotten */
};

/* Releases what it holds. */
void queues_fini(struct queues *q);
/* Of that peer, new when nothing waits for it. Borrowed until the next call. */
struct net_flow *queues_flow(struct queues *q, uint64_t peer);

#endif
