/* Blocking DEALER for programs without a loop (the command line client). Requests queue until the server is there; the caller's patience is
 * the time-out of net_client_receive(). A monitor tells how the connection stands, so that a closed port need not be waited for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/net_internal.h"

enum { CLIENT_MESSAGE_MAX = 8 << 20, CLIENT_HWM = 1000 };

struct net_client {
    void *context, *socket, *monitor;
    enum net_link link;
    bool closed; /* the attempt to connect came as far as a socket */
};

static const char monitor_name[] = "inproc://sonata-client-monitor";

static int open_monitor(struct net_client *c)
{
    int zero = 0;
    c->monitor = zmq_socket(c->context, ZMQ_PAIR);
    bool bad = !c->monitor || zmq_setsockopt(c->monitor, ZMQ_RCVHWM, &zero, sizeof zero) ||
               zmq_setsockopt(c->monitor, ZMQ_LINGER, &zero, sizeof zero) || zmq_socket_monitor(c->socket, monitor_name, ZMQ_EVENT_ALL) ||
               zmq_connect(c->monitor, monitor_name);
    return bad ? net_errno() : 0;
}

/* An attempt that failed before there was a connection is told as a closed socket and a further attempt, by the latter alone when there was no
 * address. */
static enum net_link link_after(struct net_client *c, uint16_t event, uint32_t value)
{
    switch (event) {
    case ZMQ_EVENT_CONNECTED: /* again after a failed handshake: that stands until another succeeds */
        return c->link <= NET_LINK_READY ? NET_LINK_OPEN : c->link;
    case ZMQ_EVENT_CLOSED:
        c->closed = true;
        return c->link;
    case ZMQ_EVENT_CONNECT_RETRIED:
        if (c->link != NET_LINK_CONNECTING && c->link != NET_LINK_REFUSED && c->link != NET_LINK_UNRESOLVED)
            return c->link;
        return c->closed ? NET_LINK_REFUSED : NET_LINK_UNRESOLVED;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        return NET_LINK_READY;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        return NET_LINK_DENIED;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        return value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH ? NET_LINK_OTHER_SECURITY : NET_LINK_STRANGER;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_DISCONNECTED:
        return c->link == NET_LINK_OPEN ? NET_LINK_DROPPED : c->link;
    default:
        return c->link;
    }
}

/* Reads what the monitor has. */
static void hear(struct net_client *c)
{
    uint8_t frame[6];
    while (zmq_recv(c->monitor, frame, sizeof frame, ZMQ_DONTWAIT) == sizeof frame) {
        uint16_t event;
        uint32_t value;
        memcpy(&event, frame, sizeof event);
        memcpy(&value, frame + sizeof event, sizeof value);
        (void)zmq_recv(c->monitor, NULL, 0, ZMQ_DONTWAIT); /* the endpoint */
        c->link = link_after(c, event, value);
    }
}

enum net_link net_client_link(const struct net_client *c) { return c->link; }

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
    if (!r)
        r = open_monitor(c);
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
        zmq_pollitem_t item[] = {{.socket = c->socket, .events = ZMQ_POLLIN}, {.socket = c->monitor, .events = ZMQ_POLLIN}};
        if (zmq_poll(item, 2, (long)(left / SONATA_MS) + 1) < 0 && zmq_errno() == EINTR)
            return -EINTR;
        hear(c);
    }
}

void net_client_free(struct net_client *c)
{
    if (!c)
        return;
    if (c->monitor)
        zmq_close(c->monitor);
    if (c->socket)
        zmq_close(c->socket);
    while (c->context && zmq_ctx_term(c->context) && zmq_errno() == EINTR)
        continue;
    free(c);
}
