#define _GNU_SOURCE /* usleep */
/* Sockets on loopback under the loop: echo, bursts over the edge-triggered fd, refusal of foreign frames and oversized ones, CURVE, clean close. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "base/memory.h"
#include "net/net.h"

enum { MAX_MESSAGE = 1 << 16, BURST = 10000, PATIENCE_MS = 15000 };

struct bench {
    struct loop loop;
    struct net *net;
    struct net_socket *server, *client;
    uv_timer_t tick, patience;
    int received, answered, sent, turns, most_per_turn, this_turn, want;
    bool echo, timed_out;
    size_t send_size;
    char user_id[64];
};

static void finish(struct bench *b)
{
    net_close(b->server);
    net_close(b->client);
    b->server = b->client = NULL;
    if (!uv_is_closing((uv_handle_t *)&b->tick))
        uv_close((uv_handle_t *)&b->tick, NULL);
    if (!uv_is_closing((uv_handle_t *)&b->patience))
        uv_close((uv_handle_t *)&b->patience, NULL);
    loop_finish(&b->loop);
}

static void on_turn(void *user)
{
    struct bench *b = user;
    if (b->this_turn > b->most_per_turn)
        b->most_per_turn = b->this_turn;
    b->this_turn = 0;
    b->turns++;
}

static void on_patience(uv_timer_t *t)
{
    struct bench *b = t->data;
    b->timed_out = true;
    finish(b);
}

static void server_message(void *user, const struct net_peer *peer, const char *user_id, const uint8_t *data, size_t n)
{
    struct bench *b = user;
    assert_non_null(peer);
    b->received++;
    b->this_turn++;
    copy_string(b->user_id, sizeof b->user_id, user_id);
    if (b->echo)
        assert_int_equal(net_send(b->server, peer, data, n), 0);
    else if (b->received == b->want)
        finish(b);
}

static void client_message(void *user, const struct net_peer *peer, const char *user_id, const uint8_t *data, size_t n)
{
    (void)user_id, (void)data, (void)n;
    struct bench *b = user;
    assert_null(peer);
    if (++b->answered == b->want)
        finish(b);
}

static void start(struct bench *b, const char *endpoint, const struct net_security *server, const struct net_security *client)
{
    struct sonata_error err = {0};
    assert_int_equal(loop_init(&b->loop, b), 0);
    b->loop.turn = on_turn;
    b->net = net_new();
    int r = net_listen(b->net, &b->loop, &(struct net_listener){endpoint, {MAX_MESSAGE, BURST, BURST, 0, 0, 0}, server, {server_message, b}},
                       &b->server, &err);
    if (r)
        fail_msg("%s", err.text);
    struct net_target target = {net_endpoint(b->server), MAX_MESSAGE, BURST, client, {client_message, b}};
    r = net_connect(b->net, &b->loop, &target, &b->client, &err);
    if (r)
        fail_msg("%s", err.text);
    uv_timer_init(&b->loop.uv, &b->tick);
    uv_timer_init(&b->loop.uv, &b->patience);
    b->tick.data = b->patience.data = b;
    uv_timer_start(&b->patience, on_patience, PATIENCE_MS, 0);
}

static void end(struct bench *b)
{
    loop_run(&b->loop);
    assert_int_equal(loop_fini(&b->loop), 0);
    net_free(b->net);
}

/* Sends until everything is out; -EAGAIN before the link is up. */
static void send_all(uv_timer_t *t)
{
    struct bench *b = t->data;
    static const uint8_t payload[MAX_MESSAGE];
    while (b->sent < b->want && !net_send(b->client, NULL, payload, b->send_size))
        b->sent++;
    if (b->sent == b->want)
        uv_timer_stop(t);
}

static void burst(bool echo)
{
    struct bench b = {.want = BURST, .echo = echo, .send_size = 100};
    start(&b, "tcp://127.0.0.1:*", NULL, NULL);
    uv_timer_start(&b.tick, send_all, 1, 2);
    end(&b);
    assert_false(b.timed_out);
    assert_int_equal(b.received, BURST);
    assert_in_range(b.most_per_turn, 1, 256);
}

static void burst_arrives_with_a_bounded_drain(void **state)
{
    (void)state;
    burst(false);
}

