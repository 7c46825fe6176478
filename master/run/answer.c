/* The answer of an evaluation from its measurements: one, or what several say together.
 *
 * Where all were made on one board and tell the medians of their processes, the latency is that of all processes, by the model the board itself uses
 * (domain/interval.h). Any other metric, and the latency of several boards, which differ too, is the mean of the measurements. */
#include "run/answer.h"

#include <math.h>
#include <string.h>

#include "run/records.h"
#include "search/replicate.h"

/* What is gathered over the measurements. */
struct gathered {
    uint32_t n;
    double value[METRICS_MAX][1 + FURTHER_MAX];
    uint32_t samples[METRICS_MAX];
    char board[BOARD_NAME_MAX];
    bool whole; /* one board, and each tells its processes */
    uint32_t n_processes;
    double process_us[(1 + FURTHER_MAX) * PROCESSES_MAX];
    struct process_prior prior; /* as it was known at the last */
};

static void add_processes(const struct measurement *m, struct gathered *g)
{
    g->whole &= m->n_processes > 0 && (!g->n || !strcmp(g->board, m->board));
    memcpy(g->board, m->board, sizeof g->board);
    for (uint32_t p = 0; p < m->n_processes; p++)
        g->process_us[g->n_processes++] = (double)m->process_median_us[p];
    g->prior = m->process_prior;
}

static void add_values(struct engine *r, uint64_t attempt, struct measurement *first, struct gathered *g)
{
    struct measurement m = {0};
    if (measurement_load(r, attempt, &m))
        return;
    add_processes(&m, g);
    for (uint32_t i = 0; i < first->n_metrics; i++) {
        const struct metric_value *v = measurement_metric(&m, first->metric[i].name);
        g->value[i][g->n] = v && isfinite(v->value) ? v->value : first->metric[i].value;
        g->samples[i] += v ? v->n : 0;
    }
    first->flags |= m.flags;
    g->n++;
    measurement_fini(&m);
}

static void join_processes(const struct gathered *g, struct metric_value *v)
{
    struct process_prior prior = g->prior;
    struct process_interval i;
    prior.moment /= g->n; /* each was made at a moment of its own */
    process_interval(g->process_us, g->n_processes, &prior, &i);
    v->value = i.value / 1e3;
    v->low = i.low / 1e3;
    v->high = i.high / 1e3;
}

static void join(const struct gathered *g, uint32_t i, struct metric_value *v)
{
    double half, mean = replicate_mean(g->value[i], g->n, &half);
    bool by_processes = g->whole && !strcmp(v->name, "latency") && (g->n_processes > 1 || g->prior.freedom > 0);
    if (!by_processes && !(half > 0))
        return; /* always the same, as accuracy on the whole test set: its own interval says more than none */
    if (by_processes) {
        join_processes(g, v);
    } else {
        v->value = mean;
        v->low = mean - half;
        v->high = mean + half;
    }
    v->n = g->samples[i];
}

int evaluation_answer(struct engine *r, const struct evaluation_record *record, struct measurement *ret_measurement)
{
    int rc = measurement_load(r, record->accepted, ret_measurement);
    if (rc || !record->n_further)
        return rc;
    struct gathered g = {.whole = true};
    add_values(r, record->accepted, ret_measurement, &g);
    for (uint32_t k = 0; k < record->n_further && k < FURTHER_MAX; k++)
        add_values(r, record->further[k], ret_measurement, &g);
    for (uint32_t i = 0; i < ret_measurement->n_metrics && g.n > 1; i++)
        join(&g, i, &ret_measurement->metric[i]);
    return 0;
}
