/* Tells the search core of complete individuals: record, counters and event log follow in the same turn. */
#include "run/tell.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "run/event_log.h"
#include "run/fair.h"
#include "run/note.h"
#include "run/pending.h"
#include "run/pool.h"
#include "run/records.h"
#include "run/snapshot.h"
#include "run/values.h"

bool individual_is_charged(const struct search_record *s, const struct individual_record *record)
{
    return !record->vetoed && !individual_ended_screened(s, record) && strcmp(record->arm, ARM_FORK) != 0;
}

bool individual_ended_screened(const struct search_record *s, const struct individual_record *record)
{
    return record->asked && record->asked != (1u << s->n_groups) - 1 && !record->vetoed;
}

static void count_result(struct search_record *s, const struct individual_record *ind, enum core_status status)
{
    s->told++;
    s->stalled = 0;
    s->infeasible += status == CORE_INFEASIBLE;
    s->failed += status == CORE_FAILED;
    s->vetoed += ind->vetoed;
    s->charged += individual_is_charged(s, ind);
    s->screened_out += individual_ended_screened(s, ind);
    s->reused += ind->reused && status != CORE_FAILED;
}

/* What the search core is to know of a complete individual. */
struct core_result search_result_of(const struct search *rs, struct pending *p)
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
    record_result(ind, result, rs->engine->wall);
    count_result(&rs->record, ind, result->status);
    ind->told_order = rs->record.told;
    rs->front_changed = true;
    search_refresh(rs);
    ind->hypervolume = rs->record.hypervolume;
    individual_put(rs, ind);
}

static void note_refusal(const struct search *rs, uint64_t id, int rc)
{
    engine_note(rs->engine, true, "result not taken by the search core", "search=%llu individual=%llu code=%d", (unsigned long long)rs->record.id,
                (unsigned long long)id, rc);
}

void search_settle_told(struct search *rs, struct individual_record *ind, const struct core_result *result, int rc)
{
    if (rc)
        note_refusal(rs, ind->id, rc);
    if (rs->telling.anew && !ind->told_order)
        event_log_retell(rs, ind->id, result);
    else
        event_log_tell(rs, ind->id, result);
    settle_told(rs, ind, result);
}

/* The values of a screening, as far as they are there: the core looks at the groups that were asked for alone. */
static struct core_result part_of(const struct search *rs, struct pending *p)
{
    struct individual_record *ind = &p->record;
    struct core_result result = {.status = CORE_OK};
    for (uint32_t o = 0; o < rs->spec->n_objectives; o++) {
        if (plan_objective(rs, ind, o, &result.objective[o]) || plan_group_has(rs, rs->record.costly - 1, o))
            continue;
        result = (struct core_result){.status = p->status = CORE_FAILED};
        ind->cause = OUTCOME_BUG;
        copy_string(ind->reason, sizeof ind->reason, "bug: a value is missing");
        break;
    }
    return result;
}

/* The core was told what a screening gave: the individual waits for promotion. */
static void settle_part(struct search *rs, struct individual_record *ind, const struct core_result *result, int rc)
{
    if (rc)
        note_refusal(rs, ind->id, rc);
    if (ind->told_state == INDIVIDUAL_SCREENED)
        event_log_retell(rs, ind->id, result);
    else
        event_log_tell(rs, ind->id, result);
    ind->state = ind->told_state = INDIVIDUAL_SCREENED;
    memcpy(ind->objective, result->objective, sizeof ind->objective);
    rs->record.screened++;
    rs->dirty = true;
    individual_put(rs, ind);
}

static void settle_first(struct search *rs, struct individual_record *ind, const struct core_result *result, int rc)
{
    if (result->status == CORE_OK && individual_is_screening(rs, ind))
        settle_part(rs, ind, result, rc);
    else
        search_settle_told(rs, ind, result, rc);
}

static void tell_work(void *arg)
{
    struct search *rs = arg;
    rs->telling.rc = (rs->telling.anew ? core_retell : core_tell)(rs->core, rs->telling.id, &rs->telling.result);
}

static void tell_done(void *arg)
{
    struct search *rs = arg;
    struct pending *p = rs->telling.p;
    rs->telling.p = NULL;
    if (rs->engine->stopping || search_is_finished(rs)) { /* it never happened */
        p->record.state = INDIVIDUAL_CANCELED;
        if (search_is_finished(rs))
            individual_put(rs, &p->record);
        search_drop_core(rs);
    } else {
        settle_first(rs, &p->record, &rs->telling.result, rs->telling.rc);
    }
    free(p);
}

void search_tell(struct search *rs, struct pending *p)
{
    bool screening = individual_is_screening(rs, &p->record);
    rs->telling.id = p->record.id;
    rs->telling.result = screening && p->status == CORE_OK ? part_of(rs, p) : search_result_of(rs, p);
    rs->telling.result.groups = p->record.asked && !screening ? (1u << core_groups(rs->core)) - 1 : 0;
    rs->telling.anew = screening && p->record.told_state == INDIVIDUAL_SCREENED;
    rs->n_spare += p->record.vetoed || !p->record.n_evaluations;
    if (rs->slow && pool_is_for(rs)) {
        rs->telling.p = p;
        pool_run(rs, tell_work, tell_done, rs);
        return;
    }
    int64_t from = fair_clock(rs->engine);
    fair_mark(rs, true);
    tell_work(rs);
    fair_mark(rs, false);
    rs->slow = rs->slow || fair_clock(rs->engine) - from > SEARCH_SLOW_NS;
    settle_first(rs, &p->record, &rs->telling.result, rs->telling.rc);
    free(p);
}

void search_take_known(struct search *rs, struct pending *p)
{
    struct individual_record *ind = &p->record;
    struct core_result result = search_result_of(rs, p);
    if (result.status == CORE_FAILED || core_inject(rs->core, &ind->genotype, &result, &ind->id))
        return;
    pending_settle_measured(p);
    event_log_inject(rs, ind, &result);
    rs->record.asked++;
    settle_told(rs, ind, &result);
    pending_tell_from(rs, ind->id + 1);
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
void search_retell(struct search *rs, struct pending *p)
{
    struct individual_record *ind = &p->record;
    struct core_result result = search_result_of(rs, p), before;
    if (!core_get(rs->core, ind->id, NULL, NULL, &before) && !same_result(&before, &result, rs->spec->n_objectives)) {
        int rc = core_retell(rs->core, ind->id, &result);
        if (rc)
            note_refusal(rs, ind->id, rc);
        event_log_retell(rs, ind->id, &result);
        rs->record.infeasible -= before.status == CORE_INFEASIBLE;
        rs->record.infeasible += result.status == CORE_INFEASIBLE;
        rs->record.failed -= before.status == CORE_FAILED;
        rs->record.failed += result.status == CORE_FAILED;
        rs->record.retold++;
        rs->front_changed = true;
    }
    record_result(ind, &result, rs->engine->wall);
    individual_put(rs, ind);
    store_erase(rs->engine->store, STORE_RETELL, key_u64_pair(rs->record.id, ind->id));
    rs->dirty = true;
    free(p);
}
