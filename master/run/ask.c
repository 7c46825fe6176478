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
#include "run/pending.h"
#include "run/plan.h"
#include "run/pool.h"
#include "run/screening.h"
#include "run/values.h"

enum { MODELS_FIRST = 4 /* under way until it is known how large they are */ };

enum { ASK_MAX = 64, VETO_FACTOR = 20, VETO_MIN = 1000 };

/* Of one search. */
struct ask {
    uint32_t wanted, got;
    enum ask_kind kind;
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

uint32_t search_in_flight(const struct search *rs) { return rs->record.asked - rs->record.told - rs->n_abandoned - rs->record.screened; }

bool search_wall_is_used(const struct search *rs) { return rs->spec->budget_wall_ns && rs->record.active_ns >= rs->spec->budget_wall_ns; }

/* What an analytic constraint rules out costs a twentieth of an evaluation, but for the first thousand; so does what ends in its screening. */
uint32_t search_charged(const struct search *rs)
{
    const struct search_record *s = &rs->record;
    return s->charged + (s->vetoed > VETO_MIN ? (s->vetoed - VETO_MIN) / VETO_FACTOR : 0) + s->screened_out / VETO_FACTOR;
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

/* Each architecture under way may hold a model: together a third of the room for all of them, so that fronts and other searches have theirs. */
static uint32_t model_limit(const struct search *rs)
{
    uint64_t room = rs->engine->config.artefacts_max;
    if (!rs->record.n_groups || !plan_is_build(rs, 0) || !room)
        return UINT32_MAX;
    if (!rs->largest_model)
        return MODELS_FIRST;
    uint64_t n = room / 3 / rs->largest_model;
    return (uint32_t)clamp_of(n, (uint64_t)1, (uint64_t)UINT32_MAX);
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
    return min_of(4 * a->total_slots + 64, model_limit(rs));
}

/* Proposals are computed on another thread, and something waits for all cores to be here. */
static bool must_stay_home(const struct search *rs) { return pool_is_held(rs->engine) && pool_is_for(rs); }

/* Whole evaluations that may be begun. */
static uint32_t screening_left(const struct search *rs)
{
    uint32_t open = search_charged(rs) + search_in_flight(rs) - pending_screening(rs);
    return open < rs->record.budget ? rs->record.budget - open : 0;
}

static uint32_t wanted(struct search *rs)
{
    const struct search_record *s = &rs->record;
    rs->ask->kind = ASK_WHOLE;
    if (s->state != SEARCH_RUNNING || rs->engine->stopping || !s->planned || search_wall_is_used(rs) || must_stay_home(rs))
        return 0;
    screening_learn_costs(rs);
    if (screening_is_on(rs))
        return screening_wanted(rs, screening_left(rs), search_in_flight(rs) - pending_screening(rs), &rs->ask->kind);
    if (s->stalled)
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

typedef uint32_t ask_fn(struct core *s, uint32_t n, struct core_proposal *ret_proposals);
typedef void log_fn(struct search *rs, uint32_t wanted, const struct core_proposal *proposal, uint32_t got);

static const struct {
    ask_fn *ask;
    log_fn *log;
} kinds[ASK_KIND_COUNT] = {[ASK_WHOLE] = {core_ask, event_log_ask},
                           [ASK_SCREENING] = {core_ask_screening, event_log_screen},
                           [ASK_PROMOTION] = {core_ask_promotion, event_log_promote}};

static void take_proposals(struct search *rs)
{
    struct ask *a = rs->ask;
    kinds[a->kind].log(rs, a->wanted, a->proposal, a->got);
    rs->record.stalled = a->got == 0;
    rs->record.asked += a->kind == ASK_PROMOTION ? 0 : a->got;
    for (uint32_t i = 0; i < a->got; i++) {
        if (a->kind == ASK_PROMOTION)
            individual_promote(rs, &a->proposal[i]);
        else
            individual_create(rs, &a->proposal[i], a->kind == ASK_SCREENING ? screening_groups(rs) : 0);
    }
    drop_proposals(a);
}

static void ask_work(void *arg)
{
    struct search *rs = arg;
    rs->ask->got = kinds[rs->ask->kind].ask(rs->core, rs->ask->wanted, rs->ask->proposal);
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
