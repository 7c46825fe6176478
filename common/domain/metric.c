/* See metric.h. */
#include "domain/metric.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

const char *outcome_name(enum outcome o)
{
    static const char *const name[OUTCOME_COUNT] = {"ok", "infeasible", "invalid", "infra", "lost", "bug", "config", "canceled"};
    return (unsigned)o < OUTCOME_COUNT ? name[o] : NULL;
}

void measurement_fini(struct measurement *m)
{
    free(m->samples_us);
    *m = (struct measurement){0};
}

struct measurement measurement_copy(const struct measurement *m)
{
    struct measurement copy = *m;
    copy.samples_us = m->n_samples ? xmemdup(m->samples_us, m->n_samples * sizeof *m->samples_us) : NULL;
    return copy;
}

const struct metric_value *measurement_metric(const struct measurement *m, const char *name)
{
    for (uint32_t i = 0; i < m->n_metrics; i++) {
        if (!strcmp(m->metric[i].name, name))
            return &m->metric[i];
    }
    return NULL;
}

bool measurement_add(struct measurement *m, const char *name, double value, double low, double high, uint32_t n)
{
    if (m->n_metrics == METRICS_MAX)
        return false;
    struct metric_value *v = &m->metric[m->n_metrics++];
    *v = (struct metric_value){.value = value, .low = low, .high = high, .n = n};
    copy_string(v->name, sizeof v->name, name);
    return true;
}

void measurement_fail(struct measurement *m, enum outcome outcome, const char *format, ...)
{
    char text[REASON_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    m->outcome = outcome;
    if (outcome != OUTCOME_INVALID)
        m->n_metrics = 0;
    snprintf(m->reason, sizeof m->reason, "%s: %.*s", outcome_name(outcome), (int)(sizeof m->reason - 16), text);
    for (char *c = m->reason; *c; c++) {
        if ((unsigned char)*c < 32 || *c == 127)
            *c = ' ';
    }
}

static bool is_one_of(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(name, list[i]))
            return true;
    }
    return false;
}

bool metric_is_memory(const char *name)
{
    static const char *const memory[] = {"flash_code", "flash_weights", "ram_activation", "ram_runtime"};
    return is_one_of(name, memory, sizeof memory / sizeof *memory);
}

bool metric_is_analytic(const char *name, const char *board)
{
    static const char *const count[] = {"params", "macs", "flash", "ram", "weights"};
    return is_one_of(name, count, sizeof count / sizeof *count) || (metric_is_memory(name) && !board[0]);
}

bool metrics_are_exact(const struct metric_value *metric, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (metric[i].n)
            return false;
    }
    return true;
}

bool outcome_is_good(enum outcome o) { return o == OUTCOME_OK || o == OUTCOME_INFEASIBLE; }

static double side_violation(double excess, double limit) { return excess > 0 ? excess / fmax(fabs(limit), 1e-9) : 0; }

double constraint_violation(const struct constraint *c, double value)
{
    double v = 0;
    if (isfinite(c->max))
        v += side_violation(value - c->max, c->max);
    if (isfinite(c->min))
        v += side_violation(c->min - value, c->min);
    return v;
}
