/* Whole files: bounded reads (gz too), writes that survive power loss. */
#ifndef SONATA_BASE_FILE_H
#define SONATA_BASE_FILE_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

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

#endif
