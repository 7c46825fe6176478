/* See rpc.h. This file: life of both ports. */
#include "rpc/rpc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "rpc/call.h"
#include "rpc/rpc_internal.h"

enum { REFUSED_LOG_S = 5, BYTE_BURST_S = 4, BUSY_BURST_S = 5, CHANGES_PER_S = 50 };
#define BUSY_SHARE 0.25 /* of the master's time for the requests of one client key */

struct rpc *rpc_new(void) { return xcalloc(1, sizeof(struct rpc)); }

/* The user id of a connection is its public key: every message looks it up again, so revocation takes effect at once. */
static bool may_connect(void *user, const char *domain, const char *public_key, char ret_user_id[64])
{
    struct rpc *rpc = user;
    copy_string(ret_user_id, 64, public_key);
    bool yes = access_may_connect(rpc->config.access, domain, public_key);
    if (!yes)
        rpc_garbage(rpc, domain, "a key that is unknown, revoked or for another port");
    return yes;
}

void rpc_set_rates(struct rpc *rpc, double worker_rate, double client_rate, double byte_rate)
{
    rpc->worker_limit.rates = (struct limit_rates){
        .messages = worker_rate, .bytes = byte_rate, .byte_burst = BYTE_BURST_S * byte_rate, .mute_ns = RPC_MUTE_S * SONATA_SECOND};
    rpc->client_limit.rates = rpc->worker_limit.rates;
    rpc->client_limit.rates.messages = client_rate;
    rpc->client_limit.rates.busy = client_rate > 0 ? BUSY_SHARE : 0;
    rpc->client_limit.rates.busy_burst_s = BUSY_BURST_S;
    rpc->change_limit.rates = (struct limit_rates){.messages = client_rate > 0 ? CHANGES_PER_S : 0};
}

int rpc_open(struct rpc *rpc, struct engine *run, struct net *net, struct loop *loop, const struct rpc_config *config, struct sonata_error *err)
{
    rpc->run = run;
    rpc->config = *config;
    rpc->tasks.loop = loop;
    rpc->receipts.loop = &loop->uv;
    rpc->tasks.state = config->state;
    rpc_set_rates(rpc, config->worker_rate, config->client_rate, config->byte_rate);
    struct net_security worker_port = {0}, client_port = {0};
    int r = 0;
    if (config->access) {
        worker_port = client_port = *config->security;
        worker_port.domain = "worker";
        client_port.domain = "client";
        r = worker_load_names(rpc, err);
        if (!r)
            r = tokens_open(config->access, engine_store(run), &rpc->tokens, err);
    }
    if (!r && config->access)
        r = net_zap_new(net, loop, (struct net_zap_policy){may_connect, rpc}, &rpc->zap, err);
    struct net_listener workers = {
        config->worker_endpoint,
        {WIRE_MESSAGE_MAX, config->hwm, RPC_RECEIVE_QUEUE, config->worker_connections, config->per_address, config->address_rate},
        config->access ? &worker_port : NULL,
        {worker_message, rpc}};
    struct net_listener clients = workers;
    clients.endpoint = config->client_endpoint;
    clients.bounds.connections = config->client_connections;
    clients.security = config->access ? &client_port : NULL;
    clients.handler.message = client_message;
    if (!r)
        r = net_listen(net, loop, &workers, &rpc->workers, err);
    if (!r)
        r = net_listen(net, loop, &clients, &rpc->clients, err);
    return r;
}

void rpc_close(struct rpc *rpc)
{
    if (rpc->workers)
        net_close(rpc->workers);
    if (rpc->clients)
        net_close(rpc->clients);
    net_zap_close(rpc->zap);
    task_close_all(&rpc->tasks);
    rpc->workers = rpc->clients = NULL;
    rpc->zap = NULL;
}

void rpc_free(struct rpc *rpc)
{
    if (!rpc)
        return;
    map_fini_free(&rpc->by_name);
    map_fini(&rpc->by_peer);
    outbox_fini(rpc);
    free(rpc->watches);
    for (unsigned i = 0; i < RPC_UPLOADS_MAX; i++)
        bytes_fini(&rpc->upload[i].data);
    bytes_fini(&rpc->cached);
    receipts_fini(&rpc->receipts);
    worker_blob_fini(rpc);
    tokens_free(rpc->tokens);
    limiter_fini(&rpc->worker_limit);
    limiter_fini(&rpc->client_limit);
    limiter_fini(&rpc->change_limit);
    queues_fini(&rpc->worker_queue);
    queues_fini(&rpc->client_queue);
    free(rpc);
}

const char *rpc_worker_endpoint(const struct rpc *rpc) { return net_endpoint(rpc->workers); }

const char *rpc_client_endpoint(const struct rpc *rpc) { return net_endpoint(rpc->clients); }

struct rpc_counts rpc_counts(const struct rpc *rpc)
{
    struct rpc_counts c = rpc->counts;
    c.workers = rpc->by_name.count;
    c.connections_refused = rpc->workers ? net_connections_refused(rpc->workers) : 0;
    if (rpc->clients)
        c.connections_refused += net_connections_refused(rpc->clients);
    return c;
}

/* A flood of connections is many events and one line. */
static void tell_of_refused(struct rpc *rpc)
{
    uint64_t n = rpc_counts(rpc).connections_refused;
    int64_t now = clock_monotonic_ns();
    if (n == rpc->refused_told || (rpc->refused_told_ns && now - rpc->refused_told_ns < REFUSED_LOG_S * SONATA_SECOND))
        return;
    log_warn("connections refused: too many, or too fast, from one address or in all", "new=%llu total=%llu",
             (unsigned long long)(n - rpc->refused_told), (unsigned long long)n);
    rpc->refused_told = n;
    rpc->refused_told_ns = now;
}

void rpc_flush(struct rpc *rpc)
{
    tell_of_refused(rpc);
    worker_names_turn(rpc);
    watches_turn(rpc);
    outbox_send(rpc);
}
