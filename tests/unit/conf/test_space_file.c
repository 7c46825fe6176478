/* Space files: what is read, and for each kind of mistake the exact place and wording of the complaint. */
#include "conf/space_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static const char good[] = "name: example\n"
                           "genes:\n"
                           "  - {name: d1, ordinal: true, choices: [1, 2]}\n"
                           "  - {name: k11, ordinal: true, choices: [3, 5], block: s1l1}\n"
                           "  - {name: k12, ordinal: true, choices: [3, 5], block: s1l2, when: {gene: d1, in: [2]}}\n"
                           "  - {name: act, choices: [relu, \"silu\"], block: s1l1}\n"
                           "network: {family: mbconv, input: 28, channels: 1, classes: 10, stem: 16, head: 128,\n"
                           "          stages: [{stride: 1, width: 16, depth: 2}]}\n";

static const char cell[] = "name: tiny-cell\n"
                           "cell: {nodes: 3, identity: graph}\n"
                           "genes:\n"
                           "  - {name: e01, choices: [none, skip_connect], edge: [0, 1], none: none}\n"
                           "  - {name: e02, choices: [none, skip_connect], edge: [0, 2], none: none}\n"
                           "  - {name: e12, choices: [none, skip_connect], edge: [1, 2], none: none}\n";

static int parse(const char *text, struct space *ret, struct sonata_error *err)
{
    return space_file_parse(text, strlen(text), "s.yaml", ret, err);
}

static void test_reads_genes_conditions_blocks_and_network(void **state)
{
    (void)state;
    static struct space s;
    struct sonata_error err = {{0}};
    assert_int_equal(parse(good, &s, &err), 0);
    assert_string_equal(s.name, "example");
    assert_int_equal(s.n_genes, 4);
    assert_true(s.gene[0].ordinal);
    assert_false(s.gene[3].ordinal);
    assert_true(s.gene[1].value[1] == 5.0);
    assert_true(isnan(s.gene[3].value[0]));
    assert_string_equal(s.gene[3].label[1], "silu");
    assert_int_equal(s.gene[0].condition_gene, -1);
    assert_int_equal(s.gene[2].condition_gene, 0);
    assert_int_equal(s.gene[2].condition_mask, 2);
    assert_int_equal(s.gene[0].block, -1);
    assert_int_equal(s.gene[1].block, s.gene[3].block);
    assert_int_not_equal(s.gene[1].block, s.gene[2].block);
    assert_string_equal(s.network.family, "mbconv");
    assert_int_equal(s.network.stage[0].max_depth, 2);
    assert_true(space_size(&s) == 2 * 2 + 2 * 2 * 2);
}

static void test_reads_a_cell_space(void **state)
{
    (void)state;
    static struct space s;
    struct sonata_error err = {{0}};
    assert_int_equal(parse(cell, &s, &err), 0);
    assert_int_equal(s.cell_nodes, 3);
    assert_true(s.identity_graph);
    assert_int_equal(s.gene[2].edge_from, 1);
    assert_int_equal(s.gene[2].edge_to, 2);
    assert_int_equal(s.gene[2].none_allele, 0);
    assert_string_equal(s.network.family, "");
}

#define GENE "  - {name: a, choices: [1, 2]}\n"

