/* See reserve.h. */
#include "search/reserve.h"

#include <string.h>

#include "base/number.h"

uint32_t reserve_tolerance(const struct core *s)
{
    uint32_t t = s->archive.n_told / 50;
    return min_of(t, s->set.batch - 1);
}

static void refill(struct core *s, uint32_t want, batch_fn *batch)
{
    s->reserve = xgrow(s->reserve, &s->reserve_capacity, want, sizeof *s->reserve);
    s->reserve_at = 0;
    s->n_reserve = batch(s, want, s->reserve);
    s->reserve_told = s->archive.n_told;
}

uint32_t reserve_breed(struct core *s, uint32_t n, struct candidate *ret_candidates, struct reserve_rule rule)
{
    uint32_t k = 0;
    if (s->archive.n_told - s->reserve_told > rule.tolerance)
        s->n_reserve = s->reserve_at = 0;
    if (s->reserve_at == s->n_reserve)
        refill(s, max_of(n, rule.ahead), rule.batch);
    while (k < n && s->reserve_at < s->n_reserve) {
        const struct candidate *c = &s->reserve[s->reserve_at++];
        if (candidate_accept(s, NULL, &c->genotype)) /* an injected one may have come in between */
            ret_candidates[k++] = *c;
    }
    return k ? k : reserve_plain(s, n, rule.arm, ret_candidates);
}

uint32_t reserve_plain(struct core *s, uint32_t n, uint32_t arm, struct candidate *ret_candidates)
{
    struct keyset among = {0};
    uint32_t k = 0;
    while (k < n && population_offspring(s, &among, arm, &ret_candidates[k]))
        k++;
    keyset_fini(&among);
    return k;
}
