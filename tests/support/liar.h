/* A worker and a client that follow the protocol and say what the test wants. Every message waits for its answers at most some seconds. */
#ifndef SONATA_TESTS_SUPPORT_LIAR_H
#define SONATA_TESTS_SUPPORT_LIAR_H

#include "codec/codec.h"
#include "net/net.h"

struct liar {
    struct net_client *link;
    const char *name;
    uint64_t incarnation;
    Sonata__Envelope *kept[16]; /* came while something else was waited for */
    unsigned n_kept;
};

/* Connects with these keys (NULL: none). Aborts the test program when it cannot. */
void liar_open(struct liar *l, const char *endpoint, const struct net_security *keys, const char *name);
void liar_close(struct liar *l);
void liar_send(struct liar *l, Sonata__Envelope *e);
/* The next message within timeout_ms, or NULL; envelope_free(). */
Sonata__Envelope *liar_receive(struct liar *l, int timeout_ms);
/* The next message of that kind; others are kept for later calls. */
Sonata__Envelope *liar_expect(struct liar *l, Sonata__Envelope__BodyCase kind, int timeout_ms);
/* Says hello with one board of that type that measures accuracy and latency. */
void liar_hello(struct liar *l, const char *board, const char *type, uint32_t epoch);
/* The fault that answers, 0 after a welcome without one. */
int liar_hello_fault(struct liar *l, const char *board, const char *type, uint32_t epoch);
/* A measurement for that assignment; the caller may change it before liar_result(). Free with measurement_fini(). */
struct measurement liar_measurement(const Sonata__Assign *a, double accuracy, double latency);
/* Sends it; the verdict ("" when there is none in time) into verdict[32]. */
void liar_result(struct liar *l, const struct measurement *m, char verdict[32]);

#endif
