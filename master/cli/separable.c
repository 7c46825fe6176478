/* See separable.h. */
#include "cli/separable.h"

#include <math.h>
#include <string.h>

static bool is_exact(const struct metric_value *v) { return !v->n || !strncmp(v->name, "accuracy", strlen("accuracy")); }

/* By how much a value might be worse, or better, than it is. */
static double half(const struct metric_value *v, bool upwards)
{
    if (is_exact(v))
        return 0;
    return upwards ? fmax(v->high - v->value, 0) : fmax(v->value - v->low, 0);
}

static bool surely_better(const struct metric_value *x, const struct metric_value *y, enum goal goal)
{
    bool least = goal == GOAL_MIN;
    double lead = least ? y->value - x->value : x->value - y->value;
    return lead > hypot(half(x, least), half(y, !least));
}

/* In how many objectives x is surely better than y; one that was not measured decides nothing. */
static uint32_t wins(const struct results *r, const struct results_individual *x, const struct results_individual *y)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->spec.n_objectives; i++) {
        const struct objective *o = &r->spec.objective[i];
        const struct metric_value *a = results_value(x, o->metric, o->board), *b = results_value(y, o->metric, o->board);
        n += a && b && surely_better(a, b, o->goal);
    }
    return n;
}

void results_separate(struct results *r)
{
    for (size_t i = 0; i < r->n_front; i++) {
        struct results_individual *x = &r->individual[r->front[i]];
        uint32_t most = 0;
        x->unseparable = false;
        for (size_t k = 0; k < r->n_front; k++) {
            const struct results_individual *y = &r->individual[r->front[k]];
            if (k == i || wins(r, x, y))
                continue;
            uint32_t theirs = wins(r, y, x);
            if (x->unseparable && theirs <= most)
                continue;
            x->unseparable = true;
            x->rival = y->id;
            most = theirs;
        }
    }
}