static void burst_is_echoed(void **state)
{
    (void)state;
    burst(true);
}

static void ipc_and_port_in_use(void **state)
{
    (void)state;
    char endpoint[64];
    snprintf(endpoint, sizeof endpoint, "ipc:///tmp/sonata-net-%ld", (long)getpid());
    struct bench b = {.want = 3, .echo = true, .send_size = 10};
    start(&b, endpoint, NULL, NULL);
    struct sonata_error err = {0};
    struct net_socket *second;
    struct net_handler none = {server_message, &b};
    assert_int_equal(net_listen(b.net, &b.loop, &(struct net_listener){endpoint, {10, 10, 10, 0, 0, 0}, NULL, none}, &second, &err), -EADDRINUSE);
    assert_non_null(strstr(err.text, endpoint));
    assert_int_equal(net_listen(b.net, &b.loop, &(struct net_listener){"nonsense", {10, 10, 10, 0, 0, 0}, NULL, none}, &second, &err), -EINVAL);
    uv_timer_start(&b.tick, send_all, 1, 2);
    end(&b);
    assert_false(b.timed_out);
    unlink(endpoint + 6);
}

static void tcp_port_in_use(void **state)
{
    (void)state;
    struct bench b = {.want = 1, .echo = true, .send_size = 10};
    start(&b, "tcp://127.0.0.1:*", NULL, NULL);
    struct sonata_error err = {0};
    struct net_socket *second;
    assert_int_equal(net_listen(b.net, &b.loop,
                                &(struct net_listener){net_endpoint(b.server), {10, 10, 10, 0, 0, 0}, NULL, (struct net_handler){server_message, &b}},
                                &second, &err),
                     -EADDRINUSE);
    uv_timer_start(&b.tick, send_all, 1, 2);
    end(&b);
    assert_false(b.timed_out);
}

