/* How many connections a listening socket has, and how fast an address makes new ones. libzmq reports each one (accepted, disconnected) with its
 * descriptor on a monitor socket; one beyond the bounds is shut down, which its I/O thread sees as its end. That is before any handshake, so silent
 * connections and those without a key count like others, and one who connects without end does not keep the I/O thread busy with the
 * cryptography of handshakes. The monitor's queue has no bound of its own, because libzmq would wait for us when it is full: it holds two small
 * messages per connection made since the last turn of the loop. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "net/net_internal.h"

enum { ADDRESSES = 4096 };

struct connection {
    bool open;
    uint16_t place; /* of its address; NO_PLACE: not a network one */
};
enum { NO_PLACE = ADDRESSES };

/* Of the addresses with one hash; two may share it, not of their choosing. */
struct place {
    uint32_t open;
    double tokens; /* new connections that it may make now */
    int64_t filled_ns;
};

struct net_gate {
    struct net_watch watch;
    struct net_bounds bounds;
    void *listener;
    struct connection *connection; /* by descriptor */
    size_t n_connections, capacity;
    unsigned n_open;
    struct place place[ADDRESSES];
    uint64_t salt;
    uint64_t refused;
};

/* The place of the peer's address, without its port. */
static uint16_t place_of(const struct net_gate *g, int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t n = sizeof a;
    uint8_t text[sizeof g->salt + sizeof(struct in6_addr)] = {0};
    memcpy(text, &g->salt, sizeof g->salt);
    if (getpeername(fd, (struct sockaddr *)&a, &n)) /* closed already */
        return NO_PLACE;
    if (a.ss_family == AF_INET)
        memcpy(text + sizeof g->salt, &((struct sockaddr_in *)&a)->sin_addr, sizeof(struct in_addr));
    else if (a.ss_family == AF_INET6)
        memcpy(text + sizeof g->salt, &((struct sockaddr_in6 *)&a)->sin6_addr, sizeof(struct in6_addr));
    else
        return NO_PLACE;
    return (uint16_t)(hash64(text, sizeof text) % ADDRESSES);
}

static void forget(struct net_gate *g, int fd)
{
    if (fd < 0 || (size_t)fd >= g->n_connections || !g->connection[fd].open)
        return;
    struct connection *c = &g->connection[fd];
    c->open = false;
    g->n_open--;
    if (c->place != NO_PLACE)
        g->place[c->place].open--;
}

static double burst(const struct net_bounds *b)
{
    return b->per_address > b->address_rate ? b->per_address : b->address_rate;
}

/* Another connection from there is within its rate. */
static bool take_token(struct net_gate *g, struct place *p)
{
    int64_t now = clock_monotonic_ns();
    double most = burst(&g->bounds), more = (double)(now - p->filled_ns) / SONATA_SECOND * g->bounds.address_rate;
    p->tokens = p->filled_ns && p->tokens + more < most ? p->tokens + more : most;
    p->filled_ns = now;
    if (p->tokens < 1)
        return false;
    p->tokens -= 1;
    return true;
}

static bool may_come(struct net_gate *g, uint16_t place)
{
    if (g->bounds.connections && g->n_open >= g->bounds.connections)
        return false;
    if (place == NO_PLACE)
        return true;
    struct place *p = &g->place[place];
    return (!g->bounds.per_address || p->open < g->bounds.per_address) && (!g->bounds.address_rate || take_token(g, p));
}

static void accepted(struct net_gate *g, int fd)
{
    if (fd < 0)
        return;
    forget(g, fd); /* its end was not reported */
    uint16_t place = place_of(g, fd);
    if (!may_come(g, place)) {
        shutdown(fd, SHUT_RDWR); /* should it be another's by now, that one connects again */
        g->refused++;
    }
    size_t old = g->n_connections;
    if ((size_t)fd >= old) {
        g->connection = xgrow(g->connection, &g->capacity, (size_t)fd + 1, sizeof *g->connection);
        memset(g->connection + old, 0, ((size_t)fd + 1 - old) * sizeof *g->connection);
        g->n_connections = (size_t)fd + 1;
    }
    g->connection[fd] = (struct connection){true, place};
    g->n_open++;
    if (place != NO_PLACE)
        g->place[place].open++;
}

/* Two frames: event u16 and value i32 in the machine's order, then the endpoint. False when there is none. */
static bool take_event(void *user)
{
    struct net_gate *g = user;
    uint8_t frame[6] = {0}, endpoint[256];
    int n = zmq_recv(g->watch.socket, frame, sizeof frame, ZMQ_DONTWAIT);
    if (n < 0)
        return false;
    zmq_recv(g->watch.socket, endpoint, sizeof endpoint, ZMQ_DONTWAIT);
    uint16_t event;
    int32_t value;
    memcpy(&event, frame, sizeof event);
    memcpy(&value, frame + 2, sizeof value);
    if (n == sizeof frame && event == ZMQ_EVENT_ACCEPTED)
        accepted(g, value);
    else if (n == sizeof frame && event == ZMQ_EVENT_DISCONNECTED)
        forget(g, value);
    return true;
}

static void released(void *user)
{
    struct net_gate *g = user;
    free(g->connection);
    free(g);
}

int net_gate_open(struct net *net, struct loop *loop, void *socket, const struct net_bounds *bounds, struct net_gate **ret_gate,
                  struct sonata_error *err)
{
    *ret_gate = NULL;
    if (!bounds->connections && !bounds->per_address && !bounds->address_rate)
        return 0;
    static unsigned number; /* of the loop thread; a name serves one socket of a context */
    char endpoint[64];
    int zero = 0, r = 0;
    snprintf(endpoint, sizeof endpoint, "inproc://sonata-gate-%u", number++);
    struct net_gate *g = xcalloc(1, sizeof *g);
    g->bounds = *bounds;
    g->listener = socket;
    if (getrandom(&g->salt, sizeof g->salt, 0) != sizeof g->salt)
        g->salt = (uintptr_t)g;
    g->watch.socket = zmq_socket(net->context, ZMQ_PAIR);
    if (!g->watch.socket || zmq_setsockopt(g->watch.socket, ZMQ_RCVHWM, &zero, sizeof zero) ||
        zmq_setsockopt(g->watch.socket, ZMQ_LINGER, &zero, sizeof zero) ||
        zmq_socket_monitor(socket, endpoint, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) || zmq_connect(g->watch.socket, endpoint))
        r = net_errno();
    if (!r)
        r = net_watch_start(&g->watch, loop, take_event, released, g);
    if (r) {
        zmq_socket_monitor(socket, NULL, 0);
        if (g->watch.socket)
            zmq_close(g->watch.socket);
        free(g);
        return sonata_error_set(err, r, "connections cannot be counted: %s", strerror(-r));
    }
    *ret_gate = g;
    return 0;
}

void net_gate_close(struct net_gate *g)
{
    if (!g || g->watch.closing)
        return;
    zmq_socket_monitor(g->listener, NULL, 0);
    net_watch_close(&g->watch);
}

unsigned net_gate_count(const struct net_gate *g)
{
    return g ? g->n_open : 0;
}

uint64_t net_gate_refused(const struct net_gate *g)
{
    return g ? g->refused : 0;
}
