/* Stored values in less room: each is compressed against a dictionary, which is nothing but earlier values of the same database. Names, hashes and
 * fingerprints that every record repeats cost a few bytes so, whatever the records are.
 *
 * Packed value: PACK_MARK, dictionary id (varint, 0: none), zstd frame without its magic number, any number of zero bytes. Anything else is a plain
 * value, so a database may hold both. */
#ifndef SONATA_STORE_PACK_H
#define SONATA_STORE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum {
    PACK_MARK = 0xFD,
    PACK_DICTIONARY_MAX = 16384, /* bytes of a dictionary */
    PACK_VALUE_MAX = 1 << 28,    /* larger values stay plain and are refused when packed */
};

/* The dictionary in use for one database and the values that may become the next. One thread. */
struct packer;
/* Without a dictionary; free with packer_free(). */
struct packer *packer_new(void);
/* Frees it with all it holds; NULL is allowed. */
void packer_free(struct packer *p);
/* Packs against `content` (copied) from now on. id is not 0. */
void packer_use(struct packer *p, uint64_t id, const void *content, size_t n);
/* True when there is no dictionary yet, or values have changed so much that a new one pays: its content, borrowed until the next call. */
bool packer_wants(const struct packer *p, const uint8_t **ret_content, size_t *ret_n);
/* Packs into the cleared *out and learns from the value. false: it is better stored plain. */
bool packer_pack(struct packer *p, const void *value, size_t n, struct bytes *out);

/* Dictionary id of a packed value; false: it is plain. */
bool pack_is_packed(const void *value, size_t n, uint64_t *ret_dictionary);
/* Appends what packer_pack() was given. -EBADMSG: damaged, or another dictionary. Any thread. */
int pack_unpack(const void *value, size_t n, const void *dictionary, size_t n_dictionary, struct bytes *out);

#endif
