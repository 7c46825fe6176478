/* Keys of records. */
#include <string.h>

#include "store/store.h"

static void put_be64(uint8_t *p, uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8)
        p[i] = (uint8_t)v;
}

struct store_key key_u64(uint64_t a)
{
    struct store_key k = {.n = 8};
    put_be64(k.bytes, a);
    return k;
}

struct store_key key_u64_pair(uint64_t a, uint64_t b)
{
    struct store_key k = {.n = 16};
    put_be64(k.bytes, a);
    put_be64(k.bytes + 8, b);
    return k;
}

struct store_key key_u64_triple(uint64_t a, uint64_t b, uint64_t c)
{
    struct store_key k = {.n = 24};
    put_be64(k.bytes, a);
    put_be64(k.bytes + 8, b);
    put_be64(k.bytes + 16, c);
    return k;
}

struct store_key key_bytes(const void *p, size_t n)
{
    struct store_key k = {.n = n < sizeof k.bytes ? n : sizeof k.bytes};
    if (k.n)
        memcpy(k.bytes, p, k.n);
    return k;
}

struct store_key key_text(const char *text) { return key_bytes(text, strlen(text)); }

uint64_t key_read_u64(const void *key, size_t n, unsigned i)
{
    uint64_t v = 0;
    const uint8_t *p = key;
    for (size_t at = 8u * i; at < 8u * i + 8 && at < n; at++)
        v = v << 8 | p[at];
    return v;
}
