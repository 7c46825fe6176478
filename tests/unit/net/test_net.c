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
    int r = net_listen(b->net, &b->loop, endpoint, MAX_MESSAGE, BURST, server, (struct net_handler){server_message, b}, &b->server, &err);
    if (r)
        fail_msg("%s", err.text);
    r = net_connect(b->net, &b->loop, net_endpoint(b->server), MAX_MESSAGE, BURST, client, (struct net_handler){client_message, b}, &b->client, &err);
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
    assert_int_equal(net_listen(b.net, &b.loop, endpoint, 10, 10, NULL, none, &second, &err), -EADDRINUSE);
    assert_non_null(strstr(err.text, endpoint));
    assert_int_equal(net_listen(b.net, &b.loop, "nonsense", 10, 10, NULL, none, &second, &err), -EINVAL);
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
    assert_int_equal(net_listen(b.net, &b.loop, net_endpoint(b.server), 10, 10, NULL, (struct net_handler){server_message, &b}, &second, &err), -EADDRINUSE);
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
    assert_int_equal(net_listen(b.net, &b.loop, "tcp://127.0.0.1:*", 10, 10, &bad, (struct net_handler){server_message, &b}, &s, &err), -EINVAL);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
