/* Layer shapes of the mbconv family and the counts made from them, against figures worked out by hand. */
#include <errno.h>
#include <string.h>

#include "base/rng.h"
#include "domain/analytic.h"
#include "domain/mbconv.h"
#include "domain/metric.h"
#include "support/cmocka.h"
#include "support/mbconv_space.h"

/* Smallest network: stem 3x3/2 1->8 (4x4), block 1 8->8->8 k3 (4x4), block 2 8->8->8 k3 stride 2 (2x2), head 8->16, mean, linear 16->3. */
static void smallest_network_by_hand(void **state)
{
    (void)state;
    struct space s = mbconv_space();
    struct genotype g = space_first(&s);
    struct network n;
    struct mbconv_place place[NETWORK_LAYERS_MAX];
    struct sonata_error err = {{0}};
    assert_int_equal(mbconv_shape(&s, &g, &n, place, &err), 0);
    assert_int_equal(n.n_layers, 1 + 3 + 3 + 3);
    assert_int_equal(n.layer[0].out_size, 4);
    assert_int_equal(n.layer[5].type, NETWORK_DEPTHWISE);
    assert_int_equal(n.layer[5].stride, 2);
    assert_int_equal(n.layer[5].out_size, 2);
    assert_int_equal(place[5].stage, 1);
    assert_int_equal(n.layer[9].type, NETWORK_LINEAR);
    double stem = 9 * 8, pointwise = 8 * 8, depthwise = 9 * 8, head = 8 * 16, linear = 16 * 3;
    assert_true(n.params == stem + 8 + 2 * (2 * pointwise + depthwise + 3 * 8) + head + 16 + linear + 3);
    double block1 = (2 * pointwise + depthwise) * 16, block2 = pointwise * 16 + (depthwise + pointwise) * 4;
    assert_true(n.macs == stem * 16 + block1 + block2 + head * 4 + linear);
}

/* Tensors: picture 64, stem 128, … A residual keeps the block's input alive: block 2 of stage 1 at its depthwise layer holds input (128), expanded
 * (256) and its own output (256) floats. */
static void ram_counts_what_is_alive(void **state)
{
    (void)state;
    struct space s = mbconv_space();
    struct genotype g = space_first(&s);
    struct analytic a;
    assert_int_equal(analytic_count(&s, &g, &a, NULL), 0);
    assert_true(a.ram == 4.0 * (128 + 128)); /* no residual anywhere: one layer's input and output */
    struct sonata_error err = {{0}};
    assert_int_equal(genotype_parse(&s, "d1=2 w1=8 k11=3 e11=1 k12=3 e12=2 d2=1 w2=8 k21=3 e21=1", &g, &err), 0);
    assert_int_equal(analytic_count(&s, &g, &a, NULL), 0);
    assert_true(a.ram == 4.0 * (128 + 256 + 256));
    assert_true(a.weights == 4 * a.params);
    assert_true(a.flash > a.weights);
}

static void metrics_by_name(void **state)
{
    (void)state;
    struct space s = mbconv_space(), cell = {.name = "cell"};
    struct genotype g = space_last(&s);
    struct analytic a;
    double v = -1;
    assert_int_equal(analytic_count(&s, &g, &a, NULL), 0);
    assert_int_equal(analytic_metric(&s, &g, "macs", &v), 0);
    assert_true(v == a.macs);
    assert_int_equal(analytic_metric(&s, &g, "ram", &v), 0);
    assert_true(v == a.ram);
    assert_int_equal(analytic_metric(&s, &g, "latency", &v), -ENOENT);
    struct network n;
    assert_int_equal(mbconv_shape(&s, &g, &n, NULL, NULL), 0);
    struct analytic_memory m = analytic_memory_of_network(&n);
    const double want[] = {m.flash_code, m.flash_weights, m.ram_activation, m.ram_runtime};
    static const char *const field[] = {"flash_code", "flash_weights", "ram_activation", "ram_runtime"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(analytic_metric(&s, &g, field[i], &v), 0);
        assert_true(v == want[i] && v > 0);
        assert_true(metric_is_memory(field[i]) && metric_is_analytic(field[i], "") && !metric_is_analytic(field[i], "m4"));
    }
    assert_true(metric_is_analytic("ram", "m4") && !metric_is_analytic("latency", "") && !metric_is_memory("ram"));
    assert_true(m.ram_activation >= a.ram / 4); /* the plan is never below the peak of what is alive */
    assert_int_equal(analytic_metric(&cell, &g, "macs", &v), -EINVAL);
}

/* The smallest network by hand: header, 10 layers, then per layer weights, biases, multipliers and shifts, padded to 4. */
static void int8_memory_by_hand(void **state)
{
    (void)state;
    struct space s = mbconv_space();
    struct genotype g = space_first(&s);
    struct network n;
    assert_int_equal(mbconv_shape(&s, &g, &n, NULL, NULL), 0);
    struct analytic_memory m = analytic_memory_of_network(&n);
    double blob = 64 + 10 * 52, sums = 8 * 9; /* a bias, a multiplier and a shift for each of 8 channels */
    blob += (72 + sums);                       /* stem 9 * 8 */
    blob += 2 * ((64 + sums) + (72 + sums) + (64 + sums));
    blob += 128 + 144;                         /* head 8 to 16: 16 * 9 bytes of sums */
    blob += 8;                                 /* mean: multiplier and shift, padded */
    blob += 48 + 28;                           /* linear 16 to 3: 27 bytes of sums, padded */
    assert_true(m.flash_weights == blob);
    assert_true(m.ram_activation == 256); /* two tensors of 4 x 4 x 8 bytes side by side */
}

static void bigger_choices_never_shrink_a_network(void **state)
{
    (void)state;
    struct space s = mbconv_space();
    struct rng rng = rng_seeded(3, 0);
    for (int i = 0; i < 200; i++) {
        struct genotype g = space_random(&s, &rng), h = g;
        unsigned j = rng_below(&rng, s.n_genes);
        bool active[SPACE_GENES_MAX];
        space_active(&s, &g, active);
        if (!active[j] || g.allele[j] + 1u >= s.gene[j].n_choices)
            continue;
        h.allele[j]++;
        struct analytic a, b;
        assert_int_equal(analytic_count(&s, &g, &a, NULL), 0);
        assert_int_equal(analytic_count(&s, &h, &b, NULL), 0);
        assert_true(b.macs > a.macs && b.params > a.params && b.ram >= a.ram);
    }
}

static void spaces_that_cannot_be_built(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    struct space s = mbconv_space();
    s.gene[1].value[0] = 12;
    assert_int_equal(mbconv_check(&s, &err), -EINVAL);
    assert_non_null(strstr(err.text, "'w1'"));
    s = mbconv_space();
    s.gene[2].value[1] = 4;
    assert_int_equal(mbconv_check(&s, &err), -EINVAL);
    assert_non_null(strstr(err.text, "'k11'"));
    s = mbconv_space();
    copy_string(s.gene[5].name, sizeof s.gene[5].name, "x12");
    assert_int_equal(mbconv_check(&s, &err), -EINVAL);
    assert_non_null(strstr(err.text, "'e12'"));
    s = mbconv_space();
    struct genotype bad = {{9}};
    struct network n;
    assert_int_equal(mbconv_shape(&s, &bad, &n, NULL, &err), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest_network_by_hand),    cmocka_unit_test(ram_counts_what_is_alive), cmocka_unit_test(metrics_by_name),
        cmocka_unit_test(int8_memory_by_hand),
        cmocka_unit_test(bigger_choices_never_shrink_a_network), cmocka_unit_test(spaces_that_cannot_be_built),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
