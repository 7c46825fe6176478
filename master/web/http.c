/* See http.h: libmicrohttpd's epoll descriptor and its next time-out as handles of the loop. It never runs by itself. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "web/http_internal.h"

enum { SWEEP_MS = 1000, CONNECTION_MEMORY = 32 << 10, BACKLOG = 511, ANSWER_LIMIT_S = 600 };

static void on_timer(uv_timer_t *t);

static void turn(struct http *h)
{
    MHD_UNSIGNED_LONG_LONG ms;
    if (!h->daemon)
        return;
    MHD_run(h->daemon);
    if (MHD_get_timeout(h->daemon, &ms) == MHD_YES)
        uv_timer_start(&h->timer, on_timer, ms, 0);
    else
        uv_timer_stop(&h->timer);
}

static void on_timer(uv_timer_t *t) { turn(t->data); }

static void on_poll(uv_poll_t *p, int status, int events)
{
    (void)status;
    (void)events;
    turn(p->data);
}

static void on_again(uv_idle_t *i)
{
    uv_idle_stop(i);
    turn(i->data);
}

/* Closes what is too slow by shutting its socket down: the daemon then sees an end and clears up. */
static void on_sweep(uv_timer_t *t)
{
    struct http *h = t->data;
    int64_t now = clock_monotonic_ns();
    for (struct http_connection *c = h->connections; c; c = c->next) {
        if (!c->deadline_ns || now < c->deadline_ns)
            continue;
        shutdown(c->fd, SHUT_RDWR);
        c->deadline_ns = 0;
        h->counts.slow_closed++;
    }
}

void http_expect(struct http_connection *c, unsigned seconds)
{
    if (c)
        c->deadline_ns = seconds ? clock_monotonic_ns() + (int64_t)seconds * SONATA_SECOND : 0;
}

static void on_connection(void *user, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode code)
{
    struct http *h = user;
    struct http_connection *c = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        c = xcalloc(1, sizeof *c);
        c->http = h;
        c->fd = info ? info->connect_fd : -1;
        c->next = h->connections;
        c->link = &h->connections;
        if (c->next)
            c->next->link = &c->next;
        h->connections = c;
        h->counts.connections++;
        http_expect(c, h->config.receive_s);
        *context = c;
    } else if (c) {
        *c->link = c->next;
        if (c->next)
            c->next->link = c->link;
        h->counts.connections--;
        free(c);
        *context = NULL;
    }
}

static void on_completed(void *user, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code)
{
    struct http *h = user;
    struct http_request *q = *context;
    (void)mhd;
    (void)code;
    if (!q)
        return;
    http_expect(q->connection, h->config.idle_s);
    http_request_free(q);
    *context = NULL;
}

static enum MHD_Result send_now(struct http_request *q)
{
    struct http *h = q->http;
    http_expect(q->connection, q->stream ? 0 : ANSWER_LIMIT_S);
    h->counts.answers[q->status / 100 < 6 ? q->status / 100 : 5]++;
    enum MHD_Result r = MHD_queue_response(q->mhd, q->status, q->response);
    MHD_destroy_response(q->response);
    q->response = NULL;
    return r;
}

/* The request is complete: over to the application. When it does not answer at once the connection rests. */
static enum MHD_Result hand_over(struct http_request *q)
{
    struct http *h = q->http;
    q->handed = true;
    http_expect(q->connection, 0);
    h->counts.requests++;
    http_wait(q);
    if (q->too_large)
        http_answer(q, &(struct http_answer){.status = 413});
    else if (h->closing)
        http_abandon(q);
    else
        h->app.handle(h->app.user, q);
    if (q->response)
        return send_now(q);
    q->suspended = true;
    MHD_suspend_connection(q->mhd);
    return MHD_YES;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *mhd, const char *url, const char *method, const char *version, const char *data,
                                  size_t *n, void **context)
{
    struct http_request *q = *context;
    (void)version;
    if (!q) {
        *context = q = http_request_new(user, mhd, method, url);
        http_expect(q->connection, q->http->config.receive_s);
        return MHD_YES;
    }
    if (*n) {
        if (q->body.size + *n > q->http->config.body_max)
            q->too_large = true;
        if (!q->too_large)
            bytes_append(&q->body, data, *n);
        *n = 0;
        return MHD_YES;
    }
    if (q->response)
        return send_now(q);
    return q->handed ? MHD_YES : hand_over(q);
}

