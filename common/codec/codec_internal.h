/* Shared inside codec: checked copies between wire strings and fixed fields, and a memory budget for unpacking. */
#ifndef SONATA_CODEC_INTERNAL_H
#define SONATA_CODEC_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "codec/codec.h"

/* Copies a wire string into dst[size]. -EINVAL naming `what` when it does not fit, or holds control characters (newlines are allowed
 * when `lines`), or is empty although `required`. */
int wire_take_text(char *dst, size_t size, const char *text, bool required, bool lines, const char *what, struct sonata_error *err) SONATA_MUST_CHECK;
/* A heap copy for a message field; the protobuf default for "" so that free_unpacked() leaves it alone. */
char *wire_give_text(const char *text);
/* A heap copy of n bytes for a message field ({0, NULL} when n is 0). */
ProtobufCBinaryData wire_give_bytes(const void *p, size_t n);
/* 32-byte hash from a field: empty means all zero. */
int wire_take_hash(uint8_t dst[32], const ProtobufCBinaryData *field, const char *what, struct sonata_error *err) SONATA_MUST_CHECK;
/* The field of a hash: empty when it is all zero. */
ProtobufCBinaryData wire_give_hash(const uint8_t hash[32]);

/* Unpacks with a bound on the memory the message may take, since two bytes on the wire can become a hundred in memory. NULL: garbage or over
 * the bound. Free with protobuf_c_message_free_unpacked(m, NULL). */
ProtobufCMessage *wire_unpack(const ProtobufCMessageDescriptor *type, const void *p, size_t n);
/* Every text in an unpacked message through text_plain(), so that nothing that comes off the wire can steer a terminal or forge a line. Lines are
 * kept in fingerprints and in what the master says to people. */
void wire_clean(ProtobufCMessage *m);
/* Appends the packed message. */
void wire_pack(const ProtobufCMessage *m, struct bytes *out);

/* Artefacts; a zero hash is no message (NULL). -EINVAL: no hash, no or too many bytes, or a format that is no plain name. */
int artefact_from_message(const Sonata__Artefact *m, struct artefact *ret_artefact, struct sonata_error *err) SONATA_MUST_CHECK;

/* Space messages, used by spec too. */
int space_from_message(const Sonata__Space *m, struct space *ret_space, struct sonata_error *err) SONATA_MUST_CHECK;
/* The message of a space; free it with sonata__space__free_unpacked(). */
Sonata__Space *space_to_message(const struct space *s);

/* A described network (elastic_codec.c), for the message of its space, which frees it. */
Sonata__Elastic *elastic_to_message(const struct elastic *e);
/* -EINVAL what does not fit the struct; elastic_check() judges the rest. */
int elastic_from_message(const Sonata__Elastic *m, struct elastic *ret_elastic, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
