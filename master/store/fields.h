/* One walk over the fields of a stored record serves both directions, so that what is written and what is read cannot differ: each field_…() writes
 * the value when the walk writes, else reads it. A record is its version (u8), then its fields in order; a field of a later version is walked under
 * `if (f->version >= …)`. Reading is bounded: after the first lie every read gives zero and the walk ends as -EBADMSG. */
#ifndef SONATA_STORE_FIELDS_H
#define SONATA_STORE_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

struct fields {
    struct bytes *out; /* writing: where to; NULL: reading */
    struct reader in;
    int version; /* of the record */
};

/* Appends the version. A walk that writes does not change the record. */
struct fields fields_writing(struct bytes *out, uint8_t version);
/* Reads the version, which must be 1 to `latest`: -EBADMSG, or -EPROTONOSUPPORT for one from the future. */
int fields_reading(const void *p, size_t n, uint8_t latest, struct fields *ret_fields) SONATA_MUST_CHECK;
/* End of a walk: 0, or -EBADMSG when it read a lie or bytes are left. */
int fields_end(const struct fields *f) SONATA_MUST_CHECK;

/* One byte; anything but 0 is true. */
void field_bool(struct fields *f, bool *v);
/* 16 bits. */
void field_u16(struct fields *f, uint16_t *v);
/* 32 bits. */
void field_u32(struct fields *f, uint32_t *v);
/* 32 bits with a sign. */
void field_i32(struct fields *f, int32_t *v);
/* 64 bits. */
void field_u64(struct fields *f, uint64_t *v);
/* 64 bits with a sign. */
void field_i64(struct fields *f, int64_t *v);
/* A double, bit by bit. */
void field_f64(struct fields *f, double *v);
/* Length and bytes into text[size]. */
void field_string(struct fields *f, char *text, size_t size);
/* n bytes without a length. */
void field_bytes(struct fields *f, void *p, size_t n);
/* A number of elements that follow, at most `max` and of at least `element_size` bytes each. */
void field_count(struct fields *f, uint32_t *n, uint32_t max, size_t element_size);
/* A number below `count` in one byte; returns the value read, or v when writing. */
unsigned field_number(struct fields *f, unsigned v, unsigned count);
/* While reading: the record is refused unless `good`. */
void field_check(struct fields *f, bool good);

/* An enum whose values are 0 to count - 1. */
#define FIELD_ENUM(f, place, count)                                                                                                                  \
    do {                                                                                                                                             \
        unsigned number_ = field_number((f), (unsigned)(place), (count));                                                                            \
        if (!(f)->out)                                                                                                                               \
            (place) = number_;                                                                                                                       \
    } while (0)

/* Defines name_decode() of a type by its walk. */
#define FIELDS_DECODER(name, type, walk, latest)                                                                                                     \
    int name##_decode(const void *p, size_t n, type *ret_record)                                                                                     \
    {                                                                                                                                                \
        struct fields f;                                                                                                                             \
        type x = {0};                                                                                                                                \
        int rc = fields_reading(p, n, (latest), &f);                                                                                                 \
        if (rc)                                                                                                                                      \
            return rc;                                                                                                                               \
        walk(&f, &x);                                                                                                                                \
        rc = fields_end(&f);                                                                                                                         \
        if (!rc)                                                                                                                                     \
            *ret_record = x;                                                                                                                         \
        return rc;                                                                                                                                   \
    }

/* The same, and name_encode(). */
#define FIELDS_RECORD(name, type, walk, latest)                                                                                                      \
    void name##_encode(const type *r, struct bytes *out)                                                                                             \
    {                                                                                                                                                \
        struct fields f = fields_writing(out, (latest));                                                                                             \
        walk(&f, (type *)r);                                                                                                                         \
    }                                                                                                                                                \
    FIELDS_DECODER(name, type, walk, latest)

#endif
