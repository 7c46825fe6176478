/* See settings.h. Defaults are those of docs/SEARCH.md; an option that its algorithm would not read is an error, so that an ablation
 * can never silently be the thing it is compared with. */
#include "search/settings.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/parse.h"
#include "search/core_internal.h"

enum option_type { OPTION_BOOL, OPTION_ENUM, OPTION_COUNT, OPTION_REAL };

/* Who reads an option: algorithms[].option_groups must contain the group. */
struct option {
    const char *name;
    uint32_t groups;
    enum option_type type;
    size_t offset;
    double min, max;
    const char *values[8]; /* OPTION_ENUM, in the order of the enum */
};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"batch", GROUP_ALL, OPTION_COUNT, AT(batch), 1, 1000, {0}},
    {"generational", GROUP_ALL, OPTION_BOOL, AT(generational), 0, 0, {0}},
    {"mutation", GROUP_EVOLUTION, OPTION_ENUM, AT(mutation), 0, 0, {"reset", "ordinal", "resample"}},
    {"crossover", GROUP_EVOLUTION, OPTION_ENUM, AT(crossover), 0, 0, {"uniform", "block"}},
    {"crossover-rate", GROUP_EVOLUTION, OPTION_REAL, AT(crossover_rate), 0, 1, {0}},
    {"design", GROUP_ALL, OPTION_ENUM, AT(design), 0, 0, {"random", "stratified"}},
    {"least-used", GROUP_EVOLUTION, OPTION_ENUM, AT(least_used), 0, 0, {"auto", "on", "off"}},
    {"surrogate", GROUP_MODEL, OPTION_ENUM, AT(surrogate), 0, 0, {"gp", "forest", "ridge", "none"}},
    {"trees", GROUP_MODEL, OPTION_COUNT, AT(trees), 5, 500, {0}},
    {"mask", GROUP_MODEL, OPTION_BOOL, AT(mask), 0, 0, {0}},
    {"inner-generations", GROUP_MODEL, OPTION_COUNT, AT(inner_generations), 1, 500, {0}},
    {"inner-population", GROUP_MODEL, OPTION_COUNT, AT(inner_population), 8, 500, {0}},
    {"train-max", GROUP_MODEL, OPTION_COUNT, AT(train_max), 50, 5000, {0}},
    {"bound", GROUP_MODEL, OPTION_REAL, AT(bound), 0, 1e6, {0}},
    {"importance", GROUP_SONATA, OPTION_BOOL, AT(importance), 0, 0, {0}},
    {"beta", GROUP_SONATA, OPTION_REAL, AT(beta), 0, 5, {0}},
    {"fallback", GROUP_SONATA, OPTION_BOOL, AT(fallback), 0, 0, {0}},
    {"feasibility", GROUP_SONATA, OPTION_BOOL, AT(feasibility), 0, 0, {0}},
    {"pool", GROUP_SONATA, OPTION_COUNT, AT(pool), 10, 5000, {0}},
    {"screen", GROUP_SONATA, OPTION_COUNT, AT(screen), 1, 100, {0}},
    {"agent", GROUP_SONATA, OPTION_ENUM, AT(agent), 0, 0, {"fixed", "thompson", "linucb", "actor-critic", "ppo"}},
    {"reward", GROUP_SONATA, OPTION_ENUM, AT(reward), 0, 0, {"front", "gain", "survival"}},
    {"discount", GROUP_SONATA, OPTION_REAL, AT(discount), 0, 1, {0}},
    {"reference", GROUP_SONATA, OPTION_REAL, AT(reference), 0.1, 10, {0}},
    {"scale-quantile", GROUP_SONATA, OPTION_REAL, AT(scale_quantile), 0.5, 1, {0}},
    {"sources", GROUP_PLUS, OPTION_ENUM, AT(sources), 0, 0, {"both", "inner", "screen"}},
    {"native", GROUP_OPERATORS, OPTION_BOOL, AT(arm_native), 0, 0, {0}},
    {"importance-crossover", GROUP_OPERATORS, OPTION_BOOL, AT(arm_importance), 0, 0, {0}},
    {"local-effect", GROUP_OPERATORS, OPTION_BOOL, AT(arm_local), 0, 0, {0}},
    {"surrogate-crossover", GROUP_OPERATORS, OPTION_BOOL, AT(arm_crossover), 0, 0, {0}},
};
#undef AT

static const struct option *find_option(const char *name)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (!strcmp(options[i].name, name))
            return &options[i];
    }
    return NULL;
}

static int parse_enum(const struct option *o, const char *text, uint32_t *ret_value, struct sonata_error *err)
{
    char known[160] = "";
    for (uint32_t i = 0; i < 8 && o->values[i]; i++) {
        if (!strcmp(o->values[i], text)) {
            *ret_value = i;
            return 0;
        }
        size_t used = strlen(known);
        (void)copy_string(known + used, sizeof known - used, i ? ", " : "");
        used = strlen(known);
        (void)copy_string(known + used, sizeof known - used, o->values[i]);
    }
    return sonata_error_set(err, -EINVAL, "option %s=%s: one of %s is expected", o->name, text, known);
}

