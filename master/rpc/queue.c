/* See queue.h. A flow in which nothing waits is as good as none: they are forgotten whenever their number has doubled, so the table is as large as the number
 * of peers that something waits for. */
#include "rpc/queue.h"

enum { SWEEP_LEAST = 1024 };

void queues_fini(struct queues *q)
{
    uint32_t at = 0;
    for (void *f; (f = map_next(&q->flow, &at));)
        net_flow_free(f);
    map_fini(&q->flow);
}

static void sweep(struct queues *q)
{
    struct map kept = {0};
    for (uint32_t i = 0; i < q->flow.n_entries; i++) {
        struct map_entry *e = &q->flow.entry[i];
        if (e->value && net_flow_bytes(e->value))
            map_set(&kept, e->key, e->value);
        else if (e->value)
            net_flow_free(e->value);
    }
    map_fini(&q->flow);
    q->flow = kept;
    q->sweep_at = 2 * kept.count > SWEEP_LEAST ? 2 * kept.count : SWEEP_LEAST;
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
