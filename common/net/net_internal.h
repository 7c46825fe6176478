/* Shared inside net: context, socket options, error translation. */
#ifndef SONATA_NET_INTERNAL_H
#define SONATA_NET_INTERNAL_H

#include <zmq.h>

#include "net/net.h"

struct net {
    void *context;
};

/* The watchers of one ZeroMQ socket on the loop (watch.c). */
struct net_watch {
    void *socket;                 /* set by the user before net_watch_start() */
    bool closing;
    int open_watchers;
    uv_poll_t poll;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    bool (*take)(void *user);     /* reads one message; false when there is none */
    void (*released)(void *user); /* socket and watchers are closed: free the user's memory */
    void *user;
};

/* Starts watching w->socket. 0 or -errno (nothing is watched then). */
int net_watch_start(struct net_watch *w, struct loop *loop, bool (*take)(void *), void (*released)(void *), void *user);
/* After a send: it may have consumed the edge of an incoming message. */
void net_watch_again(struct net_watch *w);
/* Closes the watchers, then the socket, then calls released. */
void net_watch_close(struct net_watch *w);

enum { NET_LINGER_MS = 500, NET_RECONNECT_MS = 100, NET_RECONNECT_MAX_MS = 5000, NET_HEARTBEAT_MS = 5000, NET_HEARTBEAT_TIMEOUT_MS = 15000,
       NET_HANDSHAKE_MS = 30000 };

/* Whether guard.c stands in front of the C library for libzmq, as it must. */
bool net_guard_is_in_force(void);
/* Whether the threads of a context can be started: libzmq ends the process when its first socket cannot start them. */
bool net_guard_threads(void);

/* Makes a message of the bytes (taken, also when it fails to be sent) that counts for f until libzmq lets go of it. -ENOMEM: nothing is taken. */
int net_flow_message(struct net_flow *f, struct bytes *data, zmq_msg_t *ret_message);

/* Counts the connections of a listening socket and closes those beyond its bounds (gate.c). Open it before zmq_bind(), close it before the socket.
 * NULL when there are no bounds. */
struct net_gate;
/* Begins to count for a socket that listens. NULL is put in *ret_gate when there are no bounds. */
int net_gate_open(struct net *net, struct loop *loop, void *socket, const struct net_bounds *bounds, struct net_gate **ret_gate,
                  struct sonata_error *err) SONATA_MUST_CHECK;
/* Counts no more; its memory goes with the loop's close callback. NULL is allowed. */
void net_gate_close(struct net_gate *g);
/* Connections that are open; 0 for NULL. */
unsigned net_gate_count(const struct net_gate *g);
/* Connections that were closed because of the bounds; 0 for NULL. */
uint64_t net_gate_refused(const struct net_gate *g);

/* Options every socket has: linger, queue bounds, largest frame, reconnect and link heartbeat. 0 or -errno. */
int net_set_common(void *socket, size_t max_message, int send_queue, int receive_queue);
/* CURVE keys; security may be NULL (plain). */
int net_set_security(void *socket, const struct net_security *security, _Bool server, struct sonata_error *err);
/* -errno of the last libzmq call. */
int net_errno(void);

#endif
