/* A ZeroMQ socket on the loop.
 *
 * The socket's fd is edge-triggered and carries no data: readable only means that ZMQ_EVENTS may have changed. Flow of a turn:
 *   poll     wakes the loop, nothing else
 *   check    takes up to NET_BUDGET messages
 *   prepare  re-reads ZMQ_EVENTS before the loop would block; something left -> an idle watcher keeps the next poll from blocking
 * Sending may consume the edge of an incoming message, so after a send the next poll does not block either. The socket is closed with its last
 * watcher. */
#include <zmq.h>

#include "net/net_internal.h"

enum { NET_BUDGET = 256, NET_WATCHERS = 4 };

static void on_idle(uv_idle_t *h)
{
    (void)h; /* its being active makes the next poll return at once */
}

static void on_poll(uv_poll_t *h, int status, int events)
{
    (void)h, (void)status, (void)events; /* the check watcher of this turn reads the socket */
}

void net_watch_again(struct net_watch *w)
{
    if (!w->closing)
        uv_idle_start(&w->idle, on_idle);
}

static void on_prepare(uv_prepare_t *h)
{
    struct net_watch *w = h->data;
    int events = 0;
    size_t size = sizeof events;
    if (!w->closing && !zmq_getsockopt(w->socket, ZMQ_EVENTS, &events, &size) && (events & ZMQ_POLLIN))
        net_watch_again(w);
}

static void on_check(uv_check_t *h)
{
    struct net_watch *w = h->data;
    uv_idle_stop(&w->idle);
    for (int i = 0; i < NET_BUDGET && !w->closing && w->take(w->user); i++)
        ;
}

int net_watch_start(struct net_watch *w, struct loop *loop, bool (*take)(void *), void (*released)(void *), void *user)
{
    int fd;
    size_t size = sizeof fd;
    if (zmq_getsockopt(w->socket, ZMQ_FD, &fd, &size))
        return net_errno();
    int r = uv_poll_init(&loop->uv, &w->poll, fd);
    if (r)
        return r;
    uv_prepare_init(&loop->uv, &w->prepare);
    uv_check_init(&loop->uv, &w->check);
    uv_idle_init(&loop->uv, &w->idle);
    w->poll.data = w->prepare.data = w->check.data = w->idle.data = w;
    w->take = take;
    w->released = released;
    w->user = user;
    w->open_watchers = NET_WATCHERS;
    uv_poll_start(&w->poll, UV_READABLE, on_poll);
    uv_prepare_start(&w->prepare, on_prepare);
    uv_check_start(&w->check, on_check);
    return 0;
}

static void on_closed(uv_handle_t *h)
{
    struct net_watch *w = h->data;
    if (--w->open_watchers)
        return;
    zmq_close(w->socket);
    w->released(w->user);
}

void net_watch_close(struct net_watch *w)
{
    w->closing = true;
    uv_close((uv_handle_t *)&w->poll, on_closed);
    uv_close((uv_handle_t *)&w->prepare, on_closed);
    uv_close((uv_handle_t *)&w->check, on_closed);
    uv_close((uv_handle_t *)&w->idle, on_closed);
}
