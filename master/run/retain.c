/* Retention: raw samples of old measurements are dropped, a few per turn, in order of the attempts. Values, intervals, windows and fingerprints
 * stay, so nothing a search or a reuse needs is lost. Where it got to is in the store, in the same transaction; a result that arrives for an
 * attempt already passed (its board was away for longer than samples are kept) keeps its samples. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/codec.h"
#include "run/run_internal.h"

enum { STEP_MEASUREMENTS = 8 };
#define PACE_NS (10 * SONATA_MS)       /* between two steps while there is more to do */
#define LOOK_AGAIN_NS (60 * SONATA_SECOND)

static const char counter[] = "samples_dropped";

struct step {
    struct run *run;
    uint64_t next;
    uint32_t n, dropped;
    bool young; /* the first that is too young to be touched: so are those behind it */
};

static bool look_at(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct step *s = user;
    struct measurement m = {0};
    if (s->n == STEP_MEASUREMENTS)
        return false;
    if (!measurement_decode(value, n_value, &m, NULL)) {
        s->young = m.started_wall_ns + m.duration_ns > s->run->wall - s->run->config.keep_samples_ns;
        if (!s->young && m.n_samples) {
            free(m.samples_us);
            m.samples_us = NULL;
            m.n_samples = 0;
            measurement_put(s->run, &m);
            s->dropped++;
        }
        measurement_fini(&m);
    } /* a damaged one is for --check to tell */
    if (s->young)
        return false;
    s->n++;
    s->next = key_read_u64(key, n_key, 0) + 1;
    return true;
}

int64_t retain_step(struct run *r)
{
    if (!r->config.keep_samples_ns)
        return INT64_MAX;
    if (r->now < r->retain_ns)
        return r->retain_ns;
    struct step s = {.run = r, .next = store_counter(r->store, counter)};
    if (store_scan(r->store, STORE_MEASUREMENT, key_u64(s.next), 0, look_at, &s))
        s.n = 0;
    /* progress without a drop is written only when a whole step is done: an idle master commits nothing */
    if (s.dropped || s.n == STEP_MEASUREMENTS)
        store_set_counter(r->store, counter, s.next);
    r->retain_ns = r->now + (s.n == STEP_MEASUREMENTS ? PACE_NS : LOOK_AGAIN_NS);
    return r->retain_ns;
}
