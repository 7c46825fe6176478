/* Logging in and out, who one is, the contract itself. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
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

static void entered(struct call *c, const char *session)
{
    char address[48];
    guard_address(c->web, c->request, address);
    log_info("logged in", "address=%s", address);
    answer_cookie(c, session, c->web->settings->session_ns / SONATA_SECOND);
}

/* What the caller brought does not open. */
static void refuse_login(struct call *c, int code, unsigned wait_s)
{
    char address[48];
    guard_address(c->web, c->request, address);
    log_warn("wrong login", "address=%s", address);
    if (code == -EAGAIN)
        call_fail(c, code, "too many wrong tries from this address: try again in %u s", wait_s);
    else
        call_fail(c, -EACCES, "this code or token does not open: a link works once and not for long; ask for another, or use a token");
}

/* A token that is not for once: its rights are the session's. */
static void on_rights(void *user, struct audience *a, int code, const char *reason)
{
    struct call *c = user;
    char session[LOGIN_SECRET_TEXT], address[48];
    (void)a;
    guard_address(c->web, c->request, address);
    if (code == -EKEYREJECTED) {
        login_failed(c->web->login, clock_monotonic_ns(), address);
        refuse_login(c, -EACCES, 0);
    } else if (code) {
        call_fail(c, code, "%s", reason);
    } else {
        login_begin(c->web->login, clock_monotonic_ns(), c->token, session);
        entered(c, session);
    }
}

struct entering {
    struct call *call;
    char token[TOKEN_TEXT]; /* what the code becomes */
};

static void on_entered(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct entering *e = user;
    struct call *c = e->call;
    (void)reply;
    if (!code)
        copy_string(c->token, sizeof c->token, e->token);
    sodium_memzero(e, sizeof *e);
    free(e);
    if (code == -EALREADY)
        code = 0;
    if (code)
        on_rights(c, NULL, code, reason);
    else
        audience_get(c->web->audiences, c->token, on_rights, c);
}

/* A secret of the master: a code that works once becomes a token that lives as long as a session; another token stays what it is. */
static void enter_by_master(struct call *c)
{
    struct entering *e = xcalloc(1, sizeof *e);
    struct token t;
    Sonata__Tokens tokens = SONATA__TOKENS__INIT;
    Sonata__TokenInfo info = SONATA__TOKEN_INFO__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    e->call = c;
    token_new(e->token, &t);
    info.id = (ProtobufCBinaryData){sizeof t.id, t.id};
    info.hash = (ProtobufCBinaryData){sizeof t.hash, t.hash};
    info.expires_wall_ns = clock_wall_ns() + c->web->settings->session_ns;
    tokens.action = (char *)"enter";
    tokens.token = &info;
    request.verb_case = SONATA__REQUEST__VERB_TOKENS;
    request.tokens = &tokens;
    upstream_ask(c->web->up, &request, c->token, on_entered, e);
}

void api_login(struct call *c)
{
    char session[LOGIN_SECRET_TEXT], address[48];
    const char *secret = call_body_text(c, "secret");
    struct token parsed;
    unsigned wait_s = 0;
    int64_t now = clock_monotonic_ns();
    guard_address(c->web, c->request, address);
    bool of_master = !token_parse(secret, &parsed);
    int r = of_master ? login_may_try(c->web->login, now, address, &wait_s) : login_enter(c->web->login, now, address, secret, session, &wait_s);
    if (r) {
        refuse_login(c, r, wait_s);
    } else if (of_master) {
        copy_string(c->token, sizeof c->token, secret);
        enter_by_master(c);
    } else {
        entered(c, session);
    }
}

void api_logout(struct call *c)
{
    char session[GUARD_COOKIE_MAX];
    if (http_cookie(c->request, guard_cookie(c->web), session, sizeof session))
        login_leave(c->web->login, session);
    answer_cookie(c, "", 0);
}

/* Whom the rights are of. */
static void write_who(struct bytes *b, const Sonata__Caller *who)
{
    out_open(b, "who", '{');
    out_bool(b, "keys", who && who->keys);
    out_bool(b, "admin", !who || who->admin);
    out_text(b, "team", who ? who->team : "");
    out_text(b, "label", who ? who->label : "");
    out_text(b, "scope", who ? who->scope : "write");
    out_unsigned(b, "search", who ? who->search : 0);
    out_time(b, "expires", who ? who->expires_wall_ns : 0);
    out_close(b, '}');
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
    write_who(&c->out, reply->caller);
    out_unsigned(&c->out, "revision", mirrors_revision(c->audience->mirrors));
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
