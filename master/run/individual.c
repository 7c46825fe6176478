/* Individuals from proposal to completion: analytic metrics and veto, one evaluation per group, values as they come in. */
#include "run/individual.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "run/answer.h"
#include "run/artefact_table.h"
#include "run/evaluation.h"
#include "run/evaluation_table.h"
#include "run/pending.h"
#include "run/records.h"
#include "run/suspect_table.h"
#include "run/values.h"

static void request_stage(struct search *rs, struct pending *p, uint32_t stage)
{
    for (uint32_t g = 0; g < p->record.n_evaluations && p->n_open; g++) {
        if (individual_is_asked(&p->record, g) && plan_stage(rs, g) == stage && !p->record.evaluation[g])
            evaluation_request(rs, p, g);
    }
}

/* The first stage that the individual has a group of. */
static uint32_t first_stage(const struct search *rs, const struct pending *p)
{
    uint32_t first = UINT32_MAX;
    for (uint32_t g = 0; g < p->record.n_evaluations; g++) {
        if (individual_is_asked(&p->record, g))
            first = min_of(first, plan_stage(rs, g));
    }
    return first;
}

/* All that was asked for is answered and something is not asked for yet: the stage that comes next in *ret_stage. */
static bool is_between_stages(const struct search *rs, const struct pending *p, uint32_t *ret_stage)
{
    uint32_t later = 0;
    for (uint32_t g = 0; g < p->record.n_evaluations; g++) {
        if (p->record.evaluation[g] || !individual_is_asked(&p->record, g))
            continue;
        uint32_t stage = plan_stage(rs, g);
        *ret_stage = later++ && *ret_stage < stage ? *ret_stage : stage;
    }
    return later && p->n_open == later;
}

/* Over a measured constraint the rest need not be measured. true: so it is. */
static bool rule_over_constraint(struct search *rs, struct pending *p)
{
    p->record.violation = plan_violation(rs, &p->record);
    if (p->record.violation <= 0)
        return false;
    p->status = CORE_INFEASIBLE;
    p->record.ruled = INDIVIDUAL_INFEASIBLE;
    p->record.cause = OUTCOME_INFEASIBLE;
    p->n_open = 0;
    copy_string(p->record.reason, sizeof p->record.reason, "infeasible: over a measured constraint; nothing else was measured");
    pending_complete(rs, p);
    return true;
}

static void begin_stage(struct search *rs, struct pending *p, uint32_t stage)
{
    if (!rule_over_constraint(rs, p))
        request_stage(rs, p, stage);
}

uint32_t individual_open_groups(const struct individual_record *ind)
{
    uint32_t n = 0;
    for (uint32_t g = 0; g < ind->n_evaluations; g++)
        n += individual_is_asked(ind, g);
    return n;
}

void individual_describe(const struct search *rs, const struct core_proposal *proposal, struct pending *p)
{
    struct individual_record *ind = &p->record;
    *ind = (struct individual_record){.id = proposal->id,
                                      .n_genes = rs->spec->space.n_genes,
                                      .genotype = proposal->genotype,
                                      .parent = {proposal->parent[0], proposal->parent[1]},
                                      .n_objectives = rs->spec->n_objectives,
                                      .predicted = proposal->predicted,
                                      .generation = proposal->generation};
    memcpy(ind->mean, proposal->mean, sizeof ind->mean);
    memcpy(ind->sd, proposal->sd, sizeof ind->sd);
    const char *arm = core_arm_name(rs->core, proposal->arm);
    copy_string(ind->arm, sizeof ind->arm, arm ? arm : "");
    p->status = CORE_OK;
    ind->violation = plan_analytic(rs, ind);
    if (ind->violation > 0) {
        ind->vetoed = true;
        ind->ruled = INDIVIDUAL_INFEASIBLE;
        p->status = CORE_INFEASIBLE;
        copy_string(ind->reason, sizeof ind->reason, "infeasible: over an analytic constraint");
        return;
    }
    plan_given_model(rs, ind);
    ind->n_evaluations = rs->record.n_groups;
    ind->reused = rs->record.n_groups > 0;
    p->n_open = rs->record.n_groups;
}

void individual_create(struct search *rs, const struct core_proposal *proposal, uint32_t groups)
{
    struct pending *p = xcalloc(1, sizeof *p);
    individual_describe(rs, proposal, p);
    p->record.asked = groups;
    if (p->n_open)
        p->n_open = individual_open_groups(&p->record);
    pending_add(rs, p);
    request_stage(rs, p, first_stage(rs, p));
    if (!p->n_open && !p->complete) /* vetoed, or there is nothing to measure */
        pending_complete(rs, p);
    individual_put(rs, &p->record);
}

