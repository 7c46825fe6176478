/* See hang.h. A timer of the loop counts up; the thread wakes from time to time and sees whether it did. */
#include "loop/hang.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/time.h"

enum { LOOKS = 24 }; /* in the limit */

struct hang {
    uv_timer_t timer;
    uv_thread_t thread;
    uv_mutex_t lock;
    uv_cond_t wake;
    bool ending; /* under the lock */
    int64_t look_ns, limit_ns;
    atomic_uint turns;
};

static void give_up(const struct hang *h)
{
    log_error("the event loop hangs: this process aborts, so that it is started again", "seconds=%.1f", (double)h->limit_ns / SONATA_SECOND);
    abort();
}

static void watch(void *arg)
{
    struct hang *h = arg;
    unsigned seen = 0, missed = 0;
    uv_mutex_lock(&h->lock);
    while (!h->ending) {
        if (uv_cond_timedwait(&h->wake, &h->lock, (uint64_t)h->look_ns) != UV_ETIMEDOUT)
            continue; /* also woken for nothing */
        unsigned turns = atomic_load(&h->turns);
        missed = turns == seen ? missed + 1 : 0;
        seen = turns;
        if (missed >= LOOKS)
            give_up(h);
    }
    uv_mutex_unlock(&h->lock);
}

static void on_timer(uv_timer_t *t)
{
    struct hang *h = t->data;
    atomic_fetch_add(&h->turns, 1);
}

struct hang *hang_begin(struct loop *l, int64_t limit_ns)
{
    if (limit_ns <= 0)
        return NULL;
    struct hang *h = xcalloc(1, sizeof *h);
    h->limit_ns = limit_ns;
    h->look_ns = max_of(limit_ns / LOOKS, SONATA_MS);
    uv_mutex_init(&h->lock);
    uv_cond_init(&h->wake);
    if (uv_thread_create(&h->thread, watch, h)) {
        log_warn("no thread to notice a loop that hangs", "limit_s=%.0f", (double)limit_ns / SONATA_SECOND);
        uv_cond_destroy(&h->wake);
        uv_mutex_destroy(&h->lock);
        free(h);
        return NULL;
    }
    uint64_t every_ms = (uint64_t)max_of(h->look_ns / 2 / SONATA_MS, (int64_t)1);
    uv_timer_init(&l->uv, &h->timer);
    h->timer.data = h;
    uv_timer_start(&h->timer, on_timer, every_ms, every_ms);
    return h;
}

static void on_closed(uv_handle_t *handle)
{
    struct hang *h = handle->data;
    uv_cond_destroy(&h->wake);
    uv_mutex_destroy(&h->lock);
    free(h);
}

void hang_end(struct hang *h)
{
    if (!h)
        return;
    uv_mutex_lock(&h->lock);
    h->ending = true;
    uv_cond_signal(&h->wake);
    uv_mutex_unlock(&h->lock);
    uv_thread_join(&h->thread);
    uv_close((uv_handle_t *)&h->timer, on_closed);
}
