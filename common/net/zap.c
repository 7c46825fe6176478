/* ZAP 1.0 (ZeroMQ RFC 27): libzmq asks the REP socket at inproc://zeromq.zap.01 about every CURVE handshake of a socket with a domain.
 *
 * Reply:    version, request id, "200" or "400", reason, user id, metadata.
 * Anything of another shape than zap_request.h expects is denied. The requests come from libzmq itself, but their content comes from the peer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/memory.h"
#include "net/net_internal.h"
#include "net/zap_request.h"

struct net_zap {
    struct net_watch watch;
    struct net_zap_policy policy;
};

/* Reads one whole request; false when there is none. */
static bool read_request(void *socket, struct zap_request *r)
{
    for (bool more = true; more;) {
        zmq_msg_t m;
        zmq_msg_init(&m);
        if (zmq_msg_recv(&m, socket, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&m);
            break;
        }
        zap_request_add(r, zmq_msg_data(&m), zmq_msg_size(&m));
        more = zmq_msg_more(&m);
        zmq_msg_close(&m);
    }
    return r->n > 0;
}

static bool take_request(void *user)
{
    struct net_zap *z = user;
    struct zap_request r = {0};
    if (!read_request(z->watch.socket, &r))
        return false;
    const char *domain;
    char key[41], user_id[64] = "";
    bool ok = zap_request_read(&r, &domain, key) && z->policy.allow(z->policy.user, domain, key, user_id);
    zmq_send(z->watch.socket, "1.0", 3, ZMQ_SNDMORE);
    zmq_send(z->watch.socket, r.frame[1].data, r.frame[1].size, ZMQ_SNDMORE);
    const char *text = ok ? "OK" : "key not allowed";
    zmq_send(z->watch.socket, ok ? "200" : "400", 3, ZMQ_SNDMORE);
    zmq_send(z->watch.socket, text, strlen(text), ZMQ_SNDMORE);
    zmq_send(z->watch.socket, user_id, ok ? strlen(user_id) : 0, ZMQ_SNDMORE);
    zmq_send(z->watch.socket, "", 0, 0);
    return true;
}

static void released(void *user)
{
    free(user);
}

int net_zap_new(struct net *net, struct loop *loop, struct net_zap_policy policy, struct net_zap **ret_zap, struct sonata_error *err)
{
    struct net_zap *z = xcalloc(1, sizeof *z);
    z->policy = policy;
    z->watch.socket = zmq_socket(net->context, ZMQ_REP);
    int zero = 0, r = 0;
    if (!z->watch.socket || zmq_setsockopt(z->watch.socket, ZMQ_LINGER, &zero, sizeof zero) || zmq_bind(z->watch.socket, "inproc://zeromq.zap.01"))
        r = net_errno();
    if (!r)
        r = net_watch_start(&z->watch, loop, take_request, released, z);
    if (r) {
        if (z->watch.socket)
            zmq_close(z->watch.socket);
        free(z);
        return sonata_error_set(err, r, "cannot serve the key allow-list: %s", strerror(-r));
    }
    *ret_zap = z;
    return 0;
}

void net_zap_close(struct net_zap *zap)
{
    if (zap && !zap->watch.closing)
        net_watch_close(&zap->watch);
}

int net_new_keys(char ret_public[41], char ret_secret[41])
{
    return zmq_curve_keypair(ret_public, ret_secret) ? -ENOSYS : 0;
}

int net_public_key(const char *secret, char ret_public[41])
{
    return strlen(secret) != 40 || zmq_curve_public(ret_public, secret) ? -EINVAL : 0;
}
