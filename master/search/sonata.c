/* sonata, the paper's mode as we read it (arXiv 2402.13204; its abstract is all that is public to us): NSGA-II whose operators are guided by
 * what tree surrogates say about gene importance ("How") and chosen by a learning agent ("When"). The forest also screens: `screen` children
 * are predicted for each one measured, and the batch is chosen among them by hypervolume gain. */
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "search/acquire.h"
#include "search/chooser.h"
#include "search/effort.h"
#include "search/models.h"
#include "search/reserve.h"
#include "search/sonata_operators.h"

static const double OFFSPRING_SHARE = 0.9; /* of the bound that may be spent when another child is bred */

enum { ARM_NATIVE = ARM_FIRST_OWN, ARM_IMPORTANCE, ARM_LOCAL, ARM_GUIDED, TRIES = 12 };

static void defaults(const struct core_params *p, struct core_settings *s)
{
    s->init = p->budget && p->budget < 160 ? (max_of(p->budget / 4, 8)) : 40;
    s->surrogate = SURROGATE_FOREST;
    s->beta = 0;
    s->reward = REWARD_SURVIVAL;
}

static void apply_arm(struct core *s, uint32_t arm, const struct genotype *a, const struct genotype *b, struct genotype *ret_child)
{
    if (arm == ARM_IMPORTANCE)
        operator_importance(s, a, b, ret_child);
    else if (arm == ARM_LOCAL)
        operator_local(s, a, b, ret_child);
    else
        operator_guided_crossover(s, a, b, ret_child);
}

/* One unseen child by the arm the agent chooses. */
static bool offspring(struct core *s, struct keyset *among, struct candidate *ret)
{
    float context[CHOOSER_FEATURES], probability;
    uint32_t arm = chooser_choose(s, context, &probability);
    bool found = false;
    for (uint32_t t = 0; t < TRIES && arm != ARM_NATIVE && !found; t++) {
        uint32_t a = population_tournament(s), b = population_tournament(s);
        struct genotype child;
        apply_arm(s, arm, &s->archive.row[a].genotype, &s->archive.row[b].genotype, &child);
        found = candidate_accept(s, among, &child);
        if (found) {
            candidate_init(s, ret, &child, arm);
            ret->parent[0] = a;
            ret->parent[1] = b != a ? (int64_t)b : -1;
        }
    }
    if (!found && !population_offspring(s, among, ARM_NATIVE, ret))
        return false;
    memcpy(ret->context, context, sizeof context);
    ret->probability = probability;
    return true;
}

static uint32_t batch(struct core *s, uint32_t n, struct candidate *ret)
{
    effort_begin(s);
    if (!models_refresh(s) || s->population.n < 2 || (s->set.fallback && !models_trusted(s))) {
        uint32_t k = reserve_plain(s, n, ARM_NATIVE, ret);
        if (s->models->fitted && s->models->fitted_told == s->archive.n_told)
            models_predict(s, ret, k, 0, true);
        return k;
    }
    struct pool pool = {0};
    struct keyset among = {0};
    struct front front = {0};
    uint32_t *index = xcalloc(n + 1, sizeof *index);
    for (uint32_t i = 0; i < s->set.screen * n && (i < n || effort_left(s, OFFSPRING_SHARE)); i++) {
        struct candidate c;
        if (!offspring(s, &among, &c))
            break;
        *pool_add(&pool) = c;
    }
    models_predict(s, pool.c, pool.n, s->set.beta, true);
    acquire_front(s, &front, true);
    uint32_t got = acquire_choose(s, &pool, &front, n, index);
    for (uint32_t i = 0; i < got; i++)
        ret[i] = pool.c[index[i]];
    free(index);
    pool_fini(&pool);
    keyset_fini(&among);
    front_fini(&front);
    return got;
}

static uint32_t breed(struct core *s, uint32_t n, struct candidate *ret_candidates)
{
    uint32_t tolerance = reserve_tolerance(s);
    return reserve_breed(s, n, ret_candidates, (struct reserve_rule){batch, tolerance + 1, tolerance, ARM_NATIVE});
}

static const char *const arms[] = {"init", "random", "native", "importance-crossover", "local-effect", "surrogate-crossover"};

const struct algorithm algorithm_sonata = {
    .name = "sonata",
    .option_groups = GROUP_ALL | GROUP_EVOLUTION | GROUP_MODEL | GROUP_SONATA | GROUP_OPERATORS,
    .n_arms = 6,
    .arm = arms,
    .defaults = defaults,
    .breed = breed,
    .told = population_merge,
};
