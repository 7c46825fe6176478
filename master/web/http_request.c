/* What came in: method, path, query, headers, cookies, address, body. */
#define _GNU_SOURCE /* strcasestr */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "web/http_internal.h"

static void read_address(struct http_request *q)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(q->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    copy_string(q->address, sizeof q->address, "?");
    if (!info || !info->client_addr)
        return;
    if (info->client_addr->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)info->client_addr)->sin_addr, q->address, sizeof q->address);
    else if (info->client_addr->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)info->client_addr)->sin6_addr, q->address, sizeof q->address);
}

struct http_request *http_request_new(struct http *h, struct MHD_Connection *mhd, const char *method, const char *url)
{
    struct http_request *q = xcalloc(1, sizeof *q);
    q->http = h;
    q->mhd = mhd;
    q->method = xstrdup(strcmp(method, "HEAD") ? method : "GET");
    q->path = xstrdup(url);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    q->connection = info ? info->socket_context : NULL;
    const char *length = http_header(q, "Content-Length");
    q->too_large = length && strtoull(length, NULL, 10) > h->config.body_max;
    read_address(q);
    return q;
}

void http_request_free(struct http_request *q)
{
    if (q->link) {
        *q->link = q->next;
        if (q->next)
            q->next->link = q->link;
    }
    if (q->stream)
        q->stream->request = NULL;
    if (q->response)
        MHD_destroy_response(q->response);
    bytes_fini(&q->body);
    free(q->method);
    free(q->path);
    free(q);
}

void http_wait(struct http_request *q)
{
    struct http *h = q->http;
    q->next = h->waiting;
    q->link = &h->waiting;
    if (q->next)
        q->next->link = &q->next;
    h->waiting = q;
}

const char *http_method(const struct http_request *q) { return q->method; }

const char *http_path(const struct http_request *q) { return q->path; }

const char *http_query(const struct http_request *q, const char *name) { return MHD_lookup_connection_value(q->mhd, MHD_GET_ARGUMENT_KIND, name); }

const char *http_header(const struct http_request *q, const char *name) { return MHD_lookup_connection_value(q->mhd, MHD_HEADER_KIND, name); }

bool http_cookie(const struct http_request *q, const char *name, char *text, size_t size)
{
    const char *value = MHD_lookup_connection_value(q->mhd, MHD_COOKIE_KIND, name);
    return value && copy_string(text, size, value);
}

const char *http_address(const struct http_request *q) { return q->address; }

const struct bytes *http_body(const struct http_request *q) { return &q->body; }

bool http_is_tls(const struct http_request *q) { return q->http->config.certificate != NULL; }

/* "gzip" among the codings, not with a weight of 0. */
bool http_accepts_gzip(const struct http_request *q)
{
    const char *accept = http_header(q, "Accept-Encoding");
    const char *at = accept ? strcasestr(accept, "gzip") : NULL;
    if (!at)
        return false;
    at += strspn(at + 4, " ") + 4;
    return strncmp(at, ";q=0", 4) || (at[4] == '.' && strspn(at + 5, "0") != strcspn(at + 5, ", "));
}
