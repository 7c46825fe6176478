/* Random search without repeats. */
#include "search/core_internal.h"

static void defaults(const struct core_params *p, struct core_settings *s)
{
    (void)p;
    s->init = 1;
}

static uint32_t breed(struct core *s, uint32_t n, struct candidate *ret_candidates)
{
    struct keyset among = {0};
    struct genotype g;
    uint32_t k = 0;
    while (k < n && design_unseen(s, &among, &g))
        candidate_init(s, &ret_candidates[k++], &g, ARM_RANDOM);
    keyset_fini(&among);
    return k;
}

static void told(struct core *s, const uint32_t *rows, uint32_t n)
{
    (void)s;
    (void)rows;
    (void)n;
}

static const char *const arms[] = {"init", "random"};

const struct algorithm algorithm_random = {
    .name = "random", .quick = true, .option_groups = GROUP_ALL, .n_arms = 2, .arm = arms, .defaults = defaults, .breed = breed, .told = told};
