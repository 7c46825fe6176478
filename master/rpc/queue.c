/* See queue.h. A flow in which nothing waits is as good as none: they are forgotten whenever their number has doubled, so the table is as large as
 * the number of peers that something waits for. */
#include "rpc/queue.h"

enum { SWEEP_LEAST = 1024 };

void queues_fini(struct queues *q)
{
    uint32_t at = 0;
    for (void *f; (f = map_next(&q->flow, &at));)
        net_flow_free(f);
    map_fini(&q->flow);
}

static bool keep_waiting(void *user, void *flow)
{
    (void)user;
    bool waiting = net_flow_bytes(flow) > 0;
    if (!waiting)
        net_flow_free(flow);
    return waiting;
}

static void sweep(struct queues *q)
{
    map_filter(&q->flow, keep_waiting, NULL);
    q->sweep_at = 2 * q->flow.count > SWEEP_LEAST ? 2 * q->flow.count : SWEEP_LEAST;
}

struct net_flow *queues_flow(struct queues *q, uint64_t peer)
{
    struct net_flow *f = map_get(&q->flow, peer);
    if (f)
        return f;
    if (q->flow.count >= q->sweep_at)
        sweep(q);
    f = net_flow_new();
    map_set(&q->flow, peer, f);
    return f;
}
