/* See seal.h. */
#include "store/seal.h"

#include <sodium.h>
#include <string.h>

static void compute(uint8_t db, const void *key, size_t n_key, const uint8_t *value, size_t n, uint8_t ret_seal[SEAL_SIZE])
{
    uint8_t hash[crypto_shorthash_BYTES], secret[crypto_shorthash_KEYBYTES] = {'s', 'o', 'n', 'a', 't', 'a', ' ', 's', 'e', 'a', 'l'};
    secret[crypto_shorthash_KEYBYTES - 1] = db;
    crypto_shorthash(hash, key, n_key, secret);
    memcpy(secret, hash, sizeof hash);
    crypto_shorthash(hash, value, n, secret);
    memcpy(ret_seal, hash, SEAL_SIZE);
}

void seal_write(uint8_t db, const void *key, size_t n_key, uint8_t *value, size_t n) { compute(db, key, n_key, value, n, value + n); }

bool seal_holds(uint8_t db, const void *key, size_t n_key, const uint8_t *value, size_t n)
{
    uint8_t seal[SEAL_SIZE];
    if (n < SEAL_SIZE)
        return false;
    compute(db, key, n_key, value, n - SEAL_SIZE, seal);
    return !memcmp(seal, value + n - SEAL_SIZE, SEAL_SIZE);
}
