/* Spaces: conditions, canonical form, silent genes, counting, text form. */
#include "domain/space.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "support/cmocka.h"

static void add_gene(struct space *s, const char *name, const char *choices)
{
    struct gene *g = &s->gene[s->n_genes++];
    *g = (struct gene){.condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1};
    copy_string(g->name, sizeof g->name, name);
    for (; *choices; choices++) {
        snprintf(g->label[g->n_choices], SPACE_LABEL_MAX, "%c", *choices);
        g->value[g->n_choices++] = *choices >= '0' && *choices <= '9' ? *choices - '0' : NAN;
    }
}

/* depth 1..3; the second layer's kernel is active from depth 2, the third's at 3. */
static struct space depth_space(void)
{
    struct space s = {.name = "depth"};
    add_gene(&s, "d", "123");
    add_gene(&s, "k1", "35");
    add_gene(&s, "k2", "35");
    add_gene(&s, "k3", "357");
    s.gene[2].condition_gene = s.gene[3].condition_gene = 0;
    s.gene[2].condition_mask = 6;
    s.gene[3].condition_mask = 4;
    return s;
}

/* Four nodes, six edges with `none` as allele 0, as in NAS-Bench-201. */
static struct space cell_space(bool graph)
{
    static const int8_t edge[6][2] = {{0, 1}, {0, 2}, {1, 2}, {0, 3}, {1, 3}, {2, 3}};
    struct space s = {.name = "cell", .cell_nodes = 4, .identity_graph = graph};
    for (int j = 0; j < 6; j++) {
        char name[16];
        snprintf(name, sizeof name, "e%d%d", edge[j][0], edge[j][1]);
        add_gene(&s, name, "nscap");
        s.gene[j].edge_from = edge[j][0];
        s.gene[j].edge_to = edge[j][1];
        s.gene[j].none_allele = 0;
    }
    return s;
}

static void inactive_genes_are_masked(void **state)
{
    (void)state;
    struct space s = depth_space();
    struct sonata_error err = {""};
    assert_int_equal(space_check(&s, &err), 0);
    struct genotype a = {{0, 1, 1, 2}}, b = {{0, 1, 0, 0}}, c = {{1, 1, 1, 2}};
    assert_true(genotype_key(&s, &a) == genotype_key(&s, &b));
    assert_true(genotype_key(&s, &a) != genotype_key(&s, &c));
    uint8_t f[SPACE_GENES_MAX];
    space_features(&s, &c, f);
    assert_memory_equal(f, "\2\2\2\0", 4);
}

static void size_matches_enumeration(void **state)
{
    (void)state;
    struct space s = depth_space();
    assert_true(space_size(&s) == 2 * (1 + 2 + 2 * 3));
    struct space c = cell_space(false);
    assert_true(space_size(&c) == 15625);
    struct rng r = rng_seeded(1, 0);
    uint64_t seen[64];
    unsigned n = 0;
    for (int i = 0; i < 2000; i++) {
        struct genotype g = space_random(&s, &r);
        uint64_t key = genotype_key(&s, &g);
        unsigned j = 0;
        while (j < n && seen[j] != key)
            j++;
        if (j == n)
            seen[n++] = key;
    }
    assert_int_equal(n, 18);
}

static void dead_edges_are_silent(void **state)
{
    (void)state;
    struct space s = cell_space(false);
    assert_int_equal(space_check(&s, NULL), 0);
    /* 0→1 carries, but nothing leaves node 1: only 0→3 lives. */
    struct genotype g = {{2, 0, 0, 3, 0, 4}};
    uint8_t f[SPACE_GENES_MAX];
    space_features(&s, &g, f);
    assert_memory_equal(f, "\0\0\0\4\0\0", 6);
    struct genotype same = space_canonical(&s, &g);
    assert_true(genotype_equal(&s, &same, &g)); /* identity: genotype keeps twins apart */
    struct space t = cell_space(true);
    struct genotype h = space_canonical(&t, &g);
    assert_memory_equal(h.allele, "\0\0\0\3\0\0", 6);
}

static void text_form_round_trips(void **state)
{
    (void)state;
    struct space s = depth_space();
    struct rng r = rng_seeded(2, 0);
    for (int i = 0; i < 100; i++) {
        struct genotype g = space_random(&s, &r), back;
        char text[200];
        genotype_format(&s, &g, text, sizeof text);
        assert_int_equal(genotype_parse(&s, text, &back, NULL), 0);
        assert_true(genotype_equal(&s, &g, &back));
    }
    struct sonata_error err = {""};
    struct genotype g;
    assert_int_equal(genotype_parse(&s, "d=2 k1=3", &g, &err), -EINVAL);
    assert_non_null(strstr(err.text, "'k2'"));
    assert_int_equal(genotype_parse(&s, "d=9", &g, &err), -EINVAL);
    assert_non_null(strstr(err.text, "no choice '9'"));
    assert_int_equal(genotype_parse(&s, "q=1", &g, &err), -EINVAL);
    assert_non_null(strstr(err.text, "no gene 'q'"));
    char tiny[4] = "abc";
    assert_true(genotype_format(&s, &(struct genotype){{0}}, tiny, sizeof tiny) > 3);
    assert_string_equal(tiny, "d=1");
}

static void bad_spaces_are_named(void **state)
{
    (void)state;
    struct sonata_error err = {""};
    struct space s = depth_space();
    s.gene[1].condition_gene = 2, s.gene[1].condition_mask = 1;
    assert_int_equal(space_check(&s, &err), -EINVAL);
    assert_non_null(strstr(err.text, "'k1'"));
    s = depth_space();
    s.gene[3].condition_mask = 8;
    assert_int_equal(space_check(&s, &err), -EINVAL);
    s = depth_space();
    copy_string(s.gene[2].name, SPACE_NAME_MAX, "k1");
    assert_int_equal(space_check(&s, &err), -EINVAL);
    s = depth_space();
    copy_string(s.gene[1].label[1], SPACE_LABEL_MAX, "3");
    s.gene[1].value[1] = 3;
    assert_int_equal(space_check(&s, &err), -EINVAL);
    s = cell_space(false);
    s.gene[0].edge_to = 4;
    assert_int_equal(space_check(&s, &err), -EINVAL);
    s = (struct space){.name = "empty"};
    assert_int_equal(space_check(&s, &err), -EINVAL);
    s = depth_space();
    copy_string(s.network.family, sizeof s.network.family, "vit");
    assert_int_equal(space_check(&s, &err), -EINVAL);
    assert_non_null(strstr(err.text, "'vit'"));
}

/* Chained conditions: the number of paths doubles with every gene, the work must not. */
static void a_chain_of_conditions_is_counted_in_one_pass(void **state)
{
    (void)state;
    struct space s = {.name = "chain"};
    for (int j = 0; j < SPACE_GENES_MAX; j++) {
        char name[16];
        snprintf(name, sizeof name, "g%d", j);
        add_gene(&s, name, "01");
        s.gene[j].condition_gene = (int16_t)(j - 1);
        s.gene[j].condition_mask = j ? 3 : 0;
    }
    assert_true(space_size(&s) == 18446744073709551616.0);
    for (int j = 1; j < SPACE_GENES_MAX; j++)
        s.gene[j].condition_mask = 2;
    assert_true(space_size(&s) == 65);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inactive_genes_are_masked), cmocka_unit_test(size_matches_enumeration), cmocka_unit_test(dead_edges_are_silent),
        cmocka_unit_test(text_form_round_trips),     cmocka_unit_test(bad_spaces_are_named),
        cmocka_unit_test(a_chain_of_conditions_is_counted_in_one_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
