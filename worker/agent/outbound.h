/* Model files that boards here built: each lies under its hash in a folder until the master has it and acknowledged the result that names it. It goes
 * in chunks, one at a time, and goes on where it stopped. No sockets here: chunks go out through a callback, answers come in by
 * outbound_acknowledged(). */
#ifndef SONATA_AGENT_OUTBOUND_H
#define SONATA_AGENT_OUTBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/rate.h"
#include "base/error.h"
#include "base/hash.h"

struct outbound;

struct model_piece {
    const uint8_t *hash; /* borrowed for the call */
    uint64_t attempt, offset, total;
    const void *data; /* n bytes; none: a question */
    size_t n;
};

struct outbound_hooks {
    /* 0, or negative when the link is down (sent again later). */
    int (*put)(void *user, const struct model_piece *piece);
    /* The master has the model, or does not want it (reason): the result may go. */
    void (*done)(void *user, const uint8_t hash[HASH_SIZE], const char *reason);
    void *user;
};

/* Folder is made; the rate is borrowed, others may use it too. */
int outbound_new(const char *folder, struct rate *rate, struct outbound_hooks hooks, struct outbound **ret_outbound,
               struct sonata_error *err) SONATA_MUST_CHECK;
/* The files stay; NULL is allowed. */
void outbound_free(struct outbound *m);
/* True when the result that names it may go: the master has it, or said that it does not want it. False: it is on its way, or waits for its turn. */
bool outbound_send(struct outbound *m, const uint8_t hash[HASH_SIZE], uint64_t attempt, uint64_t bytes);
struct outbound_answer {
    const uint8_t *hash; /* borrowed for the call, n_hash bytes */
    size_t n_hash;
    uint64_t offset; /* so much has arrived */
    bool done;
    int code; /* not 0: it is not wanted, and why */
    const char *text;
};
/* An answer of the master. Of none that is on its way: ignored. */
void outbound_acknowledged(struct outbound *m, const struct outbound_answer *answer);
/* Sends again what was not answered within 3 s, and what the rate held back. now: the link came up, all is asked anew. Returns nanoseconds until it
 * wants to be called again by itself (INT64_MAX: not). */
int64_t outbound_tick(struct outbound *m, int64_t now_ns, bool now);
/* The result was acknowledged: the file goes. */
void outbound_forget(struct outbound *m, const uint8_t hash[HASH_SIZE]);
/* Files that no result names and folders of builds that ended go. keep: is it still named? */
void outbound_sweep(struct outbound *m, bool (*keep)(void *user, const uint8_t hash[HASH_SIZE]), void *user);

#endif