/* What an individual rests on is what its least measured group rests on; exact values do not count. */
static void count_measured(struct individual_record *ind, const struct evaluation_record *record, const struct measurement *m)
{
    uint32_t n = 1 + record->n_further;
    if (!metrics_are_exact(m->metric, m->n_metrics))
        ind->measured = ind->measured && ind->measured < n ? ind->measured : n;
}

void individual_take(const struct search *rs, struct individual_record *ind, uint32_t group, const struct evaluation_record *record,
                     const struct measurement *m)
{
    plan_fill(rs, ind, group, m);
    count_measured(ind, record, m);
}

/* The store has what was told of one that is measured again until it is told anew. */
static void put_unless_told(struct search *rs, const struct individual_record *record)
{
    if (!record->told_order)
        individual_put(rs, record);
}

/* A veto (infeasible or failed) ends the individual: its other evaluations are not needed any more. */
static void rule_out(struct search *rs, struct pending *p, const struct evaluation_record *record, const struct measurement *m, const char *reason)
{
    struct individual_record *ind = &p->record;
    bool infeasible = record->state == EVALUATION_INFEASIBLE;
    p->status = infeasible ? CORE_INFEASIBLE : CORE_FAILED;
    ind->ruled = infeasible ? INDIVIDUAL_INFEASIBLE : INDIVIDUAL_FAILED;
    ind->cause = record->cause != OUTCOME_OK ? record->cause : OUTCOME_INFRA;
    if (infeasible)
        ind->cause = OUTCOME_INFEASIBLE;
    ind->measured = 0;
    if ((!reason || !reason[0]) && m)
        reason = m->reason;
    copy_string(ind->reason, sizeof ind->reason, reason ? reason : "");
    if (m) {
        ind->flags |= m->flags;
        copy_string(ind->board, sizeof ind->board, m->board);
    }
    p->n_open = 0;
    evaluation_drop_waiters(rs, p, "the architecture was ruled out by another evaluation");
    pending_complete(rs, p);
}

void individual_answer(struct search *rs, uint64_t id, uint32_t group, const struct evaluation_record *record, const struct measurement *m,
                       const char *reason)
{
    struct pending *p = pending_find(rs, id);
    if (!p || p->complete)
        return;
    uint32_t stage;
    p->n_open--;
    if (record->state != EVALUATION_DONE || !m) {
        rule_out(rs, p, record, m, reason);
    } else {
        individual_take(rs, &p->record, group, record, m);
        rs->largest_model = max_of(rs->largest_model, p->record.artefact.bytes);
        if (!p->n_open && (!individual_is_screening(rs, &p->record) || !rule_over_constraint(rs, p)))
            pending_complete(rs, p);
        else if (is_between_stages(rs, p, &stage))
            begin_stage(rs, p, stage);
    }
    put_unless_told(rs, &p->record);
}

void individual_answer_from_store(struct search *rs, uint64_t id, uint32_t group, const struct evaluation_record *record)
{
    struct measurement m = {0};
    bool have = record->accepted && !evaluation_answer(rs->engine, record, &m);
    char reason[REASON_MAX] = "";
    if (!have && record->accepted)
        snprintf(reason, sizeof reason, "infra: the stored measurement cannot be read");
    else if (!have && record->state == EVALUATION_INFEASIBLE)
        suspect_reason(rs->engine, record->id, reason);
    else if (!have)
        snprintf(reason, sizeof reason, "%s: given up", outcome_name(record->cause != OUTCOME_OK ? record->cause : OUTCOME_INFRA));
    individual_answer(rs, id, group, record, have ? &m : NULL, reason);
    measurement_fini(&m);
}

static bool is_answered(struct engine *r, uint64_t id, struct evaluation_record *ret_record)
{
    return id && !evaluation_get(r, id) && !evaluation_load(r, id, ret_record) &&
           (ret_record->state == EVALUATION_DONE || ret_record->state == EVALUATION_INFEASIBLE);
}

/* Something has to run the model still, and its file went for want of room: it is built again, and whatever ran it is asked for again (the same file
 * gives the same answers at once). */
static void ask_for_lost_model(struct search *rs, struct pending *p)
{
    struct evaluation_record record;
    bool wanted = false;
    if (!p->record.n_evaluations || !plan_is_build(rs, 0) || !p->record.evaluation[0] || artefact_is_here(rs->engine, p->record.artefact.hash))
        return;
    for (uint32_t g = 1; g < p->record.n_evaluations; g++)
        wanted |= plan_runs_model(rs, g) && !is_answered(rs->engine, p->record.evaluation[g], &record);
    for (uint32_t g = 0; g < p->record.n_evaluations && wanted; g++) {
        if (!g || plan_runs_model(rs, g))
            p->record.evaluation[g] = 0;
    }
}

