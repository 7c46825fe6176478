/* One libuv loop with signals and an end-of-turn hook (see loop.h).
 *
 * The hook is a prepare watcher started first: libuv runs prepare watchers newest first, so those of the sockets, which decide whether
 * the loop may block, run before it, and whatever it sends keeps that turn's poll from blocking (net_send). */
#include "loop/loop.h"

#include <signal.h>
#include <stddef.h>

#include "loop/service.h"

static void on_prepare(uv_prepare_t *h)
{
    struct loop *l = h->data;
    if (l->turn)
        l->turn(l->user);
}

static void on_stop_signal(uv_signal_t *h, int signum)
{
    (void)signum;
    loop_stop(h->data);
}

static void on_hup(uv_signal_t *h, int signum)
{
    (void)signum;
    struct loop *l = h->data;
    if (l->reload)
        l->reload(l->user);
}

static void on_watchdog(uv_timer_t *t)
{
    (void)t;
    service_notify("WATCHDOG=1");
}

/* Three signs in the time within which one is wanted. */
static void start_watchdog(struct loop *l)
{
    uint64_t ms = service_watchdog_ms() / 3;
    uv_timer_init(&l->uv, &l->watchdog);
    if (ms)
        uv_timer_start(&l->watchdog, on_watchdog, 0, ms);
}

static int start_signal(struct loop *l, uv_signal_t *h, uv_signal_cb cb, int signum)
{
    int r = uv_signal_init(&l->uv, h);
    h->data = l;
    return r ? r : uv_signal_start(h, cb, signum);
}

int loop_init(struct loop *l, void *user)
{
    *l = (struct loop){.user = user};
    signal(SIGPIPE, SIG_IGN); /* a peer that went away is an error code of the write */
    int r = uv_loop_init(&l->uv);
    if (r)
        return r;
    uv_prepare_init(&l->uv, &l->prepare);
    l->prepare.data = l;
    uv_prepare_start(&l->prepare, on_prepare);
    start_watchdog(l);
    r = start_signal(l, &l->on_term, on_stop_signal, SIGTERM);
    if (!r)
        r = start_signal(l, &l->on_int, on_stop_signal, SIGINT);
    if (!r)
        r = start_signal(l, &l->on_hup, on_hup, SIGHUP);
    return r;
}

void loop_run(struct loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
    if (l->stopping)
        return;
    l->stopping = true;
    if (l->stop)
        l->stop(l->user);
    else
        loop_finish(l);
}

static void close_once(uv_handle_t *h)
{
    if (!uv_is_closing(h))
        uv_close(h, NULL);
}

void loop_finish(struct loop *l)
{
    l->stopping = true;
    close_once((uv_handle_t *)&l->prepare);
    close_once((uv_handle_t *)&l->watchdog);
    close_once((uv_handle_t *)&l->on_term);
    close_once((uv_handle_t *)&l->on_int);
    close_once((uv_handle_t *)&l->on_hup);
}

int loop_fini(struct loop *l)
{
    return uv_loop_close(&l->uv);
}
