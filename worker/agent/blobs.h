/* Content-addressed files (spaces, supernets) cached on disk and pulled from the master in chunks, verified by hash. No sockets here: requests
 * go out through a callback, chunks come in by blobs_chunk(). One chunk of one blob is asked for at a time; it goes to a file at once (base/part.h).
 */
#ifndef SONATA_AGENT_BLOBS_H
#define SONATA_AGENT_BLOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/rate.h"
#include "base/error.h"
#include "base/hash.h"

struct blobs;

struct blobs_hooks {
    /* Ask for up to max bytes from offset. 0, or negative when the link is down (asked again later). */
    int (*request)(void *user, const uint8_t hash[HASH_SIZE], uint64_t offset, uint32_t max);
    /* The blob is on disk now, or (reason not NULL) will not come. */
    void (*done)(void *user, const uint8_t hash[HASH_SIZE], const char *reason);
    /* A job here needs it: it is not evicted. NULL: none does. */
    bool (*needed)(void *user, const uint8_t hash[HASH_SIZE]);
    void *user;
};

/* Cache in `folder` (made); the files used longest ago go when it holds more than max_bytes. What arrived of one is kept over a restart.
 * The rate is borrowed, others may use it too. */
int blobs_new(const char *folder, uint64_t max_bytes, struct rate *rate, struct blobs_hooks hooks, struct blobs **ret_blobs,
              struct sonata_error *err) SONATA_MUST_CHECK;
/* Frees it with all it holds; NULL is allowed. */
void blobs_free(struct blobs *b);
/* True when it is there, with its path in path[size]. False: it is being fetched. */
bool blobs_want(struct blobs *b, const uint8_t hash[HASH_SIZE], char *path, size_t size);
/* An answer from the master; anything not asked for is ignored. */
void blobs_chunk(struct blobs *b, const uint8_t *hash, size_t n_hash, uint64_t offset, uint64_t total, const uint8_t *data, size_t n, bool missing);
/* Asks again for what was not answered within 3 s. Call about once a second, and when the link comes up (now: at once). Returns
 * nanoseconds until it wants to be called again by itself (INT64_MAX: not). */
int64_t blobs_tick(struct blobs *b, int64_t now_ns, bool now);
/* A file that was made here, under its hash: it need not be fetched. */
void blobs_adopt(struct blobs *b, const uint8_t hash[HASH_SIZE], const char *path);
/* Nothing is wanted any more (the jobs that waited are gone). */
void blobs_drop(struct blobs *b, const uint8_t hash[HASH_SIZE]);

#endif
