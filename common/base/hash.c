/* See hash.h. */
#include "base/hash.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

void hash_content(const void *p, size_t n, uint8_t ret_hash[HASH_SIZE])
{
    crypto_generichash(ret_hash, HASH_SIZE, p, n, NULL, 0);
}

_Static_assert(sizeof(struct content_hash) >= sizeof(crypto_generichash_state), "a state of libsodium fits");

static crypto_generichash_state *state_of(struct content_hash *h) { return (void *)h->state; }

void content_hash_begin(struct content_hash *h) { crypto_generichash_init(state_of(h), NULL, 0, HASH_SIZE); }

void content_hash_add(struct content_hash *h, const void *p, size_t n) { crypto_generichash_update(state_of(h), p, n); }

void content_hash_end(struct content_hash *h, uint8_t ret_hash[HASH_SIZE]) { crypto_generichash_final(state_of(h), ret_hash, HASH_SIZE); }

void hash_to_hex(const uint8_t *p, size_t n, char *ret_text)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        ret_text[2 * i] = digit[p[i] >> 4];
        ret_text[2 * i + 1] = digit[p[i] & 15];
    }
    ret_text[2 * n] = '\0';
}

bool hash_is_same(const uint8_t a[HASH_SIZE], const uint8_t b[HASH_SIZE]) { return !sodium_memcmp(a, b, HASH_SIZE); }

bool hash_is_zero(const uint8_t hash[HASH_SIZE])
{
    uint8_t any = 0;
    for (size_t i = 0; i < HASH_SIZE; i++)
        any |= hash[i];
    return any == 0;
}

int hash_from_hex(const char *text, uint8_t ret_hash[HASH_SIZE])
{
    size_t got = 0;
    const char *end = NULL;
    uint8_t raw[HASH_SIZE];
    if (strlen(text) != HASH_HEX - 1 || sodium_hex2bin(raw, sizeof raw, text, HASH_HEX - 1, NULL, &got, &end) || got != HASH_SIZE)
        return -EINVAL;
    memcpy(ret_hash, raw, sizeof raw);
    return 0;
}

uint64_t hash64(const void *p, size_t n)
{
    const uint8_t *s = p;
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ s[i]) * 0x100000001b3u;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    h ^= h >> 32;
    return h;
}

uint64_t hash64_text(const char *text)
{
    return hash64(text, strlen(text));
}
