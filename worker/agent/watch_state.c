/* What others ask about a board that is watched over. */
#include "agent/watch_internal.h"

bool watch_keeps_jobs(const struct agent *a, const struct board *b) { return health_driver_keeps_jobs(&watch_of(a, b)->driver); }

const char *watch_state(const struct agent *a, const struct board *b)
{
    const struct board_health *h = &watch_of(a, b)->driver.health;
    if (h->state == HEALTH_BUSY && h->draining)
        return "draining";
    if (h->state != HEALTH_READY && h->state != HEALTH_BUSY)
        return health_state_name(h->state);
    return b->ordered ? "ready" : board_state_name(b->state);
}

const char *watch_detail(const struct agent *a, const struct board *b)
{
    const struct board_watch *w = watch_of(a, b);
    if (w->driver.why[0])
        return w->driver.why;
    return b->trouble[0] ? b->trouble : b->offer.detail;
}
