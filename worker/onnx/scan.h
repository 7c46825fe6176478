/* A look at the bytes of a protobuf message before they are unpacked: protobuf-c recurses without a bound and allocates what the bytes ask for. */
#ifndef SONATA_ONNX_SCAN_H
#define SONATA_ONNX_SCAN_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { SCAN_DEPTH_MAX = 32 };

struct scan_limits {
    size_t messages;     /* of all kinds */
    const void *counted; /* descriptor of one kind that has its own limit */
    size_t counted_max;
    const char *counted_name;
};

/* Walks the message and all that it holds. -EBADMSG damaged, -EFBIG more than the limits or nested too deep. */
int scan_message(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t size, const struct scan_limits *limits,
                 struct sonata_error *err) SONATA_MUST_CHECK;

/* An allocator for unpacking that gives at most `budget` bytes. */
struct scan_budget {
    ProtobufCAllocator allocator;
    size_t left;
};
/* b must stay where it is while it is used. */
void scan_budget_init(struct scan_budget *b, size_t budget);

#endif
