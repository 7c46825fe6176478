/* The parts of sonata-web and what they share. One process, one loop, one thread:
 *
 *     browser ──http── guard (host, origin, login) ── routes ── api_*.c ──┬── upstream ── master
 *                                                                         └── audience: mirror, feed (copies that are brought up to date) */
#ifndef SONATA_WEB_WEB_H
#define SONATA_WEB_WEB_H

#include "loop/loop.h"
#include "web/assets.h"
#include "web/audience.h"
#include "web/http.h"
#include "web/login.h"
#include "web/settings.h"
#include "web/upstream.h"

struct web {
    const struct web_settings *settings;
    struct loop loop;
    struct net *net;
    struct upstream *up;
    struct audiences *audiences;
    struct login *login;
    struct network_job *network; /* that is being built; NULL: none */
    struct assets *assets;
    struct http *http;
    int64_t start_wall_ns;
};

/* struct http_app's handle(): user is the struct web. */
void web_handle(void *user, struct http_request *q);

#endif
