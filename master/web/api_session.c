/* Logging in and out, who one is, the contract itself. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "web/api.h"
#include "web/guard.h"

void api_openapi(struct call *c)
{
    struct asset_file f;
    if (!assets_find(c->web->assets, "openapi.json", true, &f)) {
        call_fail(c, -ENOENT, "openapi.json is not built in");
        return;
    }
    bytes_append(&c->out, f.data, f.size);
    call_finish(c);
}

/* HttpOnly: no script reads it; Strict: no other site makes the browser send it. */
static void cookie_text(const struct call *c, const char *session, int64_t age_s, char *text, size_t size)
{
    const char *base = c->web->settings->base_path;
    snprintf(text, size, "%s=%s; Path=%s/; Max-Age=%lld; HttpOnly; SameSite=Strict%s", guard_cookie(c->web), session, base, (long long)age_s,
             guard_is_tls(c->web, c->request) ? "; Secure" : "");
}

static void answer_cookie(struct call *c, const char *session, int64_t age_s)
{
    char cookie[320];
    cookie_text(c, session, age_s, cookie, sizeof cookie);
    http_answer(c->request, &(struct http_answer){.status = 204, .cookie = cookie});
    call_drop(c);
}

void api_login(struct call *c)
{
    char session[LOGIN_SECRET_TEXT], address[48];
    unsigned wait_s = 0;
    guard_address(c->web, c->request, address);
    int r = login_enter(c->web->login, clock_monotonic_ns(), address, call_body_text(c, "secret"), session, &wait_s);
    if (r == -EAGAIN) {
        call_fail(c, r, "too many wrong tries from this address: try again in %u s", wait_s);
    } else if (r) {
        log_warn("wrong login", "address=%s", address);
        call_fail(c, -EACCES,
                  "this code or token does not open: a link works once and not for long; ask for another, or use the token of --token-file");
    } else {
        log_info("logged in", "address=%s", address);
        answer_cookie(c, session, c->web->settings->session_ns / SONATA_SECOND);
    }
}

void api_logout(struct call *c)
{
    char session[GUARD_COOKIE_MAX];
    if (http_cookie(c->request, guard_cookie(c->web), session, sizeof session))
        login_leave(c->web->login, session);
    answer_cookie(c, "", 0);
}

static void write_me(struct call *c, const Sonata__Reply *reply)
{
    char now[24];
    clock_format_utc(clock_wall_ns(), now);
    out_open(&c->out, NULL, '{');
    out_text(&c->out, "version", SONATA_VERSION);
    out_text(&c->out, "master", reply->server);
    out_bool(&c->out, "read_only", c->web->settings->read_only);
    out_text(&c->out, "now", now);
    out_unsigned(&c->out, "revision", mirrors_revision(c->web->mirrors));
    out_close(&c->out, '}');
}

void api_me(struct call *c)
{
    Sonata__Ping ping = SONATA__PING__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_PING;
    request.ping = &ping;
    call_ask(c, &request, write_me);
}