static const struct {
    const char *text, *expected;
} malformed[] = {
    {"", "s.yaml:1: the file is empty"},
    {"# only a comment\n", "s.yaml:1: the file is empty"},
    {"- 1\n", "s.yaml:1: a list is here; expected a mapping with the keys name, cell, genes, network"},
    {"genes:\n" GENE, "s.yaml:1: key 'name' is missing; expected a text of 1 to 63 characters"},
    {"name: x\n", "s.yaml:1: key 'genes' is missing; expected a list of 1 to 64 entries"},
    {"name:\ngenes:\n" GENE, "s.yaml:1: name: nothing is here; expected a text of 1 to 63 characters"},
    {"name: x\ngenes: []\n", "s.yaml:2: genes: 0 entries are here; expected a list of 1 to 64 entries"},
    {"name: x\ngenes: 3\n", "s.yaml:2: genes: a value is here; expected a list of 1 to 64 entries"},
    {"name: x\ngenes:\n" GENE "bogus: 1\n", "s.yaml:4: unknown key 'bogus'; expected name, cell, genes, network"},
    {"name: x\nname: y\ngenes:\n" GENE, "s.yaml:2: key 'name' is given twice; expected once"},
    {"name: x\ngenes:\n  - {name: a, choises: [1, 2]}\n",
     "s.yaml:3: genes[0]: unknown key 'choises': did you mean 'choices'? expected name, ordinal, choices, block, when, edge, none"},
    {"name: x\ngenes:\n" GENE "  - {name: b, ordinal: maybe, choices: [1]}\n", "s.yaml:4: genes[1].ordinal: 'maybe' is here; expected true or false, on or off"},
    {"name: x\ngenes:\n" GENE "  - {name: a, choices: [1]}\n", "s.yaml:4: genes[1].name: a gene 'a' is there already; expected unique names"},
    {"name: x\ngenes:\n  - name: a\n    choices: [1, 1.0]\n", "s.yaml:4: genes[0].choices[1]: choice '1.0' is listed twice; expected distinct choices"},
    {"name: x\ngenes:\n  - name: a\n    choices: [1, [2]]\n", "s.yaml:4: genes[0].choices[1]: a list is here; expected a text of 1 to 31 characters"},
    {"name: x\ngenes:\n  - name: a\n    choices: [1, a b]\n",
     "s.yaml:4: genes[0].choices[1]: choice 'a b' holds a space, '=' or ','; expected a word or a number"},
    {"name: x\ngenes:\n  - name: a\n    choices: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]\n",
     "s.yaml:4: genes[0].choices: 17 entries are here; expected a list of 1 to 16 entries"},
    {"name: x\ngenes:\n" GENE "  - name: b\n    choices: [1]\n    when: {gene: c, in: [1]}\n",
     "s.yaml:6: genes[1].when.gene: 'c' is not a gene listed before 'b'; expected one"},
    {"name: x\ngenes:\n" GENE "  - name: b\n    choices: [1]\n    when: {gene: a, in: [7]}\n",
     "s.yaml:6: genes[1].when.in[0]: '7' is not a choice of gene 'a'; expected one of its choices"},
    {"name: x\ngenes:\n" GENE "  - name: b\n    choices: [1]\n    when: {gene: a}\n",
     "s.yaml:6: genes[1].when: key 'in' is missing; expected a list of 1 to 16 entries"},
    {"name: x\ngenes:\n  - {name: a, choices: [1, 2], edge: [0, 1]}\n",
     "s.yaml:3: genes[0].edge: gene 'a' is an edge, but the space has no cell; expected `cell: {nodes: N}` at the top"},
    {"name: x\ncell: {nodes: 3}\ngenes:\n  - {name: a, choices: [1, 2], edge: [2, 1]}\n",
     "s.yaml:4: genes[0].edge: [2, 1] is here; expected a lower and a higher node of 0 to 2"},
    {"name: x\ncell: {nodes: 3}\ngenes:\n  - {name: a, choices: [1, 2], edge: [0]}\n",
     "s.yaml:4: genes[0].edge: 1 entries are here; expected a list of exactly 2 entries"},
    {"name: x\ncell: {nodes: 3}\ngenes:\n  - {name: a, choices: [1, 2], edge: [0, -1]}\n",
     "s.yaml:4: genes[0].edge: [0, -1] is here; expected a lower and a higher node of 0 to 2"},
    {"name: x\ncell: {nodes: 99}\ngenes:\n" GENE, "s.yaml:2: cell.nodes: '99' is here; expected a whole number from 2 to 16"},
    {"name: x\ncell: {nodes: 3, identity: yes}\ngenes:\n" GENE, "s.yaml:2: cell.identity: 'yes' is here; expected one of genotype|graph"},
    {"name: x\ngenes:\n  - {name: a, choices: [1, 2], none: zero}\n",
     "s.yaml:3: genes[0].none: 'zero' is not a choice of gene 'a'; expected one of its choices"},
    {"name: x\ngenes:\n" GENE "network: {family: transformer, input: 28, channels: 1, classes: 10, stem: 1, head: 1,\n  stages: [{stride: 1, width: 1, depth: 1}]}\n",
     "s.yaml:4: network: network family 'transformer' is not known; 'mbconv' and 'elastic' are"},
    {"name: x\ngenes:\n" GENE "network: {family: mbconv, input: 70000, channels: 1, classes: 10, stem: 1, head: 1,\n  stages: [{stride: 1, width: 1, depth: 1}]}\n",
     "s.yaml:4: network.input: '70000' is here; expected the side of the picture in pixels"},
    {"name: x\ngenes: {\n", "s.yaml:3: not valid YAML: did not find expected node content while parsing a flow node"},
    {"name: \"x\ngenes:\n", "s.yaml:3: not valid YAML: found unexpected end of stream while scanning a quoted scalar"},
    {"name: x\n\tgenes: 1\n", "s.yaml:2: not valid YAML: found a tab character that violates indentation while scanning a plain scalar"},
    {"name: x\ngenes:\n" GENE "---\nname: y\n", "s.yaml:4: a second document starts here; expected one"},
    {"name: &n x\ngenes:\n  - {name: *n, choices: [1]}\n", "s.yaml:3: an alias (*name) is here; anchors and aliases cannot be used, write the value out"},
    {"? [a]\n: b\n", "s.yaml:1: a list is used as a key; expected a word"},
    {"name: \"x\\0y\"\ngenes:\n" GENE, "s.yaml:1: name: the value holds a zero byte; expected a text"},
    {"name: \"x\\ny\"\ngenes:\n" GENE, "s.yaml:1: name: the value holds a control character; expected a text on one line"},
};

