/* See zap_request.h. Frames: version "1.0", request id, domain, address, identity, mechanism "CURVE", 32-byte public key. */
#include "net/zap_request.h"

#include <string.h>
#include <zmq.h>

enum { VERSION, DOMAIN = 2, MECHANISM = 5, KEY, KEY_SIZE = 32 };

void zap_request_add(struct zap_request *r, const void *data, size_t n)
{
    if (r->n < ZAP_FRAMES && n < ZAP_FRAME_MAX) {
        struct zap_frame *f = &r->frame[r->n];
        f->size = n;
        if (n)
            memcpy(f->data, data, n);
        f->data[n] = '\0';
    } else {
        r->oversize = true;
    }
    r->n++;
}

static bool is(const struct zap_frame *f, const char *text)
{
    return f->size == strlen(text) && !memcmp(f->data, text, f->size);
}

bool zap_request_read(const struct zap_request *r, const char **ret_domain, char ret_public_key[41])
{
    if (r->n != ZAP_FRAMES || r->oversize || !is(&r->frame[VERSION], "1.0") || !is(&r->frame[MECHANISM], "CURVE") || r->frame[KEY].size != KEY_SIZE)
        return false;
    const struct zap_frame *domain = &r->frame[DOMAIN];
    if (memchr(domain->data, '\0', domain->size) || !zmq_z85_encode(ret_public_key, r->frame[KEY].data, KEY_SIZE))
        return false;
    *ret_domain = (const char *)domain->data;
    return true;
}
