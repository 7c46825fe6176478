/* Described networks: the rules of widths against those that the published structures state, and counts of whole networks against published ones. */
#include "domain/elastic.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/rng.h"
#include "conf/space_file.h"
#include "domain/analytic.h"
#include "domain/space.h"
#include "support/cmocka.h"

static struct space *preset(const char *name)
{
    struct space *s = test_calloc(1, sizeof *s);
    struct sonata_error err = {{0}};
    if (space_file_read(name, s, &err))
        fail_msg("%s", err.text);
    return s;
}

/* Squeeze widths of the published MobileNetV3 supernet, a quarter of the channels; and the one case in which the 0.9 rule decides. */
static void channels_round_as_published(void **state)
{
    (void)state;
    static const unsigned channels[] = {72, 96, 120, 144, 160, 192, 240, 480, 672, 960, 1152},
                          squeezed[] = {24, 24, 32, 40, 40, 48, 64, 120, 168, 240, 288};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        assert_int_equal(elastic_round8(channels[i] / 4), squeezed[i]);
    assert_int_equal(elastic_round8(18), 24);
    assert_int_equal(elastic_round8(1), 8);
    static const unsigned out[] = {256, 512, 1024, 2048}, middle[][3] = {{48, 64, 88}, {104, 128, 176}, {208, 256, 360}, {408, 512, 720}};
    static const double ratio[] = {0.2, 0.25, 0.35};
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 3; k++)
            assert_int_equal(elastic_round8(rint(out[i] * ratio[k])), middle[i][k]);
    }
}

static const char *const presets[] = {"elastic-mbv3-w10", "elastic-mbv3-w12", "elastic-proxyless-w13", "elastic-resnet50", "elastic-attentivenas"};

static void every_network_of_the_presets_is_sound(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(7, 0);
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        struct space *s = preset(presets[i]);
        struct elastic_plan plan, most;
        struct sonata_error err = {{0}};
        assert_int_equal(elastic_plan(s, NULL, &most, &err), 0);
        for (int n = 0; n < 200; n++) {
            struct genotype g = space_random(s, &rng);
            assert_int_equal(elastic_plan(s, &g, &plan, &err), 0);
            assert_true(plan.n_layers <= most.n_layers && plan.macs <= most.macs && plan.params <= most.params);
            for (unsigned l = 0; l < plan.n_layers; l++) {
                const struct elastic_layer *y = &plan.layer[l], *x = y->input ? &plan.layer[y->input - 1] : NULL;
                assert_true(y->input <= (int)l && y->other <= (int)l);
                assert_int_equal(y->in_channels, x ? x->out_channels : plan.input_channels);
                if (y->op == ELASTIC_OP_ADD)
                    assert_int_equal(y->in_channels, y->other ? plan.layer[y->other - 1].out_channels : plan.input_channels);
                if (y->op == ELASTIC_OP_ADD)
                    assert_int_equal(y->in_size, y->other ? plan.layer[y->other - 1].out_size : plan.input_size);
            }
            assert_int_equal(plan.layer[plan.n_layers - 1].out_channels, 1000);
            assert_int_equal(plan.layer[plan.n_layers - 1].in_size, 1);
        }
        test_free(s);
    }
}

/* Values of the published ResNet50 supernet at four bytes each: 192,692,756. Its file has four values a channel for each norm, of which folding
 * leaves one, and a counter of batches beside. */
static void resnet50_has_the_published_size(void **state)
{
    (void)state;
    struct space *s = preset("elastic-resnet50");
    struct elastic_plan p;
    struct sonata_error err = {{0}};
    assert_int_equal(elastic_plan(s, NULL, &p, &err), 0);
    double values = 0;
    unsigned norms = 0;
    for (unsigned i = 0; i < p.n_layers; i++) {
        values += p.layer[i].norm ? 3.0 * p.layer[i].out_channels : 0;
        norms += p.layer[i].norm;
    }
    assert_true(4 * (p.params + values + norms) == 192692756.0);
    test_free(s);
}

static double cell(const struct csv *t, size_t row, const char *column)
{
    double v;
    int c = csv_column(t, column);
    assert_true(c >= 0);
    assert_int_equal(parse_double(csv_cell(t, row, (size_t)c), &v), 0);
    return v;
}

