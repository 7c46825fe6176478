/* A bound on bytes a second: what was not used is saved for two seconds. */
#ifndef SONATA_AGENT_RATE_H
#define SONATA_AGENT_RATE_H

#include <stddef.h>
#include <stdint.h>

struct rate {
    double per_second; /* 0: no bound */
    double saved;      /* bytes that may go at once */
    int64_t at_ns;     /* of `saved`; 0: never looked at */
};

/* Full from the start. */
struct rate rate_of(double bytes_per_second);
/* Nanoseconds until n bytes may go; 0: now. What was taken in excess is waited for. */
int64_t rate_wait_ns(struct rate *r, size_t n, int64_t now_ns);
/* They went. */
void rate_take(struct rate *r, size_t n);

#endif
