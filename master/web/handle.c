/* From a request to what answers it: the pages' files, the API, metrics. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "web/guard.h"
#include "web/metrics.h"
#include "web/routes.h"

static void refuse(struct http_request *q, unsigned status, const char *text)
{
    http_answer(q, &(struct http_answer){.status = status, .type = "text/plain; charset=utf-8", .data = text, .size = strlen(text)});
}

/* Every page is the same file: what it shows is in the part of the address that stays in the browser. */
static void serve_asset(struct web *w, struct http_request *q, const char *name)
{
    struct asset_file f;
    if (!assets_find(w->assets, *name ? name : "index.html", !http_accepts_gzip(q), &f)) {
        refuse(q, 404, "there is no such page\n");
        return;
    }
    const char *have = http_header(q, "If-None-Match");
    if (have && strstr(have, f.etag)) {
        http_answer(q, &(struct http_answer){.status = 304, .etag = f.etag, .cache = "no-cache"});
        return;
    }
    http_answer(q, &(struct http_answer){.status = 200,
                                         .type = f.type,
                                         .data = f.data,
                                         .size = f.size,
                                         .still = !f.fresh,
                                         .gzipped = f.gzipped,
                                         .etag = f.etag,
                                         .cache = "no-cache"});
}

static bool read_body(struct call *c)
{
    const struct bytes *b = http_body(c->request);
    if (!b->size)
        return true;
    c->body = cJSON_ParseWithLength((const char *)b->data, b->size);
    return cJSON_IsObject(c->body);
}

/* 0, or the error that refuses the call. */
static int admit(struct call *c, const struct route *r)
{
    int code = r->right == ROUTE_OPEN ? 0 : guard_login(c->web, c->request, c->token);
    if (code)
        return code;
    if (strcmp(r->method, "GET") && !guard_origin(c->web, c->request))
        return -EPERM;
    if (r->right == ROUTE_CHANGE && c->web->settings->read_only)
        return -EROFS;
    return 0;
}

static const char *why(int code)
{
    switch (code) {
    case -ENOTCONN:
        return "log in first: a session or `Authorization: Bearer` is needed";
    case -EAGAIN:
        return "too many wrong tokens from this address: try again later";
    case -EROFS:
        return "this sonata-web shows only (--read-only)";
    default:
        return "a change must come from this server's own pages, or from a program, as application/json";
    }
}

static void run(struct call *c, const struct route *r)
{
    if (strcmp(r->method, "GET") && !read_body(c))
        call_fail(c, -EINVAL, "the body is not a JSON object");
    else
        r->run(c);
}

/* The master said whose rights the call has. */
static void on_audience(void *user, struct audience *a, int code, const char *reason)
{
    struct call *c = user;
    if (code == -EKEYREJECTED)
        guard_refused(c->web, c->request);
    if (code) {
        call_fail(c, code, "%s", reason);
        return;
    }
    c->audience = a;
    a->users++;
    run(c, c->route);
}

static void serve_api(struct web *w, struct http_request *q, const char *path)
{
    bool other;
    struct call *c = call_new(w, q);
    const struct route *r = route_find(http_method(q), path, c, &other);
    if (!r) {
        if (other)
            call_fail(c, -EPROTO, "%s: another method is needed", path);
        else
            call_fail(c, -ENOENT, "%s: the API has no such thing; see openapi.json", path);
        return;
    }
    int code = admit(c, r);
    c->route = r;
    if (code)
        call_fail(c, code, "%s", why(code));
    else if (r->right == ROUTE_OPEN)
        run(c, r);
    else
        audience_get(w->audiences, c->token, on_audience, c);
}

static void serve_metrics(struct web *w, struct http_request *q)
{
    char token[TOKEN_TEXT];
    int code = guard_login(w, q, token);
    if (code)
        refuse(q, code == -EAGAIN ? 429 : 401,
               "metrics need `Authorization: Bearer` with the token of --token-file, or one of `sonata token new --metrics`\n");
    else
        metrics_answer(w, q, token);
}

void web_handle(void *user, struct http_request *q)
{
    struct web *w = user;
    const char *path = http_path(q), *base = w->settings->base_path;
    size_t n = strlen(base);
    if (!guard_host(w, q)) {
        refuse(q, 421, "this server does not go by that name: reach it as localhost, by its address, or allow the name with --host\n");
        return;
    }
    if (strncmp(path, base, n) != 0 || (path[n] && path[n] != '/')) {
        refuse(q, 404, "there is no such page\n");
        return;
    }
    path += n;
    bool get = !strcmp(http_method(q), "GET");
    if (!strncmp(path, "/api/v1/", 8)) {
        serve_api(w, q, path + 7);
    } else if (!get) {
        refuse(q, 405, "only the API takes changes\n");
    } else if (!path[0]) {
        char to[128];
        snprintf(to, sizeof to, "%s/", base);
        http_answer(q, &(struct http_answer){.status = 308, .location = to});
    } else if (!strcmp(path, "/metrics")) {
        serve_metrics(w, q);
    } else {
        serve_asset(w, q, path + 1);
    }
}
