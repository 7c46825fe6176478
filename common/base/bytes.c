/* See bytes.h. Integers are little-endian whatever the host. */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void bytes_fini(struct bytes *b)
{
    free(b->data);
    *b = (struct bytes){0};
}

void bytes_clear(struct bytes *b)
{
    b->size = 0;
}

uint8_t *bytes_append(struct bytes *b, const void *src, size_t n)
{
    b->data = xgrow(b->data, &b->capacity, b->size + n, 1);
    uint8_t *at = b->data ? b->data + b->size : NULL;
    if (n && src)
        memcpy(at, src, n);
    else if (n)
        memset(at, 0, n);
    b->size += n;
    return at;
}

void bytes_printf(struct bytes *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n > 0) {
        b->data = xgrow(b->data, &b->capacity, b->size + (size_t)n + 1, 1);
        vsnprintf((char *)b->data + b->size, (size_t)n + 1, format, again);
        b->size += (size_t)n;
    }
    va_end(again);
}

static void put(struct bytes *b, uint64_t v, size_t n)
{
    b->data = xgrow(b->data, &b->capacity, b->size + n, 1);
    for (size_t i = 0; i < n; i++)
        b->data[b->size + i] = (uint8_t)(v >> (8 * i));
    b->size += n;
}

void bytes_put_u8(struct bytes *b, uint8_t v) { put(b, v, 1); }
void bytes_put_u16(struct bytes *b, uint16_t v) { put(b, v, 2); }
void bytes_put_u32(struct bytes *b, uint32_t v) { put(b, v, 4); }
void bytes_put_u64(struct bytes *b, uint64_t v) { put(b, v, 8); }

void bytes_put_f64(struct bytes *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put(b, bits, 8);
}

void bytes_put_blob(struct bytes *b, const void *p, size_t n)
{
    bytes_put_u32(b, (uint32_t)n);
    bytes_append(b, p, n);
}

void bytes_put_string(struct bytes *b, const char *s)
{
    bytes_put_blob(b, s, strlen(s));
}

struct reader reader_of(const void *p, size_t n)
{
    return (struct reader){.p = p, .left = n};
}

const uint8_t *reader_take(struct reader *r, size_t n)
{
    if (r->bad || n > r->left) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *p = r->p;
    if (n)
        r->p += n;
    r->left -= n;
    return p;
}

static uint64_t get(struct reader *r, size_t n)
{
    const uint8_t *p = reader_take(r, n);
    uint64_t v = 0;
    for (size_t i = 0; p && i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

uint8_t reader_u8(struct reader *r) { return (uint8_t)get(r, 1); }
uint16_t reader_u16(struct reader *r) { return (uint16_t)get(r, 2); }
uint32_t reader_u32(struct reader *r) { return (uint32_t)get(r, 4); }
uint64_t reader_u64(struct reader *r) { return get(r, 8); }

double reader_f64(struct reader *r)
{
    uint64_t bits = get(r, 8);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

void reader_copy(struct reader *r, void *dst, size_t n)
{
    const uint8_t *p = reader_take(r, n);
    if (p && n)
        memcpy(dst, p, n);
    else if (n)
        memset(dst, 0, n);
}

const uint8_t *reader_blob(struct reader *r, size_t max, size_t *ret_n)
{
    size_t n = reader_u32(r);
    *ret_n = 0;
    if (r->bad || n > max) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *p = reader_take(r, n);
    if (p)
        *ret_n = n;
    return p;
}

void reader_string(struct reader *r, char *dst, size_t size)
{
    size_t n;
    const uint8_t *p = reader_blob(r, size - 1, &n);
    if (p && n)
        memcpy(dst, p, n);
    dst[p ? n : 0] = '\0';
}

uint32_t reader_count(struct reader *r, uint32_t max, size_t element_size)
{
    uint32_t n = reader_u32(r);
    if (r->bad || n > max || (element_size && n > r->left / element_size)) {
        r->bad = true;
        return 0;
    }
    return n;
}

bool reader_done(const struct reader *r)
{
    return !r->bad && r->left == 0;
}
