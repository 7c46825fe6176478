/* What the master has not acknowledged yet: an append-only file of checked records, so that neither a dead link nor a dead worker loses one. One
 * file holds results, another the events of boards (the journal).
 *
 * Record: u32 magic, u32 kind, u32 length, u32 CRC-32 of kind, length and payload, payload. Kind 1 is an item, kind 2 an acknowledgement
 * (u64 id, u32 epoch). An item is on disk (fsync) before spool_add() returns. When nothing is pending, or most of
 * the file is acknowledged, it is rewritten. A tail that does not check is cut off with a warning. */
#ifndef SONATA_AGENT_SPOOL_H
#define SONATA_AGENT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

enum { SPOOL_RESULT_MAX = 4 << 20 };

struct spool;

struct spool_item {
    uint64_t attempt;       /* of an event: its sequence number */
    uint32_t epoch;         /* of an event: 0 */
    char board[48];
    uint8_t artefact[32]; /* of a result: the model it built; zero: none */
    uint64_t artefact_bytes;
    struct bytes result;    /* measurement bytes; of an event: a packed BoardEvent */
    int64_t sent_ns;        /* for the sender's use; 0 not sent */
};

/* Fills attempt, epoch and board from a payload read back; false when it is not such a payload. */
typedef bool spool_identify(const uint8_t *p, size_t n, struct spool_item *item);
/* For the spool of results: a measurement. */
bool spool_identify_result(const uint8_t *p, size_t n, struct spool_item *item);
/* For the journal of board events: a BoardEvent, its sequence as the attempt. */
bool spool_identify_event(const uint8_t *p, size_t n, struct spool_item *item);

/* Opens or creates the file and loads what is pending. *ret_lost: bytes of a corrupt tail that were cut off. */
int spool_open(const char *path, spool_identify *identify, struct spool **ret_spool, size_t *ret_lost, struct sonata_error *err) SONATA_MUST_CHECK;
/* Closes the file, in which everything pending stays. NULL is allowed. */
void spool_close(struct spool *s);
/* Names an item; the board is borrowed. */
struct spool_key {
    uint64_t attempt;
    uint32_t epoch;
    const char *board;
};
/* Keeps a result (a measurement's encoded bytes; copied). It is pending even when the disk refuses (-errno): then it lives in memory only. The same
 * attempt and epoch again replaces nothing and is no error. */
int spool_add(struct spool *s, const struct spool_key *key, const void *result, size_t n, struct sonata_error *err);
/* Forgets the oldest until at most `most` are pending; how many were given up. */
size_t spool_trim(struct spool *s, size_t most);
/* Forgets it. -ENOENT when it is not pending (a repeated acknowledgement). */
int spool_acknowledge(struct spool *s, uint64_t attempt, uint32_t epoch);

/* How many are pending. */
size_t spool_count(const struct spool *s);
/* i-th pending in order of arrival; valid until the next add or acknowledge. */
struct spool_item *spool_at(struct spool *s, size_t i);
/* Whether that one is pending. */
bool spool_has(const struct spool *s, uint64_t attempt, uint32_t epoch);

#endif
