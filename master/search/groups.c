/* See groups.h. The costly group is the one of the largest cost; all others are cheap. Their ratio decides how many are screened. */
#include "search/groups.h"

#include <math.h>

#include "base/number.h"

static const double SCREENING_SHARE = 0.1; /* of the cost of a whole evaluation that the screenings for it may take */

uint32_t groups_all(const struct core *s) { return (1u << (s->params.n_groups > 1 ? s->params.n_groups : 1)) - 1; }

bool groups_know(const struct core *s, const struct row *r, uint32_t o)
{
    return r->state == ROW_OK || (r->known >> s->params.group[o] & 1 && (r->state == ROW_SCREENED || r->state == ROW_PENDING));
}

bool groups_screened_now(const struct core *s, const struct row *r) { return r->state == ROW_PENDING && r->asked != groups_all(s); }

void groups_fill(const struct core *s, const struct row *r, struct candidate *c)
{
    for (uint32_t o = 0; o < s->params.n_objectives; o++) {
        if (!groups_know(s, r, o))
            continue;
        c->known |= 1u << o;
        c->mean[o] = c->q[o] = r->y[o];
        c->sd[o] = 0;
    }
}

bool core_can_screen(const struct core *s)
{
    return s->set.screening != 1 && s->algorithm->option_groups & GROUP_PLUS && !s->set.generational && s->set.surrogate != SURROGATE_NONE;
}

void groups_derive(struct core *s)
{
    double dear = 0, total = 0;
    s->screening = 1;
    s->cheap_groups = 0;
    if (s->params.n_groups < 2 || !core_can_screen(s) || !(s->cost[0] > 0))
        return;
    uint32_t costly = 0;
    for (uint32_t g = 0; g < s->params.n_groups; g++) {
        total += s->cost[g];
        if (s->cost[g] > dear) {
            dear = s->cost[g];
            costly = g;
        }
    }
    double wanted = s->set.screening ? s->set.screening : floor(SCREENING_SHARE * dear / (total - dear) + 1e-9);
    s->screening = (uint32_t)clamp_of(wanted, 1, CORE_SCREENING_MAX);
    s->cheap_groups = groups_all(s) & ~(1u << costly);
}
