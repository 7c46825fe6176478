/* sonata+, the default (docs/SEARCH.md; study: two sources, one agent): every candidate comes either from an inner NSGA-II on the surrogate
 * or from screened offspring of the measured population; a discounted Thompson agent splits each batch between them; within a source a batch is
 * chosen by greedy hypervolume gain, pending points counted at their predicted mean.
 *
 * A refit costs tens of milliseconds, so candidates are bred in small batches and kept in reserve; the reserve is dropped as soon as
 * a few results have come that it does not know. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/number.h"
#include "search/acquire.h"
#include "search/chooser.h"
#include "search/effort.h"
#include "search/models.h"
#include "search/reserve.h"

enum { ARM_INNER = ARM_FIRST_OWN, ARM_SCREEN, SCREEN_MIN = 40 };

static void defaults(const struct core_params *p, struct core_settings *s)
{
    s->population = 50;
    s->init = p->budget && p->budget < 100 ? (max_of(p->budget / 4, 8)) : 25;
}

/* Screened offspring of the measured population into the pool. */
static void screen(struct core *s, uint32_t want, struct keyset *taken, struct pool *pool)
{
    struct keyset among = {0};
    uint32_t target = max_of(s->set.screen * want, SCREEN_MIN);
    for (uint32_t t = 0; t < 2 * target && pool->n < target; t++) {
        struct candidate c;
        if (!population_offspring(s, &among, ARM_SCREEN, &c))
            break;
        if (!keyset_has(taken, hash64(c.genotype.allele, s->space.n_genes)))
            *pool_add(pool) = c;
    }
    keyset_fini(&among);
    models_predict(s, pool->c, pool->n, s->set.beta, false);
}

/* `want` candidates of one source, appended to `out` (whose keys are in `taken`). */
static void from_source(struct core *s, uint32_t arm, uint32_t want, struct keyset *taken, struct front *front, struct pool *out)
{
    struct pool pool = {0};
    uint32_t *index = xcalloc(want + 1, sizeof *index);
    if (arm == ARM_INNER)
        acquire_inner(s, taken, &pool, arm);
    else
        screen(s, want, taken, &pool);
    uint32_t n = acquire_choose(s, &pool, front, want, index);
    for (uint32_t i = 0; i < n; i++) {
        (void)keyset_add(taken, hash64(pool.c[index[i]].genotype.allele, s->space.n_genes));
        *pool_add(out) = pool.c[index[i]];
    }
    free(index);
    pool_fini(&pool);
}

/* Gives the decisions their candidates in the order in which they were taken; a source that found too few leaves its place to the other. */
static uint32_t deal(struct pool source[2], const uint32_t *arm, uint32_t n, struct candidate *ret)
{
    uint32_t at[2] = {0, 0}, k = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t from = arm[i] == ARM_SCREEN;
        if (at[from] >= source[from].n)
            from ^= 1;
        if (at[from] < source[from].n)
            ret[k++] = source[from].c[at[from]++];
    }
    return k;
}

static uint32_t batch(struct core *s, uint32_t n, struct candidate *ret)
{
    effort_begin(s);
    if (!models_refresh(s) || s->population.n < 2 || (s->set.fallback && !models_trusted(s))) {
        uint32_t k = reserve_plain(s, n, ARM_SCREEN, ret);
        if (s->models->fitted && s->models->fitted_told == s->archive.n_told)
            models_predict(s, ret, k, 0, true); /* so that trust can be won back */
        return k;
    }
    uint32_t *arm = xcalloc(n + 1, sizeof *arm), want[2] = {0, 0};
    float(*context)[CHOOSER_FEATURES] = xcalloc(n + 1, sizeof *context), *probability = xcalloc(n + 1, sizeof *probability);
    struct pool source[2] = {{0}, {0}};
    struct keyset taken = {0};
    struct front front = {0};
    for (uint32_t i = 0; i < n; i++) {
        arm[i] = chooser_choose(s, context[i], &probability[i]);
        want[arm[i] == ARM_SCREEN]++;
    }
    acquire_front(s, &front, true);
    for (uint32_t k = 0; k < 2; k++) {
        if (want[k])
            from_source(s, ARM_INNER + k, want[k], &taken, &front, &source[k]);
    }
    uint32_t got = deal(source, arm, n, ret);
    models_predict(s, ret, got, s->set.beta, true);
    for (uint32_t i = 0; i < got; i++) {
        memcpy(ret[i].context, context[i], sizeof ret[i].context);
        ret[i].probability = probability[i];
    }
    pool_fini(&source[0]);
    pool_fini(&source[1]);
    keyset_fini(&taken);
    front_fini(&front);
    free(arm);
    free(context);
    free(probability);
    return got;
}

static uint32_t breed(struct core *s, uint32_t n, struct candidate *ret_candidates)
{
    uint32_t tolerance = reserve_tolerance(s);
    return reserve_breed(s, n, ret_candidates, (struct reserve_rule){batch, tolerance + 1, tolerance, ARM_SCREEN});
}

static const char *const arms[] = {"init", "random", "inner", "screen"};

const struct algorithm algorithm_sonata_plus = {
    .name = "sonata+",
    .option_groups = GROUP_ALL | GROUP_EVOLUTION | GROUP_MODEL | GROUP_SONATA | GROUP_PLUS,
    .n_arms = 4,
    .arm = arms,
    .defaults = defaults,
    .breed = breed,
    .told = population_merge,
};
