/* See scan.h. */
#include "onnx/scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

struct scan {
    const uint8_t *start;
    const struct scan_limits *limits;
    size_t messages, counted;
    struct sonata_error *err;
};

struct piece {
    const uint8_t *p, *end;
};

static int damaged(const struct scan *s, const uint8_t *at)
{
    return sonata_error_set(s->err, -EBADMSG, "damaged at byte %zu: not the bytes of an ONNX message", (size_t)(at - s->start));
}

static bool varint(struct piece *p, uint64_t *ret_value)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && p->p < p->end; shift += 7) {
        uint8_t b = *p->p++;
        v |= (uint64_t)(b & 127) << shift;
        if (b < 128) {
            *ret_value = v;
            return true;
        }
    }
    return false;
}

/* Skips one value of a wire type; for lengths the value's bytes are in ret_value. */
static bool value(struct piece *p, unsigned wire, struct piece *ret_value)
{
    uint64_t n = 0;
    switch (wire) {
    case 0:
        return varint(p, &n);
    case 1:
        n = 8;
        break;
    case 5:
        n = 4;
        break;
    case 2:
        if (!varint(p, &n))
            return false;
        break;
    default:
        return false;
    }
    if (n > (uint64_t)(p->end - p->p))
        return false;
    *ret_value = (struct piece){p->p, p->p + n};
    p->p += n;
    return true;
}

static int walk(struct scan *s, const ProtobufCMessageDescriptor *type, struct piece p, unsigned depth)
{
    if (depth > SCAN_DEPTH_MAX)
        return sonata_error_set(s->err, -EFBIG, "messages are nested more than %d deep", SCAN_DEPTH_MAX);
    if (++s->messages > s->limits->messages)
        return sonata_error_set(s->err, -EFBIG, "more than %zu parts (nodes, tensors, attributes …)", s->limits->messages);
    if (type == s->limits->counted && ++s->counted > s->limits->counted_max)
        return sonata_error_set(s->err, -EFBIG, "more than %zu %s", s->limits->counted_max, s->limits->counted_name);
    while (p.p < p.end) {
        const uint8_t *at = p.p;
        struct piece inner = {NULL, NULL};
        uint64_t key;
        if (!varint(&p, &key) || !value(&p, (unsigned)(key & 7), &inner))
            return damaged(s, at);
        const ProtobufCFieldDescriptor *f =
            key >> 3 > 0 && key >> 3 < 1u << 29 ? protobuf_c_message_descriptor_get_field(type, (unsigned)(key >> 3)) : NULL;
        bool message = f && f->type == PROTOBUF_C_TYPE_MESSAGE && (key & 7) == 2;
        int r = message ? walk(s, f->descriptor, inner, depth + 1) : 0;
        if (r)
            return r;
    }
    return 0;
}

int scan_message(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t size, const struct scan_limits *limits, struct sonata_error *err)
{
    struct scan s = {.start = data, .limits = limits, .err = err};
    return walk(&s, type, (struct piece){data, data + size}, 0);
}

static void *take(void *data, size_t n)
{
    struct scan_budget *b = data;
    size_t cost = n + 32; /* what malloc adds */
    if (n > SIZE_MAX - 32 || cost > b->left)
        return NULL;
    b->left -= cost;
    return malloc(n ? n : 1);
}

static void give(void *data, void *p)
{
    (void)data;
    free(p);
}

void scan_budget_init(struct scan_budget *b, size_t budget)
{
    b->allocator = (ProtobufCAllocator){.alloc = take, .free = give, .allocator_data = b};
    b->left = budget;
}
