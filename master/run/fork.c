/* A fork: a search that starts with what another one knows, under objectives, constraints or an algorithm of its own.
 *
 * The other's individuals are looked at in order, a bounded number a turn, before anything is asked for. One whose evaluations for the new objectives
 * are all in the store becomes a result of the fork without a measurement and without charge. Of one of which something is missing, on another board
 * say, the objectives that are known train the models of those objectives (warm start); should the fork propose it, what is missing is measured. */
#include "run/fork.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "codec/codec.h"
#include "run/answer.h"
#include "run/event_log.h"
#include "run/individual.h"
#include "run/known.h"
#include "run/note.h"
#include "run/pending.h"
#include "run/records.h"
#include "run/searches.h"
#include "run/suspect_table.h"
#include "run/tell.h"
#include "run/values.h"

enum { FORK_PER_TURN = 256 };

int engine_fork(struct engine *r, uint64_t of, const struct search_spec *spec, const struct engine_owner *owner, uint64_t *ret_id,
                struct sonata_error *err)
{
    const struct search *parent = searches_get(r, of);
    if (!parent)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    cleanup_free struct search_spec *old = xcalloc(1, sizeof *old);
    cleanup_bytes struct bytes a = {0}, b = {0};
    int rc = engine_spec(r, of, old, err);
    if (rc)
        return rc;
    space_encode(&old->space, &a);
    space_encode(&spec->space, &b);
    if (a.size != b.size || memcmp(a.data, b.data, a.size))
        return sonata_error_set(err, -EINVAL, "a fork has the space of its parent: '%s' is not the same as '%s' there", spec->space.name,
                                old->space.name);
    uint32_t end = parent->record.asked; /* before the submission: it may move the table */
    rc = engine_submit(r, spec, owner, ret_id, err);
    if (rc)
        return rc;
    struct search *rs = searches_get(r, *ret_id);
    rs->record.fork_of = of;
    rs->record.fork_end = end;
    return 0;
}

bool fork_is_under_way(const struct search *rs) { return rs->record.fork_next < rs->record.fork_end; }

/* Values of every group from the store. False: something is not known. */
static bool collect(struct search *rs, struct pending *p)
{
    struct individual_record *ind = &p->record;
    for (uint32_t g = 0; g < rs->record.n_groups && p->status == CORE_OK; g++) {
        struct evaluation_record known;
        struct measurement m = {0};
        if (!evaluation_known(rs, ind, g, &known))
            return false;
        ind->evaluation[g] = known.id;
        bool have = known.accepted && !evaluation_answer(rs->engine, &known, &m);
        if (known.state == EVALUATION_INFEASIBLE) {
            p->status = CORE_INFEASIBLE;
            ind->cause = OUTCOME_INFEASIBLE;
            if (have)
                copy_string(ind->reason, sizeof ind->reason, m.reason);
            else
                suspect_reason(rs->engine, known.id, ind->reason);
        } else if (have) {
            individual_take(rs, ind, g, &known, &m);
        }
        measurement_fini(&m);
        if (!have && known.state != EVALUATION_INFEASIBLE)
            return false;
    }
    return true;
}

/* Objectives under the same name: accuracies belong to the network, whatever board they were measured on. */
static void hint(struct search *rs, const struct individual_record *old)
{
    double value;
    for (uint32_t i = 0; i < rs->spec->n_objectives; i++) {
        if (plan_objective(rs, old, i, &value) && !core_hint(rs->core, &old->genotype, i, value))
            event_log_hint(rs, old, i, value);
    }
}

/* Values mean the same in both: the same weights on the same data. */
static bool same_networks(struct search *rs)
{
    cleanup_free struct search_spec *old = xcalloc(1, sizeof *old);
    struct sonata_error err = {{0}};
    return !engine_spec(rs->engine, rs->record.fork_of, old, &err) && !strcmp(old->dataset, rs->spec->dataset) &&
           !strcmp(old->supernet, rs->spec->supernet) && !memcmp(old->supernet_hash, rs->spec->supernet_hash, sizeof old->supernet_hash);
}

static void take_over(struct search *rs, uint64_t id, bool warm)
{
    struct individual_record old;
    if (individual_load(rs->engine, rs->record.fork_of, id, &old) || !old.told_order || old.vetoed || core_find(rs->core, &old.genotype) >= 0)
        return;
    struct pending p = {.status = CORE_OK};
    p.record = (struct individual_record){.n_genes = old.n_genes,
                                          .genotype = old.genotype,
                                          .arm = ARM_FORK,
                                          .parent = {-1, -1},
                                          .n_objectives = rs->spec->n_objectives,
                                          .n_evaluations = rs->record.n_groups,
                                          .reused = true};
    p.record.violation = plan_analytic(rs, &p.record);
    if (p.record.violation <= 0 && collect(rs, &p))
        search_take_known(rs, &p);
    else if (warm && old.state == INDIVIDUAL_DONE)
        hint(rs, &old);
}

void fork_step(struct search *rs)
{
    bool warm = core_has_models(rs->core) && same_networks(rs);
    for (int n = 0; n < FORK_PER_TURN && fork_is_under_way(rs); n++)
        take_over(rs, rs->record.fork_next++, warm);
    rs->dirty = true;
    if (!fork_is_under_way(rs))
        engine_note(rs->engine, false, "fork has its parent's results", "search=%llu parent=%llu results=%u", (unsigned long long)rs->record.id,
                    (unsigned long long)rs->record.fork_of, rs->record.told);
}
