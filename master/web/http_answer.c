/* What goes out: answers with the headers every one of them carries, and streams. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "web/http_internal.h"

enum { STREAM_BLOCK = 16 << 10 };

/* The page may load nothing from elsewhere, be framed by nobody, and tells nobody where it was. */
static const char *const every_answer[][2] = {
    {"Content-Security-Policy",
     "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Vary", "Accept-Encoding, Cookie, Authorization"},
};

static void add_header(struct MHD_Response *r, const char *name, const char *value)
{
    if (value)
        MHD_add_response_header(r, name, value);
}

static void add_every(struct MHD_Response *r, const char *cache)
{
    for (size_t i = 0; i < sizeof every_answer / sizeof *every_answer; i++)
        add_header(r, every_answer[i][0], every_answer[i][1]);
    add_header(r, "Cache-Control", cache ? cache : "no-store");
}

void http_wake(struct http_request *q)
{
    if (!q->suspended)
        return;
    q->suspended = false;
    MHD_resume_connection(q->mhd);
    if (!q->http->closing)
        uv_idle_start(&q->http->again, q->http->on_again);
}

void http_answer(struct http_request *q, const struct http_answer *a)
{
    char number[16];
    struct MHD_Response *r =
        MHD_create_response_from_buffer(a->size, (void *)(uintptr_t)a->data, a->still ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);
    if (!r)
        abort(); /* out of memory */
    add_every(r, a->cache);
    add_header(r, "Content-Type", a->type);
    add_header(r, "Content-Encoding", a->gzipped ? "gzip" : NULL);
    add_header(r, "ETag", a->etag);
    add_header(r, "Set-Cookie", a->cookie);
    add_header(r, "Location", a->location);
    snprintf(number, sizeof number, "%u", a->retry_after_s);
    add_header(r, "Retry-After", a->retry_after_s ? number : NULL);
    add_header(r, "WWW-Authenticate", a->status == 401 ? "Bearer" : NULL);
    q->response = r;
    q->status = a->status;
    http_wake(q);
}

static ssize_t on_pull(void *user, uint64_t position, char *to, size_t max)
{
    struct http_stream *s = user;
    (void)position;
    long n = s->source.pull(s->source.user, to, max);
    if (n < 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (!n) {
        s->request->suspended = true;
        MHD_suspend_connection(s->request->mhd);
    }
    return n;
}

static void on_stream_free(void *user)
{
    struct http_stream *s = user;
    s->http->counts.streams--;
    if (s->request)
        s->request->stream = NULL;
    s->source.closed(s->source.user);
    free(s);
}

struct http_stream *http_stream(struct http_request *q, const char *type, struct http_source source)
{
    struct http_stream *s = xcalloc(1, sizeof *s);
    s->http = q->http;
    s->request = q;
    s->source = source;
    q->stream = s;
    q->status = 200;
    q->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_pull, s, on_stream_free);
    if (!q->response)
        abort(); /* out of memory */
    add_every(q->response, NULL);
    add_header(q->response, "Content-Type", type);
    add_header(q->response, "X-Accel-Buffering", "no");
    q->http->counts.streams++;
    http_wake(q);
    return s;
}

void http_stream_wake(struct http_stream *s)
{
    if (s->request)
        http_wake(s->request);
}

static long pull_end(void *user, char *to, size_t max)
{
    (void)user;
    (void)to;
    (void)max;
    return HTTP_STREAM_END;
}

void http_abandon(struct http_request *q)
{
    if (q->stream) {
        q->stream->source.pull = pull_end;
        http_wake(q);
    } else if (!q->response) {
        http_answer(q, &(struct http_answer){.status = 503});
    }
}
