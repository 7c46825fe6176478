/* See session_watch.h. */
#include "cli/session_watch.h"

#include <errno.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/time.h"

enum { REPEAT_MS = 2000, APART_MS = 100, OLD_MASTER_MS = 500 };

/* One question; *ret_changed: the answer has the search. */
static int ask(struct session *s, struct watcher *w, uint64_t search, int64_t wait_ns, bool *ret_changed, struct sonata_error *err)
{
    Sonata__Watch watch = SONATA__WATCH__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    watch.since = w->since;
    watch.wait_ms = (uint32_t)(wait_ns / SONATA_MS);
    request.verb_case = SONATA__REQUEST__VERB_WATCH;
    request.watch = &watch;
    int r = session_call_held(s, &request, wait_ns + REPEAT_MS * SONATA_MS, &reply, err);
    if (r)
        return r;
    w->since = max_of(w->since, reply->reply->commit);
    *ret_changed = reply->reply->more; /* only the newest are in the answer */
    for (size_t i = 0; i < reply->reply->n_searches; i++)
        *ret_changed = *ret_changed || reply->reply->searches[i]->id == search;
    return 0;
}

int session_watch(struct session *s, struct watcher *w, uint64_t search, int64_t wait_ns, struct sonata_error *err)
{
    int64_t until = clock_monotonic_ns() + wait_ns;
    bool changed = false;
    while (!w->old_master && !changed) {
        int64_t left = until - clock_monotonic_ns();
        if (left <= 0)
            return 0;
        int r = ask(s, w, search, left, &changed, err);
        w->old_master = r == -ENOSYS;
        if (r && !w->old_master)
            return r;
        if (!changed)
            clock_sleep_ns(APART_MS * SONATA_MS); /* other searches changed */
    }
    if (w->old_master)
        clock_sleep_ns(OLD_MASTER_MS * SONATA_MS);
    return 0;
}
