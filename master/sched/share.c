/* Fair share by board time: first between teams by weight, then by priority within a team, then between its searches; and the teams' quotas.
 *
 * Each keeps a virtual time, board time divided by weight. An attempt is charged when it is given out by what the search's attempts took so far,
 * and corrected when its result says what it took, so a burst of leases does not all go to one. A newcomer starts at the least virtual time
 * of those that have work: idleness is not saved up. Use decays with a half-life of a day, so last week's use does not count for ever.
 *
 * Quotas hold a team back, never another one: its queues are passed over, whatever waits behind them. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/time.h"
#include "sched/sched_internal.h"

enum { DECAY_EVERY_S = 60, HALF_LIFE_S = 86400 };

static struct sched_team *team_get(struct sched *s, uint64_t id)
{
    struct sched_team *t = map_get(&s->teams, id);
    if (t)
        return t;
    t = xcalloc(1, sizeof *t);
    *t = (struct sched_team){.share = {.id = id, .weight = 1}};
    map_set(&s->teams, id, t);
    return t;
}

struct owner *owner_get(struct sched *s, uint64_t id)
{
    struct owner *o = map_get(&s->owners, id);
    if (o)
        return o;
    o = xcalloc(1, sizeof *o);
    *o = (struct owner){.share = {.id = id, .weight = 1}, .team = team_get(s, 0), .mean_ns = (double)SONATA_SECOND};
    map_set(&s->owners, id, o);
    return o;
}

/* Least virtual time of the others that have jobs; 0 when there is none. */
static double team_floor(const struct sched *s, const struct sched_team *not_this)
{
    double floor = DBL_MAX;
    uint32_t at = 0;
    for (struct sched_team *t; (t = map_next(&s->teams, &at));) {
        if (t != not_this && t->share.n_jobs && t->share.used < floor)
            floor = t->share.used;
    }
    return floor < DBL_MAX ? floor : 0;
}

static double owner_floor(const struct sched *s, const struct owner *not_this)
{
    double floor = DBL_MAX;
    uint32_t at = 0;
    for (struct owner *o; (o = map_next(&s->owners, &at));) {
        if (o != not_this && o->team == not_this->team && o->share.n_jobs && o->share.used < floor)
            floor = o->share.used;
    }
    return floor < DBL_MAX ? floor : 0;
}

void owner_job_added(struct sched *s, struct owner *o)
{
    struct share *team = &o->team->share;
    if (!team->n_jobs++)
        team->used = fmax(team->used, team_floor(s, o->team));
    if (!o->share.n_jobs++)
        o->share.used = fmax(o->share.used, owner_floor(s, o));
}

void owner_job_removed(struct owner *o)
{
    o->share.n_jobs--;
    o->team->share.n_jobs--;
}

void attempt_charge(struct attempt *a, double ns)
{
    struct owner *o = a->job->queue->owner;
    double change = ns - a->charged_ns;
    a->charged_ns = ns;
    o->share.used += change / o->share.weight;
    o->team->share.used += change / o->team->share.weight;
    o->team->live_ns += change;
}

bool board_has_team(const struct sched_board *b, const struct sched_team *t)
{
    for (uint32_t i = 0; i < b->n_slots; i++) {
        if (b->slot[i]->job->queue->owner->team == t)
            return true;
    }
    return false;
}

void team_take(struct attempt *a)
{
    struct sched_team *t = a->job->queue->owner->team;
    t->n_boards += !board_has_team(a->board, t);
    t->live_ns += a->charged_ns;
}

void team_drop(struct attempt *a)
{
    struct sched_team *t = a->job->queue->owner->team;
    t->n_boards -= !board_has_team(a->board, t);
    t->live_ns -= a->charged_ns;
}

/* After jobs changed hands between teams, which is rare. */
void teams_count_again(struct sched *s)
{
    uint32_t at = 0;
    for (struct sched_team *t; (t = map_next(&s->teams, &at));) {
        t->n_boards = 0;
        t->live_ns = 0;
    }
    for (uint32_t i = 0; i < s->n_boards; i++) {
        struct sched_board *b = s->board[i];
        uint32_t n = b->n_slots;
        for (b->n_slots = 0; b->n_slots < n; b->n_slots++)
            team_take(b->slot[b->n_slots]);
    }
}

static bool day_is_used(const struct sched_team *t) { return t->quota.day_ns && t->day_used_ns + t->live_ns >= (double)t->quota.day_ns; }

uint32_t team_room(const struct sched_team *t, uint32_t n_boards)
{
    if (!t->quota.boards)
        return n_boards;
    uint32_t left = t->n_boards < t->quota.boards ? t->quota.boards - t->n_boards : 0;
    return min_of(left, n_boards);
}

