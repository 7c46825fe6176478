/* Hashes: BLAKE2b-256 names content (blobs, protocols), hash64 indexes tables in memory. */
#ifndef SONATA_BASE_HASH_H
#define SONATA_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HASH_SIZE = 32, HASH_HEX = 2 * HASH_SIZE + 1 };

/* Content hash (BLAKE2b, 256 bit, libsodium). */
void hash_content(const void *p, size_t n, uint8_t ret_hash[HASH_SIZE]);
/* The same of content that comes in pieces. */
struct content_hash {
    _Alignas(64) uint8_t state[384];
};
/* Of no content yet. */
void content_hash_begin(struct content_hash *h);
/* The next n bytes. */
void content_hash_add(struct content_hash *h, const void *p, size_t n);
/* The hash of all; *h is used up. */
void content_hash_end(struct content_hash *h, uint8_t ret_hash[HASH_SIZE]);
/* Lower-case hexadecimal of any bytes; ret_text holds 2 n + 1. */
void hash_to_hex(const uint8_t *p, size_t n, char *ret_text);
/* Whether every byte is 0, which stands for "none". */
bool hash_is_zero(const uint8_t hash[HASH_SIZE]);
/* Compared in a time that says nothing about where they differ. */
bool hash_is_same(const uint8_t a[HASH_SIZE], const uint8_t b[HASH_SIZE]);
/* Parses 64 hexadecimal digits; 0 or -EINVAL. */
int hash_from_hex(const char *text, uint8_t ret_hash[HASH_SIZE]);

/* Stable 64-bit hash of bytes (FNV-1a with a final mix); not for secrets or hostile keys. Part of stored formats: never change. */
uint64_t hash64(const void *p, size_t n);
/* The same of a text without its end. */
uint64_t hash64_text(const char *text);

#endif
