/* The executors agree: XNNPACK against the plain C reference on random sub-networks, kernel 7 (own depthwise code) included. */
#include "runtime/runtime.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/rng.h"
#include "runtime/accuracy.h"
#include "supernet/build.h"
#include "support/cmocka.h"
#include "support/mbconv_space.h"
#include "support/toy_dataset.h"

enum { PICTURES = 32, PIXELS = TOY_SIZE * TOY_SIZE, CLASSES = TOY_CLASSES };

static void largest_difference(const float *a, const float *b, size_t n, double *ret_max)
{
    for (size_t i = 0; i < n; i++)
        *ret_max = fmax(*ret_max, fabs((double)a[i] - (double)b[i]));
}

static void run(const struct runtime_ops *ops, const struct network *n, size_t batch, const float *x, size_t pictures, float *logits)
{
    struct runtime *r = NULL;
    struct sonata_error err = {{0}};
    if (ops->create(n, batch, NULL, &r, &err))
        fail_msg("%s: %s", ops->name, err.text);
    for (size_t i = 0; i < pictures; i += batch)
        assert_int_equal(ops->run(r, x + i * PIXELS, logits + i * CLASSES), 0);
    ops->destroy(r);
}

static void executors_agree_on_random_networks(void **state)
{
    (void)state;
    struct space s = mbconv_space();
    struct supernet super;
    struct rng rng = rng_seeded(21, 0);
    float x[PICTURES * PIXELS], a[PICTURES * CLASSES], b[PICTURES * CLASSES];
    assert_int_equal(supernet_init(&super, &s, NULL), 0);
    supernet_randomize(&super, &rng);
    for (size_t i = 0; i < PICTURES * PIXELS; i++)
        x[i] = (float)rng_uniform(&rng);
    for (int round = 0; round < 60; round++) {
        struct genotype g = round == 0 ? space_last(&s) : round == 1 ? space_first(&s) : space_random(&s, &rng);
        struct network ref, xnn;
        double weights = 0, logits = 0;
        assert_int_equal(supernet_build(&super, &g, &(struct build_statistics){x, PICTURES, runtime_ref.convolve, NULL}, &ref, NULL), 0);
        assert_int_equal(supernet_build(&super, &g, &(struct build_statistics){x, PICTURES, runtime_xnnpack.convolve, NULL}, &xnn, NULL), 0);
        for (unsigned i = 0; i < ref.n_layers; i++)
            if (ref.layer[i].bias)
                largest_difference(ref.layer[i].bias, xnn.layer[i].bias, ref.layer[i].out_channels, &weights);
        assert_true(weights < 1e-3); /* recalibrated by either */
        run(&runtime_ref, &ref, 4, x, PICTURES, a);
        run(&runtime_xnnpack, &ref, 4, x, PICTURES, b);
        largest_difference(a, b, PICTURES * CLASSES, &logits);
        run(&runtime_xnnpack, &ref, 1, x, PICTURES, b);
        largest_difference(a, b, PICTURES * CLASSES, &logits);
        if (logits > 1e-4)
            fail_msg("round %d: logits differ by %g", round, logits);
        network_free(&ref);
        network_free(&xnn);
    }
    supernet_fini(&super);
}

static void accuracy_counts_every_picture_once(void **state)
{
    (void)state;
    struct space s = mbconv_space();
    struct supernet super;
    struct dataset d = toy_dataset(64, 47); /* no multiple of any batch */
    struct rng rng = rng_seeded(4, 0);
    struct genotype g = space_last(&s);
    struct network n;
    float x[PICTURES * PIXELS], logits[47 * CLASSES], pictures[47 * PIXELS];
    uint32_t right = 0, expected = 0, by_index = 0, index[47];
    assert_int_equal(supernet_init(&super, &s, NULL), 0);
    supernet_randomize(&super, &rng);
    dataset_pictures(&d, &d.train, 0, PICTURES, x);
    assert_int_equal(supernet_build(&super, &g, &(struct build_statistics){x, PICTURES, runtime_ref.convolve, NULL}, &n, NULL), 0);
    dataset_pictures(&d, &d.test, 0, 47, pictures);
    run(&runtime_ref, &n, 1, pictures, 47, logits);
    for (unsigned i = 0; i < 47; i++) {
        const float *l = logits + i * CLASSES;
        unsigned best = l[1] > l[0] ? 1 : 0;
        best = l[2] > l[best] ? 2 : best;
        expected += best == d.test.labels[i];
        index[i] = 46 - i;
    }
    assert_int_equal(accuracy_count(&runtime_xnnpack, &n, &d, &d.test, NULL, 47, &right, NULL), 0);
    assert_int_equal(accuracy_count(&runtime_ref, &n, &d, &d.test, index, 47, &by_index, NULL), 0);
    assert_int_equal(right, expected);
    assert_int_equal(by_index, expected);
    network_free(&n);
    supernet_fini(&super);
    dataset_fini(&d);
}

/* 81 of 263: 95 % score interval 25.53 % to 36.62 % (Newcombe, Statistics in Medicine 17, 1998, table I). */
static void interval_of_wilson(void **state)
{
    (void)state;
    struct metric_value v = accuracy_metric(81, 263);
    assert_true(fabs(v.value - 30.7985) < 1e-3);
    assert_true(fabs(v.low - 25.53) < 0.005 && fabs(v.high - 36.62) < 0.005);
    v = accuracy_metric(0, 20);
    assert_true(v.value == 0 && fabs(v.low) < 1e-9 && fabs(v.high - 16.11) < 0.005);
}

static void names(void **state)
{
    (void)state;
    assert_ptr_equal(runtime_find("ref"), &runtime_ref);
    assert_ptr_equal(runtime_find(NULL), &runtime_xnnpack);
    assert_null(runtime_find("tensorrt"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(executors_agree_on_random_networks),
        cmocka_unit_test(accuracy_counts_every_picture_once),
        cmocka_unit_test(interval_of_wilson),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
