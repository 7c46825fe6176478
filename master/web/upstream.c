/* See upstream.h. */
#include "web/upstream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"

enum { REPEAT_MS = 2000, TICK_MS = 250, OPEN_MAX = 2000, HIGH_WATER = 4000 };

struct question {
    struct question *next;
    uint8_t id[UPSTREAM_ID_SIZE];
    struct bytes message;
    int64_t next_send_ns, give_up_ns;
    upstream_done done;
    void *user;
};

struct upstream {
    struct loop *loop;
    struct net_socket *socket;
    uv_timer_t timer;
    struct question *open;
    unsigned n_open;
    int64_t patience_ns;
    bool closing;
    char endpoint[256];
};

static void question_free(struct question *q)
{
    bytes_fini(&q->message);
    free(q);
}

static void finish(struct upstream *u, struct question **at, const Sonata__Reply *reply, int code, const char *reason)
{
    struct question *q = *at;
    *at = q->next;
    u->n_open--;
    q->done(q->user, code ? NULL : reply, code, reason);
    question_free(q);
}

static struct question **find(struct upstream *u, const ProtobufCBinaryData *id)
{
    if (id->len != UPSTREAM_ID_SIZE)
        return NULL;
    for (struct question **at = &u->open; *at; at = &(*at)->next) {
        if (!memcmp((*at)->id, id->data, UPSTREAM_ID_SIZE))
            return at;
    }
    return NULL;
}

/* The master does not talk to us at all: every question that is open now ends with its reason. */
static void all_fail(struct upstream *u, int code, const char *reason)
{
    struct question *list = u->open;
    u->open = NULL;
    u->n_open = 0;
    while (list) {
        struct question *q = list;
        list = q->next;
        q->done(q->user, NULL, code, reason);
        question_free(q);
    }
}

static void take_reply(struct upstream *u, const Sonata__Reply *reply)
{
    struct question **at = find(u, &reply->id);
    if (!at)
        return;
    int code = min_of(reply->code, 0);
    finish(u, at, reply, code, reply->text && reply->text[0] ? reply->text : strerror(-code));
}

static void on_message(void *user, const struct net_peer *peer, const char *user_id, const uint8_t *data, size_t n)
{
    struct upstream *u = user;
    struct sonata_error err = {{0}};
    bool other_major;
    (void)peer;
    (void)user_id;
    cleanup_envelope Sonata__Envelope *e = envelope_unpack(data, n, &other_major, &err);
    if (!e)
        return;
    if (e->body_case == SONATA__ENVELOPE__BODY_REPLY)
        take_reply(u, e->reply);
    else if (e->body_case == SONATA__ENVELOPE__BODY_FAULT)
        all_fail(u, e->fault->code < 0 ? e->fault->code : -EPROTO, e->fault->text);
}

/* One that failed is taken off the list before its callback, which may ask anew: so the search begins again at the head. */
static bool give_one_up(struct upstream *u, int64_t now)
{
    for (struct question **at = &u->open; *at; at = &(*at)->next) {
        if (now < (*at)->give_up_ns)
            continue;
        char reason[400];
        snprintf(reason, sizeof reason, "the master does not answer at %s (or it does not accept this key)", u->endpoint);
        finish(u, at, NULL, -ETIMEDOUT, reason);
        return true;
    }
    return false;
}

static void on_tick(uv_timer_t *t)
{
    struct upstream *u = t->data;
    int64_t now = clock_monotonic_ns();
    while (give_one_up(u, now))
        continue;
    for (struct question *q = u->open; q; q = q->next) {
        if (now < q->next_send_ns)
            continue;
        net_send(u->socket, NULL, q->message.data, q->message.size);
        q->next_send_ns = now + REPEAT_MS * SONATA_MS;
    }
}

int upstream_open(struct loop *loop, struct net *net, const struct upstream_master *master, struct upstream **ret_upstream, struct sonata_error *err)
{
    struct upstream *u = xcalloc(1, sizeof *u);
    u->loop = loop;
    u->patience_ns = master->patience_ns;
    copy_string(u->endpoint, sizeof u->endpoint, master->endpoint);
    struct net_target target = {master->endpoint, 2 * WIRE_MESSAGE_MAX, HIGH_WATER, master->security, {on_message, u}};
    int r = net_connect(net, loop, &target, &u->socket, err);
    if (r) {
        free(u);
        return r;
    }
    uv_timer_init(&loop->uv, &u->timer);
    u->timer.data = u;
    uv_timer_start(&u->timer, on_tick, TICK_MS, TICK_MS);
    *ret_upstream = u;
    return 0;
}

static void on_closed(uv_handle_t *h) { free(h->data); }

void upstream_close(struct upstream *u)
{
    if (!u)
        return;
    u->closing = true;
    all_fail(u, -ECANCELED, "sonata-web is stopping");
    net_close(u->socket);
    uv_close((uv_handle_t *)&u->timer, on_closed);
}

static void refuse(upstream_done done, void *user, int code, const char *reason) { done(user, NULL, code, reason); }

void upstream_ask(struct upstream *u, Sonata__Request *request, const char *token, upstream_done done, void *user)
{
    upstream_ask_held(u, request, token, 0, done, user);
}

void upstream_ask_held(struct upstream *u, Sonata__Request *request, const char *token, int64_t held_ns, upstream_done done, void *user)
{
    if (u->closing || u->n_open >= OPEN_MAX) {
        refuse(done, user, u->closing ? -ECANCELED : -ENOBUFS,
               u->closing ? "sonata-web is stopping" : "too many questions wait for the master: ask again later");
        return;
    }
    struct question *q = xcalloc(1, sizeof *q);
    if (request->id.len == UPSTREAM_ID_SIZE)
        memcpy(q->id, request->id.data, UPSTREAM_ID_SIZE);
    else if (getrandom(q->id, UPSTREAM_ID_SIZE, 0) != UPSTREAM_ID_SIZE)
        abort(); /* the kernel has no random numbers */
    ProtobufCBinaryData kept = request->id;
    request->id = (ProtobufCBinaryData){UPSTREAM_ID_SIZE, q->id};
    char *own = request->token;
    request->token = (char *)(uintptr_t)token;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_REQUEST;
    e.request = request;
    envelope_pack(&e, &q->message);
    request->id = kept;
    request->token = own;
    q->done = done;
    q->user = user;
    int64_t now = clock_monotonic_ns();
    q->next_send_ns = now + REPEAT_MS * SONATA_MS;
    q->give_up_ns = now + u->patience_ns + held_ns;
    q->next = u->open;
    u->open = q;
    u->n_open++;
    net_send(u->socket, NULL, q->message.data, q->message.size);
}
