#include "fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cmocka.h"

const char *const algorithm_name[N_ALGORITHMS] = {"random", "nsga2", "sonata", "sonata+", "aging", "linas", "nsganetv2", "local", "optuna-nsga2", "ehvi", "lamoo", "parego"};

void fixture_close(double a, double b, double tolerance, const char *file, int line)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%s:%d: %.17g and %.17g differ by more than %g", file, line, a, b, tolerance);
}

static struct gene *add_gene(struct space *s, const char *name, uint8_t choices, bool ordinal)
{
    struct gene *g = &s->gene[s->n_genes++];
    *g =
        (struct gene){.ordinal = ordinal, .n_choices = choices, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1};
    snprintf(g->name, sizeof g->name, "%s", name);
    for (int v = 0; v < choices; v++) {
        snprintf(g->label[v], sizeof g->label[v], "c%d", v);
        g->value[v] = NAN;
    }
    return g;
}

void fixture_cell_space(struct space *s)
{
    static const int16_t from[] = {0, 0, 1, 0, 1, 2}, to[] = {1, 2, 2, 3, 3, 3};
    char name[16];
    *s = (struct space){.name = "cell", .cell_nodes = 4};
    for (int j = 0; j < 6; j++) {
        snprintf(name, sizeof name, "e%d%d", from[j], to[j]);
        struct gene *g = add_gene(s, name, 5, false);
        g->edge_from = from[j];
        g->edge_to = to[j];
        g->none_allele = 0;
    }
}

void fixture_depth_space(struct space *s)
{
    char name[16];
    *s = (struct space){.name = "depth"};
    for (int stage = 0; stage < 2; stage++) {
        snprintf(name, sizeof name, "d%d", stage);
        add_gene(s, name, 3, true);
    }
    for (int stage = 0; stage < 2; stage++) {
        for (int layer = 0; layer < 3; layer++) {
            for (int k = 0; k < 2; k++) {
                snprintf(name, sizeof name, "%c%d%d", k ? 'e' : 'k', stage, layer);
                struct gene *g = add_gene(s, name, 3, true);
                g->block = (int16_t)(stage * 3 + layer);
                if (layer) {
                    g->condition_gene = (int16_t)stage;
                    g->condition_mask = layer == 1 ? 6 : 4;
                }
            }
        }
    }
}

void fixture_tiny_space(struct space *s)
{
    *s = (struct space){.name = "tiny"};
    add_gene(s, "a", 2, false);
    add_gene(s, "b", 3, true);
    struct gene *g = add_gene(s, "c", 2, false);
    g->condition_gene = 0;
    g->condition_mask = 2;
}

void fixture_evaluate(const struct space *s, const struct genotype *g, uint32_t m, double *ret_y)
{
    uint8_t f[SPACE_GENES_MAX];
    space_features(s, g, f);
    for (uint32_t o = 0; o < m; o++) {
        double y = 1;
        for (uint32_t j = 0; j < s->n_genes; j++) {
            double size = f[j] / (double)(s->gene[j].n_choices + 1), weight = 1 + (j * (2 * o + 3) + o) % 5;
            y += weight * (o == 0 ? 1 - size * size : o % 2 ? size : fabs(size - 0.3 * (o - 1)));
            if (j)
                y += 0.2 * weight * size * (f[j - 1] % 2);
        }
        ret_y[o] = y;
    }
}

struct core *fixture_search(const struct space *s, const char *algorithm, uint32_t objectives, uint32_t budget, uint64_t seed)
{
    struct core_params p = {.n_objectives = objectives, .budget = budget, .seed = seed};
    struct sonata_error err = {{0}};
    struct core *search;
    snprintf(p.algorithm, sizeof p.algorithm, "%s", algorithm);
    if (core_new(s, &p, &search, &err))
        fail_msg("%s", err.text);
    return search;
}

uint32_t fixture_step(struct core *search, const struct space *s, uint32_t m, uint32_t n)
{
    struct core_proposal *p = calloc(n, sizeof *p);
    uint32_t k = core_ask(search, n, p);
    assert_true(k <= n);
    for (uint32_t i = 0; i < k; i++) {
        struct core_result r = {.status = CORE_OK};
        struct genotype c = space_canonical(s, &p[i].genotype);
        assert_true(genotype_is_legal(s, &p[i].genotype));
        assert_true(genotype_equal(s, &c, &p[i].genotype));
        for (uint64_t id = 0; id < p[i].id; id++) {
            struct core_proposal other;
            assert_int_equal(core_get(search, id, &other, NULL, NULL), 0);
            assert_false(genotype_equal(s, &other.genotype, &p[i].genotype));
        }
        fixture_evaluate(s, &p[i].genotype, m, r.objective);
        assert_int_equal(core_tell(search, p[i].id, &r), 0);
    }
    free(p);
    return k;
}
