/* See pick.h. */
#include "cli/pick.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "base/text.h"

enum { NAME_MAX_TEXT = METRIC_NAME_MAX + BOARD_NAME_MAX + 2, VALUE_TEXT = 64 };

enum relation { LESS, LESS_OR_EQUAL, MORE, MORE_OR_EQUAL, EQUAL, UNEQUAL };

struct condition {
    char name[NAME_MAX_TEXT], text[VALUE_TEXT];
    enum relation relation;
    double value; /* NAN: the text is no number */
    int gene;     /* -1: a metric */
};

/* Names of the objectives, constraints and genes, for the error. */
static int unknown_name(const struct results *r, const char *name, struct sonata_error *err)
{
    char known[300], heading[NAME_MAX_TEXT];
    struct text_builder t = text_begin(known, sizeof known);
    for (uint32_t i = 0; i < r->spec.n_objectives; i++) {
        results_heading(r->spec.objective[i].metric, r->spec.objective[i].board, heading);
        text_join(&t, ", ", "%s", heading);
    }
    for (uint32_t i = 0; i < r->spec.n_constraints; i++) {
        results_heading(r->spec.constraint[i].metric, r->spec.constraint[i].board, heading);
        text_join(&t, ", ", "%s", heading);
    }
    for (unsigned j = 0; j < r->spec.space.n_genes; j++)
        text_join(&t, ", ", "%s", r->spec.space.gene[j].name);
    return sonata_error_set(err, -EINVAL, "--where: no point has '%s'; there are: %s", name, known);
}

static int find_gene(const struct space *s, const char *name)
{
    for (unsigned j = 0; j < s->n_genes; j++) {
        if (!strcmp(s->gene[j].name, name))
            return (int)j;
    }
    return -1;
}

static const struct metric_value *metric_of(const struct results_individual *x, const char *name)
{
    char metric[NAME_MAX_TEXT];
    copy_string(metric, sizeof metric, name);
    char *at = strchr(metric, '@');
    if (at)
        *at = '\0';
    return results_value(x, metric, at ? at + 1 : "");
}

/* Length of the relation at the start of text; 0: none. */
static size_t read_relation(const char *text, enum relation *ret_relation)
{
    static const struct {
        const char *sign;
        enum relation relation;
    } known[] = {{"<=", LESS_OR_EQUAL}, {">=", MORE_OR_EQUAL}, {"!=", UNEQUAL}, {"<", LESS}, {">", MORE}, {"=", EQUAL}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t n = strlen(known[i].sign);
        if (!strncmp(text, known[i].sign, n)) {
            *ret_relation = known[i].relation;
            return n;
        }
    }
    return 0;
}

static int parse(const struct results *r, const char *text, struct condition *c, struct sonata_error *err)
{
    const char *sign = text + strcspn(text, "<>=!");
    size_t n = (size_t)(sign - text), skip = read_relation(sign, &c->relation);
    while (n && text[n - 1] == ' ')
        n--;
    const char *value = sign + skip + strspn(sign + skip, " ");
    if (!n || n >= sizeof c->name || !skip || !value[0] || !copy_string(c->text, sizeof c->text, value))
        return sonata_error_set(err, -EINVAL, "--where: '%.80s' is here; expected for instance 'latency@host<0.01' or 'kernel=3'", text);
    memcpy(c->name, text, n);
    c->name[n] = '\0';
    c->gene = find_gene(&r->spec.space, c->name);
    bool number = !parse_quantity(value, &c->value);
    if (!number)
        c->value = NAN;
    bool compares = c->relation != EQUAL && c->relation != UNEQUAL;
    if (!number && (compares || c->gene < 0))
        return sonata_error_set(err, -EINVAL, "--where: '%.60s' is here; expected a number", value);
    bool found = c->gene >= 0;
    for (size_t i = 0; i < r->n_front && !found; i++)
        found = metric_of(&r->individual[r->front[i]], c->name);
    return found || !r->n_front ? 0 : unknown_name(r, c->name, err);
}

static bool holds(enum relation relation, double a, double b)
{
    switch (relation) {
    case LESS:
        return a < b;
    case LESS_OR_EQUAL:
        return a <= b;
    case MORE:
        return a > b;
    case MORE_OR_EQUAL:
        return a >= b;
    case EQUAL:
        return a == b;
    case UNEQUAL:
        return a != b;
    }
    return false;
}

static bool fulfils(const struct results *r, const struct results_individual *x, const struct condition *c)
{
    if (c->gene < 0) {
        const struct metric_value *v = metric_of(x, c->name);
        return v && isfinite(v->value) && holds(c->relation, v->value, c->value);
    }
    bool active[SPACE_GENES_MAX];
    const struct gene *g = &r->spec.space.gene[c->gene];
    unsigned allele = x->genotype.allele[c->gene];
    space_active(&r->spec.space, &x->genotype, active);
    if (!active[c->gene])
        return false;
    if (isfinite(c->value) && isfinite(g->value[allele]))
        return holds(c->relation, g->value[allele], c->value);
    return (c->relation == EQUAL || c->relation == UNEQUAL) && !strcmp(g->label[allele], c->text) == (c->relation == EQUAL);
}

int pick_where(struct results *r, const struct option_list *condition, struct sonata_error *err)
{
    for (unsigned i = 0; i < condition->n; i++) {
        struct condition c = {.gene = -1};
        int code = parse(r, condition->item[i], &c, err);
        if (code)
            return code;
        size_t n = 0;
        for (size_t k = 0; k < r->n_front; k++) {
            if (fulfils(r, &r->individual[r->front[k]], &c))
                r->front[n++] = r->front[k];
        }
        r->n_front = n;
    }
    return 0;
}

/* Value of an objective as something to minimise; NAN: not measured. */
static double cost(const struct results *r, size_t point, uint32_t objective)
{
    const struct objective *o = &r->spec.objective[objective];
    const struct metric_value *v = results_value(&r->individual[r->front[point]], o->metric, o->board);
    if (!v)
        return NAN;
    return o->goal == GOAL_MAX ? -v->value : v->value;
}

/* Squared distance to the ideal point, each objective from 0 at its best to 1 at its worst on the front. */
static double distance(const struct results *r, size_t point, const double *best, const double *worst)
{
    double sum = 0;
    for (uint32_t o = 0; o < r->spec.n_objectives; o++) {
        double span = worst[o] - best[o], z = span > 0 ? (cost(r, point, o) - best[o]) / span : 0;
        sum += z * z;
    }
    return isfinite(sum) ? sum : INFINITY;
}

void pick_knee(struct results *r)
{
    double best[OBJECTIVES_MAX], worst[OBJECTIVES_MAX];
    for (uint32_t o = 0; o < r->spec.n_objectives; o++) {
        best[o] = INFINITY;
        worst[o] = -INFINITY;
        for (size_t i = 0; i < r->n_front; i++) {
            best[o] = fmin(best[o], cost(r, i, o));
            worst[o] = fmax(worst[o], cost(r, i, o));
        }
    }
    size_t knee = 0;
    for (size_t i = 1; i < r->n_front; i++) {
        if (distance(r, i, best, worst) < distance(r, knee, best, worst))
            knee = i;
    }
    if (r->n_front > 1) {
        r->front[0] = r->front[knee];
        r->n_front = 1;
    }
}
