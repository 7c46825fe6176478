/* Several measurements of one architecture, and the front measured again before a search is told to be done (search/replicate.h).
 *
 * An evaluation that is opened for further measurements keeps its answer meanwhile; each further one joins the list, and at the last its waiters
 * get the means. The individuals are told anew like any other whose value changed, the front follows, and the next round begins. How many
 * were asked for is counted in the header of the search, in the transaction that opened them: a restart goes on in the middle. */
#include "run/replicate.h"

#include <stdlib.h>

#include "base/memory.h"
#include "run/evaluation.h"
#include "run/evaluation_table.h"
#include "run/individual.h"
#include "run/note.h"
#include "run/records.h"
#include "search/replicate.h"

/* Measurements this search may still ask for. */
static uint32_t left(const struct search *rs)
{
    uint32_t limit = rs->spec->replicate_budget ? rs->spec->replicate_budget : (rs->record.budget + REPLICATE_SHARE - 1) / REPLICATE_SHARE;
    return limit > rs->record.replicates ? limit - rs->record.replicates : 0;
}

/* The largest number of measurements that an evaluation of it was short of. What is known by now, from another search perhaps, costs nothing. */
static uint32_t open_further(struct search *rs, const struct individual_record *ind, uint32_t wanted)
{
    struct engine *r = rs->engine;
    uint32_t most = 0;
    for (uint32_t g = 0; g < ind->n_evaluations; g++) {
        struct evaluation_record e;
        struct measurement m = {0};
        if (evaluation_load(r, ind->evaluation[g], &e) || evaluation_standing(r, &e) != EVALUATION_DONE || measurement_load(r, e.accepted, &m))
            continue;
        bool exact = metrics_are_exact(m.metric, m.n_metrics);
        measurement_fini(&m);
        uint32_t have = 1 + e.n_further;
        if (exact || have >= wanted)
            continue;
        struct evaluation *open = evaluation_reopen(r, e.id, REOPENED_FURTHER, wanted);
        most = open && wanted - have > most ? wanted - have : most;
    }
    return most;
}

/* false: the individual cannot be measured again. */
static bool measure_again(struct search *rs, const struct replicate_member *due, uint32_t measured)
{
    struct individual_record ind;
    if (individual_load(rs->engine, rs->record.id, due->id, &ind))
        return false;
    rs->record.replicates += open_further(rs, &ind, measured + due->measured);
    return !individual_reopen(rs, due->id);
}

bool replicate_front(struct search *rs)
{
    uint32_t wanted = rs->spec->replicates, n = core_front(rs->core, NULL, 0), begun = 0;
    if (wanted < 2 || !n || !left(rs))
        return false;
    uint64_t *id = xcalloc(n, sizeof *id);
    struct replicate_member *member = xcalloc(2 * (size_t)n, sizeof *member), *due = member + n;
    core_front(rs->core, id, n);
    for (uint32_t i = 0; i < n; i++) {
        struct individual_record ind;
        bool sure = individual_load(rs->engine, rs->record.id, id[i], &ind) || !ind.n_evaluations || metrics_are_exact(ind.metric, ind.n_metrics);
        member[i] = (struct replicate_member){id[i], sure ? wanted : ind.measured};
    }
    uint32_t n_due = replicate_round(member, n, wanted, left(rs), due);
    for (uint32_t i = 0, k = 0; i < n_due; i++) {
        while (member[k].id != due[i].id)
            k++;
        begun += measure_again(rs, &due[i], member[k].measured);
    }
    free(member);
    free(id);
    if (begun)
        engine_note(rs->engine, false, "front is measured again", "search=%llu members=%u of=%u asked_for=%u", (unsigned long long)rs->record.id,
                    begun, n, rs->record.replicates);
    return begun > 0;
}