/* A row's genotype; genes of unused layers stand as 0 there. */
static struct genotype genotype_of(const struct space *s, const struct csv *t, size_t row)
{
    struct genotype g = {{0}};
    for (unsigned j = 0; j < s->n_genes; j++) {
        char label[32];
        snprintf(label, sizeof label, "%g", cell(t, row, s->gene[j].name));
        int v = gene_find_choice(&s->gene[j], label);
        g.allele[j] = (uint8_t)(v < 0 ? 0 : v);
    }
    return g;
}

/* 2,162 sub-networks that others measured (once-for-all MobileNetV3, width 1.0): their counts of multiplications and parameters. */
static void counts_agree_with_the_measured_table(void **state)
{
    (void)state;
    char path[1024];
    const char *shared = getenv("SONATA_SHARED");
    snprintf(path, sizeof path, "%s/data/ofa_mbv3.csv.gz", shared ? shared : SONATA_SOURCE_DIR "/../shared");
    if (!file_exists(path)) {
        print_message("skipped: %s is not there (set SONATA_SHARED)\n", path);
        skip();
    }
    struct csv t;
    struct sonata_error err = {{0}};
    struct space *s = preset("elastic-mbv3-w10");
    assert_int_equal(csv_read(path, &t, &err), 0);
    for (size_t row = 0; row < t.n_rows; row++) {
        struct genotype g = genotype_of(s, &t, row);
        struct elastic_plan p;
        assert_int_equal(elastic_plan(s, &g, &p, &err), 0);
        double params = p.params; /* the table counts scale and shift of a norm */
        for (unsigned i = 0; i < p.n_layers; i++)
            params += p.layer[i].norm ? p.layer[i].out_channels : 0;
        assert_true(fabs(p.macs * 1e-6 - cell(&t, row, "macs_m")) < 1e-5);
        assert_true(fabs(params * 1e-6 - cell(&t, row, "params_m")) < 1e-5);
    }
    csv_fini(&t);
    test_free(s);
}

static void what_cannot_be_built_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *items, *says;
    } cases[] = {
        {"    - {kind: conv, width: 8}\n    - {kind: mean}\n", "the last item"},
        {"    - {kind: conv, width: 8}\n    - {kind: linear}\n", "must follow 'mean'"},
        {"    - {kind: conv, width: 8, kernel: 4}\n    - {kind: mean}\n    - {kind: linear}\n", "kernel: 4; expected an odd number"},
        {"    - {kind: conv, width: 9000}\n    - {kind: mean}\n    - {kind: linear}\n", "width: 9000"},
        {"    - {kind: conv, width: w9}\n    - {kind: mean}\n    - {kind: linear}\n", "neither a number nor a gene"},
        {"    - {kind: mbconv, width: 8, expand: e*}\n    - {kind: mean}\n    - {kind: linear}\n", "no gene 'e1'"},
        {"    - {kind: mbconv, width: word}\n    - {kind: mean}\n    - {kind: linear}\n", "gene 'word' has a choice"},
        {"    - {kind: mbconv, width: 8, depth: 9}\n    - {kind: mean}\n    - {kind: linear}\n", "depth: 9"},
        {"    - {kind: mbconv, width: 8, stride: 5}\n    - {kind: mean}\n    - {kind: linear}\n", "stride 5"},
        {"    - {kind: mean}\n    - {kind: mbconv, width: 8}\n    - {kind: linear}\n", "only 1x1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        struct space *s = test_calloc(1, sizeof *s);
        struct sonata_error err = {{0}};
        int n = snprintf(text, sizeof text,
                         "name: x\ngenes:\n  - {name: word, choices: [a, b]}\nnetwork:\n  family: elastic\n  input: 32\n  channels: 3\n"
                         "  classes: 10\n  items:\n%s",
                         cases[i].items);
        assert_int_equal(space_file_parse(text, (size_t)n, "x.yaml", s, &err), -EINVAL);
        if (!strstr(err.text, cases[i].says))
            fail_msg("%zu: %s", i, err.text);
        test_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_round_as_published),     cmocka_unit_test(every_network_of_the_presets_is_sound),
        cmocka_unit_test(resnet50_has_the_published_size), cmocka_unit_test(counts_agree_with_the_measured_table),
        cmocka_unit_test(what_cannot_be_built_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
