/* The table of algorithms. Its order does not matter: names are what is stored. */
#include <string.h>

#include "search/core_internal.h"

static const struct algorithm *const algorithms[] = {
    &algorithm_random,    &algorithm_nsga2, &algorithm_sonata,       &algorithm_sonata_plus, &algorithm_aging, &algorithm_linas,
    &algorithm_nsganetv2, &algorithm_local, &algorithm_optuna_nsga2, &algorithm_ehvi,        &algorithm_lamoo, &algorithm_parego,
};

enum { N_ALGORITHMS = sizeof algorithms / sizeof *algorithms };

int64_t algorithm_find(const char *name)
{
    for (uint32_t i = 0; i < N_ALGORITHMS; i++) {
        if (!strcmp(algorithms[i]->name, name))
            return i;
    }
    return -1;
}

bool core_algorithm_is_quick(const char *algorithm)
{
    int64_t i = algorithm_find(algorithm);
    return i >= 0 && algorithms[i]->quick;
}

const struct algorithm *algorithm_get(uint32_t index) { return algorithms[index]; }

const char *algorithm_names(void) { return "sonata+, sonata, nsga2, random, aging, linas, nsganetv2, local, optuna-nsga2, ehvi, lamoo, parego"; }
