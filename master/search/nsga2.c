/* NSGA-II (Deb 2002) on discrete, conditional genes: the yardstick. Steady-state by default (every result is merged at once and children
 * are bred whenever they are asked for), generational when asked. No architecture is bred twice. */
#include "search/core_internal.h"

static void defaults(const struct core_params *p, struct core_settings *s)
{
    (void)p;
    (void)s;
}

static uint32_t breed(struct core *s, uint32_t n, struct candidate *ret_candidates)
{
    struct keyset among = {0};
    uint32_t k = 0;
    while (k < n && population_offspring(s, &among, ARM_FIRST_OWN, &ret_candidates[k]))
        k++;
    keyset_fini(&among);
    return k;
}

static const char *const arms[] = {"init", "random", "offspring"};

const struct algorithm algorithm_nsga2 = {
    .name = "nsga2",
    .quick = true,
    .option_groups = GROUP_ALL | GROUP_EVOLUTION,
    .n_arms = 3,
    .arm = arms,
    .defaults = defaults,
    .breed = breed,
    .told = population_merge,
};
