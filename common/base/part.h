/* A file that arrives in pieces under the hash of its content: FOLDER/HEX.part grows, and when it is whole and right it becomes FOLDER/HEX. What
 * arrived stays over a restart, so that a transfer goes on where it stopped. No more is in memory than the piece at hand. */
#ifndef SONATA_BASE_PART_H
#define SONATA_BASE_PART_H

#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"

enum { PART_PATH_MAX = 1024 };

struct part;

/* FOLDER/HEX into path[size]; false when it does not fit. */
_Bool part_final_path(const char *folder, const uint8_t hash[HASH_SIZE], char *path, size_t size);
/* Takes up what an earlier one left (its bytes are read again) or begins a new file. total: bytes of the whole. `who` keeps transfers of one content
 * apart ("": one). -ENAMETOOLONG; else what the system said. */
int part_open(const char *folder, const uint8_t hash[HASH_SIZE], uint64_t total, const char *who, struct part **ret_part,
              struct sonata_error *err) SONATA_MUST_CHECK;
/* Bytes there; the next piece begins here. */
uint64_t part_size(const struct part *p);
uint64_t part_total(const struct part *p);
/* Where the whole lies after part_finish(), into path[size]. */
void part_path(const struct part *p, char *path, size_t size);
/* -EMSGSIZE: more than the whole. -ENOSPC …: nothing of it counts. */
int part_append(struct part *p, const void *data, size_t n, struct sonata_error *err) SONATA_MUST_CHECK;
/* All bytes are there: compares the hash, syncs, renames, syncs the folder. -EBADMSG: other content; the file is empty again. May run on another
 * thread than the rest, not at the same time. */
int part_finish(struct part *p, struct sonata_error *err) SONATA_MUST_CHECK;
/* Its file stays for a later part_open(); NULL is fine. */
void part_close(struct part *p);
/* The same, and the file goes. */
void part_drop(struct part *p);

#endif
