/* Post-training quantisation against the float reference, the plan's exactness, and refusal of what cannot be built. */
#include "mcu/quantize.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cmocka.h"

#include "base/memory.h"
#include "conf/space_file.h"
#include "domain/analytic.h"
#include "domain/mbconv.h"
#include "firmware/blob.h"
#include "mcu/float_pass.h"
#include "mcu/int8_net.h"
#include "mcu/profile.h"
#include "random_net.h"
#include "support/mbconv_space.h"

enum { CALIBRATION = 32, PICTURES = 64 };

struct fixture {
    struct network net;
    float *pictures;
    struct bytes blob;
    struct int8_net int8;
};

static void open_fixture(struct fixture *f, const struct random_net_options *o, uint64_t seed)
{
    struct rng rng = rng_seeded(seed, 1);
    struct sonata_error err = {0};

    memset(f, 0, sizeof *f);
    random_net_init(&f->net, o, &rng);
    f->pictures = random_pictures(&f->net, CALIBRATION + PICTURES, &rng);
    if (quantize_network(&f->net, f->pictures, CALIBRATION, &f->blob, &err) != 0)
        fail_msg("seed %llu: %s", (unsigned long long)seed, err.text);
    if (int8_net_init(&f->int8, f->blob.data, f->blob.size, &err) != 0)
        fail_msg("seed %llu: %s", (unsigned long long)seed, err.text);
}

static void close_fixture(struct fixture *f)
{
    int8_net_fini(&f->int8);
    bytes_fini(&f->blob);
    random_net_fini(&f->net);
    free(f->pictures);
}

/* Mean absolute difference of the logits in units of their spread, and class agreement in percent, on pictures not used in calibration. */
static void compare(struct fixture *f, double *ret_error, double *ret_agreement)
{
    const struct q8_header *h = int8_net_header(&f->int8);
    struct float_pass *pass;
    struct sonata_error err = {0};
    int8_t *input = malloc(h->input_count), logits[Q8_OUTPUT_MAX];
    double difference = 0, spread = 0;
    unsigned same = 0;

    assert_int_equal(float_pass_new(&f->net, &pass, &err), 0);
    for (unsigned i = 0; i < PICTURES; i++) {
        const float *picture = f->pictures + (size_t)(CALIBRATION + i) * h->input_count;
        size_t n, best = 0;
        const float *want;

        float_pass_run(pass, picture);
        want = float_pass_tensor(pass, f->net.n_layers, &n);
        int8_net_input(&f->int8, picture, input);
        int8_net_run(&f->int8, input, logits);
        for (size_t j = 0; j < n; j++) {
            double got = (logits[j] - h->output_zero) * (double)h->output_scale;

            difference += fabs(got - (double)want[j]);
            spread += fabs((double)want[j]);
            best = want[j] > want[best] ? j : best;
        }
        same += int8_net_class(&f->int8, logits, NULL) == best;
    }
    float_pass_free(pass);
    free(input);
    *ret_error = difference / spread;
    *ret_agreement = 100.0 * same / PICTURES;
}

static void test_logits_are_near_the_float_network(void **state)
{
    static const struct random_net_options shape[] = {
        {12, 1, 10, 8, 2, 3, 3, 24}, {28, 1, 10, 16, 3, 4, 5, 64}, {16, 3, 10, 8, 4, 6, 7, 32}, {9, 2, 3, 8, 1, 1, 3, 8},
    };

    (void)state;
    for (unsigned s = 0; s < sizeof shape / sizeof *shape; s++) {
        struct fixture f;
        double error, agreement;

        open_fixture(&f, &shape[s], 11 + s);
        compare(&f, &error, &agreement);
        close_fixture(&f);
        print_message("shape %u: logit error %.2f %%, same class %.1f %%\n", s, 100 * error, agreement);
        assert_true(error < 0.06);
        assert_true(agreement >= 85);
    }
}

static void test_same_input_gives_same_blob(void **state)
{
    struct random_net_options o = random_net_small();
    struct fixture a, b;

    (void)state;
    open_fixture(&a, &o, 5);
    open_fixture(&b, &o, 5);
    assert_int_equal(a.blob.size, b.blob.size);
    assert_memory_equal(a.blob.data, b.blob.data, a.blob.size);
    close_fixture(&a);
    close_fixture(&b);
}

