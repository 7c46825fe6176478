/* See record.h. Version 1: fields in the order of the struct, little-endian. */
#include "health/record.h"

#include <errno.h>
#include <math.h>

enum { VERSION = 1 };

static void put_times(struct bytes *out, const struct board_health *h)
{
    bytes_put_u32(out, h->n_quarantines);
    for (unsigned i = 0; i < HEALTH_QUARANTINES_KEPT; i++)
        bytes_put_u64(out, (uint64_t)h->quarantine_ns[i]);
    bytes_put_u64(out, (uint64_t)h->backoff_until_ns);
}

static void put_blame(struct bytes *out, const struct blame *b)
{
    bytes_put_u32(out, b->n);
    for (unsigned i = 0; i < BLAME_RING; i++) {
        bytes_put_u64(out, b->entry[i].job);
        bytes_put_u64(out, (uint64_t)b->entry[i].t_ns);
        bytes_put_f64(out, b->entry[i].weight);
    }
}

void health_encode(const struct board_health *h, struct bytes *out)
{
    bytes_put_u8(out, VERSION);
    bytes_put_u8(out, (uint8_t)h->state);
    bytes_put_u8(out, h->draining);
    bytes_put_f64(out, h->reference.median_us);
    bytes_append(out, h->reference.fingerprint, CANARY_FINGERPRINT);
    bytes_put_u64(out, (uint64_t)h->reference.taken_ns);
    bytes_append(out, h->fingerprint, CANARY_FINGERPRINT);
    bytes_put_u64(out, (uint64_t)h->canary.last_ns);
    bytes_put_u64(out, (uint64_t)h->canary.last_good_ns);
    bytes_put_u32(out, h->failed_probations);
    put_times(out, h);
    put_blame(out, &h->blame);
}

int health_decode(struct reader *in, struct board_health *ret_health, struct sonata_error *err)
{
    struct board_health h = {0};
    unsigned version = reader_u8(in), state = reader_u8(in);
    h.draining = reader_u8(in) != 0;
    h.reference.median_us = reader_f64(in);
    reader_copy(in, h.reference.fingerprint, CANARY_FINGERPRINT);
    h.reference.taken_ns = (int64_t)reader_u64(in);
    reader_copy(in, h.fingerprint, CANARY_FINGERPRINT);
    h.canary.last_ns = (int64_t)reader_u64(in);
    h.canary.last_good_ns = (int64_t)reader_u64(in);
    h.failed_probations = reader_u32(in);
    h.n_quarantines = reader_u32(in);
    for (unsigned i = 0; i < HEALTH_QUARANTINES_KEPT; i++)
        h.quarantine_ns[i] = (int64_t)reader_u64(in);
    h.backoff_until_ns = (int64_t)reader_u64(in);
    h.blame.n = reader_u32(in);
    for (unsigned i = 0; i < BLAME_RING; i++) {
        h.blame.entry[i].job = reader_u64(in);
        h.blame.entry[i].t_ns = (int64_t)reader_u64(in);
        h.blame.entry[i].weight = reader_f64(in);
    }
    if (in->bad || version != VERSION || state >= HEALTH_STATE_COUNT || !isfinite(h.reference.median_us))
        return sonata_error_set(err, -EBADMSG, "this is not the health of a board, version %d", VERSION);
    h.state = (enum health_state)state;
    *ret_health = h;
    return 0;
}
