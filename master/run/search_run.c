/* Ask and tell of one search.
 *
 * Order of results. `arrival` (default): results are told as they complete; a proposal is asked for whenever a fitting board would be idle.
 * `proposal`: results are told in the order of the proposals with a fixed number in flight, and asking goes before telling, so the sequence of
 * calls depends on the results alone and never on timing: two runs with one seed are the same, whatever was killed in between.
 *
 * Algorithms that compute for long ask on another thread: the core belongs to it until ask_done(); results that complete meanwhile wait. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "run/engine_internal.h"

enum { ASK_MAX = 64, STEPS_PER_TURN = 256, VETO_FACTOR = 20, VETO_MIN = 1000 };

void search_join_team(struct search *rs)
{
    const struct engine_hooks *hooks = &rs->run->hooks;
    struct engine_team team = {.weight = 1};
    uint64_t id = hash64_text(rs->record.team);
    if (hooks->team)
        hooks->team(hooks->user, rs->record.team, &team);
    sched_set_team(rs->run->sched, rs->record.id, id, team.weight);
    sched_set_quota(rs->run->sched, id, &team.quota);
    sched_set_priority(rs->run->sched, rs->record.id, rs->record.priority);
}

void engine_teams_changed(struct engine *r)
{
    for (uint32_t i = 0; i < r->n_searches; i++) {
        if (!search_is_finished(r->search[i]))
            search_join_team(r->search[i]);
    }
}

void search_refresh(struct search *rs)
{
    if (!rs->front_dirty || !rs->core || rs->busy)
        return;
    rs->record.front_size = core_front(rs->core, NULL, 0);
    rs->record.hypervolume = core_hypervolume(rs->core);
    rs->front_dirty = false;
}

static uint32_t in_flight(const struct search *rs) { return rs->record.asked - rs->record.told - rs->n_abandoned; }

uint32_t engine_search_pending(const struct engine *r, uint64_t id)
{
    const struct search *rs = engine_get(r, id);
    return rs && !search_is_finished(rs) ? in_flight(rs) + rs->n_retelling : 0;
}

static bool wall_is_used(const struct search *rs) { return rs->spec->budget_wall_ns && rs->record.active_ns >= rs->spec->budget_wall_ns; }

static void count_result(struct search_record *s, const struct individual_record *ind, enum core_status status)
{
    s->told++;
    s->stalled = 0;
    s->infeasible += status == CORE_INFEASIBLE;
    s->failed += status == CORE_FAILED;
    s->vetoed += ind->vetoed;
    s->charged += individual_is_charged(ind);
    s->reused += ind->reused && status != CORE_FAILED;
}

/* What the search core is to know of a complete individual. */
static struct core_result result_of(struct search *rs, struct pending *p)
{
    struct individual_record *ind = &p->record;
    struct core_result result = {.status = p->status, .violation = ind->violation};
    if (p->status == CORE_OK && !plan_objectives(rs, ind, result.objective, &result.violation)) {
        result = (struct core_result){.status = p->status = CORE_FAILED};
        ind->cause = OUTCOME_BUG;
        copy_string(ind->reason, sizeof ind->reason, "bug: a value is missing");
    }
    return result;
}

/* As told, into the record. */
static void record_result(struct individual_record *ind, const struct core_result *result, int64_t wall_ns)
{
    static const enum individual_state state[] = {
        [CORE_OK] = INDIVIDUAL_DONE, [CORE_INFEASIBLE] = INDIVIDUAL_INFEASIBLE, [CORE_FAILED] = INDIVIDUAL_FAILED};
    ind->state = ind->told_state = state[result->status];
    memcpy(ind->objective, result->objective, sizeof ind->objective);
    ind->violation = result->violation;
    ind->told_wall_ns = wall_ns;
}

/* What the core was told first, into record, counters and store. */
static void settle_told(struct search *rs, struct individual_record *ind, const struct core_result *result)
{
    record_result(ind, result, rs->run->wall);
    count_result(&rs->record, ind, result->status);
    ind->told_order = rs->record.told;
    rs->front_dirty = true;
    search_refresh(rs);
    ind->hypervolume = rs->record.hypervolume;
    individual_put(rs, ind);
}

