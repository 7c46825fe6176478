/* See settings.h. Defaults are those of docs/SEARCH.md; an option that its algorithm would not read is an error, so that an ablation
 * can never silently be the thing it is compared with. */
#include "search/settings.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/number.h"
#include "base/option.h"
#include "search/core_internal.h"

#define AT(field) offsetof(struct core_settings, field)
/* group: who reads the option; algorithms[].option_groups must contain it. */
static const struct option_def options[] = {
    {.name = "batch", .group = GROUP_ALL, .offset = AT(batch), .type = OPTION_COUNT, .min = 1, .max = 1000},
    {.name = "generational", .group = GROUP_ALL, .offset = AT(generational), .type = OPTION_FLAG},
    {.name = "mutation", .group = GROUP_EVOLUTION, .offset = AT(mutation), .type = OPTION_WORD, .choices = "reset|ordinal|resample"},
    {.name = "crossover", .group = GROUP_EVOLUTION, .offset = AT(crossover), .type = OPTION_WORD, .choices = "uniform|block"},
    {.name = "crossover-rate", .group = GROUP_EVOLUTION, .offset = AT(crossover_rate), .type = OPTION_NUMBER, .min = 0, .max = 1},
    {.name = "design", .group = GROUP_ALL, .offset = AT(design), .type = OPTION_WORD, .choices = "random|stratified"},
    {.name = "least-used", .group = GROUP_EVOLUTION, .offset = AT(least_used), .type = OPTION_WORD, .choices = "auto|on|off"},
    {.name = "surrogate", .group = GROUP_MODEL, .offset = AT(surrogate), .type = OPTION_WORD, .choices = "gp|forest|ridge|none"},
    {.name = "trees", .group = GROUP_MODEL, .offset = AT(trees), .type = OPTION_COUNT, .min = 5, .max = 500},
    {.name = "mask", .group = GROUP_MODEL, .offset = AT(mask), .type = OPTION_FLAG},
    {.name = "inner-generations", .group = GROUP_MODEL, .offset = AT(inner_generations), .type = OPTION_COUNT, .min = 1, .max = 500},
    {.name = "inner-population", .group = GROUP_MODEL, .offset = AT(inner_population), .type = OPTION_COUNT, .min = 8, .max = 500},
    {.name = "train-max", .group = GROUP_MODEL, .offset = AT(train_max), .type = OPTION_COUNT, .min = 50, .max = 5000},
    {.name = "bound", .group = GROUP_MODEL, .offset = AT(bound), .type = OPTION_NUMBER, .min = 0, .max = 1e6},
    {.name = "families", .group = GROUP_MODEL, .offset = AT(families), .type = OPTION_WORD, .choices = "off|cell|all"},
    {.name = "importance", .group = GROUP_SONATA, .offset = AT(importance), .type = OPTION_FLAG},
    {.name = "beta", .group = GROUP_SONATA, .offset = AT(beta), .type = OPTION_NUMBER, .min = 0, .max = 5},
    {.name = "fallback", .group = GROUP_SONATA, .offset = AT(fallback), .type = OPTION_FLAG},
    {.name = "feasibility", .group = GROUP_SONATA, .offset = AT(feasibility), .type = OPTION_FLAG},
    {.name = "pool", .group = GROUP_SONATA, .offset = AT(pool), .type = OPTION_COUNT, .min = 10, .max = 5000},
    {.name = "screen", .group = GROUP_SONATA, .offset = AT(screen), .type = OPTION_COUNT, .min = 1, .max = 100},
    {.name = "agent", .group = GROUP_SONATA, .offset = AT(agent), .type = OPTION_WORD, .choices = "fixed|thompson|linucb|actor-critic|ppo"},
    {.name = "reward", .group = GROUP_SONATA, .offset = AT(reward), .type = OPTION_WORD, .choices = "front|gain|survival"},
    {.name = "discount", .group = GROUP_SONATA, .offset = AT(discount), .type = OPTION_NUMBER, .min = 0, .max = 1},
    {.name = "reference", .group = GROUP_SONATA, .offset = AT(reference), .type = OPTION_NUMBER, .min = 0.1, .max = 10},
    {.name = "scale-quantile", .group = GROUP_SONATA, .offset = AT(scale_quantile), .type = OPTION_NUMBER, .min = 0.5, .max = 1},
    {.name = "screening", .group = GROUP_PLUS, .offset = AT(screening), .type = OPTION_COUNT, .min = 0, .max = CORE_SCREENING_MAX},
    {.name = "sources", .group = GROUP_PLUS, .offset = AT(sources), .type = OPTION_WORD, .choices = "both|inner|screen"},
    {.name = "native", .group = GROUP_OPERATORS, .offset = AT(arm_native), .type = OPTION_FLAG},
    {.name = "importance-crossover", .group = GROUP_OPERATORS, .offset = AT(arm_importance), .type = OPTION_FLAG},
    {.name = "local-effect", .group = GROUP_OPERATORS, .offset = AT(arm_local), .type = OPTION_FLAG},
    {.name = "surrogate-crossover", .group = GROUP_OPERATORS, .offset = AT(arm_crossover), .type = OPTION_FLAG},
    {0},
};
#undef AT

static void set_defaults(const struct core_params *p, struct core_settings *s)
{
    uint32_t budget = p->budget ? p->budget : 400;
    *s = (struct core_settings){
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
        .families = !p->revision || p->revision > 3 ? FAMILIES_CELL : FAMILIES_OFF,
    };
}

int settings_resolve(const struct core_params *p, struct core_settings *ret_settings, struct sonata_error *err)
{
    struct core_settings s;
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
    if (p->init || !s.init)
        s.init = p->init ? p->init : s.population;
    for (uint32_t i = 0; i < p->n_options; i++) {
        const struct option_def *o = option_find(options, p->option[i].name);
        if (!o)
            return sonata_error_set(err, -EINVAL, "option '%s' is not known (docs/SEARCH.md lists them)", p->option[i].name);
        if (!(o->group & algorithm->option_groups))
            return sonata_error_set(err, -EINVAL, "option '%s' means nothing to algorithm '%s'", o->name, algorithm->name);
        int r = option_read(o, p->option[i].value, &s, err);
        if (r)
            return sonata_error_prefix(err, r, "option %s", o->name);
    }
    if (!s.arm_native && !(s.arm_importance && s.importance) && !s.arm_local && !s.arm_crossover)
        return sonata_error_set(err, -EINVAL, "at least one operator must stay on");
    if (!s.batch)
        s.batch = s.generational ? s.population : 10;
    *ret_settings = s;
    return 0;
}
