/* See rpc.h. This file: life, outbox, what is common to both ports. */
#include "rpc/rpc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "rpc/rpc_internal.h"

enum { GARBAGE_LOG_S = 5, BYTE_BURST_S = 4, BUSY_BURST_S = 5, CHANGES_PER_S = 50 };
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
    rpc->tasks.state = config->state;
    rpc_set_rates(rpc, config->worker_rate, config->client_rate, config->byte_rate);
    struct net_handler on_worker = {worker_message, rpc}, on_client = {client_message, rpc};
    struct net_security worker_port = {0}, client_port = {0};
    int r = 0;
    if (config->access) {
        worker_port = client_port = *config->security;
        worker_port.domain = "worker";
        client_port.domain = "client";
        r = worker_load_names(rpc, err);
    }
    if (!r && config->access)
        r = net_zap_new(net, loop, (struct net_zap_policy){may_connect, rpc}, &rpc->zap, err);
    struct net_bounds bounds = {WIRE_MESSAGE_MAX,           config->hwm,         RPC_RECEIVE_QUEUE,
                                config->worker_connections, config->per_address, config->address_rate};
    if (!r)
        r = net_listen(net, loop, config->worker_endpoint, &bounds, config->access ? &worker_port : NULL, on_worker, &rpc->workers, err);
    bounds.connections = config->client_connections;
    if (!r)
        r = net_listen(net, loop, config->client_endpoint, &bounds, config->access ? &client_port : NULL, on_client, &rpc->clients, err);
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
    uint32_t at = 0;
    for (void *p; (p = map_next(&rpc->by_name, &at));)
        free(p);
    map_fini(&rpc->by_name);
    map_fini(&rpc->by_peer);
    for (size_t i = 0; i < rpc->n_outbox; i++)
        bytes_fini(&rpc->outbox[i].data);
    free(rpc->outbox);
    for (unsigned i = 0; i < RPC_UPLOADS_MAX; i++)
        bytes_fini(&rpc->upload[i].data);
    bytes_fini(&rpc->cached);
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
    c.connections_refused = (rpc->workers ? net_connections_refused(rpc->workers) : 0) + (rpc->clients ? net_connections_refused(rpc->clients) : 0);
    return c;
}

/* A worker is limited by connection, since the workers of a lab may share a key; a client by its key, or by connection where there are none. */
static uint64_t peer_number(const struct rpc *rpc, const struct net_socket *socket, const struct net_peer *peer, const char *user_id)
{
    return socket == rpc->clients && user_id[0] ? hash64_text(user_id) : hash64(peer->id, peer->size);
}

bool rpc_admit(struct rpc *rpc, struct net_socket *socket, const struct net_peer *peer, const char *user_id, size_t n)
{
    bool worker = socket == rpc->workers;
    struct limiter *l = worker ? &rpc->worker_limit : &rpc->client_limit;
    uint64_t number = peer_number(rpc, socket, peer, user_id);
    enum limit_verdict verdict = limiter_take(l, number, n, clock_monotonic_ns());
    if (!worker)
        rpc->asking = number;
    if (verdict == LIMIT_PASS)
        return true;
    rpc->counts.refused++;
    if (verdict == LIMIT_REFUSE) {
        char text[160];
        snprintf(text, sizeof text, "too much at once: %.0f messages and %.0f bytes a second are the limit; nothing more is read for %d s",
                 l->rates.messages, l->rates.bytes, RPC_MUTE_S);
        rpc_fault(rpc, socket, peer, -EBUSY, text);
        rpc_garbage(rpc, worker ? "worker" : "client", text);
    }
    return false;
}

/* Takes the bytes. */
static void send_now(struct rpc *rpc, struct rpc_out *out)
{
    struct queues *q = out->socket == rpc->workers ? &rpc->worker_queue : &rpc->client_queue;
    if (out->socket && net_send_counted(out->socket, &out->peer, &out->data, queues_flow(q, out->number), rpc->config.queue_bytes))
        rpc->counts.dropped++;
    bytes_fini(&out->data);
}

void rpc_send(struct rpc *rpc, struct net_socket *socket, const struct net_peer *peer, Sonata__Envelope *e, bool reads_only)
{
    bool worker = socket == rpc->workers;
    struct rpc_out out = {socket, *peer, worker ? peer_number(rpc, socket, peer, "") : rpc->asking, {0}};
    envelope_pack(e, &out.data);
    limiter_charge(worker ? &rpc->worker_limit : &rpc->client_limit, out.number, out.data.size, clock_monotonic_ns()); /* it asked for it */
    if (reads_only && engine_is_blocked(rpc->run, NULL)) {
        send_now(rpc, &out);
        return;
    }
    rpc->outbox = xgrow(rpc->outbox, &rpc->outbox_capacity, rpc->n_outbox + 1, sizeof *rpc->outbox);
    rpc->outbox[rpc->n_outbox++] = out;
}

/* A flood of connections is many events and one line. */
static void tell_of_refused(struct rpc *rpc)
{
    uint64_t n = rpc_counts(rpc).connections_refused;
    int64_t now = clock_monotonic_ns();
    if (n == rpc->refused_told || (rpc->refused_told_ns && now - rpc->refused_told_ns < GARBAGE_LOG_S * SONATA_SECOND))
        return;
    log_warn("connections refused: too many, or too fast, from one address or in all", "new=%llu total=%llu",
             (unsigned long long)(n - rpc->refused_told), (unsigned long long)n);
    rpc->refused_told = n;
    rpc->refused_told_ns = now;
}

void rpc_flush(struct rpc *rpc)
{
    tell_of_refused(rpc);
    for (size_t i = 0; i < rpc->n_outbox; i++)
        send_now(rpc, &rpc->outbox[i]);
    rpc->n_outbox = 0;
}

void rpc_fault(struct rpc *rpc, struct net_socket *socket, const struct net_peer *peer, int code, const char *text)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Fault fault = SONATA__FAULT__INIT;
    fault.code = code;
    fault.text = (char *)text;
    e.body_case = SONATA__ENVELOPE__BODY_FAULT;
    e.fault = &fault;
    rpc_send(rpc, socket, peer, &e, true);
}

void rpc_garbage(struct rpc *rpc, const char *port, const char *why)
{
    rpc->counts.garbage++;
    int64_t now = clock_monotonic_ns();
    if (rpc->garbage_logged_ns && now - rpc->garbage_logged_ns < GARBAGE_LOG_S * SONATA_SECOND)
        return;
    rpc->garbage_logged_ns = now;
    log_warn("message ignored", "port=%s reason=\"%s\" total=%llu", port, why, (unsigned long long)rpc->counts.garbage);
}

Sonata__Envelope *rpc_unpack(struct rpc *rpc, struct net_socket *socket, const struct net_peer *peer, const uint8_t *data, size_t n)
{
    bool other_major;
    struct sonata_error err = {{0}};
    Sonata__Envelope *e = envelope_unpack(data, n, &other_major, &err);
    if (e)
        return e;
    if (other_major) {
        rpc->counts.other_major++;
        rpc_fault(rpc, socket, peer, -EPROTONOSUPPORT, err.text);
    }
    rpc_garbage(rpc, socket == rpc->workers ? "worker" : "client", err.text);
    return NULL;
}
