/* See results.h: the data itself, without messages. */
#include "cli/results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

void results_free(struct results *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n_measurements; i++)
        measurement_fini(&r->measurement[i].m);
    free(r->measurement);
    free(r->individual);
    free(r->front);
    free(r);
}

void cleanup_results_pointer(struct results **r)
{
    results_free(*r);
}

static int compare_ids(const void *a, const void *b)
{
    const struct results_individual *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* First objective, best first; ties by id. qsort has no user pointer, so the front is sorted by insertion: it is small. */
static bool comes_first(const struct results *r, const struct results_individual *a, const struct results_individual *b)
{
    const struct objective *o = &r->spec.objective[0];
    const struct metric_value *x = results_value(a, o->metric, o->board), *y = results_value(b, o->metric, o->board);
    if (!x || !y || x->value == y->value)
        return x && y ? a->id < b->id : x != NULL;
    return (x->value < y->value) == (o->goal == GOAL_MIN);
}

void results_index(struct results *r)
{
    if (r->n_individuals)
        qsort(r->individual, r->n_individuals, sizeof *r->individual, compare_ids);
    free(r->front);
    r->front = xcalloc(r->n_individuals + 1, sizeof *r->front);
    r->n_front = 0;
    for (size_t i = 0; i < r->n_individuals; i++) {
        if (!r->individual[i].on_front)
            continue;
        size_t k = r->n_front++;
        for (; k && comes_first(r, &r->individual[i], &r->individual[r->front[k - 1]]); k--)
            r->front[k] = r->front[k - 1];
        r->front[k] = (uint32_t)i;
    }
}

const struct results_individual *results_find(const struct results *r, uint64_t id)
{
    const struct results_individual key = {.id = id};
    return r->n_individuals ? bsearch(&key, r->individual, r->n_individuals, sizeof *r->individual, compare_ids) : NULL;
}

/* Whether `name` is metric@anything. */
static bool of_metric(const char *name, const char *metric)
{
    size_t n = strlen(metric);
    return !strncmp(name, metric, n) && name[n] == '@';
}

const struct metric_value *results_value(const struct results_individual *x, const char *metric, const char *board)
{
    char full[METRIC_NAME_MAX + BOARD_NAME_MAX + 2];
    results_heading(metric, board, full);
    const struct metric_value *plain = NULL, *other = NULL;
    for (uint32_t i = 0; i < x->n_metrics; i++) {
        const struct metric_value *v = &x->metric[i];
        if (!strcmp(v->name, full))
            return v;
        if (metric_is_memory(metric))
            continue; /* computed and reported are two things */
        if (!strcmp(v->name, metric))
            plain = v;
        else if (!other && !board[0] && of_metric(v->name, metric))
            other = v;
    }
    return plain ? plain : other;
}

double results_violation(const struct results *r, const struct results_individual *x)
{
    double violation = 0;
    for (uint32_t k = 0; k < r->spec.n_constraints; k++) {
        const struct constraint *c = &r->spec.constraint[k];
        const struct metric_value *v = results_value(x, c->metric, c->board);
        violation += v && isfinite(v->value) ? constraint_violation(c, v->value) : 0;
    }
    return violation;
}

void results_heading(const char *metric, const char *board, char text[METRIC_NAME_MAX + BOARD_NAME_MAX + 2])
{
    snprintf(text, METRIC_NAME_MAX + BOARD_NAME_MAX + 2, "%s%s%s", metric, board[0] ? "@" : "", board);
}

const char *metric_unit(const char *metric)
{
    static const char *const unit[][2] = {{"accuracy", "%"}, {"latency", "ms"}, {"energy", "mJ"}, {"flash", "B"}, {"ram", "B"}, {"weights", "B"},
                                           {"flash_code", "B"}, {"flash_weights", "B"}, {"ram_activation", "B"}, {"ram_runtime", "B"}};
    size_t n = strcspn(metric, "@");
    for (size_t i = 0; i < sizeof unit / sizeof *unit; i++) {
        if (strlen(unit[i][0]) == n && !strncmp(metric, unit[i][0], n))
            return unit[i][1];
    }
    return "";
}

const char *flag_name(unsigned bit)
{
    static const char *const name[] = {"noisy", "bimodal", "outliers", "warm-up not stable", "contended", "throttled", "died"};
    return bit < sizeof name / sizeof *name ? name[bit] : NULL;
}

void format_flags(uint32_t flags, char text[96])
{
    struct text_builder t = text_begin(text, 96);
    for (unsigned i = 0; flag_name(i); i++) {
        if (flags >> i & 1)
            text_join(&t, ", ", "%s", flag_name(i));
    }
}
