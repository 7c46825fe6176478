/* The envelope of every message: size, version and presence of a body are checked before anyone looks inside.
 *
 * A peer of another major version may have given the other fields any meaning, so only `major` is trusted then. */
#include "codec/codec.h"

#include <errno.h>

#include "codec/codec_internal.h"

void envelope_pack(Sonata__Envelope *e, struct bytes *out)
{
    e->major = WIRE_MAJOR;
    e->minor = WIRE_MINOR;
    wire_pack(&e->base, out);
}

Sonata__Envelope *envelope_unpack(const void *p, size_t n, bool *ret_other_major, struct sonata_error *err)
{
    *ret_other_major = false;
    if (n > WIRE_MESSAGE_MAX) {
        sonata_error_set(err, -EMSGSIZE, "message of %zu bytes is over the limit of %d", n, WIRE_MESSAGE_MAX);
        return NULL;
    }
    Sonata__Envelope *e = (Sonata__Envelope *)wire_unpack(&sonata__envelope__descriptor, p, n);
    if (!e) {
        sonata_error_set(err, -EBADMSG, "%zu bytes are not a message of this protocol", n);
        return NULL;
    }
    wire_clean(&e->base);
    if (e->major != WIRE_MAJOR) {
        *ret_other_major = true;
        sonata_error_set(err, -EPROTONOSUPPORT, "peer speaks protocol %u.%u, this side %d.%d: upgrade the older one", e->major, e->minor, WIRE_MAJOR,
                         WIRE_MINOR);
    } else if (e->body_case == SONATA__ENVELOPE__BODY__NOT_SET) {
        sonata_error_set(err, -EBADMSG, "message without a body (or of a kind newer than protocol %d.%d)", WIRE_MAJOR, WIRE_MINOR);
    } else {
        return e;
    }
    envelope_free(e);
    return NULL;
}

void envelope_free(Sonata__Envelope *e)
{
    if (e)
        sonata__envelope__free_unpacked(e, NULL);
}

void cleanup_envelope_pointer(Sonata__Envelope **e)
{
    envelope_free(*e);
}
