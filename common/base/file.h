/* Whole files: bounded reads (gz too), writes that survive power loss. */
#ifndef SONATA_BASE_FILE_H
#define SONATA_BASE_FILE_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"

/* Reads a whole file of at most max bytes (after gunzip when the name ends in .gz). -EFBIG when larger, -EBADMSG on a broken gz. */
int file_read(const char *path, size_t max, struct bytes *ret_data, struct sonata_error *err) SONATA_MUST_CHECK;
/* Writes to path.tmp, fsyncs, renames, fsyncs the folder: the file is the old one or the new one, never half. */
int file_write_atomic(const char *path, const void *data, size_t n, struct sonata_error *err) SONATA_MUST_CHECK;
/* Makes the entry of a file in its folder durable, after a rename. 0 or -errno. */
int file_sync_folder_of(const char *path) SONATA_MUST_CHECK;
/* mkdir -p with mode 0755 (0700 for the last part when private_last). */
int file_make_dirs(const char *path, _Bool private_last, struct sonata_error *err) SONATA_MUST_CHECK;
/* Whether something of that name is there for this process; follows links. */
_Bool file_exists(const char *path);
/* Hash and size of the content of a plain file of at most max bytes, read piece by piece. -EFBIG when larger; -EINVAL when it is no plain file. */
int file_hash(const char *path, uint64_t max, uint8_t ret_hash[HASH_SIZE], uint64_t *ret_size, struct sonata_error *err) SONATA_MUST_CHECK;
/* The same bytes in another folder: a second name where the file system allows it, else a copy, synced. 0 also when `to` is there. */
int file_link_or_copy(const char *from, const char *to, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