static void tell(struct search *rs, struct pending *p)
{
    struct individual_record *ind = &p->record;
    struct core_result result = result_of(rs, p);
    int rc = core_tell(rs->core, ind->id, &result);
    if (rc)
        engine_note(rs->run, true, "result not taken by the search core", "search=%llu individual=%llu code=%d", (unsigned long long)rs->record.id,
                    (unsigned long long)ind->id, rc);
    search_log_tell(rs, ind->id, &result);
    settle_told(rs, ind, &result);
    map_remove(&rs->pending, ind->id);
    free(p);
}

void search_take_known(struct search *rs, struct pending *p)
{
    struct individual_record *ind = &p->record;
    struct core_result result = result_of(rs, p);
    if (result.status == CORE_FAILED || core_inject(rs->core, &ind->genotype, &result, &ind->id))
        return;
    individual_settle_measured(p);
    search_log_inject(rs, ind, &result);
    rs->record.asked++;
    settle_told(rs, ind, &result);
    rs->next_tell = ind->id + 1;
}

static bool same_result(const struct core_result *a, const struct core_result *b, uint32_t n_objectives)
{
    if (a->status != b->status)
        return false;
    if (a->status != CORE_OK)
        return true;
    bool same = !(a->violation < b->violation || a->violation > b->violation);
    for (uint32_t o = 0; o < n_objectives && same; o++)
        same = !(a->objective[o] < b->objective[o] || a->objective[o] > b->objective[o]);
    return same;
}

/* The core learns of it only when the result is another. The counters follow; the budget was charged when it was told first. */
static void retell(struct search *rs, struct pending *p)
{
    struct individual_record *ind = &p->record;
    struct core_result result = result_of(rs, p), before;
    if (!core_get(rs->core, ind->id, NULL, NULL, &before) && !same_result(&before, &result, rs->spec->n_objectives)) {
        int rc = core_retell(rs->core, ind->id, &result);
        if (rc)
            engine_note(rs->run, true, "result not taken by the search core", "search=%llu individual=%llu code=%d",
                        (unsigned long long)rs->record.id, (unsigned long long)ind->id, rc);
        search_log_retell(rs, ind->id, &result);
        rs->record.infeasible -= before.status == CORE_INFEASIBLE;
        rs->record.infeasible += result.status == CORE_INFEASIBLE;
        rs->record.failed -= before.status == CORE_FAILED;
        rs->record.failed += result.status == CORE_FAILED;
        rs->record.retold++;
        rs->front_dirty = true;
    }
    record_result(ind, &result, rs->run->wall);
    individual_put(rs, ind);
    store_erase(rs->run->store, STORE_RETELL, key_u64_pair(rs->record.id, ind->id));
    rs->n_retelling--;
    rs->dirty = true;
    map_remove(&rs->pending, ind->id);
    free(p);
}

/* The next complete individual that was told before, or NULL. */
static struct pending *next_again(struct search *rs)
{
    while (rs->again_at < rs->n_again) {
        struct pending *p = map_get(&rs->pending, rs->again[rs->again_at++]);
        if (p && p->complete && p->record.told_order)
            return p;
    }
    rs->n_again = rs->again_at = 0;
    return NULL;
}