static void on_log(void *user, const char *format, va_list args)
{
    char text[256];
    (void)user;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\r\n")] = 0;
    log_debug("http", "text=\"%s\"", text);
}

static int parse_address(const struct http_config *c, struct sockaddr_storage *ret)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    memset(ret, 0, sizeof *ret);
    if (inet_pton(AF_INET, c->address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(c->port);
        return 0;
    }
    if (inet_pton(AF_INET6, c->address, &v6->sin6_addr) != 1)
        return -EINVAL;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(c->port);
    return 0;
}

/* Threads: none. The listening socket is the daemon's. */
static struct MHD_Daemon *start_daemon(struct http *h, const struct sockaddr_storage *address)
{
    const struct http_config *c = &h->config;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    if (address->ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    if (c->certificate)
        flags |= MHD_USE_TLS;
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)c->certificate},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)c->key},
                                   {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(flags, c->port, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_log, h, MHD_OPTION_SOCK_ADDR, address,
                            MHD_OPTION_CONNECTION_LIMIT, c->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, c->per_address,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, c->idle_s,
                            MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)BACKLOG, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_ARRAY, c->certificate ? tls : none, MHD_OPTION_END);
}

static void start_handles(struct http *h, int epoll)
{
    uv_loop_t *uv = &h->loop->uv;
    uv_poll_init(uv, &h->poll, epoll);
    uv_timer_init(uv, &h->timer);
    uv_timer_init(uv, &h->sweep);
    uv_idle_init(uv, &h->again);
    h->on_again = on_again;
    h->poll.data = h->timer.data = h->sweep.data = h->again.data = h;
    h->open_handles = 4;
    uv_poll_start(&h->poll, UV_READABLE, on_poll);
    uv_timer_start(&h->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
}

int http_open(struct loop *loop, const struct http_config *config, struct http_app app, struct http **ret_http, struct sonata_error *err)
{
    struct sockaddr_storage address;
    if (parse_address(config, &address))
        return sonata_error_set(err, -EINVAL, "'%s' is not a numeric IP address", config->address);
    struct http *h = xcalloc(1, sizeof *h);
    h->loop = loop;
    h->config = *config;
    h->app = app;
    errno = 0;
    h->daemon = start_daemon(h, &address);
    const union MHD_DaemonInfo *epoll = h->daemon ? MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    const union MHD_DaemonInfo *port = h->daemon ? MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    if (!epoll || !port) {
        int code = errno ? -errno : -EIO;
        if (h->daemon)
            MHD_stop_daemon(h->daemon);
        free(h);
        return sonata_error_set(err, code, "cannot listen on %s port %u: %s%s", config->address, config->port, strerror(-code),
                                config->certificate ? " (or the certificate or its key is not PEM)" : "");
    }
    h->port = port->port;
    start_handles(h, epoll->epoll_fd);
    *ret_http = h;
    return 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct http *h = handle->data;
    if (!--h->open_handles)
        free(h);
}

void http_close(struct http *h)
{
    if (!h)
        return;
    h->closing = true;
    for (struct http_request *q = h->waiting, *next; q; q = next) {
        next = q->next;
        http_abandon(q);
    }
    MHD_run(h->daemon);
    MHD_stop_daemon(h->daemon);
    h->daemon = NULL;
    uv_close((uv_handle_t *)&h->poll, on_handle_closed);
    uv_close((uv_handle_t *)&h->timer, on_handle_closed);
    uv_close((uv_handle_t *)&h->sweep, on_handle_closed);
    uv_close((uv_handle_t *)&h->again, on_handle_closed);
}

uint16_t http_port(const struct http *h) { return h->port; }

struct http_counts http_counts(const struct http *h) { return h->counts; }
