/* What time alone changes: links, leases, back-offs. */
#include <stdio.h>

#include "base/memory.h"
#include "sched/sched_internal.h"

static int64_t tick_workers(struct sched *s, int64_t now)
{
    int64_t next = INT64_MAX;
    for (uint32_t i = 0; i < s->n_workers; i++) {
        struct worker *w = s->worker[i];
        if (w->link == LINK_OFFLINE)
            continue;
        int64_t silent = now - w->heard_ns;
        enum link link = silent >= s->config.suspect_ns ? LINK_SUSPECT : LINK_ONLINE;
        if (silent >= s->config.offline_ns)
            link = LINK_OFFLINE;
        if (link < w->link) {
            w->link = link;
            s->generation++;
            struct sched_action *act = sched_push_action(s, SCHED_LINK);
            copy_string(act->worker, sizeof act->worker, w->name);
            copy_string(act->reason, sizeof act->reason, link == LINK_OFFLINE ? "offline" : "suspect");
        }
        int64_t due = w->heard_ns + (w->link == LINK_ONLINE ? s->config.suspect_ns : s->config.offline_ns);
        if (w->link != LINK_OFFLINE && due < next)
            next = due;
    }
    return next;
}

static int64_t tick_leases(struct sched *s, int64_t now)
{
    int64_t next = INT64_MAX;
    for (uint32_t i = 0; i < s->n_boards; i++) {
        for (uint32_t k = s->board[i]->n_slots; k-- > 0;) {
            struct attempt *a = s->board[i]->slot[k];
            if (a->deadline_ns <= now) {
                char why[80];
                snprintf(why, sizeof why, "no sign of life for %.0f s", (double)s->config.lease_ns / 1e9);
                attempt_lose(s, now, a, why);
            } else if (a->deadline_ns < next) {
                next = a->deadline_ns;
            }
        }
    }
    return next;
}

static int64_t tick_delays(struct sched *s, int64_t now)
{
    int64_t next = INT64_MAX;
    uint32_t at = 0;
    for (struct job *j; (j = map_next(&s->jobs, &at));) {
        if (j->state != JOB_DELAYED)
            continue;
        if (j->wake_ns <= now) {
            sched_step(j, JOB_WAKE);
            queue_push(s, j, true);
        } else if (j->wake_ns < next) {
            next = j->wake_ns;
        }
    }
    return next;
}

int64_t sched_tick(struct sched *s, int64_t now)
{
    if (now < s->next_deadline_ns)
        return s->next_deadline_ns;
    s->next_deadline_ns = INT64_MAX;
    shares_decay(s, now);
    sched_due(s, tick_workers(s, now));
    sched_due(s, tick_leases(s, now));
    sched_due(s, tick_delays(s, now));
    return s->next_deadline_ns;
}
