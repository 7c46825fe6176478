/* Questions to the master, asked without waiting: the answer comes to a callback.
 *
 * A question is sent again with the same id every two seconds, because a master that was restarted in between has forgotten it, and given up after a
 * time; the master answers a repeated id with the same answer, so nothing happens twice. */
#ifndef SONATA_WEB_UPSTREAM_H
#define SONATA_WEB_UPSTREAM_H

#include "codec/codec.h"
#include "loop/loop.h"
#include "net/net.h"

struct upstream;

enum { UPSTREAM_ID_SIZE = 16 };

/* code 0: `reply` is the answer, valid during the call. Otherwise a negative errno with its reason, reply NULL: the master's own refusal, -ETIMEDOUT
 * when it did not answer, -ENOBUFS when too many questions are open. */
typedef void (*upstream_done)(void *user, const Sonata__Reply *reply, int code, const char *reason);

/* The master that is asked; borrowed for the call. */
struct upstream_master {
    const char *endpoint;
    const struct net_security *security; /* NULL: plain */
    int64_t patience_ns;                 /* how long a question waits for its answer */
};
/* Begins to connect to the master. -EINVAL and others with the endpoint. Close with upstream_close(). */
int upstream_open(struct loop *loop, struct net *net, const struct upstream_master *master, struct upstream **ret_upstream,
                  struct sonata_error *err) SONATA_MUST_CHECK;
/* Questions that are open are answered with -ECANCELED first. Frees in its handle's close callback. */
void upstream_close(struct upstream *u);
/* Packs and sends at once, with the token whose rights it shall have ("": our key's own); the request stays the caller's. An id of UPSTREAM_ID_SIZE
 * bytes is kept, otherwise it gets a random one. The callback may come before this returns. */
void upstream_ask(struct upstream *u, Sonata__Request *request, const char *token, upstream_done done, void *user);
/* The same for a question that the master may hold back for so long. */
void upstream_ask_held(struct upstream *u, Sonata__Request *request, const char *token, int64_t held_ns, upstream_done done, void *user);
/* The same for a list but that of uploads, page after page (codec.h, pages_next): the answer is the whole list. */
void upstream_ask_all(struct upstream *u, const Sonata__Request *request, const char *token, upstream_done done, void *user);

#endif
