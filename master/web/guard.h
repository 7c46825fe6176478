/* What is looked at before anything is done: the name we were called by, where a change comes from, who asks. */
#ifndef SONATA_WEB_GUARD_H
#define SONATA_WEB_GUARD_H

#include "web/web.h"

enum { GUARD_COOKIE_MAX = 96 };

/* Whether the Host header is one of ours: localhost, a numeric address, a name of --host. Others are how a foreign page reaches a server on loopback
 * (DNS rebinding). */
bool guard_host(const struct web *w, const struct http_request *q);
/* Whether a change comes from our own pages or from a program: an Origin must be ours, a browser must not say that the request crosses sites, and
 * the body must be JSON, which no foreign form can send. */
bool guard_origin(const struct web *w, const struct http_request *q);
/* 0: a session or a token, which is ours (token "": our key's own rights) or one for the master to look at. -ENOTCONN: neither; -EAGAIN: this address
 * guesses too often. */
int guard_login(struct web *w, const struct http_request *q, char token[TOKEN_TEXT]);
/* The master said that the token is none: the address guessed, or the session is over. */
void guard_refused(struct web *w, const struct http_request *q);
/* The peer's address, or what the proxy says it is. */
void guard_address(const struct web *w, const struct http_request *q, char text[48]);
/* Whether the browser came by TLS, here or at the proxy. */
bool guard_is_tls(const struct web *w, const struct http_request *q);
/* The name of the session's cookie. */
const char *guard_cookie(const struct web *w);

#endif
