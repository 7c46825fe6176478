/* The shape of a ZAP 1.0 request (ZeroMQ RFC 27), checked before anybody looks at the key in it. */
#ifndef SONATA_NET_ZAP_REQUEST_H
#define SONATA_NET_ZAP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZAP_FRAMES = 7, ZAP_FRAME_MAX = 256 };

/* The frames of a request as they come. Zero-initialise. */
struct zap_request {
    unsigned n; /* frames seen, counted past ZAP_FRAMES too */
    bool oversize;
    struct zap_frame {
        uint8_t data[ZAP_FRAME_MAX]; /* zero-terminated */
        size_t size;
    } frame[ZAP_FRAMES];
};

/* Takes the next frame (copied). More or longer ones than a request has make it one that is refused. */
void zap_request_add(struct zap_request *r, const void *data, size_t n);
/* Whether it is a CURVE request of version 1.0. Then *ret_domain (borrowed from r, no zero byte inside) and the client's public key as Z85. */
bool zap_request_read(const struct zap_request *r, const char **ret_domain, char ret_public_key[41]);

#endif
