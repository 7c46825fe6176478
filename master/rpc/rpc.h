/* The two ports of the master: messages in, calls of run, messages out.
 *
 * Whatever answers an input that changed something waits in an outbox until the turn is durable (rpc_flush()). Peers are never waited for: a
 * message to a peer whose queue is full is dropped; workers send results again until acknowledged, and leases take care of lost assignments. */
#ifndef SONATA_RPC_RPC_H
#define SONATA_RPC_RPC_H

#include "access/access.h"
#include "base/error.h"
#include "loop/loop.h"
#include "net/net.h"
#include "run/engine.h"

struct rpc_config {
    const char *worker_endpoint, *client_endpoint; /* "tcp://127.0.0.1:7101", "ipc:///path" */
    int hwm;                                       /* messages queued per connection */
    size_t queue_bytes;                            /* bytes that wait for one worker, or for all connections of one client key */
    unsigned worker_connections, client_connections, per_address, address_rate; /* struct net_bounds */
    double worker_rate, client_rate;     /* messages per second of one connection of a worker, of one client key; 0: no limit */
    double byte_rate;                    /* bytes per second of either, for a worker in both directions; 0: no limit */
    const char *state, *backup_dir;      /* folders of the store and of backups; must outlive the rpc */
    uint64_t incarnation;                /* of this start of the master */
    struct access *access;               /* teams and keys; NULL: no keys, whoever can connect may do everything */
    const struct net_security *security; /* the server's key pair when there is access */
};

struct rpc_counts {
    uint64_t worker_messages, client_messages, garbage, other_major, dropped, refused, connections_refused;
    uint32_t workers;
};

struct rpc;
/* Without sockets: the hooks of run may point to it before the ports are open. */
struct rpc *rpc_new(void);
/* Opens both ports. -EADDRINUSE etc. with the endpoint in err. */
int rpc_open(struct rpc *rpc, struct engine *run, struct net *net, struct loop *loop, const struct rpc_config *config,
             struct sonata_error *err) SONATA_MUST_CHECK;
/* Other limits from now on, as in struct rpc_config. */
void rpc_set_rates(struct rpc *rpc, double worker_rate, double client_rate, double byte_rate);
/* Closes the sockets; the loop must turn until their handles are closed, then rpc_free(). */
void rpc_close(struct rpc *rpc);
void rpc_free(struct rpc *rpc);
/* The bound endpoints. */
const char *rpc_worker_endpoint(const struct rpc *rpc);
const char *rpc_client_endpoint(const struct rpc *rpc);
/* What both ports have seen since they were opened, for sonata-master's status. */
struct rpc_counts rpc_counts(const struct rpc *rpc);

/* Sends what waits: the turn is durable. */
void rpc_flush(struct rpc *rpc);
/* Hooks of run. */
void rpc_assign(struct rpc *rpc, const char *worker, const struct evaluation_job *job);
/* Tells the worker to end an attempt, with the reason; nothing when it is not connected: it is told when it says hello. */
void rpc_cancel(struct rpc *rpc, const char *worker, uint64_t attempt, const char *reason);
/* Tells the worker an action for one of its boards; nothing when it is not connected: it is told when it says hello. */
void rpc_command(struct rpc *rpc, const char *worker, const char *board, const char *action);

#endif
