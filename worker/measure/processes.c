/* See processes.h. */
#include "measure/processes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "measure/latency.h"
#include "measure/statistics.h"

enum { GOOD_ENOUGH = 2 /* good processes that speak for themselves */ };

struct latency_protocol processes_protocol(const struct latency_protocol *tier, unsigned index)
{
    struct latency_protocol p = *tier;
    if (tier->processes <= 1)
        return p;
    uint32_t share = (tier->windows + tier->processes - 1) / tier->processes, most = WINDOWS_MAX / tier->processes_max;
    p.windows = p.windows_max = share < most ? share : most;
    p.min_inferences = (tier->min_inferences + tier->processes - 1) / tier->processes;
    p.accept_half_width = p.accept_cv = 0;
    p.samples_max = SAMPLES_MAX / tier->processes_max;
    p.warmup_share = index ? 0.25 : 1;
    return p;
}

void processes_begin(struct processes *s, const struct latency_protocol *tier, const struct process_prior *prior)
{
    s->protocol = *tier;
    s->prior = *prior;
    s->n = s->n_bad = 0;
}

void processes_fini(struct processes *s)
{
    for (unsigned i = 0; i < s->n; i++)
        measurement_fini(&s->process[i]);
    s->n = s->n_bad = 0;
}

/* Something went another way, or no time was taken: it stands for the whole. */
static bool stands_alone(const struct measurement *m) { return (m->outcome != OUTCOME_OK && m->outcome != OUTCOME_INVALID) || !m->n_windows; }

static double median_of_windows(const struct measurement *m)
{
    double v[WINDOWS_MAX];
    for (uint32_t i = 0; i < m->n_windows; i++)
        v[i] = (double)m->window_median_us[i];
    sort_doubles(v, m->n_windows);
    return sorted_median(v, m->n_windows);
}

void processes_components(const float *process_us, unsigned n, const float *window_us, unsigned n_windows, double *ret_process_sd,
                          double *ret_window_sd)
{
    unsigned each = n ? n_windows / n : 0;
    double mean = 0, between = 0, within = 0;
    for (unsigned p = 0; p < n; p++)
        mean += log((double)process_us[p]) / n;
    for (unsigned p = 0; p < n; p++) {
        double own = 0;
        between += n > 1 ? pow(log((double)process_us[p]) - mean, 2) / (n - 1) : 0;
        for (unsigned w = 0; w < each; w++)
            own += log((double)window_us[p * each + w]) / each;
        for (unsigned w = 0; w < each; w++)
            within += each > 1 ? pow(log((double)window_us[p * each + w]) - own, 2) / (n * (each - 1)) : 0;
    }
    *ret_window_sd = sqrt(within);
    *ret_process_sd = each ? sqrt(fmax(between - within / each, 0)) : 0;
}

/* What the processes that count say: 1 <= *ret_n of them, in the order in which they ran. */
static void choose(const struct processes *s, const struct measurement **ret_chosen, unsigned *ret_n)
{
    unsigned good = s->n - s->n_bad, needed = s->protocol.processes < GOOD_ENOUGH ? s->protocol.processes : GOOD_ENOUGH;
    *ret_n = 0;
    for (unsigned i = 0; i < s->n; i++) {
        if ((good < needed || !s->bad[i]) && *ret_n < PROCESSES_MAX)
            ret_chosen[(*ret_n)++] = &s->process[i];
    }
}

static void summarise(const struct processes *s, const struct measurement *const *chosen, unsigned n, struct measurement *m,
                      struct process_interval *ret_interval)
{
    double value[PROCESSES_MAX];
    m->n_windows = m->n_processes = 0;
    for (unsigned i = 0; i < n; i++) {
        value[i] = median_of_windows(chosen[i]);
        m->process_control_us[m->n_processes] = chosen[i]->process_control_us[0];
        m->process_median_us[m->n_processes++] = (float)value[i];
        for (uint32_t w = 0; w < chosen[0]->n_windows && m->n_windows < WINDOWS_MAX; w++)
            m->window_median_us[m->n_windows++] = chosen[i]->window_median_us[w < chosen[i]->n_windows ? w : chosen[i]->n_windows - 1];
    }
    process_interval(value, n, &s->prior, ret_interval);
}

