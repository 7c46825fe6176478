/* See limit.h. */
#include "rpc/limit.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/time.h"

enum { OVERFLOW_PEER = 0 };

struct bucket {
    double messages, bytes, busy_s; /* tokens left; the latter two may be negative after a charge */
    int64_t filled_ns, mute_until_ns;
};

void limiter_fini(struct limiter *l)
{
    map_fini_free(&l->bucket);
}

static double message_burst(const struct limit_rates *r) { return 2 * r->messages; }

static double least(double a, double b) { return a < b ? a : b; }

static void fill(const struct limit_rates *r, struct bucket *b, int64_t now)
{
    double s = (double)(now - b->filled_ns) / SONATA_SECOND;
    if (s <= 0)
        return;
    b->messages = least(message_burst(r), b->messages + s * r->messages);
    b->bytes = least(r->byte_burst, b->bytes + s * r->bytes);
    b->busy_s = least(r->busy_burst_s, b->busy_s + s * r->busy);
    b->filled_ns = now;
}

struct sweep {
    const struct limit_rates *rates;
    int64_t now;
};

/* Full again and not muted is as good as unknown. */
static bool keep_busy(void *user, void *value)
{
    const struct sweep *sweep = user;
    const struct limit_rates *r = sweep->rates;
    struct bucket *b = value;
    fill(r, b, sweep->now);
    bool idle = sweep->now >= b->mute_until_ns && b->messages >= message_burst(r) && b->bytes >= r->byte_burst && b->busy_s >= r->busy_burst_s;
    if (idle)
        free(b);
    return !idle;
}

/* At most once a second: with a full table every message of a new peer comes here. */
static void forget_idle(struct limiter *l, int64_t now)
{
    if (l->swept && now - l->swept_ns < SONATA_SECOND)
        return;
    struct sweep sweep = {&l->rates, now};
    map_filter(&l->bucket, keep_busy, &sweep);
    l->swept = true;
    l->swept_ns = now;
}

static struct bucket *bucket_of(struct limiter *l, uint64_t peer, int64_t now)
{
    struct bucket *b = map_get(&l->bucket, peer);
    if (!b && l->bucket.count >= LIMIT_PEERS_MAX) {
        forget_idle(l, now);
        if (l->bucket.count >= LIMIT_PEERS_MAX) {
            peer = OVERFLOW_PEER;
            b = map_get(&l->bucket, peer);
        }
    }
    if (!b) {
        b = xcalloc(1, sizeof *b);
        *b = (struct bucket){message_burst(&l->rates), l->rates.byte_burst, l->rates.busy_burst_s, now, now};
        map_set(&l->bucket, peer, b);
    }
    fill(&l->rates, b, now);
    return b;
}

enum limit_verdict limiter_take(struct limiter *l, uint64_t peer, size_t bytes, int64_t now)
{
    struct bucket *b = bucket_of(l, peer, now);
    if (now < b->mute_until_ns)
        return LIMIT_MUTE;
    bool messages = l->rates.messages <= 0 || b->messages >= 1, room = l->rates.bytes <= 0 || b->bytes >= (double)bytes;
    bool time = l->rates.busy <= 0 || b->busy_s > 0;
    if (!messages || !room || !time) {
        b->mute_until_ns = now + l->rates.mute_ns;
        return LIMIT_REFUSE;
    }
    b->messages -= 1;
    b->bytes -= (double)bytes;
    return LIMIT_PASS;
}

void limiter_charge(struct limiter *l, uint64_t peer, size_t bytes, int64_t now) { bucket_of(l, peer, now)->bytes -= (double)bytes; }

void limiter_charge_time(struct limiter *l, uint64_t peer, int64_t took_ns, int64_t now)
{
    double s = (double)took_ns / SONATA_SECOND, most = 2 * l->rates.busy_burst_s;
    bucket_of(l, peer, now)->busy_s -= s < most ? s : most;
}
