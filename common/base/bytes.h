/* Growable byte buffer (little-endian writer) and bounded reader: the pair behind every save/load. */
#ifndef SONATA_BASE_BYTES_H
#define SONATA_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Zero-initialise; release with bytes_fini(). */
struct bytes {
    uint8_t *data;
    size_t size, capacity;
};

/* Releases what it holds. */
void bytes_fini(struct bytes *b);
#define cleanup_bytes __attribute__((cleanup(bytes_fini)))
/* Empties without releasing. */
void bytes_clear(struct bytes *b);
/* Appends n raw bytes; returns where they were put (valid until the next append). src may be NULL: zeroes are appended. */
uint8_t *bytes_append(struct bytes *b, const void *src, size_t n);
/* Appends as printf does, without a terminating zero. */
void bytes_printf(struct bytes *b, const char *format, ...) SONATA_PRINTF(2, 3);
/* One byte. */
void bytes_put_u8(struct bytes *b, uint8_t v);
/* Two bytes, the low one first. */
void bytes_put_u16(struct bytes *b, uint16_t v);
/* Four bytes, the lowest first. */
void bytes_put_u32(struct bytes *b, uint32_t v);
/* Eight bytes, the lowest first. */
void bytes_put_u64(struct bytes *b, uint64_t v);
/* The eight bytes of a double as bytes_put_u64() puts them: the same on every machine. */
void bytes_put_f64(struct bytes *b, double v);
/* u32 length + bytes. */
void bytes_put_blob(struct bytes *b, const void *p, size_t n);
/* As bytes_put_blob(), without the terminating zero. */
void bytes_put_string(struct bytes *b, const char *s);

/* Reads from borrowed memory. After the first read past the end `bad` is set and every read gives zero. */
struct reader {
    const uint8_t *p;
    size_t left;
    bool bad;
};

/* A reader over n bytes, which it borrows. */
struct reader reader_of(const void *p, size_t n);
/* Borrowed pointer to n bytes, or NULL (and bad) when fewer are left. */
const uint8_t *reader_take(struct reader *r, size_t n);
/* As bytes_put_u8() wrote it; 0 (and bad) when too few bytes are left. */
uint8_t reader_u8(struct reader *r);
/* As bytes_put_u16() wrote it; 0 (and bad) when too few bytes are left. */
uint16_t reader_u16(struct reader *r);
/* As bytes_put_u32() wrote it; 0 (and bad) when too few bytes are left. */
uint32_t reader_u32(struct reader *r);
/* As bytes_put_u64() wrote it; 0 (and bad) when too few bytes are left. */
uint64_t reader_u64(struct reader *r);
/* As bytes_put_f64() wrote it; 0 (and bad) when too few bytes are left. */
double reader_f64(struct reader *r);
/* Copies n bytes to dst (zeroes when bad). */
void reader_copy(struct reader *r, void *dst, size_t n);
/* Length-prefixed blob of at most `max` bytes; borrowed; *ret_n is 0 and bad set on a lie. */
const uint8_t *reader_blob(struct reader *r, size_t max, size_t *ret_n);
/* Length-prefixed string into dst[size], terminated; longer than fits sets bad. */
void reader_string(struct reader *r, char *dst, size_t size);
/* A count that must be <= max and for which at least count * element_size bytes are left; else 0 and bad. */
uint32_t reader_count(struct reader *r, uint32_t max, size_t element_size);
/* True when everything was read and nothing was bad. */
bool reader_done(const struct reader *r);

#endif
