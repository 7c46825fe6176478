/* The switches of the algorithms: params + options, resolved to numbers. One table says name, values and who takes them. */
#ifndef SONATA_SEARCH_SETTINGS_H
#define SONATA_SEARCH_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "search/core.h"

enum surrogate_kind { SURROGATE_GP, SURROGATE_FOREST, SURROGATE_RIDGE, SURROGATE_NONE };
enum source_mode { SOURCES_BOTH, SOURCES_INNER, SOURCES_SCREEN };
enum chooser_kind { CHOOSER_FIXED, CHOOSER_THOMPSON, CHOOSER_LINUCB, CHOOSER_ACTOR_CRITIC, CHOOSER_PPO };
enum reward_kind { REWARD_FRONT, REWARD_GAIN, REWARD_SURVIVAL };
enum mutation_kind { MUTATION_RESET, MUTATION_ORDINAL, MUTATION_RESAMPLE };
enum crossover_kind { CROSSOVER_UNIFORM, CROSSOVER_BLOCK };
enum least_used_kind { LEAST_USED_AUTO, LEAST_USED_ON, LEAST_USED_OFF };
enum families_kind { FAMILIES_OFF, FAMILIES_CELL, FAMILIES_ALL };
enum design_kind { DESIGN_RANDOM, DESIGN_STRATIFIED };

struct core_settings {
    uint32_t algorithm; // index into the table of algorithms
    uint32_t population, init, batch;
    bool generational;
    uint32_t mutation, crossover, design;
    double crossover_rate;
    uint32_t least_used; // front members as parents, see population.c
    uint32_t surrogate, sources, agent, reward;
    bool importance, mask, fallback, feasibility;
    uint32_t families; // genes whose values the Gaussian process may count
    double beta, discount;
    uint32_t trees, inner_generations, inner_population, pool, screen, train_max;
    bool arm_native, arm_importance, arm_local, arm_crossover;
    uint32_t screening;    // architectures screened for each promoted one, 0: by the costs
    double reference;      // of the hypervolume gain, in search scale
    double bound;          // nominal milliseconds of work that a batch may be, 0: no bound
    double scale_quantile; // of the initial sample, where the search scale ends
};

/* Defaults of the algorithm for the parameters, then the options. -EINVAL names the option, what it may be, or who takes it. */
int settings_resolve(const struct core_params *p, struct core_settings *ret_settings, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
