/* Asks the search core for proposals: as many as the idle boards, the budget and the order of results allow.
 *
 * Steps that take long are made on another thread (pool.h): the core belongs to it until ask_done(); results that complete meanwhile wait. */
#include "run/ask.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "run/disk.h"
#include "run/event_log.h"
#include "run/fair.h"
#include "run/individual.h"
#include "run/plan.h"
#include "run/pool.h"

enum { ASK_MAX = 64, VETO_FACTOR = 20, VETO_MIN = 1000 };

/* Of one search. */
struct ask {
    uint32_t wanted, got;
    struct core_proposal *proposal; /* an ask under way */
    uint32_t total_slots;           /* of fitting boards, as of that generation of the scheduler */
    uint64_t generation;
};

struct ask *ask_new(void) { return xcalloc(1, sizeof(struct ask)); }

void ask_free(struct ask *a)
{
    if (a)
        free(a->proposal);
    free(a);
}

static void drop_proposals(struct ask *a)
{
    free(a->proposal);
    a->proposal = NULL;
}

uint32_t search_in_flight(const struct search *rs) { return rs->record.asked - rs->record.told - rs->n_abandoned; }

bool search_wall_is_used(const struct search *rs) { return rs->spec->budget_wall_ns && rs->record.active_ns >= rs->spec->budget_wall_ns; }

/* What an analytic constraint rules out costs a twentieth of an evaluation, but for the first thousand. */
uint32_t search_charged(const struct search *rs)
{
    const struct search_record *s = &rs->record;
    return s->charged + (s->vetoed > VETO_MIN ? (s->vetoed - VETO_MIN) / VETO_FACTOR : 0);
}

/* Slots that would stay idle: the largest number over the groups, so that a board type that is down blocks nothing. */
static uint32_t idle_slots(const struct search *rs)
{
    uint32_t open = 0;
    for (uint32_t g = 0; g < rs->record.n_groups; g++) {
        struct sched_need need;
        group_need(rs, g, &need);
        uint32_t n = sched_open_slots(rs->engine->sched, rs->record.id, &need);
        open = n > open ? n : open;
    }
    return rs->record.n_groups ? open : 1;
}

uint32_t search_flight_limit(struct search *rs)
{
    struct ask *a = rs->ask;
    uint64_t generation = sched_generation(rs->engine->sched);
    if (a->generation != generation) {
        a->generation = generation;
        a->total_slots = 0;
        for (uint32_t g = 0; g < rs->record.n_groups; g++) {
            struct sched_need need;
            group_need(rs, g, &need);
            uint32_t n = sched_total_slots(rs->engine->sched, &need);
            a->total_slots = n > a->total_slots ? n : a->total_slots;
        }
    }
    return 4 * a->total_slots + 64;
}

/* Proposals are computed on another thread, and something waits for all cores to be here. */
static bool must_stay_home(const struct search *rs) { return pool_is_held(rs->engine) && pool_is_for(rs); }

static uint32_t wanted(struct search *rs)
{
    const struct search_record *s = &rs->record;
    if (s->state != SEARCH_RUNNING || rs->engine->stopping || s->stalled || !s->planned || search_wall_is_used(rs) || must_stay_home(rs))
        return 0;
    uint32_t flying = search_in_flight(rs);
    uint32_t charged = search_charged(rs);
    if (charged + flying >= s->budget)
        return 0;
    uint32_t left = s->budget - charged - flying, n;
    if (rs->proposal_order) {
        n = flying < rs->window ? rs->window - flying : 0;
    } else {
        uint32_t limit = search_flight_limit(rs);
        n = flying < limit ? min_of(idle_slots(rs), limit - flying) : 0;
    }
    return min_of(min_of(n, left), (uint32_t)ASK_MAX);
}

uint32_t search_wanted(struct search *rs)
{
    uint32_t n = wanted(rs);
    rs->no_room = n && disk_is_used(rs->engine, rs->record.team);
    return rs->no_room ? 0 : n;
}

static void take_proposals(struct search *rs)
{
    event_log_ask(rs, rs->ask->wanted, rs->ask->proposal, rs->ask->got);
    rs->record.stalled = rs->ask->got == 0;
    rs->record.asked += rs->ask->got;
    for (uint32_t i = 0; i < rs->ask->got; i++)
        individual_create(rs, &rs->ask->proposal[i]);
    drop_proposals(rs->ask);
}

static void ask_work(void *arg)
{
    struct search *rs = arg;
    rs->ask->got = core_ask(rs->core, rs->ask->wanted, rs->ask->proposal);
}

static void ask_done(void *arg)
{
    struct search *rs = arg;
    if (search_is_finished(rs) || rs->engine->stopping) { /* canceled meanwhile: the proposals never happened */
        drop_proposals(rs->ask);
        search_drop_core(rs);
        return;
    }
    take_proposals(rs);
}

void search_ask(struct search *rs, uint32_t n)
{
    drop_proposals(rs->ask); /* of an ask that was withdrawn */
    rs->ask->wanted = n;
    rs->ask->proposal = xcalloc(n, sizeof *rs->ask->proposal);
    if (pool_is_for(rs)) {
        pool_run(rs, ask_work, ask_done, rs);
        return;
    }
    int64_t from = fair_clock(rs->engine);
    fair_mark(rs, true);
    ask_work(rs);
    fair_mark(rs, false);
    rs->slow = fair_clock(rs->engine) - from > SEARCH_SLOW_NS;
    take_proposals(rs);
}
