/* Bytes that wait in the queues of sockets, by owner. libzmq calls released() on an I/O thread when it has packed a message for the link or drops it
 * with the connection, so the counter is atomic and the flow lives until the last message has gone. */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "net/net_internal.h"

struct net_flow {
    atomic_size_t bytes, holders; /* holders: the owner and every waiting message */
};

struct waiting {
    _Atomic(struct net_flow *) flow; /* atomic: it also hands over the rest and the bytes, since the thread sanitizer does not see how libzmq does */
    size_t n;
};

struct net_flow *net_flow_new(void)
{
    struct net_flow *f = xcalloc(1, sizeof *f);
    atomic_init(&f->bytes, 0);
    atomic_init(&f->holders, 1);
    return f;
}

static void drop(struct net_flow *f)
{
    if (atomic_fetch_sub(&f->holders, 1) == 1)
        free(f);
}

void net_flow_free(struct net_flow *f)
{
    if (f)
        drop(f);
}

size_t net_flow_bytes(const struct net_flow *f)
{
    return atomic_load(&f->bytes);
}

static void released(void *data, void *hint)
{
    struct waiting *w = hint;
    struct net_flow *f = atomic_load(&w->flow);
    atomic_fetch_sub(&f->bytes, w->n);
    drop(f);
    free(w);
    free(data);
}

int net_flow_message(struct net_flow *f, struct bytes *data, zmq_msg_t *ret_message)
{
    struct waiting *w = xmalloc(sizeof *w);
    w->n = data->size;
    atomic_store(&w->flow, f);
    if (zmq_msg_init_data(ret_message, data->data, data->size, released, w)) {
        free(w);
        return net_errno();
    }
    atomic_fetch_add(&f->bytes, w->n);
    atomic_fetch_add(&f->holders, 1);
    *data = (struct bytes){0};
    return 0;
}