/* A ReLU that never fires and a channel of zero weights with a large bias: common after folding. */
static void test_dead_channels(void **state)
{
    struct random_net_options o = random_net_small();
    struct rng rng = rng_seeded(3, 1);
    struct network net;
    struct bytes blob = {0};
    struct sonata_error err = {0};
    float *pictures;

    (void)state;
    random_net_init(&net, &o, &rng);
    pictures = random_pictures(&net, 4, &rng);
    for (unsigned j = 0; j < 9; j++)
        net.layer[0].weight[j * 8 + 2] = 0;
    net.layer[0].bias[2] = 1.5f;
    net.layer[0].bias[3] = -100.0f;
    if (quantize_network(&net, pictures, 4, &blob, &err) != 0)
        fail_msg("%s", err.text);
    bytes_fini(&blob);
    free(pictures);
    random_net_fini(&net);
}

static void expect_refused(const struct network *net, const float *pictures, size_t n, int code, const char *word)
{
    struct bytes blob = {0};
    struct sonata_error err = {0};

    assert_int_equal(quantize_network(net, pictures, n, &blob, &err), code);
    if (!strstr(err.text, word))
        fail_msg("'%s' is not in '%s'", word, err.text);
    assert_int_equal(blob.size, 0);
    bytes_fini(&blob);
}

static void test_unsound_networks_are_refused(void **state)
{
    struct random_net_options o = random_net_small();
    struct rng rng = rng_seeded(4, 1);
    struct network net, bad;
    float *pictures;
    float keep;

    (void)state;
    random_net_init(&net, &o, &rng);
    pictures = random_pictures(&net, 2, &rng);
    expect_refused(&net, pictures, 0, -EINVAL, "at least one");
    bad = net;
    bad.layer[2].input = 9;
    expect_refused(&bad, pictures, 2, -EINVAL, "layer 2");
    bad = net;
    bad.layer[6].add = 1;
    expect_refused(&bad, pictures, 2, -EINVAL, "layer 6");
    bad = net;
    bad.layer[2].kernel = 4;
    expect_refused(&bad, pictures, 2, -EINVAL, "layer 2");
    bad = net;
    bad.layer[3].weight = NULL;
    expect_refused(&bad, pictures, 2, -EINVAL, "no weights");
    bad = net;
    bad.n_layers = 0;
    expect_refused(&bad, pictures, 2, -EINVAL, "0 layers");
    bad = net;
    bad.classes = 11;
    expect_refused(&bad, pictures, 2, -EINVAL, "11 classes");
    keep = net.layer[1].weight[3];
    net.layer[1].weight[3] = NAN;
    expect_refused(&net, pictures, 2, -EINVAL, "not finite");
    net.layer[1].weight[3] = keep;
    pictures[5] = INFINITY;
    expect_refused(&net, pictures, 2, -EINVAL, "not finite");
    free(pictures);
    random_net_fini(&net);
}

static void test_memory_report(void **state)
{
    struct random_net_options o = random_net_small();
    struct mcu_profile p = {.name = "board", .flash_bytes = 20000, .ram_bytes = 9000, .flash_code = 12000, .ram_runtime = 4000};
    struct mcu_memory m;
    struct sonata_error err = {0};
    struct fixture f;
    char want[64];

    (void)state;
    open_fixture(&f, &o, 6);
    m = mcu_memory_of(&p, int8_net_header(&f.int8));
    assert_int_equal(m.weights, f.blob.size);
    /* 12 -> 6 wide stem; expansion 6 x 6 x 24 with its 6 x 6 x 8 source, then 3 x 3: the expansion (864 B) and the stem (288 B) live together. */
    assert_int_equal(m.ram_activation, 6 * 6 * 24 + 6 * 6 * 8);
    assert_int_equal(mcu_memory_check(&p, &m, &err), 0);
    p.ram_bytes = 4000 + 1152 - 7;
    m = mcu_memory_of(&p, int8_net_header(&f.int8));
    assert_int_equal(mcu_memory_check(&p, &m, &err), -ENOSPC);
    assert_non_null(strstr(err.text, "infeasible:ram: 7 bytes missing"));
    p.flash_bytes = 12000;
    m = mcu_memory_of(&p, int8_net_header(&f.int8));
    assert_int_equal(mcu_memory_check(&p, &m, &err), -ENOSPC);
    snprintf(want, sizeof want, "infeasible:flash: %zu bytes missing", f.blob.size);
    assert_non_null(strstr(err.text, want));
    close_fixture(&f);
}

