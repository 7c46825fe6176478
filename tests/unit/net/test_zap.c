/* The key allow-list: a known key is let in with its user id, an unknown one and a plain client are not, and a decision can change. */
#include "net/net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "support/cmocka.h"

enum { WAIT_MS = 400, STEP_MS = 50 };

struct bench {
    struct loop loop;
    struct net *net;
    struct net_zap *zap;
    struct net_socket *server;
    uv_timer_t step;
    char server_public[41], server_secret[41], friend_public[41], friend_secret[41], stranger_public[41], stranger_secret[41];
    struct net_client *client;
    int asked, received, steps;
    char domain[32], user_id[64];
};

static bool allow(void *user, const char *domain, const char *public_key, char ret_user_id[64])
{
    struct bench *b = user;
    b->asked++;
    copy_string(b->domain, sizeof b->domain, domain);
    copy_string(ret_user_id, 64, "vision");
    return !strcmp(public_key, b->friend_public);
}

static void on_message(void *user, const struct net_peer *peer, const char *user_id, const uint8_t *data, size_t n)
{
    struct bench *b = user;
    assert_true(n == 2 && !memcmp(data, "hi", 2) && peer->size);
    b->received++;
    copy_string(b->user_id, sizeof b->user_id, user_id);
}

static void on_step(uv_timer_t *t)
{
    struct bench *b = t->data;
    if (b->steps++ == 0) {
        int r = net_client_send(b->client, "hi", 2); /* a refused handshake leaves no link to send on */
        assert_true(r == 0 || r == -EAGAIN);
    }
    if (!b->received && b->steps < WAIT_MS / STEP_MS)
        return;
    net_close(b->server);
    net_zap_close(b->zap);
    uv_close((uv_handle_t *)t, NULL);
    loop_finish(&b->loop);
}

/* One client with this key pair (plain when NULL) sends one message; returns how many arrived. */
static int knock(struct bench *b, const char *public_key, const char *secret_key)
{
    struct sonata_error err = {""};
    struct net_security server = {.public_key = b->server_public, .secret_key = b->server_secret, .domain = "client"};
    struct net_security client = {.public_key = public_key, .secret_key = secret_key, .server_key = b->server_public};
    b->asked = b->received = b->steps = 0;
    b->user_id[0] = '\0';
    assert_int_equal(loop_init(&b->loop, b), 0);
    b->net = net_new();
    assert_int_equal(net_zap_new(b->net, &b->loop, (struct net_zap_policy){allow, b}, &b->zap, &err), 0);
    assert_int_equal(net_listen(b->net, &b->loop,
                                &(struct net_listener){"tcp://127.0.0.1:0", {4096, 100, 100, 0, 0, 0}, &server, (struct net_handler){on_message, b}},
                                &b->server, &err),
                     0);
    assert_int_equal(net_client_new(net_endpoint(b->server), public_key ? &client : NULL, &b->client, &err), 0);
    uv_timer_init(&b->loop.uv, &b->step);
    b->step.data = b;
    uv_timer_start(&b->step, on_step, STEP_MS, STEP_MS);
    loop_run(&b->loop);
    assert_int_equal(loop_fini(&b->loop), 0);
    net_client_free(b->client);
    net_free(b->net);
    return b->received;
}

static void known_keys_enter(void **state)
{
    struct bench *b = *state;
    assert_int_equal(knock(b, b->friend_public, b->friend_secret), 1);
    assert_string_equal(b->domain, "client");
    assert_string_equal(b->user_id, "vision");
}

static void strangers_do_not(void **state)
{
    struct bench *b = *state;
    assert_int_equal(knock(b, b->stranger_public, b->stranger_secret), 0);
    assert_true(b->asked > 0);
    assert_int_equal(knock(b, NULL, NULL), 0); /* no CURVE at all */
}

static void public_follows_from_secret(void **state)
{
    struct bench *b = *state;
    char again[41];
    assert_int_equal(net_public_key(b->friend_secret, again), 0);
    assert_string_equal(again, b->friend_public);
    assert_int_equal(net_public_key("short", again), -EINVAL);
}

static int make_keys(void **state)
{
    struct bench *b = xcalloc(1, sizeof *b);
    *state = b;
    return net_new_keys(b->server_public, b->server_secret) || net_new_keys(b->friend_public, b->friend_secret) ||
           net_new_keys(b->stranger_public, b->stranger_secret);
}

static int drop_keys(void **state)
{
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(known_keys_enter, make_keys, drop_keys),
        cmocka_unit_test_setup_teardown(strangers_do_not, make_keys, drop_keys),
        cmocka_unit_test_setup_teardown(public_follows_from_secret, make_keys, drop_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