bool team_may_use(const struct sched_team *t, const struct sched_board *b) { return !day_is_used(t) && (team_room(t, 1) || board_has_team(b, t)); }

enum sched_held sched_held(const struct sched *s, uint64_t owner)
{
    const struct owner *o = map_get(&s->owners, owner);
    if (!o)
        return SCHED_NOT_HELD;
    if (day_is_used(o->team))
        return SCHED_HELD_DAY;
    return team_room(o->team, 1) ? SCHED_NOT_HELD : SCHED_HELD_BOARDS;
}

uint32_t sched_waiting(const struct sched *s, uint64_t owner)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_queues; i++)
        n += s->queue[i]->owner && s->queue[i]->owner->share.id == owner ? s->queue[i]->n_ready : 0;
    return n;
}

uint32_t sched_team_boards(const struct sched *s, uint64_t team)
{
    const struct sched_team *t = map_get(&s->teams, team);
    return t ? t->n_boards : 0;
}

static struct sched_claim claim_of(const struct owner *o)
{
    return (struct sched_claim){o->team->share.id, o->share.id, o->team->share.used, o->share.used, o->priority};
}

struct sched_claim sched_claim(const struct sched *s, uint64_t owner)
{
    const struct owner *o = map_get(&s->owners, owner);
    return o ? claim_of(o) : (struct sched_claim){.owner = owner};
}

static int in_order(double a, double b) { return (a > b) - (a < b); }

int sched_claim_compare(const struct sched_claim *a, const struct sched_claim *b)
{
    int c = a->team == b->team ? in_order(b->priority, a->priority) : in_order(a->team_used, b->team_used);
    if (!c && a->team != b->team)
        return a->team < b->team ? -1 : 1; /* a total order: claims of a team stay together */
    if (!c)
        c = in_order(a->used, b->used);
    return c ? c : (a->owner > b->owner) - (a->owner < b->owner);
}

bool owner_before(const struct owner *a, const struct owner *b)
{
    struct sched_claim x = claim_of(a), y = claim_of(b);
    return sched_claim_compare(&x, &y) < 0;
}

void shares_decay(struct sched *s, int64_t now)
{
    if (!s->decayed_ns)
        s->decayed_ns = now;
    int64_t passed = now - s->decayed_ns;
    if (passed < DECAY_EVERY_S * SONATA_SECOND)
        return;
    double factor = exp2(-(double)passed / (HALF_LIFE_S * 1e9));
    uint32_t at = 0;
    for (struct sched_team *t; (t = map_next(&s->teams, &at));)
        t->share.used *= factor;
    at = 0;
    for (struct owner *o; (o = map_next(&s->owners, &at));)
        o->share.used *= factor;
    s->decayed_ns = now;
}

void shares_free(struct sched *s)
{
    map_fini_free(&s->teams);
    map_fini_free(&s->owners);
}

void sched_set_team(struct sched *s, uint64_t owner, uint64_t team, double weight)
{
    struct owner *o = owner_get(s, owner);
    struct sched_team *t = team_get(s, team);
    t->share.weight = weight > 0 ? weight : 1;
    if (o->team == t)
        return;
    uint32_t n = o->share.n_jobs;
    o->team->share.n_jobs -= n;
    if (n && !t->share.n_jobs)
        t->share.used = fmax(t->share.used, team_floor(s, t));
    t->share.n_jobs += n;
    o->team = t;
    if (n)
        teams_count_again(s);
}

void sched_set_priority(struct sched *s, uint64_t owner, int32_t priority) { owner_get(s, owner)->priority = priority; }

void sched_set_quota(struct sched *s, uint64_t team, const struct sched_quota *quota) { team_get(s, team)->quota = *quota; }

void sched_set_day_used(struct sched *s, uint64_t team, int64_t used_ns) { team_get(s, team)->day_used_ns = (double)used_ns; }

void sched_pause(struct sched *s, uint64_t owner, bool paused) { owner_get(s, owner)->paused = paused; }

void sched_forget_owner(struct sched *s, uint64_t owner)
{
    struct owner *o = map_get(&s->owners, owner);
    if (!o || o->share.n_jobs)
        return;
    for (uint32_t i = 0; i < s->n_queues; i++) {
        if (s->queue[i]->owner == o)
            s->queue[i]->owner = NULL;
    }
    map_remove(&s->owners, owner);
    free(o);
}

void sched_measured(struct sched *s, uint64_t attempt, int64_t duration_ns)
{
    struct attempt *a = map_get(&s->attempts, attempt);
    if (!a || duration_ns <= 0)
        return;
    struct owner *o = a->job->queue->owner;
    attempt_charge(a, (double)duration_ns);
    o->mean_ns += 0.2 * ((double)duration_ns - o->mean_ns);
}