static bool accepted(const struct latency_protocol *p, const struct process_interval *i, double window_sd)
{
    double half_width = (i->high - i->low) / 2 / i->value;
    return !(p->process_half_width > 0 && half_width > p->process_half_width) && !(p->accept_cv > 0 && window_sd > p->accept_cv);
}

/* Judges the processes that count; where they are not good enough and there may be no more, the measurement is noisy. */
static bool judge(const struct processes *s, struct measurement *m, struct process_interval *ret_interval, double *ret_process_sd,
                  double *ret_window_sd)
{
    const struct measurement *chosen[2 * PROCESSES_MAX];
    unsigned n;
    choose(s, chosen, &n);
    summarise(s, chosen, n, m, ret_interval);
    processes_components(m->process_median_us, n, m->window_median_us, m->n_windows, ret_process_sd, ret_window_sd);
    return accepted(&s->protocol, ret_interval, *ret_window_sd);
}

enum processes_step processes_take(struct processes *s, struct measurement *m, bool spoils)
{
    const struct latency_protocol *p = &s->protocol;
    bool alone = stands_alone(m), bad = !alone && (m->outcome == OUTCOME_INVALID || m->flags & PROCESS_BAD);
    s->bad[s->n] = bad;
    s->n_bad += bad;
    s->process[s->n++] = *m;
    *m = (struct measurement){0};
    if (alone || p->processes <= 1)
        return PROCESSES_DONE;
    if (bad) {
        bool whole = spoils && s->n == s->n_bad;
        if (s->n_bad >= p->processes)
            return PROCESSES_DONE;
        return whole ? PROCESSES_AGAIN : PROCESSES_MORE;
    }
    if (s->n - s->n_bad < p->processes)
        return PROCESSES_MORE;
    struct measurement trial = {0};
    struct process_interval interval;
    double process_sd, window_sd;
    bool enough = judge(s, &trial, &interval, &process_sd, &window_sd) || s->n - s->n_bad >= p->processes_max;
    return enough ? PROCESSES_DONE : PROCESSES_MORE;
}

/* Removes the line of that key. */
static void drop_line(char *text, const char *key)
{
    size_t n = strlen(key);
    for (char *line = text; *line;) {
        char *end = strchr(line, '\n');
        end = end ? end + 1 : line + strlen(line);
        if (!strncmp(line, key, n) && line[n] == '=')
            memmove(line, end, strlen(end) + 1);
        else
            line = end;
    }
}

/* "key=…" lines of one process give way to those of all. */
static void describe(const struct processes *s, struct measurement *m, const struct process_interval *i, double process_sd, double window_sd)
{
    static const char *const old[] = {"windows", "window_cv", "interval_coverage"};
    char text[256];
    for (size_t k = 0; k < sizeof old / sizeof *old; k++)
        drop_line(m->fingerprint, old[k]);
    snprintf(text, sizeof text,
             "processes=%u\nprocesses_again=%u\nwindows=%u\nprocess_sd=%.5f\nwindow_sd=%.5f\nprocess_sd_used=%.5f\nprocess_prior=%.5f "
             "%.1f %.5f\ninterval_freedom=%.1f\n",
             m->n_processes, s->n - m->n_processes, m->n_windows, process_sd, window_sd, i->deviation, sqrt(s->prior.variance), s->prior.freedom,
             sqrt(s->prior.moment), i->freedom);
    size_t used = strlen(m->fingerprint);
    if (used + strlen(text) < sizeof m->fingerprint)
        memcpy(m->fingerprint + used, text, strlen(text) + 1);
}

static bool is_latency(const struct metric_value *v) { return !strncmp(v->name, "latency", strlen("latency")); }

