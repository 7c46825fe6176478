/* Which model files there are, and where. */
#ifndef SONATA_RUN_ARTEFACT_TABLE_H
#define SONATA_RUN_ARTEFACT_TABLE_H

#include "base/hash.h"
#include "run/engine_internal.h"

enum { ARTEFACT_FOLDER_MAX = 900 };

struct artefact_file {
    uint8_t hash[HASH_SIZE];
    uint64_t bytes;
    int64_t wall_ns; /* when it came */
};

/* Made and freed by the engine. */
struct artefacts *artefacts_new(void);
/* Frees it with all it holds; NULL is allowed. */
void artefacts_free(struct artefacts *t);
/* Where the files lie; cut at ARTEFACT_FOLDER_MAX. */
void artefacts_set_folder(struct engine *r, const char *folder);
/* What a map of models is keyed by: the first 8 bytes of the hash. */
uint64_t artefact_key(const uint8_t hash[HASH_SIZE]);
/* It has a record, in the store or in this turn. */
bool artefact_is_here(const struct engine *r, const uint8_t hash[HASH_SIZE]);
/* A file of that name and size is in the folder. */
bool artefact_file_is_whole(const struct engine *r, const uint8_t hash[HASH_SIZE], uint64_t bytes);
/* It has a record, which the store has already. */
void artefact_remember(struct engine *r, const uint8_t hash[HASH_SIZE], uint64_t bytes, int64_t wall_ns);
/* The same, and the record is written with this turn. */
void artefact_put(struct engine *r, const struct artefact *a);
/* Nobody has it any more: the record goes with this turn, the file after it. Nothing happens when there is none. */
void artefact_forget(struct engine *r, const uint8_t hash[HASH_SIZE]);
/* The turn is durable: files without a record go. */
void artefacts_committed(struct engine *r);
/* Of all files. */
uint64_t artefacts_bytes(const struct engine *r);
/* All; the list is for free(), what it points to is borrowed until the next change. */
struct artefact_file **artefacts_list(const struct engine *r, uint32_t *ret_n);

#endif
