/* The checksum behind every stored value. It covers the database, the key and the value, so that a value that was damaged, or is found under another
 * key, is known as such. SipHash-2-4 of the value, keyed by the database and the SipHash of the key; its first four bytes. Part of the stored format:
 * never change. */
#ifndef SONATA_STORE_SEAL_H
#define SONATA_STORE_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEAL_SIZE = 4 };

/* Writes the seal behind value[n]; the SEAL_SIZE bytes there are the caller's. */
void seal_write(uint8_t db, const void *key, size_t n_key, uint8_t *value, size_t n);
/* Whether value[n] ends with its seal. Any thread. */
bool seal_holds(uint8_t db, const void *key, size_t n_key, const uint8_t *value, size_t n);

#endif
