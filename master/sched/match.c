/* Matching: queues of waiting jobs by owner and need, boards with free slots, fair turns. A queue for a board type that is down never blocks
 * the others: every board looks only at queues it fits. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "sched/sched_internal.h"

enum { SKIP_MAX = 8 }; /* jobs looked past because they failed on this very board */

static bool has_metric(const struct sched_board_info *b, const char *metric)
{
    for (uint32_t i = 0; i < b->n_metrics; i++) {
        if (!strcmp(b->metric[i], metric))
            return true;
    }
    return false;
}

static bool has_dataset(const struct sched_board_info *b, const char *dataset)
{
    if (!dataset[0] || !b->n_datasets)
        return true;
    for (uint32_t i = 0; i < b->n_datasets; i++) {
        if (!strcmp(b->dataset[i], dataset))
            return true;
    }
    return false;
}

bool board_fits(const struct board *b, const struct sched_need *need)
{
    if (need->board_type[0] && strcmp(need->board_type, b->info.type))
        return false;
    for (uint32_t i = 0; i < need->n_metrics; i++) {
        if (!has_metric(&b->info, need->metric[i]))
            return false;
    }
    return has_dataset(&b->info, need->dataset);
}

static bool same_need(const struct sched_need *a, const struct sched_need *b)
{
    if (strcmp(a->board_type, b->board_type) || strcmp(a->dataset, b->dataset) || a->n_metrics != b->n_metrics)
        return false;
    for (uint32_t i = 0; i < a->n_metrics; i++) {
        if (strcmp(a->metric[i], b->metric[i]))
            return false;
    }
    return true;
}

/* An unused queue (no jobs) is taken over, so the table is bounded by the owners and needs alive together. */
struct queue *queue_for(struct sched *s, uint64_t owner, const struct sched_need *need)
{
    struct owner *o = owner_get(s, owner);
    struct queue *unused = NULL;
    for (uint32_t i = 0; i < s->n_queues; i++) {
        struct queue *q = s->queue[i];
        if (q->owner == o && same_need(&q->need, need))
            return q;
        if (!q->n_jobs)
            unused = q;
    }
    if (!unused) {
        unused = xcalloc(1, sizeof *unused);
        s->queue = xgrow(s->queue, &s->queue_capacity, s->n_queues + 1, sizeof *s->queue);
        s->queue[s->n_queues++] = unused;
    }
    *unused = (struct queue){.owner = o, .need = *need};
    return unused;
}

void queue_push(struct sched *s, struct job *j, bool front)
{
    struct queue *q = j->queue;
    j->next = front ? q->head : NULL;
    j->previous = front ? NULL : q->tail;
    if (j->next)
        j->next->previous = j;
    else
        q->tail = j;
    if (j->previous)
        j->previous->next = j;
    else
        q->head = j;
    q->n_ready++;
    s->n_ready++;
}

void queue_remove(struct sched *s, struct job *j)
{
    struct queue *q = j->queue;
    if (q->head != j && !j->previous)
        return; /* not waiting */
    if (j->previous)
        j->previous->next = j->next;
    else
        q->head = j->next;
    if (j->next)
        j->next->previous = j->previous;
    else
        q->tail = j->previous;
    j->next = j->previous = NULL;
    q->n_ready--;
    s->n_ready--;
}

void sched_shuffle(struct sched *s, uint64_t job)
{
    struct job *j = map_get(&s->jobs, job);
    if (!j || (j->queue->head != j && !j->previous))
        return; /* not waiting */
    queue_remove(s, j);
    struct queue *q = j->queue;
    struct job *after = q->head;
    for (uint32_t place = q->n_ready ? 1 + rng_below(&s->rng, q->n_ready) : 0; after && place; place--)
        after = after->next;
    if (!after) {
        queue_push(s, j, false);
        return;
    }
    j->previous = after->previous;
    j->next = after;
    after->previous->next = j;
    after->previous = j;
    q->n_ready++;
    s->n_ready++;
}

static uint32_t free_slots(const struct sched *s, const struct board *b)
{
    return board_is_usable(b) && b->n_slots < board_slots(s, b) ? board_slots(s, b) - b->n_slots : 0;
}

