/* Lists asked of the master page after page. */
#include <stdlib.h>

#include "base/memory.h"
#include "net/token.h"
#include "web/upstream.h"

struct paging {
    struct upstream *up;
    Sonata__Request *request; /* ours */
    Sonata__Reply *whole;
    char token[TOKEN_TEXT];
    upstream_done done;
    void *user;
};

static void *copy_message(const ProtobufCMessage *m)
{
    size_t n = protobuf_c_message_get_packed_size(m);
    uint8_t *packed = xmalloc(n ? n : 1);
    protobuf_c_message_pack(m, packed);
    void *copy = protobuf_c_message_unpack(m->descriptor, NULL, n, packed);
    free(packed);
    return copy;
}

static void end(struct paging *p, const Sonata__Reply *reply, int code, const char *reason)
{
    p->done(p->user, reply, code, reason);
    sonata__request__free_unpacked(p->request, NULL);
    sonata__reply__free_unpacked(p->whole, NULL);
    free(p);
}

static void on_page(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct paging *p = user;
    bool more = !code && pages_next(p->request, reply);
    if (code || (!more && !p->whole)) {
        end(p, reply, code, reason);
        return;
    }
    Sonata__Reply *page = copy_message(&reply->base);
    if (p->whole) {
        pages_join(p->whole, page);
        sonata__reply__free_unpacked(page, NULL);
    } else {
        p->whole = page;
    }
    if (more)
        upstream_ask(p->up, p->request, p->token, on_page, p);
    else
        end(p, p->whole, 0, reason);
}

void upstream_ask_all(struct upstream *u, const Sonata__Request *request, const char *token, upstream_done done, void *user)
{
    struct paging *p = xcalloc(1, sizeof *p);
    *p = (struct paging){.up = u, .request = copy_message(&request->base), .done = done, .user = user};
    copy_string(p->token, sizeof p->token, token);
    upstream_ask(u, p->request, p->token, on_page, p);
}
