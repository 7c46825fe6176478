/* ZeroMQ sockets under libuv (see net.h; watch.c has the edge-triggered fd).
 * A message is one frame (on a ROUTER after the peer's id); anything else is dropped. The socket is closed with its last watcher. */
#include "net/net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "net/net_internal.h"

struct net_socket {
    bool router, closing;
    struct net_watch watch;
    struct net_handler handler;
    struct net_gate *gate; /* of a listening socket */
    char endpoint[256];
};

struct net *net_new(void)
{
    if (!net_guard_threads())
        return NULL;
    struct net *net = xcalloc(1, sizeof *net);
    net->context = zmq_ctx_new();
    if (!net->context)
        abort(); /* out of memory or file descriptors at start-up */
    zmq_ctx_set(net->context, ZMQ_MAX_SOCKETS, 64);
    return net;
}

void net_free(struct net *net)
{
    if (!net)
        return;
    while (zmq_ctx_term(net->context) && zmq_errno() == EINTR)
        continue;
    free(net);
}

/* Reads one whole message. False when there is none; *ret_valid tells whether it has the shape of ours. */
static bool receive(struct net_socket *s, struct net_peer *peer, zmq_msg_t *body, bool *ret_valid)
{
    *ret_valid = true;
    if (s->router) {
        zmq_msg_t id;
        zmq_msg_init(&id);
        if (zmq_msg_recv(&id, s->watch.socket, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&id);
            return false;
        }
        size_t n = zmq_msg_size(&id);
        *ret_valid = n <= NET_PEER_MAX && zmq_msg_more(&id);
        peer->size = (uint8_t)(*ret_valid ? n : 0);
        memcpy(peer->id, zmq_msg_data(&id), peer->size);
        bool more = zmq_msg_more(&id);
        zmq_msg_close(&id);
        if (!more)
            return true;
    }
    if (zmq_msg_recv(body, s->watch.socket, ZMQ_DONTWAIT) < 0)
        return false;
    bool more = zmq_msg_more(body);
    *ret_valid = *ret_valid && !more;
    while (more) { /* the parts of one message arrive together */
        zmq_msg_t extra;
        zmq_msg_init(&extra);
        more = zmq_msg_recv(&extra, s->watch.socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&extra);
        zmq_msg_close(&extra);
    }
    return true;
}

/* One message to the handler; false when there is none. */
static bool take_message(void *user)
{
    struct net_socket *s = user;
    struct net_peer peer = {0};
    zmq_msg_t body;
    bool valid;
    zmq_msg_init(&body);
    bool got = receive(s, &peer, &body, &valid);
    if (got && valid) {
        const char *user_id = zmq_msg_gets(&body, "User-Id");
        if (!user_id)
            user_id = "";
        s->handler.message(s->handler.user, s->router ? &peer : NULL, user_id, zmq_msg_data(&body), zmq_msg_size(&body));
    }
    zmq_msg_close(&body);
    return got;
}

/* Another process listening on the path? libzmq would unlink it and take its place. */
static bool ipc_in_use(const char *endpoint)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strncmp(endpoint, "ipc://", 6) || endpoint[6] == '@' || !copy_string(address.sun_path, sizeof address.sun_path, endpoint + 6))
        return false;
    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof address);
}

static void released(void *user)
{
    free(user);
}

static int discard(struct net_socket *s, int code)
{
    if (s->watch.socket)
        zmq_close(s->watch.socket);
    free(s);
    return code;
}

static int set_flag(struct net_socket *s, int option)
{
    int one = 1;
    return zmq_setsockopt(s->watch.socket, option, &one, sizeof one) ? net_errno() : 0;
}

