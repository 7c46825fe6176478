/* Spaces made to cost: one ask stays a bounded step, whatever the space. */
#include "search/core.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "fixture.h"
#include "support/cmocka.h"

enum { ASK = 64, ROUNDS = 4, WINDOW = 8 };

#ifdef SONATA_SANITIZED
static const double LONGEST_S = 8;
#else
static const double LONGEST_S = 1; /* measured: 0.1 s alone; a machine under load is slower */
#endif

static struct gene *add_gene(struct space *s, unsigned n_choices)
{
    struct gene *g = &s->gene[s->n_genes];
    *g = (struct gene){.n_choices = (uint8_t)n_choices, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1};
    snprintf(g->name, sizeof g->name, "g%u", (unsigned)s->n_genes++);
    for (unsigned v = 0; v < n_choices; v++) {
        snprintf(g->label[v], sizeof g->label[v], "%u", v);
        g->value[v] = v;
    }
    return g;
}

/* Every gene depends on the one before, and nothing it says makes a difference: 2^64 combinations of one form. */
static void chain_space(struct space *s)
{
    *s = (struct space){.name = "chain", .cell_nodes = 3, .identity_graph = true};
    for (unsigned j = 0; j < SPACE_GENES_MAX; j++) {
        struct gene *g = add_gene(s, 2);
        g->edge_from = 0;
        g->edge_to = 1;
        g->none_allele = 0;
        g->condition_gene = (int16_t)(j ? (int)j - 1 : -1);
        g->condition_mask = j ? 3 : 0;
    }
}

/* 2^22 combinations of few forms on sixteen nodes, which cost the most to tell apart. */
static void dead_space(struct space *s)
{
    *s = (struct space){.name = "dead", .cell_nodes = 16, .identity_graph = true};
    for (unsigned j = 0; j < SPACE_GENES_MAX; j++) {
        struct gene *g = add_gene(s, j < 22 ? 2 : 1);
        g->edge_from = (int16_t)(j % 14);
        g->edge_to = (int16_t)(g->edge_from + 1);
        g->none_allele = 0;
    }
}

static void ask_and_tell(const struct space *space, const char *algorithm)
{
    struct core *s = fixture_search(space, algorithm, 2, 400, 1);
    static struct core_proposal p[ASK];
    double longest = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t from = clock_monotonic_ns();
        uint32_t n = core_ask(s, round ? WINDOW : ASK, p);
        double took = (double)(clock_monotonic_ns() - from) / SONATA_SECOND;
        longest = took > longest ? took : longest;
        for (uint32_t i = 0; i < n; i++) {
            struct core_result r = {.status = CORE_OK, .objective = {(double)i, -(double)i}};
            assert_int_equal(core_tell(s, p[i].id, &r), 0);
        }
        if (!n)
            break;
    }
    if (longest > LONGEST_S)
        fail_msg("%s on %s: %.2f s for one ask", algorithm, space->name, longest);
    core_free(s);
}

static void one_ask_is_a_bounded_step(void **state)
{
    (void)state;
    struct space chain, dead;
    struct sonata_error err = {{0}};
    chain_space(&chain);
    dead_space(&dead);
    assert_int_equal(space_check(&chain, &err), 0);
    assert_int_equal(space_check(&dead, &err), 0);
    for (int i = 0; i < N_ALGORITHMS; i++) {
        ask_and_tell(&chain, algorithm_name[i]);
        ask_and_tell(&dead, algorithm_name[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_ask_is_a_bounded_step)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
