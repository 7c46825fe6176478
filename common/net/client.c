/* Blocking DEALER for programs without a loop (the command line client). Requests queue until the server is there; the caller's patience is
 * the time-out of net_client_receive(). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/net_internal.h"

enum { CLIENT_MESSAGE_MAX = 8 << 20, CLIENT_HWM = 1000 };

struct net_client {
    void *context, *socket;
};

int net_client_new(const char *endpoint, const struct net_security *security, struct net_client **ret_client, struct sonata_error *err)
{
    struct net_client *c = xcalloc(1, sizeof *c);
    c->context = net_guard_threads() ? zmq_ctx_new() : NULL;
    c->socket = c->context ? zmq_socket(c->context, ZMQ_DEALER) : NULL;
    int r = c->socket ? net_set_common(c->socket, CLIENT_MESSAGE_MAX, CLIENT_HWM, CLIENT_HWM) : -EAGAIN;
    if (r == -EAGAIN)
        sonata_error_set(err, r, "cannot open a socket: no further thread or descriptor is allowed (ulimit -u, ulimit -n)");
    else if (r)
        sonata_error_set(err, r, "cannot open a socket: %s", strerror(-r));
    else
        r = net_set_security(c->socket, security, false, err);
    if (!r && zmq_connect(c->socket, endpoint)) {
        r = net_errno();
        sonata_error_set(err, r, "%s: cannot connect: %s", endpoint, zmq_strerror(zmq_errno()));
    }
    if (r) {
        net_client_free(c);
        return r;
    }
    *ret_client = c;
    return 0;
}

int net_client_send(struct net_client *c, const void *data, size_t n) { return zmq_send(c->socket, data, n, ZMQ_DONTWAIT) < 0 ? net_errno() : 0; }

/* Takes one message off the socket; -EAGAIN when there is none, -EBADMSG when it has more than one part. */
static int take(struct net_client *c, uint8_t **ret_data, size_t *ret_n)
{
    zmq_msg_t m;
    zmq_msg_init(&m);
    if (zmq_msg_recv(&m, c->socket, ZMQ_DONTWAIT) < 0) {
        int r = net_errno();
        zmq_msg_close(&m);
        return r;
    }
    if (zmq_msg_more(&m)) {
        while (zmq_msg_more(&m) && zmq_msg_recv(&m, c->socket, ZMQ_DONTWAIT) >= 0)
            continue;
        zmq_msg_close(&m);
        return -EBADMSG;
    }
    size_t n = zmq_msg_size(&m);
    uint8_t *data = xmalloc(n + 1);
    memcpy(data, zmq_msg_data(&m), n);
    zmq_msg_close(&m);
    *ret_data = data;
    *ret_n = n;
    return 0;
}

int net_client_receive(struct net_client *c, int timeout_ms, uint8_t **ret_data, size_t *ret_n)
{
    int64_t deadline = clock_monotonic_ns() + timeout_ms * SONATA_MS;
    for (;;) {
        int r = take(c, ret_data, ret_n);
        if (r != -EAGAIN)
            return r;
        int64_t left = deadline - clock_monotonic_ns();
        if (left <= 0)
            return -ETIMEDOUT;
        zmq_pollitem_t item = {.socket = c->socket, .events = ZMQ_POLLIN};
        if (zmq_poll(&item, 1, (long)(left / SONATA_MS) + 1) < 0 && zmq_errno() == EINTR)
            return -EINTR;
    }
}

void net_client_free(struct net_client *c)
{
    if (!c)
        return;
    if (c->socket)
        zmq_close(c->socket);
    while (c->context && zmq_ctx_term(c->context) && zmq_errno() == EINTR)
        continue;
    free(c);
}
