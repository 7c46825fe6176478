/* See parallel.h. Threads live for one call: asks are rare and their work is milliseconds, so a pool would only be state. Piece i is
 * done by thread i mod threads; a thread that cannot be started has its pieces done here. */
#include "search/parallel.h"

#include <pthread.h>

#include "base/number.h"

enum { THREADS_MAX = 64 };

struct share {
    parallel_fn *fn;
    void *context;
    uint32_t first, step, pieces;
};

static void *work(void *p)
{
    const struct share *s = p;
    for (uint32_t i = s->first; i < s->pieces; i += s->step)
        s->fn(s->context, i);
    return NULL;
}

void parallel_for(uint32_t threads, uint32_t pieces, parallel_fn *fn, void *context)
{
    struct share share[THREADS_MAX];
    pthread_t thread[THREADS_MAX];
    int failed[THREADS_MAX];
    uint32_t n = clamp_of(threads, 1, THREADS_MAX);
    n = min_of(pieces, n);
    for (uint32_t t = 0; t < n; t++) {
        share[t] = (struct share){fn, context, t, n, pieces};
        failed[t] = t ? pthread_create(&thread[t], NULL, work, &share[t]) : 1;
    }
    for (uint32_t t = 0; t < n; t++) {
        if (failed[t])
            (void)work(&share[t]);
    }
    for (uint32_t t = 0; t < n; t++) {
        if (!failed[t])
            (void)pthread_join(thread[t], NULL);
    }
}
