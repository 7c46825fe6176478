/* Model files on their way in, from workers and from clients: each grows in the folder of model files (base/part.h) and becomes durable on another
 * thread, so that no transfer holds up the loop. What arrived is kept when a transfer stops, over a restart of the master too. */
#ifndef SONATA_RPC_RECEIPTS_H
#define SONATA_RPC_RECEIPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/part.h"
#include "loop/loop.h"
#include "store/record.h"

enum { RECEIPTS_MAX = 32, RECEIPT_WHO_MAX = 20, RECEIPTS_OF_CLIENTS = 2, RECEIPTS_OF_WORKERS = 16 /* for a team each */ };

enum receipt_state {
    RECEIPT_FREE,
    RECEIPT_OPENING, /* what an earlier transfer left is read again */
    RECEIPT_GROWING,
    RECEIPT_FINISHING, /* whole; being made durable */
    RECEIPT_DONE,      /* a client's: durable under its hash. A worker's is closed then */
};

struct receipt {
    uv_work_t work;
    enum receipt_state state;
    uint8_t hash[HASH_SIZE];
    char who[RECEIPT_WHO_MAX]; /* keeps the transfers of teams apart; "": a worker's */
    char team[OWNER_NAME_MAX]; /* whose quota it will count for */
    char folder[PART_PATH_MAX];
    uint64_t total;
    bool admitted; /* there is room for it, which others do not get */
    struct part *part;
    int64_t touched_ns;
    int rc; /* of the work */
    struct sonata_error err;
};

struct receipts {
    uv_loop_t *loop;
    struct receipt receipt[RECEIPTS_MAX];
};

struct receipt_offer {
    const char *folder, *who, *team; /* borrowed for the call */
    const uint8_t *hash;
    uint64_t total;
};
/* The transfer of that content, begun or taken up. -EBUSY: too many are under way; -EINVAL: its size was another before; else as part_open(). */
int receipts_open(struct receipts *t, const struct receipt_offer *offer, struct receipt **ret_receipt, struct sonata_error *err) SONATA_MUST_CHECK;
/* Takes a piece that begins where the last ended; any other is ignored. With the last the file is made durable. Afterwards receipt_size() says where
 * to go on. -EBADMSG: the whole had another hash, begin anew; else the disk's error. */
int receipt_take(struct receipts *t, struct receipt *r, uint64_t offset, const void *data, size_t n, struct sonata_error *err) SONATA_MUST_CHECK;
/* Bytes that have arrived; `else_size` while that is not known. */
uint64_t receipt_size(const struct receipt *r, uint64_t else_size);
/* The place is free again; the file, whole or not, stays. Not while it is opening or finishing. */
void receipt_close(struct receipt *r);
/* Bytes of what was admitted and is not durable yet, for the team (NULL: for all), but of that one. */
uint64_t receipts_under_way(const struct receipts *t, const struct receipt *but, const char *team);
/* All that is not at work on another thread is closed. */
void receipts_fini(struct receipts *t);

#endif
