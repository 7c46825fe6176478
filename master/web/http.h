/* HTTP for one process: libmicrohttpd inside the libuv loop, without a thread of its own.
 *
 * A request is complete when the application sees it: headers and body within their limits. The application answers at once or later (http_answer());
 * meanwhile the connection rests. A stream (server-sent events) is an answer that goes on: its source is asked for bytes whenever it was woken.
 * What is too slow is closed: headers and body have to arrive within seconds, an idle connection may stay a minute. */
#ifndef SONATA_WEB_HTTP_H
#define SONATA_WEB_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "loop/loop.h"

struct http;
struct http_request;

struct http_config {
    const char *address;           /* numeric IPv4 or IPv6 address */
    uint16_t port;                 /* 0: any free one */
    const char *certificate, *key; /* PEM text; both or none */
    unsigned connections, per_address;
    size_t body_max;            /* bytes of a request's body */
    unsigned receive_s, idle_s; /* seconds for headers and body to arrive; for a connection without a request */
};

/* Called once for every complete request. It must be answered now or later; until then it is valid. */
struct http_app {
    void (*handle)(void *user, struct http_request *q);
    void *user;
};

/* Listens and serves on this loop; the app's handler is called on its thread. -EADDRINUSE and others with the address in err. Close with
 * http_close(). */
int http_open(struct loop *loop, const struct http_config *config, struct http_app app, struct http **ret_http,
              struct sonata_error *err) SONATA_MUST_CHECK;
/* Ends every connection (requests that wait are answered with 503) and frees; its handles close with the loop. */
void http_close(struct http *h);
/* The port that was bound. */
uint16_t http_port(const struct http *h);
/* Connections now; requests ever; answers by hundreds of their status (index 2: 2xx). */
struct http_counts {
    unsigned connections, streams;
    uint64_t requests, answers[6], slow_closed;
};
/* The counts now. */
struct http_counts http_counts(const struct http *h);

/* "GET" (also of a HEAD request), "POST", …; the path without its query, decoded. */
const char *http_method(const struct http_request *q);
const char *http_path(const struct http_request *q);
/* Decoded query parameter or header of that name (headers without regard to case); NULL: absent. */
const char *http_query(const struct http_request *q, const char *name);
const char *http_header(const struct http_request *q, const char *name);
/* Value of a cookie of that name into text[size]; false: absent or longer. */
bool http_cookie(const struct http_request *q, const char *name, char *text, size_t size);
/* Text of the peer's numeric address. */
const char *http_address(const struct http_request *q);
/* The whole body; empty when there was none. */
const struct bytes *http_body(const struct http_request *q);
/* Whether the connection is encrypted by us. */
bool http_is_tls(const struct http_request *q);
/* Whether the client takes gzip, by Accept-Encoding. */
bool http_accepts_gzip(const struct http_request *q);

struct http_answer {
    unsigned status;
    const char *type; /* Content-Type; NULL: no body */
    const void *data; /* borrowed for ever when `still`, else copied */
    size_t size;
    bool still, gzipped;
    const char *etag, *cookie, *cache; /* header values, NULL: none; cache NULL: no-store */
    const char *location;
    unsigned retry_after_s; /* 0: no such header */
};
/* Answers, once; the request is gone afterwards. */
void http_answer(struct http_request *q, const struct http_answer *a);

/* A stream asks for its next bytes: at most max into to; 0: nothing now, HTTP_STREAM_END: the end. closed() is the last call. */
enum { HTTP_STREAM_END = -1 };
struct http_source {
    long (*pull)(void *user, char *to, size_t max);
    void (*closed)(void *user);
    void *user;
};
struct http_stream;
/* Answers with 200 and a body of unknown length. */
struct http_stream *http_stream(struct http_request *q, const char *type, struct http_source source);
/* There is something to pull. */
void http_stream_wake(struct http_stream *s);

#endif