static void set_metric(struct measurement *m, const char *name, double value_us, double low_us, double high_us, uint32_t n)
{
    for (uint32_t i = 0; i < m->n_metrics; i++) {
        struct metric_value *v = &m->metric[i];
        if (strcmp(v->name, name))
            continue;
        v->value = value_us / 1e3;
        v->low = low_us / 1e3;
        v->high = high_us / 1e3;
        v->n = n;
    }
}

/* All samples of the processes that count, one process after the other, and what is told of them. */
static void join_samples(const struct measurement *const *chosen, unsigned n, struct measurement *m)
{
    size_t room = 0;
    for (unsigned i = 0; i < n; i++)
        room += chosen[i]->n_samples;
    room = room < SAMPLES_MAX ? room : SAMPLES_MAX;
    float *sample = room ? xcalloc(room, sizeof *sample) : NULL;
    double *sorted = xcalloc(room + 1, sizeof *sorted);
    size_t k = 0;
    for (unsigned i = 0; i < n; i++) {
        for (uint32_t j = 0; j < chosen[i]->n_samples && k < room; j++, k++) {
            sample[k] = chosen[i]->samples_us[j];
            sorted[k] = (double)sample[k];
        }
    }
    m->samples_us = sample;
    m->n_samples = (uint32_t)k;
    sort_doubles(sorted, k);
    if (k) {
        double p90 = sorted_quantile(sorted, k, 0.90), p99 = sorted_quantile(sorted, k, 0.99);
        set_metric(m, "latency_p90", p90, p90, p90, m->n_samples);
        set_metric(m, "latency_p99", p99, p99, p99, m->n_samples);
        set_metric(m, "latency_min", sorted[0], sorted[0], sorted[0], m->n_samples);
    }
    free(sorted);
}

static bool has_more_than_latency(const struct measurement *m)
{
    for (uint32_t i = 0; i < m->n_metrics; i++) {
        if (!is_latency(&m->metric[i]) && m->metric[i].n)
            return true;
    }
    return false;
}

/* The process whose other metrics count. */
static unsigned main_process(const struct processes *s)
{
    unsigned first = 0;
    for (unsigned i = 1; i < s->n && s->bad[first]; i++) {
        if (has_more_than_latency(&s->process[i]) || !has_more_than_latency(&s->process[first]))
            first = i;
    }
    return first;
}

static void merge(struct processes *s, struct measurement *ret_measurement)
{
    const struct measurement *chosen[2 * PROCESSES_MAX];
    struct measurement m = s->process[main_process(s)];
    struct process_interval interval;
    double process_sd, window_sd;
    unsigned n;
    bool good_enough = judge(s, &m, &interval, &process_sd, &window_sd);
    choose(s, chosen, &n);
    m.outcome = OUTCOME_OK;
    m.reason[0] = '\0';
    m.flags = good_enough ? 0 : FLAG_NOISY;
    for (unsigned i = 0; i < n; i++) {
        m.flags |= chosen[i]->flags;
        if (chosen[i]->outcome != OUTCOME_OK && m.outcome == OUTCOME_OK) {
            m.outcome = chosen[i]->outcome;
            memcpy(m.reason, chosen[i]->reason, sizeof m.reason);
        }
    }
    m.process_prior = s->prior;
    join_samples(chosen, n, &m);
    set_metric(&m, "latency", interval.value, interval.low, interval.high, m.n_windows);
    describe(s, &m, &interval, process_sd, window_sd);
    *ret_measurement = m; /* its own samples: those of the process are released with it */
    processes_fini(s);
}

void processes_finish(struct processes *s, struct measurement *ret_measurement)
{
    struct measurement *last = &s->process[s->n - 1];
    if (!stands_alone(last)) {
        merge(s, ret_measurement);
        return;
    }
    *ret_measurement = *last;
    *last = (struct measurement){0};
    processes_fini(s);
}
