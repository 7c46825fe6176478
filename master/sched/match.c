/* Matching: boards with free slots take jobs in fair turns; every board looks only at queues it fits. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "sched/sched_internal.h"

enum { SKIP_MAX = 8 }; /* jobs looked past because they failed on this very board */

static uint32_t free_slots(const struct sched *s, const struct sched_board *b)
{
    return board_is_usable(b) && b->n_slots < board_slots(s, b) ? board_slots(s, b) - b->n_slots : 0;
}

static bool another_board_fits(const struct sched *s, const struct sched_board *not_this, const struct sched_need *need)
{
    for (uint32_t i = 0; i < s->n_boards; i++) {
        if (s->board[i] != not_this && board_is_usable(s->board[i]) && board_fits(s->board[i], need))
            return true;
    }
    return false;
}

/* The queue's first job for this board; one that failed here last is left to another board when there is one. */
static struct job *first_for(const struct sched *s, const struct queue *q, const struct sched_board *b)
{
    struct job *j = q->head;
    for (unsigned skipped = 0; j && j->avoid == b && skipped < SKIP_MAX; skipped++, j = j->next) {
        if (!another_board_fits(s, b, &q->need))
            return j;
    }
    return j && j->avoid == b ? NULL : j;
}

static struct job *choose(const struct sched *s, const struct sched_board *b)
{
    struct queue *best = NULL;
    struct job *best_job = NULL;
    for (uint32_t i = 0; i < s->n_queues; i++) {
        struct queue *q = s->queue[i];
        if (!q->n_ready || q->owner->paused || !team_may_use(q->owner->team, b) || (best && !owner_before(q->owner, best->owner)) ||
            !board_fits(b, &q->need))
            continue;
        struct job *j = first_for(s, q, b);
        if (j) {
            best = q;
            best_job = j;
        }
    }
    return best_job;
}

static void assign(struct sched *s, int64_t now, struct sched_board *b, struct job *j)
{
    queue_remove(s, j);
    sched_step(j, JOB_LEASE);
    struct attempt *a = attempt_open(s, now, s->next_attempt++, j, b, ++b->epoch);
    attempt_charge(a, j->queue->owner->mean_ns);
    struct sched_action *act = sched_push_action(s, SCHED_ASSIGN);
    act->job = j->id;
    act->attempt = a->id;
    act->epoch = a->epoch;
    act->incarnation = a->incarnation;
    copy_string(act->board, sizeof act->board, b->info.id);
    copy_string(act->worker, sizeof act->worker, b->worker->name);
}

/* Idle boards first, then one prefetched job each: two rounds over the boards. */
void sched_dispatch(struct sched *s, int64_t now)
{
    for (uint32_t depth = 0; depth < board_slot_limit(s) && s->n_ready; depth++) {
        for (uint32_t i = 0; i < s->n_boards && s->n_ready; i++) {
            struct sched_board *b = s->board[i];
            if (b->n_slots > depth || !free_slots(s, b))
                continue;
            struct job *j = choose(s, b);
            if (j)
                assign(s, now, b, j);
        }
    }
}

/* Free slots of boards that fit and the team may use. */
static uint32_t slots_for(const struct sched *s, const struct sched_team *t, const struct sched_need *need)
{
    uint32_t open = 0, taken = 0, room = team_room(t, s->n_boards);
    for (uint32_t i = 0; i < s->n_boards; i++) {
        const struct sched_board *b = s->board[i];
        uint32_t n = free_slots(s, b); /* first: in a busy farm nearly always 0 */
        if (!n || !board_fits(b, need) || !team_may_use(t, b))
            continue;
        if (board_has_team(b, t))
            open += n;
        else if (taken++ < room)
            open += n;
    }
    return open;
}

/* How many of the slots go to jobs that wait already: the owner's own and those of better claims, each team within its quotas. */
static uint32_t spoken_for(const struct sched *s, const struct owner *o, const struct sched_need *need)
{
    uint32_t waiting = 0, at = 0;
    for (struct sched_team *t; (t = map_next(&s->teams, &at));)
        t->waiting = 0;
    for (uint32_t i = 0; i < s->n_queues; i++) {
        const struct queue *q = s->queue[i];
        if (q->n_ready && !q->owner->paused && (!strcmp(q->need.board_type, need->board_type) || !q->need.board_type[0] || !need->board_type[0]) &&
            (q->owner == o || owner_before(q->owner, o)))
            q->owner->team->waiting += q->n_ready;
    }
    at = 0;
    for (struct sched_team *t; (t = map_next(&s->teams, &at));) {
        uint32_t most = t->waiting && (t->quota.boards || t->quota.day_ns) && t != o->team ? slots_for(s, t, need) : t->waiting;
        waiting += min_of(most, t->waiting);
    }
    return waiting;
}

/* Attempts of that owner which what is left of the team's day pays for. */
static uint32_t day_room(const struct owner *o)
{
    const struct sched_team *t = o->team;
    if (!t->quota.day_ns)
        return UINT32_MAX;
    double n = ceil(((double)t->quota.day_ns - t->day_used_ns - t->live_ns) / fmax(o->mean_ns, 1));
    return (uint32_t)clamp_of(n, 0.0, (double)UINT32_MAX);
}

uint32_t sched_open_slots(struct sched *s, uint64_t owner, const struct sched_need *need)
{
    const struct owner *o = owner_get(s, owner);
    uint32_t open = slots_for(s, o->team, need), most = day_room(o);
    open = min_of(open, most);
    uint32_t waiting = open ? spoken_for(s, o, need) : 0;
    return waiting < open ? open - waiting : 0;
}
