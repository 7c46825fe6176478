/* Asks the search core for proposals: as many as the idle boards, the budget and the order of results allow.
 *
 * Algorithms that compute for long ask on another thread: the core belongs to it until ask_done(); results that complete meanwhile wait. */
#include "run/ask.h"

#include <stdlib.h>

#include "base/memory.h"
#include "run/event_log.h"
#include "run/individual.h"
#include "run/plan.h"
#include "run/searches.h"
#include "run/snapshot.h"

enum { ASK_MAX = 64, VETO_FACTOR = 20, VETO_MIN = 1000 };

uint32_t search_in_flight(const struct search *rs) { return rs->record.asked - rs->record.told - rs->n_abandoned; }

bool search_wall_is_used(const struct search *rs) { return rs->spec->budget_wall_ns && rs->record.active_ns >= rs->spec->budget_wall_ns; }

bool search_is_vetoed_out(const struct search *rs) { return rs->record.vetoed >= VETO_MIN + VETO_FACTOR * rs->record.budget; }

/* Slots that would stay idle: the largest number over the groups, so that a board type that is down blocks nothing. */
static uint32_t idle_slots(const struct search *rs)
{
    uint32_t open = 0;
    for (uint32_t g = 0; g < rs->record.n_groups; g++) {
        struct sched_need need;
        group_need(rs, g, &need);
        uint32_t n = sched_open_slots(rs->run->sched, rs->record.id, &need);
        open = n > open ? n : open;
    }
    return rs->record.n_groups ? open : 1;
}

uint32_t search_flight_limit(struct search *rs)
{
    uint64_t generation = sched_generation(rs->run->sched);
    if (rs->total_generation != generation) {
        rs->total_generation = generation;
        rs->total_slots = 0;
        for (uint32_t g = 0; g < rs->record.n_groups; g++) {
            struct sched_need need;
            group_need(rs, g, &need);
            uint32_t n = sched_total_slots(rs->run->sched, &need);
            rs->total_slots = n > rs->total_slots ? n : rs->total_slots;
        }
    }
    return 4 * rs->total_slots + 64;
}

/* Proposals are computed on another thread, and something waits for all cores to be here. */
static bool must_stay_home(const struct search *rs) { return rs->run->hold_asks && rs->run->hooks.work && !search_is_quick(rs->spec); }

/* How many proposals to ask for now; 0: none. */
uint32_t search_wanted(struct search *rs)
{
    const struct search_record *s = &rs->record;
    if (s->state != SEARCH_RUNNING || rs->run->stopping || s->stalled || !s->planned || search_wall_is_used(rs) || must_stay_home(rs))
        return 0;
    uint32_t flying = search_in_flight(rs);
    if (s->charged + flying >= s->budget || search_is_vetoed_out(rs))
        return 0;
    uint32_t left = s->budget - s->charged - flying, n;
    if (rs->proposal_order) {
        n = flying < rs->window ? rs->window - flying : 0;
    } else {
        uint32_t limit = search_flight_limit(rs);
        n = idle_slots(rs);
        n = flying >= limit ? 0 : n < limit - flying ? n : limit - flying;
    }
    n = n < left ? n : left;
    return n < ASK_MAX ? n : ASK_MAX;
}

static void take_proposals(struct search *rs)
{
    event_log_ask(rs, rs->ask_wanted, rs->ask_proposal, rs->ask_got);
    rs->record.stalled = rs->ask_got == 0;
    rs->record.asked += rs->ask_got;
    for (uint32_t i = 0; i < rs->ask_got; i++)
        individual_create(rs, &rs->ask_proposal[i]);
    free(rs->ask_proposal);
    rs->ask_proposal = NULL;
}

static void ask_work(void *arg)
{
    struct search *rs = arg;
    rs->ask_got = core_ask(rs->core, rs->ask_wanted, rs->ask_proposal);
}

static void ask_done(void *arg)
{
    struct search *rs = arg;
    rs->busy = false;
    rs->run->n_working--;
    if (search_is_finished(rs)) { /* canceled meanwhile: the proposals never happened */
        free(rs->ask_proposal);
        rs->ask_proposal = NULL;
        core_free(rs->core);
        rs->core = NULL;
        return;
    }
    take_proposals(rs);
}

void search_ask(struct search *rs, uint32_t n)
{
    rs->ask_wanted = n;
    rs->ask_proposal = xcalloc(n, sizeof *rs->ask_proposal);
    const struct engine_hooks *hooks = &rs->run->hooks;
    if (!hooks->work || search_is_quick(rs->spec)) {
        ask_work(rs);
        take_proposals(rs);
        return;
    }
    rs->busy = true;
    rs->run->n_working++;
    hooks->work(hooks->user, ask_work, ask_done, rs);
}

uint32_t engine_search_pending(const struct engine *r, uint64_t id)
{
    const struct search *rs = searches_get(r, id);
    return rs && !search_is_finished(rs) ? search_in_flight(rs) + rs->n_retelling : 0;
}