/* Groups that are answered give their values at once, the others are waited for. */
static void collect_answers(struct search *rs, struct pending *p)
{
    uint64_t had[GROUPS_MAX];
    ask_for_lost_model(rs, p);
    memcpy(had, p->record.evaluation, sizeof had); /* an answer may ask for others */
    for (uint32_t g = 0; g < p->record.n_evaluations && p->n_open; g++) {
        struct evaluation_record record;
        if (!individual_is_asked(&p->record, g) || (!had[g] && plan_stage(rs, g) > first_stage(rs, p)))
            continue; /* follows an earlier stage */
        struct evaluation *e = had[g] ? evaluation_get(rs->engine, had[g]) : NULL;
        if (e)
            evaluation_join(e, rs, p->record.id, g);
        else if (is_answered(rs->engine, had[g], &record))
            individual_answer_from_store(rs, p->record.id, g, &record);
        else
            evaluation_request(rs, p, g);
    }
}

/* It is not told: nothing that was begun holds any more. */
static void begin_anew(struct pending *p)
{
    struct individual_record *ind = &p->record;
    ind->state = ind->ruled = INDIVIDUAL_PENDING;
    ind->cause = OUTCOME_OK;
    ind->measured = ind->flags = 0;
    ind->violation = 0;
    ind->board[0] = ind->reason[0] = '\0';
    p->status = CORE_OK;
    p->complete = false;
    p->n_open = individual_open_groups(ind);
}

void individual_promote(struct search *rs, const struct core_proposal *proposal)
{
    struct pending *p = pending_find(rs, proposal->id);
    if (!p) {
        p = xcalloc(1, sizeof *p);
        if (individual_load(rs->engine, rs->record.id, proposal->id, &p->record)) { /* the store is blocked by it: nothing becomes durable */
            free(p);
            return;
        }
        rs->record.screened -= p->record.state == INDIVIDUAL_SCREENED;
        pending_add(rs, p);
    }
    p->record.predicted = proposal->predicted;
    memcpy(p->record.mean, proposal->mean, sizeof p->record.mean);
    memcpy(p->record.sd, proposal->sd, sizeof p->record.sd);
    pending_ask(rs, p, all_groups(rs));
    begin_anew(p);
    collect_answers(rs, p);
    individual_put(rs, &p->record);
    rs->dirty = true;
}

void individual_cancel(struct search *rs, struct pending *p)
{
    bool waits = p->record.told_state == INDIVIDUAL_SCREENED && individual_is_screening(rs, &p->record);
    p->record.state = waits ? INDIVIDUAL_SCREENED : INDIVIDUAL_CANCELED;
    rs->record.screened += waits;
    individual_put(rs, &p->record);
}

/* In the store: told as before, its evaluations as they are now. */
static void put_reopened(struct search *rs, const struct pending *p)
{
    struct individual_record told;
    if (!p->record.told_order) {
        individual_put(rs, &p->record);
        return;
    }
    if (individual_load(rs->engine, rs->record.id, p->record.id, &told))
        return;
    told.state = INDIVIDUAL_PENDING;
    memcpy(told.evaluation, p->record.evaluation, sizeof told.evaluation);
    individual_put(rs, &told);
    store_put(rs->engine->store, STORE_RETELL, key_u64_pair(rs->record.id, told.id), "\1", 1);
}

int individual_reopen(struct search *rs, uint64_t id)
{
    struct pending *p = pending_find(rs, id);
    if (!p) {
        p = xcalloc(1, sizeof *p);
        int rc = individual_load(rs->engine, rs->record.id, id, &p->record);
        bool waits = !rc && p->record.state == INDIVIDUAL_SCREENED;
        if (!rc && !waits && (!p->record.told_order || p->record.vetoed))
            rc = -ENOENT;
        if (rc) {
            free(p);
            return rc;
        }
        rs->record.screened -= waits;
        pending_add(rs, p);
    }
    begin_anew(p);
    collect_answers(rs, p);
    put_reopened(rs, p);
    rs->dirty = true;
    return 0;
}

void individual_put_back(struct search *rs, struct pending *p)
{
    struct individual_record told;
    if (individual_load(rs->engine, rs->record.id, p->record.id, &told))
        return;
    told.state = told.told_state;
    for (uint32_t g = 0; g < told.n_evaluations && told.told_state == INDIVIDUAL_DONE; g++) {
        struct evaluation_record e;
        if (!evaluation_load(rs->engine, told.evaluation[g], &e) && evaluation_standing(rs->engine, &e) == EVALUATION_DONE)
            continue;
        told.state = INDIVIDUAL_CANCELED;
        copy_string(told.reason, sizeof told.reason, "its measurement was taken back, and the search ended before another");
    }
    individual_put(rs, &told);
    store_erase(rs->engine->store, STORE_RETELL, key_u64_pair(rs->record.id, told.id));
}
