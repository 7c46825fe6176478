/* Socket options shared by the loop sockets and the blocking client. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <zmq.h>

#include "net/net_internal.h"

int net_errno(void)
{
    int e = zmq_errno();
    if (e > 0 && e < ZMQ_HAUSNUMERO)
        return -e;
    if (e == EFSM)
        return -EPROTO;
    return e == ETERM ? -ECANCELED : -EIO;
}

static int set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) ? net_errno() : 0;
}

int net_set_common(void *socket, size_t max_message, int send_queue, int receive_queue)
{
    const int value[][2] = {
        {ZMQ_LINGER, NET_LINGER_MS},
        {ZMQ_SNDHWM, send_queue},
        {ZMQ_RCVHWM, receive_queue},
        {ZMQ_RECONNECT_IVL, NET_RECONNECT_MS},
        {ZMQ_RECONNECT_IVL_MAX, NET_RECONNECT_MAX_MS},
        {ZMQ_HANDSHAKE_IVL, NET_HANDSHAKE_MS}, /* a connection that says nothing is closed */
        {ZMQ_HEARTBEAT_IVL, NET_HEARTBEAT_MS},
        {ZMQ_HEARTBEAT_TIMEOUT, NET_HEARTBEAT_TIMEOUT_MS},
    };
    int r = net_guard_is_in_force() ? 0 : -ELIBBAD;
    for (size_t i = 0; !r && i < sizeof value / sizeof *value; i++)
        r = set_int(socket, value[i][0], value[i][1]);
    int64_t max = (int64_t)max_message;
    if (!r && zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max, sizeof max))
        r = net_errno();
    return r;
}

static int set_key(void *socket, int option, const char *key, const char *what, struct sonata_error *err)
{
    if (strlen(key) != 40 || zmq_setsockopt(socket, option, key, 41))
        return sonata_error_set(err, -EINVAL, "%s: a CURVE key of 40 characters (Z85) is expected", what);
    return 0;
}

int net_set_security(void *socket, const struct net_security *security, _Bool server, struct sonata_error *err)
{
    if (!security)
        return 0;
    if (!security->secret_key || !security->public_key || (!server && !security->server_key))
        return sonata_error_set(err, -EINVAL, "encryption needs a key pair%s", server ? "" : " and the server's public key");
    if (!zmq_has("curve"))
        return sonata_error_set(err, -ENOSYS, "this libzmq was built without CURVE");
    int r = set_key(socket, ZMQ_CURVE_PUBLICKEY, security->public_key, "public key", err);
    if (!r)
        r = set_key(socket, ZMQ_CURVE_SECRETKEY, security->secret_key, "secret key", err);
    if (!r && server)
        r = set_int(socket, ZMQ_CURVE_SERVER, 1);
    if (!r && server && security->domain && zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, security->domain, strlen(security->domain)))
        r = net_errno();
    if (server)
        return r;
    if (!r)
        r = set_key(socket, ZMQ_CURVE_SERVERKEY, security->server_key, "server key", err);
    return r;
}
