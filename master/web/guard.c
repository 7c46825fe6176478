/* See guard.h. */
#include "web/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/memory.h"

enum { HOST_MAX = 256 };

/* The name in "name:port" or "[address]:port". false: it has no such form. */
static bool host_name(const char *host, char name[HOST_MAX])
{
    size_t n = strcspn(host, ":");
    if (host[0] == '[') {
        host++;
        n = strcspn(host, "]");
        if (host[n] != ']')
            return false;
    }
    if (!n || n >= HOST_MAX)
        return false;
    memcpy(name, host, n);
    name[n] = 0;
    return true;
}

static bool is_numeric(const char *name)
{
    uint8_t address[16];
    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

bool guard_host(const struct web *w, const struct http_request *q)
{
    char name[HOST_MAX];
    const char *host = http_header(q, "Host");
    if (!host || !host_name(host, name))
        return false;
    for (unsigned i = 0; i < w->settings->host.n; i++) {
        if (!strcasecmp(w->settings->host.item[i], name))
            return true;
    }
    return !strcasecmp(name, "localhost") || is_numeric(name);
}

bool guard_is_tls(const struct web *w, const struct http_request *q)
{
    const char *proto = http_header(q, "X-Forwarded-Proto");
    return http_is_tls(q) || (w->settings->behind_proxy && (!proto || !strcasecmp(proto, "https")));
}

/* "https://host:port" must be how the browser called us. */
static bool is_own_origin(const struct http_request *q, const char *origin)
{
    const char *host = http_header(q, "Host");
    const char *at = strstr(origin, "://");
    return at && host && !strcasecmp(at + 3, host) && (!strncmp(origin, "http://", 7) || !strncmp(origin, "https://", 8));
}

bool guard_origin(const struct web *w, const struct http_request *q)
{
    (void)w;
    const char *origin = http_header(q, "Origin"), *site = http_header(q, "Sec-Fetch-Site"), *type = http_header(q, "Content-Type");
    if (origin && !is_own_origin(q, origin))
        return false;
    if (site && strcmp(site, "same-origin") != 0)
        return false;
    return type && !strncasecmp(type, "application/json", 16);
}

void guard_address(const struct web *w, const struct http_request *q, char text[48])
{
    const char *via = w->settings->behind_proxy ? http_header(q, "X-Forwarded-For") : NULL;
    copy_string(text, 48, http_address(q));
    if (!via)
        return;
    const char *last = strrchr(via, ','); /* what the proxy itself added */
    last = last ? last + 1 : via;
    copy_string(text, 48, last + strspn(last, " "));
}

const char *guard_cookie(const struct web *w)
{
    static char name[64];
    /* Browsers do not keep cookies of different ports apart. */
    if (!name[0])
        snprintf(name, sizeof name, "sonata-%u", http_port(w->http));
    return name;
}

static const char *bearer(const struct http_request *q)
{
    const char *given = http_header(q, "Authorization");
    return given && !strncasecmp(given, "Bearer ", 7) ? given + 7 + strspn(given + 7, " ") : NULL;
}

/* Ours, or one that has the form of the master's. */
static int take_bearer(struct web *w, const struct http_request *q, const char *given, char token[TOKEN_TEXT])
{
    char address[48];
    struct token parsed;
    unsigned wait_s;
    int64_t now = clock_monotonic_ns();
    guard_address(w, q, address);
    bool of_master = !token_parse(given, &parsed);
    int r = of_master ? login_may_try(w->login, now, address, &wait_s) : login_token(w->login, now, address, given, &wait_s);
    if (!r && of_master)
        copy_string(token, TOKEN_TEXT, given);
    return r == -EACCES ? -ENOTCONN : r;
}

int guard_login(struct web *w, const struct http_request *q, char token[TOKEN_TEXT])
{
    char session[GUARD_COOKIE_MAX];
    const char *given = bearer(q);
    token[0] = '\0';
    if (given)
        return take_bearer(w, q, given, token);
    if (http_cookie(q, guard_cookie(w), session, sizeof session) && login_session(w->login, clock_monotonic_ns(), session, token))
        return 0;
    return -ENOTCONN;
}

void guard_refused(struct web *w, const struct http_request *q)
{
    char session[GUARD_COOKIE_MAX], address[48];
    if (bearer(q)) {
        guard_address(w, q, address);
        login_failed(w->login, clock_monotonic_ns(), address);
    } else if (http_cookie(q, guard_cookie(w), session, sizeof session)) {
        login_leave(w->login, session);
    }
}