static bool another_board_fits(const struct sched *s, const struct board *not_this, const struct sched_need *need)
{
    for (uint32_t i = 0; i < s->n_boards; i++) {
        if (s->board[i] != not_this && board_is_usable(s->board[i]) && board_fits(s->board[i], need))
            return true;
    }
    return false;
}

/* The queue's first job for this board; one that failed here last is left to another board when there is one. */
static struct job *first_for(const struct sched *s, const struct queue *q, const struct board *b)
{
    struct job *j = q->head;
    for (unsigned skipped = 0; j && j->avoid == b && skipped < SKIP_MAX; skipped++, j = j->next) {
        if (!another_board_fits(s, b, &q->need))
            return j;
    }
    return j && j->avoid == b ? NULL : j;
}

static struct job *choose(const struct sched *s, const struct board *b)
{
    struct queue *best = NULL;
    struct job *best_job = NULL;
    for (uint32_t i = 0; i < s->n_queues; i++) {
        struct queue *q = s->queue[i];
        if (!q->n_ready || q->owner->paused || !team_may_use(q->owner->team, b) || (best && !owner_before(q->owner, best->owner)) || !board_fits(b, &q->need))
            continue;
        struct job *j = first_for(s, q, b);
        if (j) {
            best = q;
            best_job = j;
        }
    }
    return best_job;
}

static void assign(struct sched *s, int64_t now, struct board *b, struct job *j)
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
            struct board *b = s->board[i];
            if (b->n_slots > depth || !free_slots(s, b))
                continue;
            struct job *j = choose(s, b);
            if (j)
                assign(s, now, b, j);
        }
    }
}

/* Free slots of boards that fit and the team may use. */
static uint32_t slots_for(const struct sched *s, const struct team *t, const struct sched_need *need)
{
    uint32_t open = 0, taken = 0, room = team_room(t, s->n_boards);
    for (uint32_t i = 0; i < s->n_boards; i++) {
        const struct board *b = s->board[i];
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
    for (struct team *t; (t = map_next(&s->teams, &at));)
        t->waiting = 0;
    for (uint32_t i = 0; i < s->n_queues; i++) {
        const struct queue *q = s->queue[i];
        if (q->n_ready && !q->owner->paused && (!strcmp(q->need.board_type, need->board_type) || !q->need.board_type[0] || !need->board_type[0]) &&
            (q->owner == o || owner_before(q->owner, o)))
            q->owner->team->waiting += q->n_ready;
    }
    at = 0;
    for (struct team *t; (t = map_next(&s->teams, &at));) {
        uint32_t most = t->waiting && (t->quota.boards || t->quota.day_ns) && t != o->team ? slots_for(s, t, need) : t->waiting;
        waiting += min_of(most, t->waiting);
    }
    return waiting;
}

/* Attempts of that owner which what is left of the team's day pays for. */
static uint32_t day_room(const struct owner *o)
{
    const struct team *t = o->team;
    double n = t->quota.day_ns ? ceil(((double)t->quota.day_ns - t->day_used_ns - t->live_ns) / fmax(o->mean_ns, 1)) : UINT32_MAX;
    return n <= 0 ? 0 : n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

uint32_t sched_open_slots(struct sched *s, uint64_t owner, const struct sched_need *need)
{
    const struct owner *o = owner_get(s, owner);
    uint32_t open = slots_for(s, o->team, need), most = day_room(o);
    open = min_of(open, most);
    uint32_t waiting = open ? spoken_for(s, o, need) : 0;
    return waiting < open ? open - waiting : 0;
}

uint32_t sched_total_slots(const struct sched *s, const struct sched_need *need)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < s->n_boards; i++) {
        if (board_is_usable(s->board[i]) && board_fits(s->board[i], need))
            total += board_slots(s, s->board[i]);
    }
    return total;
}

uint32_t sched_count_boards(const struct sched *s, const struct sched_need *need)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_boards; i++)
        n += s->board[i]->worker && s->board[i]->worker->link != LINK_OFFLINE && board_fits(s->board[i], need);
    return n;
}

bool sched_can_serve(const struct sched *s, const struct sched_need *need)
{
    for (uint32_t i = 0; i < s->n_boards; i++) {
        if (s->board[i]->info.n_metrics && board_fits(s->board[i], need))
            return true;
    }
    return false;
}
