/* Looks at the pages of a whole store, and tidying up after a look. */
#ifndef SONATA_STORE_VERIFY_H
#define SONATA_STORE_VERIFY_H

#include "base/error.h"
#include "store/pages.h"

/* pages_verify() of the store in a folder, beside a running master too: findings go to `say` and are counted. A code when it cannot be looked at:
 * no such file, none of LMDB, a meta page is damaged (-EBADMSG). */
int store_verify(const char *folder, pages_say say, void *user, struct pages_counts *ret_counts, struct sonata_error *err) SONATA_MUST_CHECK;
/* The same of a store that nobody has open, as one answer: -EBADMSG with the first finding and the remedy. */
int store_verify_alone(const char *folder, struct pages_counts *ret_counts, struct sonata_error *err) SONATA_MUST_CHECK;
/* That the file is there and its meta pages are whole: before LMDB, which believes them, opens it. -ENOENT, -EBADMSG with the finding. */
int store_check_meta(const char *folder, struct sonata_error *err) SONATA_MUST_CHECK;
/* Frees the places of readers whose processes died; nothing happens when the store cannot be opened. */
void store_clear_readers(const char *folder);

#endif