/* A raw peer sends three parts, then one frame over the limit, and is cut off; the good peer is served meanwhile. */
static void foreign_frames(void **state)
{
    (void)state;
    struct bench b = {.want = 1, .echo = true, .send_size = 10};
    start(&b, "tcp://127.0.0.1:*", NULL, NULL);
    void *context = zmq_ctx_new(), *raw = zmq_socket(context, ZMQ_DEALER);
    int linger = 0;
    zmq_setsockopt(raw, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal(zmq_connect(raw, net_endpoint(b.server)), 0);
    zmq_send(raw, "a", 1, ZMQ_SNDMORE);
    zmq_send(raw, "b", 1, ZMQ_SNDMORE);
    zmq_send(raw, "c", 1, 0);
    uint8_t *big = xcalloc(1, MAX_MESSAGE + 1);
    zmq_send(raw, big, MAX_MESSAGE + 1, 0);
    free(big);
    usleep(100000);
    uv_timer_start(&b.tick, send_all, 1, 2);
    end(&b);
    zmq_close(raw);
    zmq_ctx_term(context);
    assert_false(b.timed_out);
    assert_int_equal(b.received, 1);
}

static void send_to_a_peer_that_is_gone(void **state)
{
    (void)state;
    struct bench b = {.want = 1, .echo = true, .send_size = 10};
    start(&b, "tcp://127.0.0.1:*", NULL, NULL);
    struct net_peer nobody = {.size = 3, .id = "abc"};
    assert_int_equal(net_send(b.server, &nobody, "x", 1), -EHOSTUNREACH);
    uv_timer_start(&b.tick, send_all, 1, 2);
    end(&b);
    assert_false(b.timed_out);
}

static void curve(void **state)
{
    (void)state;
    if (!zmq_has("curve"))
        skip();
    char sp[41], ss[41], cp[41], cs[41];
    assert_int_equal(zmq_curve_keypair(sp, ss), 0);
    assert_int_equal(zmq_curve_keypair(cp, cs), 0);
    struct net_security server = {.public_key = sp, .secret_key = ss}, client = {.public_key = cp, .secret_key = cs, .server_key = sp};
    struct bench b = {.want = 20, .echo = true, .send_size = 1000};
    start(&b, "tcp://127.0.0.1:*", &server, &client);
    uv_timer_start(&b.tick, send_all, 1, 2);
    end(&b);
    assert_false(b.timed_out);
    assert_int_equal(b.answered, 20);
}

static void curve_key_errors(void **state)
{
    (void)state;
    struct bench b = {.want = 1};
    assert_int_equal(loop_init(&b.loop, &b), 0);
    b.net = net_new();
    struct sonata_error err = {0};
    struct net_security bad = {.public_key = "short", .secret_key = "short"};
    struct net_socket *s;
    assert_int_equal(net_listen(b.net, &b.loop,
                                &(struct net_listener){"tcp://127.0.0.1:*", {10, 10, 10, 0, 0, 0}, &bad, (struct net_handler){server_message, &b}},
                                &s, &err),
                     -EINVAL);
    assert_non_null(strstr(err.text, "40 characters"));
    loop_finish(&b.loop);
    loop_run(&b.loop);
    assert_int_equal(loop_fini(&b.loop), 0);
    net_free(b.net);
}

static void blocking_client(void **state)
{
    (void)state;
    struct net_client *c;
    struct sonata_error err = {0};
    assert_int_equal(net_client_new("tcp://127.0.0.1:9", NULL, &c, &err), 0);
    uint8_t *data;
    size_t n;
    assert_int_equal(net_client_send(c, "hi", 2), 0);
    assert_int_equal(net_client_receive(c, 30, &data, &n), -ETIMEDOUT);
    net_client_free(c);
    assert_int_equal(net_client_new("bogus", NULL, &c, &err), -EINVAL);
}

struct gate_test {
    struct loop loop;
    struct net *net;
    struct net_socket *server;
    uv_timer_t tick;
    int fd[8], ticks, phase;
    unsigned connections, refused;
    size_t waiting;
    struct net_flow *flow;
    struct net_peer peer;
    bool heard;
};

static void gate_message(void *user, const struct net_peer *peer, const char *user_id, const uint8_t *data, size_t n)
{
    (void)user_id, (void)data, (void)n;
    struct gate_test *t = user;
    t->peer = *peer;
    t->heard = true;
}

static void gate_start(struct gate_test *t, const struct net_bounds *bounds, uv_timer_cb tick)
{
    struct sonata_error err = {{0}};
    assert_int_equal(loop_init(&t->loop, t), 0);
    t->net = net_new();
    if (net_listen(t->net, &t->loop, &(struct net_listener){"tcp://127.0.0.1:*", *bounds, NULL, {gate_message, t}}, &t->server, &err))
        fail_msg("%s", err.text);
    uv_timer_init(&t->loop.uv, &t->tick);
    t->tick.data = t;
    uv_timer_start(&t->tick, tick, 20, 20);
}

static void gate_end(struct gate_test *t)
{
    net_close(t->server);
    uv_close((uv_handle_t *)&t->tick, NULL);
    loop_finish(&t->loop);
}

static void gate_run(struct gate_test *t)
{
    loop_run(&t->loop);
    assert_int_equal(loop_fini(&t->loop), 0);
    net_free(t->net);
}

static int connect_to(const struct net_socket *s)
{
    unsigned port = 0;
    assert_int_equal(sscanf(net_endpoint(s), "tcp://127.0.0.1:%u", &port), 1);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* Eight silent connections at a socket that lets three of an address be open; when all are gone there is room again. */
static void gate_tick(uv_timer_t *h)
{
    struct gate_test *t = h->data;
    if (++t->ticks > 700) {
        gate_end(t);
        return;
    }
    if (t->phase == 0) {
        for (int i = 0; i < 8; i++)
            t->fd[i] = connect_to(t->server);
        t->phase = 1;
    } else if (t->phase == 1 && net_connections_refused(t->server) == 5 && net_connections(t->server) == 3) {
        for (int i = 0; i < 8; i++)
            close(t->fd[i]);
        t->phase = 2;
    } else if (t->phase == 2 && net_connections(t->server) == 0) {
        t->fd[0] = connect_to(t->server);
        t->phase = 3;
    } else if (t->phase == 3 && net_connections(t->server) == 1) {
        t->phase = 4;
        close(t->fd[0]);
        gate_end(t);
    }
}

static void connections_beyond_the_bound_are_closed(void **state)
{
    (void)state;
    for (int each = 0; each < 2; each++) {
        struct gate_test t = {.phase = 0};
        struct net_bounds bounds = {100, 10, 10, each ? 3 : 100, each ? 0 : 3, 0};
        gate_start(&t, &bounds, gate_tick);
        gate_run(&t);
        assert_int_equal(t.phase, 4);
    }
}

enum { HURRY = 8 };

/* Connections at once at a socket that lets one come a second: the first is let in, most are not, though any number may be open. */
static void hurry_tick(uv_timer_t *h)
{
    struct gate_test *t = h->data;
    if (t->phase == 0) {
        for (int i = 0; i < HURRY; i++)
            t->fd[i] = connect_to(t->server);
        t->phase = 1;
    }
    t->refused = (unsigned)net_connections_refused(t->server);
    t->connections = net_connections(t->server);
    if ((t->refused < HURRY / 2 || t->connections + t->refused != HURRY) && ++t->ticks < 700)
        return;
    for (int i = 0; i < HURRY; i++)
        close(t->fd[i]);
    gate_end(t);
}

static void connections_beyond_the_rate_are_closed(void **state)
{
    (void)state;
    struct gate_test t = {.phase = 0};
    struct net_bounds bounds = {100, 10, 10, .address_rate = 1};
    gate_start(&t, &bounds, hurry_tick);
    gate_run(&t);
    assert_in_range(t.refused, HURRY / 2, HURRY - 1);
    assert_int_equal(t.connections + t.refused, HURRY);
}

enum { FLOW_CHUNK = 1 << 20, FLOW_LIMIT = 8 << 20 };

/* A peer that reads nothing: bytes are let through until the limit waits for it, and are given back when it goes. */
static void flow_tick(uv_timer_t *h)
{
    struct gate_test *t = h->data;
    static void *context, *reader;
    if (++t->ticks > 700) {
        gate_end(t);
        return;
    }
    if (t->phase == 0) {
        int one = 1, zero = 0;
        context = zmq_ctx_new();
        reader = zmq_socket(context, ZMQ_DEALER);
        zmq_setsockopt(reader, ZMQ_RCVHWM, &one, sizeof one);
        zmq_setsockopt(reader, ZMQ_LINGER, &zero, sizeof zero);
        assert_int_equal(zmq_connect(reader, net_endpoint(t->server)), 0);
        assert_int_equal(zmq_send(reader, "x", 1, 0), 1);
        t->phase = 1;
    } else if (t->phase == 1 && t->heard) {
        struct bytes b = {0};
        bytes_append(&b, NULL, FLOW_CHUNK);
        int r = net_send_counted(t->server, &t->peer, &b, t->flow, FLOW_LIMIT);
        assert_null(b.data);
        assert_in_range(net_flow_bytes(t->flow), 0, FLOW_LIMIT);
        assert_true(r == 0 || r == -ENOBUFS);
        if (r)
            t->phase = 2;
    } else if (t->phase == 2) {
        t->waiting = net_flow_bytes(t->flow);
        zmq_close(reader);
        zmq_ctx_term(context);
        t->phase = 3;
    } else if (t->phase == 3 && net_flow_bytes(t->flow) == 0) {
        t->phase = 4;
        gate_end(t);
    }
}

static void bytes_that_wait_are_bounded(void **state)
{
    (void)state;
    struct gate_test t = {.flow = net_flow_new()};
    struct net_bounds bounds = {100, 1000, 1000, 0, 0, 0};
    gate_start(&t, &bounds, flow_tick);
    gate_run(&t);
    net_flow_free(t.flow);
    assert_int_equal(t.phase, 4);
    assert_in_range(t.waiting, FLOW_LIMIT - FLOW_CHUNK + 1, FLOW_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_beyond_the_bound_are_closed),
        cmocka_unit_test(connections_beyond_the_rate_are_closed),
        cmocka_unit_test(bytes_that_wait_are_bounded),
        cmocka_unit_test(burst_arrives_with_a_bounded_drain),
        cmocka_unit_test(burst_is_echoed),
        cmocka_unit_test(ipc_and_port_in_use),
        cmocka_unit_test(tcp_port_in_use),
        cmocka_unit_test(foreign_frames),
        cmocka_unit_test(send_to_a_peer_that_is_gone),
        cmocka_unit_test(curve),
        cmocka_unit_test(curve_key_errors),
        cmocka_unit_test(blocking_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
