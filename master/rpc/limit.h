/* PURE: how much a peer may ask. Three token buckets per peer: of messages, of bytes, and of the time of ours that its requests took; a peer that
 * empties one is told once and then not listened to for a while, so that it costs no more than reading its bytes. Time is passed in. */
#ifndef SONATA_RPC_LIMIT_H
#define SONATA_RPC_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

enum { LIMIT_PEERS_MAX = 20000 };

struct limit_rates {
    double messages;     /* per second, twice as many at once; 0: no limit */
    double bytes;        /* per second; 0: no limit */
    double byte_burst;   /* at once */
    int64_t mute_ns;     /* how long a peer is not listened to */
    double busy;         /* share of our time its requests may take; 0: no limit */
    double busy_burst_s; /* at once; a request that takes longer counts as twice that */
};

struct limiter {
    struct limit_rates rates;
    struct map bucket; /* peer → struct bucket */
    bool swept;        /* idle peers were forgotten before, at swept_ns */
    int64_t swept_ns;
};

enum limit_verdict {
    LIMIT_PASS,
    LIMIT_REFUSE, /* too much: tell the peer */
    LIMIT_MUTE    /* it was told: drop the message unread */
};

/* Zeroed but for the rates is empty. */
void limiter_fini(struct limiter *l);
/* A message of `bytes` from a peer (any number that stands for it). Beyond LIMIT_PEERS_MAX peers that are not idle, new ones share one bucket. */
enum limit_verdict limiter_take(struct limiter *l, uint64_t peer, size_t bytes, int64_t now);
/* Bytes that go to the peer because it asked for them. */
void limiter_charge(struct limiter *l, uint64_t peer, size_t bytes, int64_t now);
/* Time that a message of the peer took. */
void limiter_charge_time(struct limiter *l, uint64_t peer, int64_t took_ns, int64_t now);

#endif