/* The next complete individual in the search's order, or NULL. */
static struct pending *next_complete(struct search *rs)
{
    if (rs->proposal_order) {
        struct pending *p = map_get(&rs->pending, rs->next_tell);
        if (!p || !p->complete)
            return NULL;
        rs->next_tell++;
        return p;
    }
    while (rs->complete_at < rs->n_complete) {
        struct pending *p = map_get(&rs->pending, rs->complete[rs->complete_at++]);
        if (p && p->complete && !p->record.told_order) /* it may have been opened again meanwhile */
            return p;
    }
    rs->complete_at = rs->n_complete = 0;
    return NULL;
}

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
static uint32_t wanted(struct search *rs)
{
    const struct search_record *s = &rs->record;
    if (s->state != SEARCH_RUNNING || rs->run->stopping || s->stalled || !s->planned || wall_is_used(rs) || must_stay_home(rs))
        return 0;
    uint32_t flying = in_flight(rs);
    if (s->charged + flying >= s->budget || s->vetoed >= VETO_MIN + VETO_FACTOR * s->budget)
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
    search_log_ask(rs, rs->ask_wanted, rs->ask_proposal, rs->ask_got);
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

bool search_is_quick(const struct search_spec *spec)
{
    static const char *const quick[] = {"random", "nsga2", "aging", "local", "optuna-nsga2"};
    for (size_t i = 0; i < sizeof quick / sizeof *quick; i++) {
        if (!strcmp(spec->algorithm, quick[i]))
            return true;
    }
    return false;
}

static void ask(struct search *rs, uint32_t n)
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

static bool is_over(const struct search *rs)
{
    const struct search_record *s = &rs->record;
    return s->charged >= s->budget || s->vetoed >= VETO_MIN + VETO_FACTOR * s->budget || s->stalled;
}

static void finish_if_over(struct search *rs)
{
    const struct search_record *s = &rs->record;
    if (s->state != SEARCH_RUNNING || rs->run->stopping || rs->n_retelling || retry_is_under_way(rs))
        return;
    if (wall_is_used(rs))
        search_finish(rs, SEARCH_DONE, "the wall-clock budget is used");
    else if (in_flight(rs) || (is_over(rs) && replicate_front(rs)))
        return;
    else if (s->charged >= s->budget)
        search_finish(rs, SEARCH_DONE, "");
    else if (s->vetoed >= VETO_MIN + VETO_FACTOR * s->budget)
        search_finish(rs, SEARCH_DONE, "nearly every proposal is over an analytic constraint: relax it");
    else if (s->stalled)
        search_finish(rs, SEARCH_DONE,
                      core_exhausted(rs->core) ? "every architecture of the space was evaluated" : "the algorithm has no further proposals");
}

static bool settle_plan(struct search *rs)
{
    char reason[REASON_MAX] = "";
    struct sonata_error err = {{0}};
    if (!rs->record.planned && supply_check_tier(rs->run, rs->spec, &err)) {
        search_finish(rs, SEARCH_STOPPED_FAILED, err.text);
        return false;
    }
    if (rs->record.planned || plan_search(rs, reason, sizeof reason))
        return rs->record.planned;
    if (strcmp(reason, rs->record.reason)) {
        copy_string(rs->record.reason, sizeof rs->record.reason, reason);
        rs->dirty = true;
        char fields[NOTE_FIELDS_MAX];
        engine_note(rs->run, true, "search waits", "%s reason=\"%s\"", search_fields(rs, fields), reason);
    }
    return false;
}

bool search_advance(struct search *rs)
{
    if (!rs->core || rs->busy || rs->record.state == SEARCH_PAUSED)
        return false;
    bool was_planned = rs->record.planned;
    if (!settle_plan(rs))
        return false;
    if (!was_planned)
        rs->record.reason[0] = '\0';
    if (fork_is_under_way(rs)) {
        fork_step(rs);
        return true;
    }
    for (int step = 0; step < STEPS_PER_TURN; step++) {
        uint32_t n;
        struct pending *p;
        if ((p = next_again(rs))) {
            retell(rs, p);
        } else if (rs->proposal_order && (n = wanted(rs))) {
            ask(rs, n);
        } else if ((p = next_complete(rs))) {
            tell(rs, p);
        } else if (!rs->proposal_order && (n = wanted(rs))) { /* last: it looks at every board */
            ask(rs, n);
        } else {
            finish_if_over(rs);
            if (!rs->core || !rs->n_retelling || rs->again_at == rs->n_again)
                return false;
        }
        if (rs->busy)
            return false;
    }
    return true;
}

void search_finish(struct search *rs, enum search_state state, const char *reason)
{
    struct engine *r = rs->run;
    uint32_t at = 0;
    for (struct pending *p; (p = map_next(&rs->pending, &at));) {
        p->complete = true;
        evaluation_drop_waiters(rs, p, "the search ended");
        if (p->record.told_order) {
            individual_put_back(rs, p);
        } else {
            p->record.state = INDIVIDUAL_CANCELED;
            individual_put(rs, &p->record);
        }
        free(p);
    }
    map_fini(&rs->pending);
    retry_drop(rs);
    rs->n_complete = rs->complete_at = 0;
    rs->n_again = rs->again_at = rs->n_retelling = rs->n_abandoned = 0;
    rs->record.state = state;
    rs->record.finished_wall_ns = r->wall;
    copy_string(rs->record.reason, sizeof rs->record.reason, reason);
    search_log_control(rs, search_state_name(state));
    if (!rs->busy && rs->core) {
        search_refresh(rs);
        search_snapshot(rs);
        core_free(rs->core);
        rs->core = NULL;
    }
    store_erase(r->store, STORE_SURROGATE, key_u64(rs->record.id));
    rs->dirty = true;
    sched_forget_owner(r->sched, rs->record.id);
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, false, "search ended", "%s state=%s told=%u front=%u reason=\"%s\"", search_fields(rs, fields), search_state_name(state),
                rs->record.told, rs->record.front_size, reason);
}