static void test_every_mistake_names_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        static struct space s;
        memset(&s, 0x5a, sizeof s);
        struct sonata_error err = {{0}};
        assert_int_equal(parse(malformed[i].text, &s, &err), -EINVAL);
        assert_string_equal(err.text, malformed[i].expected);
        assert_int_equal(s.n_genes, 0x5a5a); /* untouched on failure */
    }
}

static void test_large_and_binary_input_is_refused(void **state)
{
    (void)state;
    static struct space s;
    struct sonata_error err = {{0}};
    char *big = malloc((2 << 20));
    memset(big, ' ', 2 << 20);
    assert_int_equal(space_file_parse(big, 2 << 20, "s.yaml", &s, &err), -EFBIG);
    free(big);
    static const char binary[] = "name: x\n\xff\xfe\x01";
    assert_int_equal(space_file_parse(binary, sizeof binary, "s.yaml", &s, &err), -EINVAL);
    assert_non_null(strstr(err.text, "s.yaml:2: not valid YAML"));
}

static void test_every_prefix_is_an_error_or_a_space(void **state)
{
    (void)state;
    static struct space s;
    for (size_t n = 0; n < sizeof good - 1; n++) {
        struct sonata_error err = {{0}};
        int r = space_file_parse(good, n, "s.yaml", &s, &err);
        if (r)
            assert_true(strncmp(err.text, "s.yaml:", 7) == 0);
        else
            assert_int_equal(space_check(&s, &err), 0);
    }
}

static void test_presets_and_paths(void **state)
{
    (void)state;
    char folder[] = "/tmp/sonata-spaces-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    setenv("SONATA_SPACES", folder, 1);
    snprintf(path, sizeof path, "%s/mine.yaml", folder);
    struct sonata_error err = {{0}};
    assert_int_equal(file_write_atomic(path, good, sizeof good - 1, &err), 0);
    static struct space s;
    assert_int_equal(space_file_read("mine", &s, &err), 0);
    assert_int_equal(space_file_read(path, &s, &err), 0);
    assert_string_equal(s.name, "example");
    assert_int_equal(space_file_read("no-such-space", &s, &err), -ENOENT);
    assert_string_equal(err.text, "no space is called 'no-such-space'; presets: mine; or give the path of a space file");
    assert_int_equal(space_file_read("./no-such.yaml", &s, &err), -ENOENT);
    unlink(path);
    rmdir(folder);
    unsetenv("SONATA_SPACES");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_genes_conditions_blocks_and_network),
        cmocka_unit_test(test_reads_a_cell_space),
        cmocka_unit_test(test_every_mistake_names_its_place),
        cmocka_unit_test(test_large_and_binary_input_is_refused),
        cmocka_unit_test(test_every_prefix_is_an_error_or_a_space),
        cmocka_unit_test(test_presets_and_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