static int parse_bool(const struct option *o, const char *text, bool *ret_value, struct sonata_error *err)
{
    bool on = !strcmp(text, "on") || !strcmp(text, "true"), off = !strcmp(text, "off") || !strcmp(text, "false");
    if (!on && !off)
        return sonata_error_set(err, -EINVAL, "option %s=%s: on or off is expected", o->name, text);
    *ret_value = on;
    return 0;
}

static int apply(const struct option *o, const char *text, struct settings *s, struct sonata_error *err)
{
    char *field = (char *)s + o->offset;
    uint64_t count;
    double real;
    switch (o->type) {
    case OPTION_BOOL:
        return parse_bool(o, text, (bool *)field, err);
    case OPTION_ENUM:
        return parse_enum(o, text, (uint32_t *)(void *)field, err);
    case OPTION_COUNT:
        if (parse_u64(text, (uint64_t)o->min, (uint64_t)o->max, &count))
            return sonata_error_set(err, -EINVAL, "option %s=%s: a whole number %g to %g is expected", o->name, text, o->min, o->max);
        *(uint32_t *)(void *)field = (uint32_t)count;
        return 0;
    case OPTION_REAL:
        if (parse_double(text, &real) || real < o->min || real > o->max)
            return sonata_error_set(err, -EINVAL, "option %s=%s: a number %g to %g is expected", o->name, text, o->min, o->max);
        *(double *)(void *)field = real;
        return 0;
    }
    return -EINVAL;
}

static void set_defaults(const struct core_params *p, struct settings *s)
{
    uint32_t budget = p->budget ? p->budget : 400;
    *s = (struct settings){
        .population = budget >= 20000  ? 200
                      : budget >= 5000 ? 100
                                       : clamp_of(budget / 4, 10, 50),
        .batch = 0,
        .generational = p->generational,
        .mutation = MUTATION_RESET,
        .crossover = CROSSOVER_UNIFORM,
        .crossover_rate = 0.9,
        .design = DESIGN_RANDOM,
        .surrogate = SURROGATE_GP,
        .sources = SOURCES_BOTH,
        .agent = CHOOSER_THOMPSON,
        .reward = REWARD_FRONT,
        .importance = true,
        .mask = true,
        .fallback = true,
        .feasibility = true,
        .beta = 0.3,
        .discount = 0.8,
        .trees = 50,
        .inner_generations = 30,
        .inner_population = 100,
        .pool = 400,
        .screen = 8,
        .train_max = 600,
        .arm_native = true,
        .arm_importance = true,
        .arm_local = true,
        .arm_crossover = true,
        .reference = 1.05,
        .scale_quantile = 1,
        .least_used = LEAST_USED_OFF,
        .bound = p->revision == 1 ? 0 : 200,
    };
}

int settings_resolve(const struct core_params *p, struct settings *ret_settings, struct sonata_error *err)
{
    struct settings s;
    set_defaults(p, &s);
    if (p->revision > CORE_REVISION)
        return sonata_error_set(err, -EINVAL, "revision %u of the search is not known; %d is the newest", p->revision, CORE_REVISION);
    int64_t index = algorithm_find(p->algorithm);
    if (index < 0)
        return sonata_error_set(err, -EINVAL, "algorithm '%s' is not known; %s are", p->algorithm, algorithm_names());
    const struct algorithm *algorithm = algorithm_get((uint32_t)index);
    s.algorithm = (uint32_t)index;
    if (algorithm->option_groups & GROUP_SONATA && p->revision != 1)
        s.least_used = LEAST_USED_AUTO;
    algorithm->defaults(p, &s);
    s.population = p->population ? p->population : s.population;
    s.init = p->init ? p->init : s.init ? s.init : s.population;
    for (uint32_t i = 0; i < p->n_options; i++) {
        const struct option *o = find_option(p->option[i].name);
        if (!o)
            return sonata_error_set(err, -EINVAL, "option '%s' is not known (docs/SEARCH.md lists them)", p->option[i].name);
        if (!(o->groups & algorithm->option_groups))
            return sonata_error_set(err, -EINVAL, "option '%s' means nothing to algorithm '%s'", o->name, algorithm->name);
        int r = apply(o, p->option[i].value, &s, err);
        if (r)
            return r;
    }
    if (!s.arm_native && !(s.arm_importance && s.importance) && !s.arm_local && !s.arm_crossover)
        return sonata_error_set(err, -EINVAL, "at least one operator must stay on");
    if (!s.batch)
        s.batch = s.generational ? s.population : 10;
    *ret_settings = s;
    return 0;
}
