/* ZeroMQ sockets as loop watchers: frames in, frames out; no protobuf here.
 *
 * A ZMQ_FD is edge-triggered and says only "look at ZMQ_EVENTS": each socket has a poll watcher on the fd plus prepare/check/idle, re-reads
 * ZMQ_EVENTS before blocking, does not block after a send, and drains at most `budget` messages per turn. A socket belongs to the loop thread.
 * CURVE hooks live in struct net_security; without it the socket is plain (ipc://, loopback, tests). */
#ifndef SONATA_NET_NET_H
#define SONATA_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "loop/loop.h"

struct net;        /* ZeroMQ context */
struct net_socket;

enum { NET_PEER_MAX = 32 };

/* Identity of a ROUTER's peer. */
struct net_peer {
    uint8_t size;
    uint8_t id[NET_PEER_MAX];
};

/* CURVE keys as 40-character Z85 text; NULL members: none. A server needs its own pair, a client also the server's public key. */
struct net_security {
    const char *public_key, *secret_key, *server_key;
    const char *domain; /* server: ZAP domain, told to net_zap's decision ("worker", "client"); NULL: every key is let in */
};

struct net_handler {
    /* One message. `peer` is NULL on a DEALER; user_id is the ZAP user id ("" when plain). data is valid during the call. */
    void (*message)(void *user, const struct net_peer *peer, const char *user_id, const uint8_t *data, size_t n);
    void *user;
};

/* NULL: no further thread may be started (ulimit -u, TasksMax). */
struct net *net_new(void);
void net_free(struct net *net); /* sockets must be closed */

/* Bounds of a listening socket. */
struct net_bounds {
    size_t max_message;            /* bytes of a frame: a larger one costs its sender the connection (ZMQ_MAXMSGSIZE) */
    int send_queue, receive_queue; /* messages, of each connection */
    unsigned connections;          /* open at a time, whatever they say; further ones are closed at once; 0: as many as there are descriptors */
    unsigned per_address;          /* of them from one IP address; 0: no bound of their own */
    unsigned address_rate;         /* new ones a second from one IP address, after a burst of per_address (or of a second); 0: no bound */
};

/* A socket to be that listens; the pointers are borrowed for the call. */
struct net_listener {
    const char *endpoint; /* "tcp://127.0.0.1:0" picks a port, "ipc:///path" */
    struct net_bounds bounds;
    const struct net_security *security; /* NULL: plain */
    struct net_handler handler;
};
/* ROUTER bound to the endpoint of the listener. -EADDRINUSE etc. with the endpoint in err. */
int net_listen(struct net *net, struct loop *loop, const struct net_listener *listener, struct net_socket **ret_socket,
               struct sonata_error *err) SONATA_MUST_CHECK;
/* A connection to be; the pointers are borrowed for the call. */
struct net_target {
    const char *endpoint;
    size_t max_message;                  /* bytes of a frame; a larger one costs the connection */
    int queue;                           /* messages, in either direction */
    const struct net_security *security; /* NULL: plain */
    struct net_handler handler;
};
/* DEALER connected to the endpoint of the target (reconnects by itself, 100 ms .. 5 s), under a routing id that the listener gives anew to every
 * connection, so that no peer can take another's. */
int net_connect(struct net *net, struct loop *loop, const struct net_target *target, struct net_socket **ret_socket,
                struct sonata_error *err) SONATA_MUST_CHECK;
/* The bound endpoint with the real port. */
const char *net_endpoint(const struct net_socket *s);
/* Never blocks. -EAGAIN: the peer's queue is full (ROUTER with ZMQ_ROUTER_MANDATORY: -EHOSTUNREACH when it is gone). */
int net_send(struct net_socket *s, const struct net_peer *peer, const void *data, size_t n);
/* Counts the bytes that wait in queues for one owner, who may have several connections. */
struct net_flow;
/* A flow with nothing waiting; release with net_flow_free(). */
struct net_flow *net_flow_new(void);
/* Messages may still wait: they free it. */
void net_flow_free(struct net_flow *f);
/* Bytes that wait now. From any thread. */
size_t net_flow_bytes(const struct net_flow *f);
/* As net_send(), but takes the bytes (*data is empty afterwards, whatever is returned) and counts them in f until they are on their way or dropped.
 * -ENOBUFS: more than `limit` bytes would wait. A message is always let through when none waits. */
int net_send_counted(struct net_socket *s, const struct net_peer *peer, struct bytes *data, struct net_flow *f, size_t limit);
/* Connections that are open, and that were closed because there were too many. */
unsigned net_connections(const struct net_socket *s);
/* Connections closed because there were too many, since the socket was opened. */
uint64_t net_connections_refused(const struct net_socket *s);
/* Closes socket and watchers; memory goes in the close callback. */
void net_close(struct net_socket *s);

/* The allow-list behind CURVE (ZeroMQ RFC 27, ZAP 1.0): asked once for every new connection of a socket whose security has a domain. */
struct net_zap;
struct net_zap_policy {
    /* Whether the client with this public key (40 characters Z85) may connect to `domain`; its user id (given to every message's handler) goes
     * to ret_user_id. */
    bool (*allow)(void *user, const char *domain, const char *public_key, char ret_user_id[64]);
    void *user;
};
/* One per net; must exist before the first listening socket with a domain. */
int net_zap_new(struct net *net, struct loop *loop, struct net_zap_policy policy, struct net_zap **ret_zap,
                struct sonata_error *err) SONATA_MUST_CHECK;
/* Answers no more; its memory goes with the loop's close callback. NULL is allowed. */
void net_zap_close(struct net_zap *zap);
/* A fresh CURVE key pair as Z85 text. 0 or -ENOSYS without CURVE. */
int net_new_keys(char ret_public[41], char ret_secret[41]);
/* The public key that belongs to a secret one. 0 or -EINVAL. */
int net_public_key(const char *secret, char ret_public[41]);

/* Blocking DEALER for the command line client, without a loop. */
struct net_client;
/* How the connection stands, by the newest that was heard of it. */
enum net_link {
    NET_LINK_CONNECTING,     /* nothing was heard yet */
    NET_LINK_UNRESOLVED,     /* the host's name leads nowhere */
    NET_LINK_REFUSED,        /* nothing listens there, or the network does not lead there */
    NET_LINK_OPEN,           /* something accepted the connection, but has not shown itself as a ZeroMQ peer */
    NET_LINK_READY,          /* the handshake is done */
    NET_LINK_STRANGER,       /* what answers does not speak ZeroMQ */
    NET_LINK_OTHER_SECURITY, /* it speaks ZeroMQ, but one of the two sides has keys and the other has none */
    NET_LINK_DENIED,         /* it does not accept our key */
    NET_LINK_DROPPED         /* it closed the connection in the handshake */
};
/* Begins to connect, which goes on while messages are received; nothing is sent yet. -EINVAL: no such endpoint or key. */
int net_client_new(const char *endpoint, const struct net_security *security, struct net_client **ret_client,
                   struct sonata_error *err) SONATA_MUST_CHECK;
/* Queues n bytes (copied) without waiting. 0 or -errno. */
int net_client_send(struct net_client *c, const void *data, size_t n);
/* Next message within timeout_ms into *ret_data (free()); -ETIMEDOUT. */
int net_client_receive(struct net_client *c, int timeout_ms, uint8_t **ret_data, size_t *ret_n);
/* As far as net_client_receive() has heard. */
enum net_link net_client_link(const struct net_client *c);
/* Frees it with all it holds; NULL is allowed. */
void net_client_free(struct net_client *c);

#endif
