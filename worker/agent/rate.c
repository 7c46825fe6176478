/* See rate.h. */
#include "agent/rate.h"

#include "base/clock.h"
#include "base/number.h"

enum { SAVED_S = 2 };

struct rate rate_of(double bytes_per_second) { return (struct rate){.per_second = bytes_per_second, .saved = SAVED_S * bytes_per_second}; }

int64_t rate_wait_ns(struct rate *r, size_t n, int64_t now_ns)
{
    if (r->per_second <= 0)
        return 0;
    if (r->at_ns)
        r->saved = min_of(r->saved + r->per_second * (double)(now_ns - r->at_ns) / 1e9, SAVED_S * r->per_second);
    r->at_ns = now_ns;
    double wanted = min_of((double)n, SAVED_S * r->per_second); /* a piece larger than that goes when all is saved */
    return r->saved >= wanted ? 0 : 1 + (int64_t)((wanted - r->saved) / r->per_second * 1e9);
}

void rate_take(struct rate *r, size_t n)
{
    if (r->per_second > 0)
        r->saved -= (double)n;
}