int net_listen(struct net *net, struct loop *loop, const struct net_listener *listener, struct net_socket **ret_socket, struct sonata_error *err)
{
    const char *endpoint = listener->endpoint;
    const struct net_bounds *bounds = &listener->bounds;
    struct net_socket *s = xcalloc(1, sizeof *s);
    s->router = true;
    s->handler = listener->handler;
    s->watch.socket = zmq_socket(net->context, ZMQ_ROUTER);
    if (!s->watch.socket)
        return discard(s, sonata_error_set(err, net_errno(), "cannot open a socket: %s", zmq_strerror(zmq_errno())));
    int r = net_set_common(s->watch.socket, bounds->max_message, bounds->send_queue, bounds->receive_queue);
    if (!r)
        r = set_flag(s, ZMQ_ROUTER_MANDATORY); /* an error instead of a silent loss when the peer is gone or its queue full */
    if (!r)
        r = net_set_security(s->watch.socket, listener->security, true, err);
    if (r)
        return discard(s, err && err->text[0] ? r : sonata_error_set(err, r, "cannot set socket options: %s", strerror(-r)));
    if (ipc_in_use(endpoint))
        return discard(s, sonata_error_set(err, -EADDRINUSE, "%s: another process listens there; stop it or choose another endpoint", endpoint));
    r = net_gate_open(net, loop, s->watch.socket, bounds, &s->gate, err);
    if (r)
        return discard(s, r);
    if (zmq_bind(s->watch.socket, endpoint)) {
        r = sonata_error_set(err, net_errno(), "%s: cannot listen: %s", endpoint, zmq_strerror(zmq_errno()));
        net_gate_close(s->gate);
        return discard(s, r);
    }
    size_t size = sizeof s->endpoint;
    if (zmq_getsockopt(s->watch.socket, ZMQ_LAST_ENDPOINT, s->endpoint, &size))
        copy_string(s->endpoint, sizeof s->endpoint, endpoint);
    r = net_watch_start(&s->watch, loop, take_message, released, s);
    if (r) {
        net_gate_close(s->gate);
        return discard(s, sonata_error_set(err, r, "%s: cannot watch the socket: %s", endpoint, strerror(-r)));
    }
    *ret_socket = s;
    return 0;
}

int net_connect(struct net *net, struct loop *loop, const struct net_target *target, struct net_socket **ret_socket, struct sonata_error *err)
{
    const char *endpoint = target->endpoint;
    struct net_socket *s = xcalloc(1, sizeof *s);
    s->handler = target->handler;
    s->watch.socket = zmq_socket(net->context, ZMQ_DEALER);
    if (!s->watch.socket)
        return discard(s, sonata_error_set(err, net_errno(), "cannot open a socket: %s", zmq_strerror(zmq_errno())));
    int r = net_set_common(s->watch.socket, target->max_message, target->queue, target->queue);
    if (!r)
        r = set_flag(s, ZMQ_IMMEDIATE); /* nothing is queued for a link that is down: the sender learns of it by -EAGAIN */
    if (!r)
        r = net_set_security(s->watch.socket, target->security, false, err);
    if (r)
        return discard(s, err && err->text[0] ? r : sonata_error_set(err, r, "cannot set socket options: %s", strerror(-r)));
    if (zmq_connect(s->watch.socket, endpoint)) {
        r = net_errno();
        return discard(s, sonata_error_set(err, r, "%s: cannot connect: %s", endpoint, zmq_strerror(zmq_errno())));
    }
    copy_string(s->endpoint, sizeof s->endpoint, endpoint);
    r = net_watch_start(&s->watch, loop, take_message, released, s);
    if (r)
        return discard(s, sonata_error_set(err, r, "%s: cannot watch the socket: %s", endpoint, strerror(-r)));
    *ret_socket = s;
    return 0;
}

const char *net_endpoint(const struct net_socket *s)
{
    return s->endpoint;
}

int net_send(struct net_socket *s, const struct net_peer *peer, const void *data, size_t n)
{
    if (s->closing)
        return -ESHUTDOWN;
    int r = 0;
    if (s->router && zmq_send(s->watch.socket, peer->id, peer->size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        r = net_errno();
    if (!r && zmq_send(s->watch.socket, data, n, ZMQ_DONTWAIT) < 0)
        r = net_errno();
    net_watch_again(&s->watch);
    return r;
}

int net_send_counted(struct net_socket *s, const struct net_peer *peer, struct bytes *data, struct net_flow *f, size_t limit)
{
    zmq_msg_t m;
    int r = s->closing ? -ESHUTDOWN : 0;
    size_t waiting = net_flow_bytes(f);
    if (!r && waiting && waiting + data->size > limit)
        r = -ENOBUFS;
    if (!r)
        r = net_flow_message(f, data, &m);
    bytes_fini(data);
    if (r)
        return r;
    if (s->router && zmq_send(s->watch.socket, peer->id, peer->size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        r = net_errno();
    if (!r && zmq_msg_send(&m, s->watch.socket, ZMQ_DONTWAIT) < 0)
        r = net_errno();
    if (r)
        zmq_msg_close(&m);
    net_watch_again(&s->watch);
    return r;
}

unsigned net_connections(const struct net_socket *s)
{
    return net_gate_count(s->gate);
}

uint64_t net_connections_refused(const struct net_socket *s)
{
    return net_gate_refused(s->gate);
}

void net_close(struct net_socket *s)
{
    if (!s || s->closing)
        return;
    s->closing = true;
    net_gate_close(s->gate);
    s->gate = NULL;
    net_watch_close(&s->watch);
}
