/* The answer of an evaluation from its measurements: one, or the means of several. */
#include "run/answer.h"

#include <math.h>

#include "run/records.h"
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
