/* The forests of a search in one flat blob, each under the key of what it was grown from, for predictions without growing or decoding. */
#ifndef SONATA_SEARCH_FOREST_KEEP_H
#define SONATA_SEARCH_FOREST_KEEP_H

#include "base/bytes.h"
#include "search/forest.h"

enum { FOREST_KEEP_FRAME = 12 /* bytes of an empty blob */ };

/* Starts the blob at the beginning of an empty buffer, adds a forest, seals it when all are in. */
void forest_keep_start(struct bytes *out);
/* Adds a forest under a key by which it is found again. */
void forest_keep_add(struct bytes *out, uint64_t key, const struct forest *f);
/* Adds the checksum: nothing can be added afterwards. */
void forest_keep_seal(struct bytes *out);
/* Bytes that the forest takes in the blob. */
size_t forest_keep_size(const struct forest *f);
/* False when the bytes are not a sealed blob of this format. The forests themselves are checked when they are found. */
bool forest_keep_check(const void *data, size_t n);
/* The forest of that key, borrowed from a checked blob (aligned to 4). False: it is not there, or not a sound forest of n_genes genes. */
bool forest_keep_find(const void *data, size_t n, uint64_t key, uint32_t n_genes, struct forest *ret_forest);

#endif
