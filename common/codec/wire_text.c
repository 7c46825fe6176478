/* Checked field copies and bounded unpacking shared by the codecs (see codec_internal.h). */
#include "codec/codec_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/medium.h"
#include "base/memory.h"

enum { UNPACK_FACTOR = 24, UNPACK_FLOOR = 64 << 10 };

int wire_take_text(char *dst, size_t size, const char *text, bool required, bool lines, const char *what, struct sonata_error *err)
{
    if (!text)
        text = "";
    size_t n = strnlen(text, size);
    if (n == size)
        return sonata_error_set(err, -EINVAL, "%s: longer than %zu characters", what, size - 1);
    if (required && !n)
        return sonata_error_set(err, -EINVAL, "%s: is empty", what);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 32 && !(lines && c == '\n')) || c == 127)
            return sonata_error_set(err, -EINVAL, "%s: holds a control character", what);
    }
    memset(dst, 0, size);
    memcpy(dst, text, n);
    return 0;
}

char *wire_give_text(const char *text)
{
    return text[0] ? xstrdup(text) : (char *)protobuf_c_empty_string;
}

ProtobufCBinaryData wire_give_bytes(const void *p, size_t n)
{
    ProtobufCBinaryData field = {0};
    if (n)
        field = (ProtobufCBinaryData){.len = n, .data = xmemdup(p, n)};
    return field;
}

int wire_take_hash(uint8_t dst[32], const ProtobufCBinaryData *field, const char *what, struct sonata_error *err)
{
    if (field->len != 0 && field->len != HASH_SIZE)
        return sonata_error_set(err, -EINVAL, "%s: %d bytes are expected, not %zu", what, HASH_SIZE, field->len);
    memset(dst, 0, HASH_SIZE);
    if (field->len)
        memcpy(dst, field->data, HASH_SIZE);
    return 0;
}

ProtobufCBinaryData wire_give_hash(const uint8_t hash[32]) { return wire_give_bytes(hash, hash_is_zero(hash) ? 0 : HASH_SIZE); }

/* Blocks come from malloc, so the default allocator can free them. */
struct budget {
    size_t left;
};

static void *budget_alloc(void *data, size_t size)
{
    struct budget *b = data;
    size_t cost = size + 16;
    if (cost > b->left)
        return NULL;
    b->left -= cost;
    return malloc(size);
}

static void budget_free(void *data, void *p)
{
    (void)data;
    free(p);
}

ProtobufCMessage *wire_unpack(const ProtobufCMessageDescriptor *type, const void *p, size_t n)
{
    struct budget budget = {.left = UNPACK_FLOOR + UNPACK_FACTOR * n};
    ProtobufCAllocator allocator = {.alloc = budget_alloc, .free = budget_free, .allocator_data = &budget};
    return protobuf_c_message_unpack(type, &allocator, n, p);
}

static bool may_have_lines(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    if (!strcmp(f->name, "fingerprint") || !strcmp(f->name, "output"))
        return true;
    bool people = m->descriptor == &sonata__reply__descriptor || m->descriptor == &sonata__task_status__descriptor;
    return people && !strcmp(f->name, "text");
}

/* One value of a field, at p. */
static void clean_value(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, void *p)
{
    if (f->type == PROTOBUF_C_TYPE_STRING) {
        char *text = *(char **)p;
        if (text && text[0])
            text_plain(text, may_have_lines(m, f));
    } else if (f->type == PROTOBUF_C_TYPE_MESSAGE && *(ProtobufCMessage **)p) {
        wire_clean(*(ProtobufCMessage **)p);
    }
}

/* The depth is that of the protocol's types: none holds itself. */
void wire_clean(ProtobufCMessage *m)
{
    uint8_t *base = (uint8_t *)m;
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        if (f->type != PROTOBUF_C_TYPE_STRING && f->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t n = *(size_t *)(base + f->quantifier_offset);
            void **list = *(void ***)(base + f->offset);
            for (size_t k = 0; k < n; k++)
                clean_value(m, f, &list[k]);
        } else if (!(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) || *(uint32_t *)(base + f->quantifier_offset) == f->id) {
            clean_value(m, f, base + f->offset);
        }
    }
}

void wire_pack(const ProtobufCMessage *m, struct bytes *out)
{
    size_t n = protobuf_c_message_get_packed_size(m);
    if (n)
        protobuf_c_message_pack(m, bytes_append(out, NULL, n));
}
