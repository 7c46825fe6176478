/* A master for tests: a ROUTER socket and a script. It answers BlobGet from the blobs it was given, greets when told to, and hands every other
 * message to the test. */
#ifndef SONATA_TESTS_INTEGRATION_WORKER_FAKE_MASTER_H
#define SONATA_TESTS_INTEGRATION_WORKER_FAKE_MASTER_H

#include "codec/codec.h"

enum { FAKE_BLOBS_MAX = 4, FAKE_EVENTS_MAX = 256 };

struct fake_master {
    void *context, *socket;
    char endpoint[128];
    uint8_t peer[64];       /* of the last message */
    size_t peer_size;
    uint64_t incarnation;
    bool welcome;           /* answer Hello with Welcome */
    bool strangers;         /* answer heartbeats with Fault -ENOTCONN, until the next Hello */
    unsigned blob_requests;
    Sonata__Envelope *event[FAKE_EVENTS_MAX]; /* BoardEvents that came while something else was waited for */
    size_t n_events;
    size_t chunk;           /* bytes of a blob per answer */
    struct {
        uint8_t hash[32];
        struct bytes data;
    } blob[FAKE_BLOBS_MAX];
    size_t n_blobs;
};

void fake_master_open(struct fake_master *m, const char *endpoint);
void fake_master_close(struct fake_master *m);
/* Serves these bytes; their hash. */
const uint8_t *fake_master_add_blob(struct fake_master *m, const void *p, size_t n);
/* Next message of that kind within timeout_ms (others are served or dropped), or NULL. Free with envelope_free(). */
Sonata__Envelope *fake_master_wait(struct fake_master *m, Sonata__Envelope__BodyCase kind, int timeout_ms);
/* To the last peer. */
void fake_master_send(struct fake_master *m, Sonata__Envelope *e);
void fake_master_send_raw(struct fake_master *m, const void *p, size_t n);
void fake_master_assign(struct fake_master *m, const struct evaluation_job *job);
void fake_master_cancel(struct fake_master *m, uint64_t attempt);
/* Waits for a Result and decodes it; false when none comes. Acknowledges it when `acknowledge`. */
bool fake_master_result(struct fake_master *m, int timeout_ms, bool acknowledge, struct measurement *ret_measurement);
/* Next BoardEvent, also one that came meanwhile (an envelope, free with envelope_free()), or NULL. Acknowledges it when `acknowledge`. */
Sonata__Envelope *fake_master_event(struct fake_master *m, int timeout_ms, bool acknowledge);
void fake_master_command(struct fake_master *m, const char *board, const char *action);

#endif