/* What the master computes from the shapes alone is what quantiser and planner make, to the byte. */
static void assert_computed(const struct network *net, const char *what, unsigned i, struct rng *rng)
{
    struct analytic_memory m = analytic_memory_of_network(net);
    struct mcu_profile p = {.name = "board"};
    struct bytes blob = {0};
    struct sonata_error err = {0};
    struct q8_header h;
    float *pictures = random_pictures(net, 1, rng);

    if (quantize_network(net, pictures, 1, &blob, &err) != 0)
        fail_msg("%s %u: %s", what, i, err.text);
    memcpy(&h, blob.data, sizeof h);
    struct mcu_memory report = mcu_memory_of(&p, &h);
    if (m.flash_weights != (double)report.weights || m.ram_activation != (double)report.ram_activation)
        fail_msg("%s %u: computed %.0f and %.0f bytes, reported %llu and %llu", what, i, m.flash_weights, m.ram_activation, (unsigned long long)report.weights,
                 (unsigned long long)report.ram_activation);
    bytes_fini(&blob);
    free(pictures);
}

static void test_memory_is_known_before(void **state)
{
    static const char *const file[] = {SONATA_SOURCE_DIR "/deploy/spaces/fmnist-mbconv.yaml", NULL};
    struct rng rng = rng_seeded(77, 1);
    unsigned n = 0;

    (void)state;
    for (unsigned i = 0; i < 40; i++, n++) { /* shapes no space of ours has: two channels, odd sides, odd channel counts */
        struct random_net_options o = {5 + i % 9, 1 + i % 3, 2 + i % 11, 3 + i % 7, 1 + i % 3, 1 + i % 4, i % 2 ? 3 : 5, 5 + i};
        struct network net;

        random_net_init(&net, &o, &rng);
        assert_computed(&net, "random network", i, &rng);
        random_net_fini(&net);
    }
    for (unsigned k = 0; k < 2; k++) {
        struct space *s = xcalloc(1, sizeof *s);
        struct sonata_error err = {0};

        *s = mbconv_space();
        if (file[k] && space_file_read(file[k], s, &err) != 0)
            fail_msg("%s", err.text);
        for (unsigned i = 0; i < 40; i++, n++) {
            struct genotype g = i == 0 ? space_first(s) : i == 1 ? space_last(s) : space_random(s, &rng);
            struct network net;
            double v;

            assert_int_equal(mbconv_shape(s, &g, &net, NULL, &err), 0);
            random_net_fill(&net, &rng);
            assert_computed(&net, s->name, i, &rng);
            assert_int_equal(analytic_metric(s, &g, "flash_weights", &v), 0);
            assert_true(v == analytic_memory_of_network(&net).flash_weights);
            random_net_fini(&net);
        }
        free(s);
    }
    print_message("%u networks: bytes computed before are bytes reported\n", n);
}

static void test_accuracy_counts(void **state)
{
    struct random_net_options o = random_net_small();
    struct fixture f;
    uint8_t label[PICTURES];
    struct int8_accuracy a;
    int8_t input[144], logits[Q8_OUTPUT_MAX];

    (void)state;
    open_fixture(&f, &o, 8);
    for (unsigned i = 0; i < PICTURES; i++) {
        int8_net_input(&f.int8, f.pictures + i * 144, input);
        int8_net_run(&f.int8, input, logits);
        label[i] = (uint8_t)int8_net_class(&f.int8, logits, NULL);
    }
    label[3] ^= 1;
    a = int8_net_accuracy(&f.int8, f.pictures, label, PICTURES);
    assert_int_equal(a.n, PICTURES);
    assert_int_equal(a.correct, PICTURES - 1);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logits_are_near_the_float_network), cmocka_unit_test(test_same_input_gives_same_blob),
        cmocka_unit_test(test_dead_channels),                     cmocka_unit_test(test_unsound_networks_are_refused),
        cmocka_unit_test(test_memory_report),                     cmocka_unit_test(test_memory_is_known_before),
        cmocka_unit_test(test_accuracy_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
