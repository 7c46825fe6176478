/* The pages of a store's file, looked at without LMDB, which trusts them: what is damaged is told, whatever it is, and nothing is followed out of the
 * file. The format is that of LMDB 0.9 (data version 1): two meta pages, B+ trees of branch and leaf pages, runs of overflow pages for large values,
 * a tree of the pages that are free. */
#ifndef SONATA_STORE_PAGES_H
#define SONATA_STORE_PAGES_H

#include <stdint.h>

#include "base/error.h"

struct pages_counts {
    uint64_t pages, free, records; /* in use; set free; in all databases */
    uint64_t room;                 /* bytes of the pages in use, and of both meta pages, that hold nothing and are read by nobody */
    uint64_t findings;
};

typedef void (*pages_say)(void *user, const char *finding);

/* Verifies the state that transaction `txnid` left (0: the newest) in the open file data.mdb: every page is used once or free, has its own number and
 * room for what it holds, keys are in order, trees are as deep and have as many pages and records as noted, and values have their seals. Says what is
 * wrong, at most a few dozen lines, and counts all. -EAGAIN: that transaction's meta page was written over: look at a newer one. A writer may be at
 * work when a reader of LMDB holds the transaction. -errno: the file cannot be read. */
int pages_verify(int fd, uint64_t txnid, pages_say say, void *user, struct pages_counts *ret_counts) SONATA_MUST_CHECK;

/* The two meta pages alone: 0, or -EBADMSG with the finding said. Before LMDB, which believes them, opens the file. */
int pages_check_meta(int fd, pages_say say, void *user) SONATA_MUST_CHECK;

#endif
