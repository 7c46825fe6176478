/* Several measurements of one architecture, and the front measured again before a search is told to be done (search/replicate.h).
 *
 * An evaluation that is opened for further measurements keeps its answer meanwhile; each further one joins the list, and at the last its waiters
 * get the means. The individuals are told anew like any other whose value changed, the front follows, and the next round begins. How many
 * were asked for is counted in the header of the search, in the transaction that opened them: a restart goes on in the middle. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "run/engine_internal.h"
#include "search/replicate.h"

static bool add_values(struct engine *r, uint64_t attempt, struct measurement *first, double (*value)[1 + FURTHER_MAX], uint32_t at,
                       uint32_t samples[METRICS_MAX])
{
    struct measurement m = {0};
    bool ok = !measurement_load(r, attempt, &m);
    for (uint32_t i = 0; i < first->n_metrics && ok; i++) {
        const struct metric_value *v = measurement_metric(&m, first->metric[i].name);
        value[i][at] = v && isfinite(v->value) ? v->value : first->metric[i].value;
        samples[i] += v ? v->n : 0;
    }
    first->flags |= ok ? m.flags : 0;
    measurement_fini(&m);
    return ok;
}

int evaluation_answer(struct engine *r, const struct evaluation_record *record, struct measurement *ret_measurement)
{
    int rc = measurement_load(r, record->accepted, ret_measurement);
    if (rc || !record->n_further)
        return rc;
    double value[METRICS_MAX][1 + FURTHER_MAX];
    uint32_t samples[METRICS_MAX] = {0}, n = 0;
    struct measurement *m = ret_measurement;
    if (add_values(r, record->accepted, m, value, 0, samples))
        n++;
    for (uint32_t k = 0; k < record->n_further; k++)
        n += add_values(r, record->further[k], m, value, n, samples);
    for (uint32_t i = 0; i < m->n_metrics && n > 1; i++) {
        struct metric_value *v = &m->metric[i];
        double half, mean = replicate_mean(value[i], n, &half);
        if (!(half > 0))
            continue; /* always the same, as accuracy on the whole test set: its own interval says more than none */
        v->value = mean;
        v->low = v->value - half;
        v->high = v->value + half;
        v->n = samples[i];
    }
    return 0;
}

/* Measurements this search may still ask for. */
static uint32_t left(const struct search *rs)
{
    uint32_t limit = rs->spec->replicate_budget ? rs->spec->replicate_budget : (rs->record.budget + REPLICATE_SHARE - 1) / REPLICATE_SHARE;
    return limit > rs->record.replicates ? limit - rs->record.replicates : 0;
}

/* The largest number of measurements that an evaluation of it was short of. What is known by now, from another search perhaps, costs nothing. */
static uint32_t open_further(struct search *rs, const struct individual_record *ind, uint32_t wanted)
{
    struct engine *r = rs->run;
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
    if (individual_load(rs->run, rs->record.id, due->id, &ind))
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
        bool sure = individual_load(rs->run, rs->record.id, id[i], &ind) || !ind.n_evaluations || metrics_are_exact(ind.metric, ind.n_metrics);
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
        engine_note(rs->run, false, "front is measured again", "search=%llu members=%u of=%u asked_for=%u", (unsigned long long)rs->record.id, begun,
                    n, rs->record.replicates);
    return begun > 0;
}
