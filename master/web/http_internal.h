/* Shared by http.c (daemon in the loop), http_request.c (what came in) and http_answer.c (what goes out). */
#ifndef SONATA_WEB_HTTP_INTERNAL_H
#define SONATA_WEB_HTTP_INTERNAL_H

#include <microhttpd.h>

#include "web/http.h"

enum { HTTP_ADDRESS_TEXT = 48 };

/* One TCP connection, from accept to close. */
struct http_connection {
    struct http *http;
    struct http_connection *next, **link;
    int64_t deadline_ns; /* when it is closed unless something happens; 0: never */
    int fd;
};

struct http_stream {
    struct http *http;
    struct http_request *request; /* NULL: its request is gone, the response is about to be */
    struct http_source source;
};

struct http_request {
    struct http *http;
    struct http_request *next, **link; /* of those whose answer is due */
    struct MHD_Connection *mhd;
    struct http_connection *connection;
    char *method, *path;
    char address[HTTP_ADDRESS_TEXT];
    struct bytes body;
    bool too_large, handed, suspended;
    struct MHD_Response *response; /* when answered */
    unsigned status;
    struct http_stream *stream;
};

struct http {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct http_config config;
    struct http_app app;
    uv_poll_t poll;
    uv_timer_t timer, sweep;
    uv_idle_t again; /* runs the daemon once more before the loop blocks: something was resumed */
    uv_idle_cb on_again;
    struct http_connection *connections;
    struct http_request *waiting; /* handed to the application and not answered yet, or streams */
    struct http_counts counts;
    uint16_t port;
    bool closing;
    unsigned open_handles;
};

/* The connection is closed unless something happens within so many seconds; 0: it may take any time. */
void http_expect(struct http_connection *c, unsigned seconds);
/* A request of this connection, with copies of method and path. */
struct http_request *http_request_new(struct http *h, struct MHD_Connection *mhd, const char *method, const char *url);
/* Takes it off its list and frees it; not NULL. */
void http_request_free(struct http_request *q);
/* On the list of those that wait until it is answered (a stream: until it ends). */
void http_wait(struct http_request *q);
/* The connection goes on if it rests. */
void http_wake(struct http_request *q);
/* 503 for a request that waits, the end for a stream. */
void http_abandon(struct http_request *q);
#endif
