/* Genotypes when nothing is known yet: the initial design, random unseen ones, and the walk through a small space that finds the last
 * ones. Everything proposed passes candidate_accept(), which is where "never twice" lives. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/number.h"
#include "search/core_internal.h"

enum { RANDOM_TRIES = 200, WALK_MAX = 1 << 22, DESIGN_CHOICES = 10 };

void keyset_fini(struct keyset *k)
{
    free(k->slot);
    *k = (struct keyset){0};
}

static bool keyset_put(struct keyset *k, uint64_t key)
{
    uint32_t i = (uint32_t)(key >> 7) & (k->slots - 1);
    for (; k->slot[i]; i = (i + 1) & (k->slots - 1)) {
        if (k->slot[i] == key)
            return false;
    }
    k->slot[i] = key;
    k->n++;
    return true;
}

bool keyset_add(struct keyset *k, uint64_t key)
{
    key += !key;
    if (2 * (k->n + 1) > k->slots) {
        struct keyset bigger = {.slots = k->slots ? 2 * k->slots : 256};
        bigger.slot = xcalloc(bigger.slots, sizeof *bigger.slot);
        for (uint32_t i = 0; i < k->slots; i++) {
            if (k->slot[i])
                (void)keyset_put(&bigger, k->slot[i]);
        }
        free(k->slot);
        *k = bigger;
    }
    return keyset_put(k, key);
}

bool candidate_accept(const struct core *s, struct keyset *among, const struct genotype *canonical)
{
    uint64_t hash = hash64(canonical->allele, s->space.n_genes);
    return archive_find_hashed(&s->archive, &s->space, canonical, hash) < 0 && (!among || keyset_add(among, hash));
}

void core_features(const struct core *s, const struct genotype *canonical, uint8_t ret_features[SPACE_GENES_MAX])
{
    bool active[SPACE_GENES_MAX];
    if (s->set.mask) {
        layout_features(&s->layout, &s->space, canonical, ret_features);
        return;
    }
    memset(ret_features, 0, SPACE_GENES_MAX);
    layout_active(&s->layout, canonical, active);
    for (unsigned j = 0; j < s->space.n_genes; j++)
        ret_features[j] = active[j] ? (uint8_t)(canonical->allele[j] + 1) : 0;
}

void candidate_init(const struct core *s, struct candidate *c, const struct genotype *canonical, uint32_t arm)
{
    *c = (struct candidate){.genotype = *canonical, .arm = arm, .parent = {-1, -1}, .probability = 1};
    core_features(s, canonical, c->features);
}

/* The canonical form that follows in lexicographic order, wrapping from the last to the first. */
static void walk_next(const struct space *space, struct genotype *g)
{
    bool active[SPACE_GENES_MAX];
    space_active(space, g, active);
    unsigned j = space->n_genes;
    while (j-- > 0) {
        if (active[j] && g->allele[j] + 1u < space->gene[j].n_choices) {
            g->allele[j]++;
            memset(g->allele + j + 1, 0, space->n_genes - j - 1u);
            return;
        }
    }
    memset(g->allele, 0, sizeof g->allele);
}

/* Visits every form of a small space once, from a random one on; of a larger one as many as the ask under way may still visit: when two hundred
 * random ones were all seen and these too, next to nothing is left. */
static bool walk_unseen(struct core *s, struct keyset *among, struct genotype *ret_genotype)
{
    double size = space_size(&s->space);
    if (size > WALK_MAX)
        return false;
    struct genotype g = space_random(&s->space, &s->rng);
    uint32_t steps = (uint32_t)min_of(size, (double)s->walk_left);
    s->walk_left -= steps;
    for (uint32_t i = 0; i < steps; i++, walk_next(&s->space, &g)) {
        struct genotype canonical = space_canonical(&s->space, &g);
        if (genotype_equal(&s->space, &canonical, &g) && candidate_accept(s, among, &canonical)) {
            *ret_genotype = canonical;
            return true;
        }
    }
    if (steps >= (uint32_t)size && (!among || !among->n))
        s->exhausted = true;
    return false;
}

bool design_unseen(struct core *s, struct keyset *among, struct genotype *ret_genotype)
{
    if (s->exhausted)
        return false;
    for (uint32_t i = 0; i < RANDOM_TRIES; i++) {
        struct genotype g = space_random(&s->space, &s->rng);
        if (candidate_accept(s, among, &g)) {
            *ret_genotype = g;
            return true;
        }
    }
    return walk_unseen(s, among, ret_genotype);
}

/* Of some random unseen genotypes the one whose values have been used least so far: levels become about equally frequent. */
static bool design_balanced(struct core *s, struct keyset *among, struct genotype *ret_genotype)
{
    uint32_t used[SPACE_GENES_MAX][SPACE_CHOICES_MAX + 1] = {{0}};
    for (uint32_t i = 0; i < s->archive.n; i++) {
        for (unsigned j = 0; j < s->space.n_genes; j++)
            used[j][s->archive.row[i].features[j]]++;
    }
    uint64_t best = UINT64_MAX;
    for (uint32_t i = 0; i < DESIGN_CHOICES; i++) {
        struct genotype g;
        uint8_t f[SPACE_GENES_MAX];
        if (!design_unseen(s, NULL, &g))
            return false;
        core_features(s, &g, f);
        uint64_t score = 0;
        for (unsigned j = 0; j < s->space.n_genes; j++)
            score += f[j] ? (uint64_t)used[j][f[j]] * used[j][f[j]] : 0;
        if (score < best) {
            best = score;
            *ret_genotype = g;
        }
    }
    return candidate_accept(s, among, ret_genotype);
}

bool design_next(struct core *s, struct keyset *among, struct genotype *ret_genotype)
{
    if (s->set.design == DESIGN_RANDOM)
        return design_unseen(s, among, ret_genotype);
    struct genotype extreme[2] = {space_first(&s->space), space_last(&s->space)};
    for (int i = 0; i < 2; i++) {
        if (candidate_accept(s, among, &extreme[i])) {
            *ret_genotype = extreme[i];
            return true;
        }
    }
    return design_balanced(s, among, ret_genotype) || design_unseen(s, among, ret_genotype);
}
